//! Bad input of every kind: a 4xx with a sentence, and a service that goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::multipart::Form;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::server::{Server, detail, file, picture_bytes, song_bytes};

/// What comes back for these bytes, until the other side closes.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // It may have heard enough before all is said.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn nonsense_is_refused_with_a_sentence() {
    let mut server = Server::with(&[("LIMITS__UPLOAD_BYTES", "2000000")]).await;
    let song = || file(song_bytes(3.0), "song.wav");
    let picture = || file(picture_bytes(), "cover.png");
    let cases = [
        (
            "no sound",
            "/api/v1/songs",
            Form::new().part("file", file(b"these are words".to_vec(), "song.mp3")),
            400,
        ),
        (
            "empty",
            "/api/v1/songs",
            Form::new().part("file", file(Vec::new(), "song.mp3")),
            400,
        ),
        ("a picture", "/api/v1/songs", Form::new().part("file", picture()), 400),
        ("no file", "/api/v1/songs", Form::new().text("words", "x"), 422),
        (
            "a long text",
            "/api/v1/songs",
            Form::new().text("words", "x".repeat(70_000)),
            413,
        ),
        ("no picture", "/api/v1/covers", Form::new().part("file", song()), 400),
        (
            "too large",
            "/api/v1/songs",
            Form::new().part("file", file(vec![0; 2_100_000], "song.wav")),
            413,
        ),
        ("no times", "/trim_audio", Form::new().part("file", song()), 422),
        (
            "no song",
            "/create_video",
            Form::new().part("image_file", picture()),
            422,
        ),
        (
            "a theme",
            "/api/v1/jobs",
            Form::new().part("audio", song()).text("theme", "../../etc"),
            400,
        ),
        (
            "a number",
            "/api/v1/jobs",
            Form::new().part("audio", song()).text("start_ms", "soon"),
            422,
        ),
        (
            "a parameter",
            "/api/v1/jobs",
            Form::new().part("audio", song()).text("parameters", r#"{"glow":9}"#),
            400,
        ),
        ("nothing", "/api/v1/jobs", Form::new(), 400),
    ];
    for (what, path, form, expected) in cases {
        let answer = server.post(path, form).await;
        assert_eq!(answer.status().as_u16(), expected, "{what}");
        detail(answer).await;
    }
    let zeros = "0".repeat(32);
    for (body, expected) in [
        (json!({}), 422),
        (json!({ "song": zeros }), 404),
        (json!({ "song": "../../data" }), 404),
        (json!({ "song": zeros, "colour": "red" }), 422),
        (json!({ "song": zeros, "start_ms": -1 }), 422),
        (json!({ "song": zeros, "parameters": [] }), 422),
        (json!("x".repeat(600_000)), 413),
    ] {
        let answer = server.post_json("/api/v1/jobs", body.clone()).await;
        assert_eq!(answer.status().as_u16(), expected, "{:.80}", body.to_string());
        detail(answer).await;
    }
    let long = format!("/search/?query={}", "я".repeat(600));
    for (method, path, expected) in [
        (Method::GET, &*long, 422),
        (Method::GET, "/search/?query=%00%01", 422),
        (Method::GET, "/search/?query=a&limit=-1", 422),
        (Method::GET, "/search/?query=a&limit=x", 422),
        (Method::GET, "/api/v1/songs/x/waveform?points=0", 422),
        (Method::GET, "/nowhere", 404),
        (Method::GET, "/%2e%2e/%2e%2e/etc/passwd", 404),
        (Method::PUT, "/api/v1/jobs", 405),
        (Method::POST, "/search/", 405),
        (Method::POST, "/", 405),
        (Method::POST, "/api/v1/songs", 415),
        (Method::GET, "/users/99999999999999999999", 422),
    ] {
        let answer = server.ask(method, path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{path:.60}");
        detail(answer).await;
    }
    assert!(server.is_alive() && !server.log().contains("panicked"));
}

#[tokio::test]
async fn a_text_of_any_length_in_an_address_is_answered_with_a_sentence() {
    let mut server = Server::start().await;
    let host = server.address().to_owned();
    for letters in [501, 8_000, 60_000, 70_000, 1_000_000] {
        let text = "a".repeat(letters);
        for (path, rest) in [
            ("/search/?query=", ""),
            ("/api/v1/search?query=", ""),
            ("/search/?query=a&limit=", ""),
            ("/interactions/?after=", ""),
            ("/users/", ""),
            ("/track/", "/info"),
            ("/api/v1/jobs/", ""),
            ("/api/v1/songs/", "/audio"),
            ("/", ""),
        ] {
            let request = format!("GET {path}{text}{rest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw(&server, request.as_bytes());
            assert!(
                (400..500).contains(&status(&answer)),
                "{letters} letters at {path}: {answer:.200}"
            );
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let told: Value = serde_json::from_str(body).unwrap();
            let sentence = told["detail"].as_str().unwrap();
            // What was sent is theirs to know: it is not told back.
            assert!(
                (10..400).contains(&sentence.len()),
                "{letters} letters at {path}: {sentence}"
            );
        }
    }
    assert!(server.is_alive() && !server.log().contains("panicked"));
}

#[tokio::test]
async fn what_is_too_large_or_too_slow_is_stopped_early() {
    let server = Server::with(&[("LIMITS__UPLOAD_BYTES", "1000000")]).await;
    // A query of a million letters, and a million headers.
    let long = format!(
        "GET /search/?query={} HTTP/1.1\r\nHost: x\r\n\r\n",
        "a".repeat(1_000_000)
    );
    let headers = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(100_000));
    for request in [long.as_bytes(), headers.as_bytes(), b"\x16\x03\x01 this is TLS\r\n\r\n"] {
        let answer = raw(&server, request);
        assert!([400, 414, 431].contains(&status(&answer)), "{answer:.80}");
        assert!(answer.contains("\"detail\""), "{answer}");
    }
    // A length that is too much is refused before a byte of it is sent.
    let head = "POST /api/v1/songs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n";
    let answer = raw(&server, format!("{head}Content-Length: 9999999999\r\n\r\n").as_bytes());
    assert_eq!(status(&answer), 413, "{answer}");
    // Without a length it is stopped at the limit, though it goes on for ever.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    stream
        .write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes())
        .unwrap();
    stream.write_all(&chunk(part.as_bytes())).unwrap();
    let (mut sent, zeros) = (0, vec![0; 65_536]);
    while sent < 50_000_000 && stream.write_all(&chunk(&zeros)).is_ok() {
        sent += zeros.len();
    }
    assert!(sent < 20_000_000, "{sent} bytes were taken of at most 1,000,000");
    // Forms that break off, or are none.
    for body in [
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc",
        "--c\r\n\r\n",
        "nonsense",
        "",
    ] {
        let answer = raw(
            &server,
            format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
        );
        assert!((400..500).contains(&status(&answer)), "{body}: {answer}");
    }
    // Half a head, and then nothing: closed within the time that is given for it.
    let began = Instant::now();
    let mut slow = TcpStream::connect(server.address()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer);
    assert!((8..25).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(server.get("/health").await.status(), StatusCode::OK);
    // Nothing of all that is left on the disk.
    let left = || std::fs::read_dir(server.path("data/tmp")).unwrap().count();
    let began = Instant::now();
    while left() > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "{} files are left", left());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
