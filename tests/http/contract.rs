//! A client of the original services, pointed at us: it searches, looks, listens, trims, makes a circle, logs and reads back.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use musiccircles::audio;
use musiccircles::model::Fragment;

use reqwest::multipart::Form;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::server::{PATIENCE, Server, detail, file, heard, picture_bytes, song_bytes};
use crate::support::command::song;
use crate::support::sound::Sketch;

/// A tagged mp3 with a picture, and a flac without one.
fn library(folder: &Path) {
    let music = folder.join("music");
    fs::create_dir_all(&music).unwrap();
    let (wav, cover) = (folder.join("song.wav"), folder.join("cover.png"));
    song(6.0).write_wav(&wav);
    fs::write(&cover, picture_bytes()).unwrap();
    let ffmpeg = |args: &[&str], output: &str| {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-y", "-i"])
            .arg(&wav)
            .args(args)
            .arg(music.join(output));
        assert!(command.status().unwrap().success());
    };
    let cover = cover.to_str().unwrap();
    let tags = ["-metadata", "title=Группа крови", "-metadata", "artist=Кино"];
    let picture = [
        "-i",
        cover,
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "mjpeg",
        "-disposition:v",
        "attached_pic",
    ];
    ffmpeg(
        &[
            &picture[..],
            &["-c:a", "libmp3lame", "-b:a", "128k", "-id3v2_version", "3"],
            &tags,
        ]
        .concat(),
        "a.mp3",
    );
    ffmpeg(
        &["-metadata", "title=Evergreen", "-metadata", "artist=The Lossless"],
        "b.flac",
    );
}

/// The first hit, once the library is read.
async fn search(server: &Server, query: &str) -> Value {
    let began = std::time::Instant::now();
    loop {
        let response = server
            .ask(Method::GET, "/search/")
            .query(&[("query", query)])
            .send()
            .await
            .unwrap();
        if response.status() == StatusCode::OK {
            let body: Value = response.json().await.unwrap();
            return body["results"][0].clone();
        }
        assert!(began.elapsed() < PATIENCE, "nothing is found");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn songs_are_found_shown_and_streamed_as_the_original_does() {
    let folder = tempfile::tempdir().unwrap();
    library(folder.path());
    let server = Server::over(folder, &[("HTTP__LISTEN", "127.0.0.1:0,127.0.0.1:0,127.0.0.1:0")]).await;
    server.at_work().await;
    let hit = search(&server, "кино группа крови").await;
    assert_eq!(hit["title"], "Группа крови");
    assert_eq!(hit["artists"], json!(["Кино"]));
    assert!(
        hit["duration"].as_u64().is_some_and(|ms| (5_900..6_100).contains(&ms)),
        "{hit}"
    );
    let id = hit["id"].as_str().unwrap();

    // Each of three base URLs answers, as the original's three services did.
    for base in &server.bases {
        let info: Value = server
            .client
            .get(format!("{base}/track/{id}/info"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(info["title"], "Группа крови");
        assert_eq!(info["artists"][0]["name"], "Кино");
        assert!(info["artists"][0]["id"].is_u64());
        assert_eq!(info["duration"], hit["duration"]);
    }

    let cover = server.get(&format!("/track/{id}/cover")).await;
    assert_eq!(cover.headers()[header::CONTENT_TYPE], "image/jpeg");
    assert!(cover.bytes().await.unwrap().starts_with(&[0xff, 0xd8, 0xff]));

    let stream = format!("/track/{id}/stream");
    let whole = server.get(&stream).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()[header::CONTENT_TYPE], "audio/mpeg");
    let whole = whole.bytes().await.unwrap();
    assert_eq!(
        whole,
        fs::read(server.path("music/a.mp3")).unwrap(),
        "an mp3 is streamed as it is"
    );
    let piece = server
        .ask(Method::GET, &stream)
        .header(header::RANGE, "bytes=100-299")
        .send()
        .await
        .unwrap();
    assert_eq!(piece.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        piece.headers()[header::CONTENT_RANGE],
        format!("bytes 100-299/{}", whole.len())
    );
    assert_eq!(piece.bytes().await.unwrap(), whole[100..300]);

    let lossless = search(&server, "evergreen").await;
    let id = lossless["id"].as_str().unwrap();
    let transcoded = server.get(&format!("/track/{id}/stream")).await;
    assert_eq!(transcoded.headers()[header::CONTENT_TYPE], "audio/mpeg");
    let (secs, codec) = heard(&transcoded.bytes().await.unwrap(), "mp3");
    assert!(codec == "mp3" && (5.9..6.2).contains(&secs), "{secs} s of {codec}");
    let none = server.get(&format!("/track/{id}/cover")).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    detail(none).await;

    for unknown in [
        "/track/library:0000000000000000/info",
        "/track/12345/stream",
        "/track/../cover",
    ] {
        assert_eq!(server.get(unknown).await.status(), StatusCode::NOT_FOUND, "{unknown}");
    }
    let nothing = server.get("/search/?query=zzzzqqqq").await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    let sent_on = server.get("/search?query=evergreen&limit=1").await;
    assert_eq!((sent_on.status(), sent_on.url().path()), (StatusCode::OK, "/search/"));
    assert_eq!(server.get("/search/").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(server.json("/health").await, json!({ "status": "healthy" }));
}

#[tokio::test]
async fn a_song_is_trimmed_and_a_circle_made_in_one_request_each() {
    let server = Server::start().await;
    let song = song_bytes(5.0);
    let trim = |start: &str, end: &str| {
        let form = Form::new().text("start", start.to_owned()).text("end", end.to_owned());
        server.post("/trim_audio", form.part("file", file(song.clone(), "Моя песня.wav")))
    };
    let trimmed = trim("1", "4").await;
    assert_eq!(trimmed.status(), StatusCode::OK);
    assert_eq!(trimmed.headers()[header::CONTENT_TYPE], "audio/mpeg");
    let name = trimmed.headers()[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(name.contains("filename*=UTF-8''%D0%9C%D0%BE%D1%8F"), "{name}");
    let (secs, codec) = heard(&trimmed.bytes().await.unwrap(), "mp3");
    assert!(codec == "mp3" && (3.0..3.2).contains(&secs), "{secs} s of {codec}");
    for (start, end) in [("3", "3"), ("4", "1"), ("0", "6"), ("-1", "2"), ("0", "99999999999")] {
        let refused = trim(start, end).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{start} to {end}");
        detail(refused).await;
    }
    assert_eq!(trim("one", "2").await.status(), StatusCode::UNPROCESSABLE_ENTITY);

    let circle = |more: &[(&'static str, &'static str)]| {
        let form = Form::new()
            .part("audio_file", file(song.clone(), "song.wav"))
            .part("image_file", file(picture_bytes(), "cover.png"));
        let form = more.iter().fold(form, |form, (name, text)| form.text(*name, *text));
        server.post("/create_video", form)
    };
    let made = circle(&[("start", "1"), ("end", "3")]).await;
    assert_eq!(made.status(), StatusCode::OK, "{:?}", made.text().await);
    assert_eq!(made.headers()[header::CONTENT_TYPE], "video/mp4");
    assert!(
        made.headers()[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .contains(".mp4")
    );
    let mp4 = made.bytes().await.unwrap();
    assert_eq!(&mp4[4..8], b"ftyp");
    assert!((heard(&mp4, "mp4").0 - 2.0).abs() < 0.1);
    for bad in [
        &[("start", "9")][..],
        &[("end", "0")],
        &[("theme", "none")],
        &[("size", "241")],
        &[("colour", "red")],
    ] {
        let refused = circle(bad).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{bad:?}");
        detail(refused).await;
    }
}

#[tokio::test]
async fn an_mp3_is_made_in_pieces_and_nobody_hears_where_they_meet() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut tone = Sketch::silence(22_050, 63.0);
    tone.add(0.0, 63.0, |t| 0.5 * (t * 440.0 * std::f64::consts::TAU).sin() as f32);
    tone.write_wav(&folder.path().join("tone.wav"));
    let bytes = fs::read(folder.path().join("tone.wav")).unwrap();
    let form = Form::new()
        .text("start", "0")
        .text("end", "63")
        .part("file", file(bytes, "tone.wav"));
    let made = server.post("/trim_audio", form).await;
    assert_eq!(made.status(), StatusCode::OK);
    let made = made.bytes().await.unwrap();
    let path = folder.path().join("tone.mp3");
    fs::write(&path, made).unwrap();
    // The pieces are of 60 s; in the middle of one it sounds no better.
    for seam in [30, 60] {
        let fragment = Fragment {
            start: Duration::from_secs(seam - 1),
            length: Duration::from_secs(2),
        };
        let pcm = audio::decode(&path, fragment, &AtomicBool::new(false)).unwrap();
        let bend = |at: &[[f32; 2]]| (at[0][0] - 2.0 * at[1][0] + at[2][0]).abs();
        let most = pcm.samples.windows(3).map(bend).fold(0.0, f32::max);
        // A tone of 440 Hz at half level bends by 0.0017 from sample to sample; a jump of a hundredth by six times that.
        assert!(most < 0.006, "{most} near {seam} s");
    }
}

#[tokio::test]
async fn who_hangs_up_takes_the_circle_out_of_the_line() {
    let server = Server::with(&[("RENDER__SIZE", "640"), ("RENDER__FPS", "60")]).await;
    let form = Form::new()
        .part("audio_file", file(song_bytes(60.0), "song.wav"))
        .part("image_file", file(picture_bytes(), "cover.png"));
    let url = format!("{}/create_video", server.base());
    let asked = server
        .client
        .post(url)
        .multipart(form)
        .timeout(Duration::from_secs(8))
        .send()
        .await;
    assert!(asked.is_err_and(|error| error.is_timeout()), "too fast for this test");
    let began = std::time::Instant::now();
    while !server.log().contains("cancelled") {
        assert!(began.elapsed() < Duration::from_secs(20), "it is still rendered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn what_people_did_is_written_down_and_read_back() {
    let server = Server::start().await;
    let log = |user: i64, kind: &str| {
        let body = json!({ "user_id": user, "username": "kim", "interaction_type": kind });
        server.post_json("/log-interaction/", body)
    };
    let mut written = Vec::new();
    for (user, kind) in [(7, "Поиск песни"), (7, "Создание видео"), (8, "Поиск песни")]
    {
        let response = log(user, kind).await;
        assert_eq!(response.status(), StatusCode::OK);
        let row: Value = response.json().await.unwrap();
        assert_eq!(
            (&row["user_id"], &row["interaction_type"]),
            (&json!(user), &json!(kind))
        );
        assert_eq!(row["username"], "kim");
        let date = row["interaction_date"].as_str().unwrap();
        assert!(date.len() == 26 && date.as_bytes()[10] == b'T', "{date}");
        written.push(row);
    }
    assert_eq!(
        server.json("/users/7").await,
        json!({ "user_id": 7, "username": "kim" })
    );
    assert_eq!(server.get("/users/9").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.json("/interactions/").await, json!(written));
    assert_eq!(server.json("/interactions/user/7").await, json!(written[..2]));
    let first = &written[0]["interaction_id"];
    assert_eq!(
        server.json(&format!("/interactions/?limit=1&after={first}")).await,
        json!([written[1]])
    );
    assert_eq!(log(7, "Танцы").await.status(), StatusCode::BAD_REQUEST);
    for body in [
        json!({}),
        json!({ "user_id": "x", "interaction_type": "Поиск песни" }),
        json!([]),
    ] {
        let refused = server.post_json("/log-interaction/", body).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        detail(refused).await;
    }
    assert_eq!(server.get("/users/x").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // Nobody who comes through a proxy we know nothing of may read it.
    let stranger = server
        .ask(Method::GET, "/interactions/")
        .header("X-Forwarded-For", "192.0.2.1");
    assert_eq!(stranger.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
