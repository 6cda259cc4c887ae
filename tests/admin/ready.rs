//! `/readyz` while parts break and come back; `/healthz` meanwhile.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::http::server::{PATIENCE, Server};

/// So soon a broken part is known, and as soon again a mended one.
const KNOWN: Duration = Duration::from_secs(10);

async fn ask(server: &Server) -> (StatusCode, Value) {
    let began = Instant::now();
    let answer = server.get("/readyz").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    (answer.status(), answer.json().await.unwrap())
}

/// Waits for this answer; with a broken part, for it to be `part` and no other.
async fn until(server: &Server, broken: Option<&str>, patience: Duration) {
    let began = Instant::now();
    loop {
        let (status, told) = ask(server).await;
        let parts = told["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 4);
        let bad: Vec<_> = parts
            .iter()
            .filter(|part| part["ok"] == false)
            .map(|part| part["name"].clone())
            .collect();
        let expected = if bad.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        assert_eq!((status, told["ready"] == true), (expected, bad.is_empty()), "{told}");
        if bad.iter().map(|name| name.as_str().unwrap()).eq(broken) {
            return;
        }
        assert!(began.elapsed() < patience, "not {broken:?}, but {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_known_and_so_is_its_return() {
    let server = Server::start().await;
    until(&server, None, PATIENCE).await;
    let other = Connection::open(server.path("data/musiccircles.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    until(&server, Some("database"), KNOWN).await;
    other.execute_batch("ROLLBACK").unwrap();
    until(&server, None, KNOWN).await;
}

#[tokio::test]
async fn a_full_disk_is_known_and_so_is_its_return() {
    // A disk that nobody else fills meanwhile.
    let disk = Path::new("/dev/shm");
    assert!(disk.is_dir(), "this test needs the memory disk of every Linux");
    let folder = tempfile::tempdir_in(disk).unwrap();
    let stat = rustix::fs::statvfs(folder.path()).unwrap();
    let free = stat.f_bavail * stat.f_frsize;
    let kept = (free - 30_000_000).to_string();
    let server = Server::over(folder, &[("DATA__MIN_FREE_BYTES", &kept)]).await;
    until(&server, None, PATIENCE).await;
    let filling = server.path("filling");
    fs::write(&filling, vec![1; 40_000_000]).unwrap();
    until(&server, Some("disk"), KNOWN).await;
    fs::remove_file(&filling).unwrap();
    until(&server, None, KNOWN).await;
}

#[tokio::test]
async fn workers_that_die_as_they_are_started_are_known_and_so_is_their_return() {
    let server = Server::start().await;
    until(&server, None, PATIENCE).await;
    let began = Instant::now();
    loop {
        for child in children_of(server.pid()) {
            let _ = kill_process(Pid::from_raw(child).unwrap(), Signal::KILL);
        }
        let (status, told) = ask(&server).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(told["parts"][2]["ok"], false, "{told}");
            break;
        }
        assert!(began.elapsed() < KNOWN, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until(&server, None, PATIENCE).await;
}

fn children_of(parent: u32) -> Vec<i32> {
    let told = fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let told = told.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let told: String = told.collect::<Vec<_>>().join(" ");
    told.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_telegram_out_of_reach_is_known_and_so_is_its_return() {
    let telegram = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = telegram.local_addr().unwrap();
    let settings = [
        ("TELEGRAM__TOKEN", "1000001:canary-of-the-probe-canary-of-the-probe"),
        ("TELEGRAM__API_URL", &*format!("http://{address}")),
    ];
    let answering = tokio::spawn(answer_all(telegram));
    let server = Server::with(&settings).await;
    until(&server, None, PATIENCE).await;
    answering.abort();
    let _ = answering.await;
    until(&server, Some("telegram"), KNOWN).await;
    let back = TcpListener::bind(address).await.unwrap();
    tokio::spawn(answer_all(back));
    until(&server, None, KNOWN).await;
    let (_, told) = ask(&server).await;
    assert!(
        !told.to_string().contains("canary") && !server.log().contains("canary"),
        "{told}"
    );
}

/// Somebody answers; what, is another test's.
async fn answer_all(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await;
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .await;
    }
}
