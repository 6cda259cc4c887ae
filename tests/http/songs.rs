//! What is told of songs beside their circles, and songs of sources: features of each frame, covers, whole songs as mp3.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::server::{PATIENCE, Server, detail, file, picture_bytes, song_bytes};
use crate::support::command::song;

#[tokio::test]
async fn the_features_of_each_frame_are_told() {
    let server = Server::start().await;
    let song = server.send_song(song_bytes(6.0)).await;
    let base = format!("/api/v1/songs/{}/features", song["song"].as_str().unwrap());
    let told = server
        .json(&format!("{base}?start_ms=1000&length_ms=2000&fps=60"))
        .await;
    assert_eq!(told["fps"], 60);
    for name in ["rms", "loudness", "bass", "mid", "treble", "onset", "beat_phase"] {
        let values: Vec<f64> = serde_json::from_value(told[name].clone()).unwrap();
        assert_eq!(values.len(), 120, "{name}");
        assert!(
            values.iter().all(|value| (0.0..=1.0).contains(value)),
            "{name}: {values:?}"
        );
    }
    let bands: Vec<Vec<f64>> = serde_json::from_value(told["bands"].clone()).unwrap();
    assert_eq!(bands.len(), 120);
    assert!(bands.iter().flatten().any(|band| *band > 0.2) && bands[0].len() > 20);
    // As short as they were rounded: the longest fragment fits into the room that is kept for it.
    let text = server
        .get(&format!("{base}?start_ms=1000&length_ms=2000&fps=60"))
        .await
        .text()
        .await
        .unwrap();
    assert!(text.len() < 120 * 600, "{} bytes for 120 frames", text.len());
    // A beat is heard in it.
    let onsets: Vec<f64> = serde_json::from_value(told["onset"].clone()).unwrap();
    assert!(onsets.iter().any(|onset| *onset > 0.5));
    for bad in ["?fps=24", "?length_ms=70000", "?start_ms=5900"] {
        let refused = server.get(&format!("{base}{bad}")).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{bad}");
        detail(refused).await;
    }
}

fn ffmpeg(args: &[&str]) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]).args(args);
    assert!(command.status().unwrap().success());
}

/// A house with one song in its library, whose tags hold a PNG.
async fn library() -> (Server, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir_all(path("music")).unwrap();
    song(4.0).write_wav(path("song.wav").as_ref());
    fs::write(path("cover.png"), picture_bytes()).unwrap();
    let (wav, png, flac) = (
        path("song.wav"),
        path("cover.png"),
        path("music/Nobody - Evergreen.flac"),
    );
    let picture = [
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "png",
        "-disposition:v",
        "attached_pic",
    ];
    ffmpeg(&[&["-i", &wav, "-i", &png][..], &picture, &[&flac]].concat());
    let server = Server::over(folder, &[]).await;
    server.at_work().await;
    let began = Instant::now();
    loop {
        let found = server.get("/search/?query=evergreen").await;
        if found.status() == StatusCode::OK {
            let found: Value = found.json().await.unwrap();
            let id = found["results"][0]["id"].as_str().unwrap().to_owned();
            return (server, id);
        }
        assert!(began.elapsed() < PATIENCE, "the library was not read");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_circle_of_a_found_song_is_one_request() {
    let (server, id) = library().await;
    let job = server
        .post_json("/api/v1/jobs", json!({ "track": id, "length_ms": 1000 }))
        .await;
    assert_eq!(job.status(), StatusCode::ACCEPTED);
    let job: Value = job.json().await.unwrap();
    server.get(job["events"].as_str().unwrap()).await.text().await.unwrap();
    let told = server
        .json(&format!("/api/v1/jobs/{}", job["job"].as_str().unwrap()))
        .await;
    assert_eq!(told["state"], "done", "{told}");
    let form = Form::new().text("track", id.clone()).text("length_ms", "1000");
    assert_eq!(server.post("/api/v1/jobs", form).await.status(), StatusCode::ACCEPTED);
    for bad in [
        json!({}),
        json!({ "track": "nonsense" }),
        json!({ "track": id, "song": "0".repeat(32) }),
    ] {
        let refused = server.post_json("/api/v1/jobs", bad).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        detail(refused).await;
    }
    // The original's clients expect a JPEG, whatever the picture was.
    let cover = server.get(&format!("/track/{id}/cover")).await;
    assert_eq!(cover.headers()["content-type"], "image/jpeg");
    assert!(cover.bytes().await.unwrap().starts_with(&[0xff, 0xd8, 0xff]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_songs_that_become_mp3_hold_up_nobody_who_only_looks() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.mp3");
    let long = ["-f", "lavfi", "-i", "sine=220:duration=600", "-b:a", "64k"];
    ffmpeg(&[&long[..], &[path.to_str().unwrap()]].concat());
    let long = fs::read(path).unwrap();
    let short = server.send_song(song_bytes(3.0)).await;
    let trim = async || {
        let form = Form::new()
            .part("file", file(long.clone(), "long.mp3"))
            .text("start", "0")
            .text("end", "599");
        let answer = server.post("/trim_audio", form).await;
        (answer.status(), Instant::now())
    };
    let look = async {
        // Until both are at it.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        let moment = json!({ "song": short["song"], "at_ms": 500, "theme": "cover" });
        let still = server.post_json("/api/v1/frames", moment).await;
        assert_eq!(still.status(), StatusCode::OK);
        (began, began.elapsed())
    };
    let began = Instant::now();
    let (one, two, (asked, looked)) = tokio::join!(trim(), trim(), look);
    assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK));
    println!("a still after {looked:?}, both songs after {:?}", began.elapsed());
    assert!(asked < one.1.min(two.1), "a song was done before anybody looked");
    assert!(looked < began.elapsed() / 2, "{looked:?}");
}
