//! Files that are called what no file should be called: their names lead nowhere, and come back harmless or not at all.

use std::fs;
use std::path::Path;

use musiccircles::model::is_shown;
use reqwest::{Method, Response, StatusCode, header};

use super::server::{Server, detail, picture_bytes, song_bytes};

const BOUNDARY: &str = "the-end-of-this-part";

/// In every hostile name, so that it is found wherever it leads.
fn mark() -> String {
    format!("evil-{}", std::process::id())
}

fn hostile_names() -> Vec<String> {
    let mark = mark();
    let deep = "../".repeat(12);
    vec![
        format!("../../../{mark}.wav"),
        format!("{deep}tmp/{mark}.wav"),
        format!("/tmp/{mark}.wav"),
        format!("....//....//{mark}.wav"),
        format!("..\\..\\{mark}.wav"),
        format!("C:\\{mark}.wav"),
        format!("%2e%2e%2f{mark}.wav"),
        format!("file:///tmp/{mark}.wav"),
        format!("{mark}.wav\0.mp3"),
        format!("{mark}\n.wav"),
        format!("{mark}.wav\nX-Evil: yes"),
        format!("{mark}.wav\r\nX-Evil: yes"),
        format!("{mark}.wav\r\n\r\nnow comes the song"),
        format!("{mark}\"; name=\"start"),
        format!("$(touch {mark}.wav)"),
        format!("`touch {mark}.wav`; touch {mark}.wav | touch {mark}.wav"),
        format!("-i {mark}.wav"),
        format!("{mark}<script>alert(1)</script>.wav"),
        format!("{mark}{}.wav", "x".repeat(4_000)),
        format!("{mark}{}.wav", "я".repeat(2_000)),
        "..".to_owned(),
        "CON".to_owned(),
        " ".to_owned(),
        String::new(),
    ]
}

/// A form written by hand, as no client would: the bytes of the name as they are, or each of them as `%XX`.
async fn send(server: &Server, path: &str, name: &str, encoded: bool, bytes: &[u8]) -> Response {
    let named = match encoded {
        true => {
            let percents: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("filename=\"a.wav\"; filename*=UTF-8''{percents}")
        }
        false => format!("filename=\"{name}\""),
    };
    let text = |name: &str, text: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body = [
        text("start", "0").as_bytes(),
        text("end", "1").as_bytes(),
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; {named}\r\n\r\n").as_bytes(),
        bytes,
        format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
    ]
    .concat();
    let asked = server
        .ask(Method::POST, path)
        .header(
            header::CONTENT_TYPE,
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(body);
    asked.send().await.unwrap()
}

/// The name under which a browser would save this, if it is told one.
fn saved_as(answer: &Response) -> Option<String> {
    let told = answer.headers().get(header::CONTENT_DISPOSITION)?.to_str().unwrap();
    assert!(
        told.len() < 2_000 && told.starts_with("attachment; filename=\""),
        "{told}"
    );
    let (_, encoded) = told.split_once("filename*=UTF-8''").unwrap();
    let pair = format!("name={encoded}");
    let (_, name) = url::form_urlencoded::parse(pair.as_bytes()).next().unwrap();
    Some(name.into_owned())
}

async fn assert_harmless(answer: Response, name: &str) {
    assert!(!answer.headers().contains_key("x-evil"), "{name:?}");
    if let Some(saved) = saved_as(&answer) {
        let plain = |c: char| !c.is_control() && !"/\\:*?\"<>|".contains(c);
        assert!(
            saved.chars().all(plain) && !saved.starts_with('.'),
            "{name:?}: {saved:?}"
        );
        assert!(saved.ends_with(".mp3") && saved.len() > 4, "{name:?}: {saved:?}");
    }
    let status = answer.status();
    if status.is_client_error() {
        detail(answer).await;
        return;
    }
    assert!(status.is_success(), "{name:?}: {status}");
}

/// Everything below a folder, by its path.
fn all_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.to_string_lossy().into_owned());
        if path.is_dir() {
            found.extend(all_below(&path));
        }
    }
    found
}

#[tokio::test]
async fn hostile_names_of_files_lead_nowhere() {
    let mut server = Server::start().await;
    let (song, picture) = (song_bytes(2.0), picture_bytes());
    for name in hostile_names() {
        for encoded in [false, true] {
            assert_harmless(send(&server, "/trim_audio", &name, encoded, &song).await, &name).await;
        }
        assert_harmless(send(&server, "/api/v1/songs", &name, false, &song).await, &name).await;
        assert_harmless(send(&server, "/api/v1/covers", &name, false, &picture).await, &name).await;
    }
    let inside = all_below(&server.path(""));
    assert!(!inside.iter().any(|path| path.contains(&mark())), "{inside:?}");
    let tops = inside
        .iter()
        .filter(|path| Path::new(path).parent() == Some(server.path("").as_path()));
    let mut tops: Vec<_> = tops.map(|path| path.rsplit('/').next().unwrap()).collect();
    tops.sort_unstable();
    assert_eq!(tops, ["data", "log", "music"]);
    assert_eq!(fs::read_dir(server.path("music")).unwrap().count(), 0);
    // Nor on the way up to the root, nor where programs like to write.
    let data = server.path("data/tmp");
    for folder in data.ancestors().chain([Path::new("/tmp")]) {
        assert!(
            !folder.join(format!("{}.wav", mark())).exists(),
            "in {}",
            folder.display()
        );
    }
    assert!(server.is_alive() && !server.log().contains("panicked"));
}

#[tokio::test]
async fn a_name_that_would_be_read_backwards_is_told_without_what_turns_it() {
    let server = Server::start().await;
    let song = song_bytes(2.0);
    for turned in [
        "song\u{202e}3pm.exe.wav",
        "\u{2066}song\u{2069}.wav",
        "so\u{200b}ng\u{feff}.wav",
    ] {
        let answer = send(&server, "/trim_audio", turned, false, &song).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let saved = saved_as(&answer).unwrap();
        assert!(saved.contains("song") && saved.chars().all(is_shown), "{saved:?}");
    }
}
