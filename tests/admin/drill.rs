//! The drill: a backup taken while people are served, put into an empty folder, and a service started on it.

use std::path::Path;
use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::http::server::{PATIENCE, Server, song_bytes};

/// `musiccircles db ...` on this data folder, as an operator types it.
fn db(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musiccircles"));
    command.arg("db").args(arguments).env("MUSICCIRCLES__DATA__DIR", data);
    // Not in a folder that may have settings of its own.
    command.current_dir(data.parent().unwrap());
    let done = command.output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{arguments:?}: {said}");
    said
}

#[tokio::test]
async fn a_service_starts_on_what_was_backed_up_while_another_ran() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let made: Value = admin
        .post(
            "keys",
            json!({ "name": "Site", "requests_per_minute": 600, "people": 4 }),
        )
        .await
        .json()
        .await
        .unwrap();
    let song = desk.server.send_song(song_bytes(4.0)).await;
    for start_ms in [0, 500, 1000] {
        let order = json!({ "song": song["song"], "start_ms": start_ms, "length_ms": 1000, "theme": "vinyl" });
        desk.server.post_json("/api/v1/jobs", order).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let (copy, data) = (folder.path().join("copy.db"), folder.path().join("data"));
    std::fs::create_dir(&data).unwrap();
    let said = db(&desk.server.path("data"), &["backup", "-o", copy.to_str().unwrap()]);
    assert!(said.contains("holds the record"), "{said}");
    db(&data, &["restore", copy.to_str().unwrap()]);
    assert!(db(&data, &["check"]).contains("sound"));

    let restored = Server::over(folder, &[]).await;
    let asked = restored
        .ask(Method::GET, "/api/v1/themes")
        .bearer_auth(made["secret"].as_str().unwrap());
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
    let began = std::time::Instant::now();
    while restored.get("/readyz").await.status() != StatusCode::OK {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    // What was in the line there is made there, and not here as well.
    assert_eq!(restored.rendered(), 0, "{}", restored.log());
    let song = restored.send_song(song_bytes(3.0)).await;
    let order = json!({ "song": song["song"], "start_ms": 0, "length_ms": 1000, "theme": "vinyl" });
    assert_eq!(
        restored.post_json("/api/v1/jobs", order).await.status(),
        StatusCode::ACCEPTED
    );
}
