//! `/create_video` as the original's clients call it, with two files and nothing else; and the line behind it.

use std::time::{Duration, Instant};

use musiccircles::scene::theme::DEFAULT_THEME;
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use super::server::{PATIENCE, Server, detail, file, picture_bytes, song_bytes};
use crate::support::video::{Mp4, number};

fn create(server: &Server, song: Vec<u8>, more: &[(&'static str, &'static str)]) -> RequestBuilder {
    let form = Form::new()
        .part("audio_file", file(song, "song.wav"))
        .part("image_file", file(picture_bytes(), "cover.png"));
    let form = more.iter().fold(form, |form, (name, text)| form.text(*name, *text));
    server.ask(Method::POST, "/create_video").multipart(form)
}

/// Jobs in this state, as the service tells whoever watches it.
async fn jobs(server: &Server, state: &str) -> u32 {
    let told = server.get("/metrics").await.text().await.unwrap();
    let name = format!("musiccircles_queue_jobs{{state=\"{state}\"}} ");
    let count = told.lines().find_map(|line| line.strip_prefix(&name));
    count.unwrap().parse::<f64>().unwrap() as u32
}

async fn until(server: &Server, state: &str, count: u32) {
    let began = Instant::now();
    while jobs(server, state).await != count {
        assert!(began.elapsed() < PATIENCE, "not {count} of {state}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn two_files_alone_make_the_first_minute_in_the_usual_theme() {
    const FRAMES: usize = 60 * 25;
    const FRAME_BYTES: usize = 240 * 240 * 3 / 2;
    let server = Server::start().await;
    let song = song_bytes(70.0);
    let made = create(&server, song.clone(), &[]).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::OK);
    assert_eq!(made.headers()[header::CONTENT_TYPE], "video/mp4");
    let made = made.bytes().await.unwrap();
    let mp4 = Mp4::new(&made);
    let (picture, sound) = (mp4.stream("v"), mp4.stream("a"));
    assert_eq!(
        (&picture["codec_name"], &sound["codec_name"]),
        (&json!("h264"), &json!("aac"))
    );
    for told in [
        &picture["duration"],
        &sound["duration"],
        &mp4.facts()["format"]["duration"],
    ] {
        let secs = number(told);
        assert!((59.9..=60.0).contains(&secs), "{secs} s of the song's 70");
    }
    let frames = mp4.decode_picture();
    assert_eq!(frames.len(), FRAMES * FRAME_BYTES);
    let bright = |frame: &[u8]| frame[..240 * 240].iter().filter(|luma| **luma > 60).count();
    assert!(
        frames.chunks_exact(FRAME_BYTES).all(|frame| bright(frame) > 1_000),
        "nothing is drawn in some frame"
    );
    let heard = mp4.decode_sound();
    assert!(heard.iter().flatten().any(|sample| sample.abs() > 0.1), "it is silent");

    // The same with all that was left out is the same circle, and nobody draws it again.
    let whole = [("theme", DEFAULT_THEME), ("start", "0"), ("end", "60"), ("size", "240")];
    let again = create(&server, song, &whole).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert!(
        again.bytes().await.unwrap() == made,
        "what is usual is not what was left out"
    );
    assert_eq!(server.rendered(), 1);
}

#[tokio::test]
async fn a_full_line_tells_who_wants_a_circle_when_to_come_back() {
    let server = Server::with(&[("RENDER__SIZE", "640"), ("LIMITS__QUEUE_SECONDS", "1")]).await;
    let song = server.send_song(song_bytes(60.0)).await;
    let mut taken = 0;
    loop {
        let order = json!({ "song": song["song"], "seed": taken });
        let answer = server.post_json("/api/v1/jobs", order).await;
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        taken += 1;
    }
    let refused = create(&server, song_bytes(60.0), &[]).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let wait: u32 = refused.headers()[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(wait > 0 && detail(refused).await.contains(&format!("come back in {wait} s")));
    assert_eq!(jobs(&server, "queued").await + jobs(&server, "rendering").await, taken);
}

#[tokio::test]
async fn who_hangs_up_before_their_turn_leaves_the_line_to_the_others() {
    let server = Server::with(&[("RENDER__SIZE", "640"), ("RENDER__FPS", "60")]).await;
    let song = server.send_song(song_bytes(60.0)).await;
    let order = json!({ "song": song["song"] });
    let drawn: Value = server.post_json("/api/v1/jobs", order).await.json().await.unwrap();
    until(&server, "rendering", 1).await;
    let waits = tokio::spawn(create(&server, song_bytes(5.0), &[]).send());
    until(&server, "queued", 1).await;
    waits.abort();
    until(&server, "queued", 0).await;
    // And not because it was its turn.
    let path = format!("/api/v1/jobs/{}", drawn["job"].as_str().unwrap());
    assert_eq!(server.json(&path).await["state"], "rendering");
    assert_eq!(server.log().matches("a job is being worked on").count(), 1);
}

#[tokio::test]
async fn who_waits_while_the_service_is_stopped_hears_so_and_leaves_nothing_behind() {
    let mut server = Server::with(&[("RENDER__SIZE", "640"), ("RENDER__FPS", "60")]).await;
    let waits = tokio::spawn(create(&server, song_bytes(60.0), &[]).send());
    until(&server, "rendering", 1).await;
    let pid = rustix::process::Pid::from_raw(server.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let told = waits.await.unwrap().unwrap();
    assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.headers().contains_key(header::RETRY_AFTER));
    let told = detail(told).await;
    assert!(told.contains("restarted"), "{told}");
    let began = Instant::now();
    while server.is_alive() {
        assert!(began.elapsed() < PATIENCE, "it does not stop");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let left: Vec<_> = std::fs::read_dir(server.path("data/tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
