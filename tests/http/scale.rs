//! Ten million interactions: what is written and read beside them.

use std::time::{Duration, Instant};

use musiccircles::store::Store;
use musiccircles::store::people::{self, InteractionKind};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::server::Server;

fn percentile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize]
}

/// A folder with so many interactions of a million people.
fn filled(rows: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    const PART: i64 = 100_000;
    for part in 0..rows / PART + 1 {
        let written = store.write(move |tx| {
            for n in part * PART..((part + 1) * PART).min(rows) {
                // The same people again and again, each with their rows spread over the years.
                let user = n * 7919 % 1_000_003 + 1;
                people::log(tx, user, None, InteractionKind::Search, 1_700_000_000_000 + n * 30)?;
            }
            Ok(())
        });
        written.unwrap();
    }
    folder
}

async fn measured(rows: i64, requests: usize) {
    let began = Instant::now();
    let folder = filled(rows);
    println!("{rows} rows written in {:?}", began.elapsed());
    let server = Server::over(folder, &[]).await;
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for n in 0..requests as i64 {
        let began = Instant::now();
        let body =
            json!({ "user_id": n * 31 % 1_000_003 + 1, "username": "kim", "interaction_type": "Создание видео" });
        let answer = server.post_json("/log-interaction/", body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap();
        writes.push(began.elapsed());
        let after = n * (rows / requests as i64);
        for path in [
            format!("/interactions/?after={after}"),
            format!("/interactions/user/{}", n * 7919 % 1_000_003 + 1),
            format!("/users/{}", n + 1),
        ] {
            let began = Instant::now();
            server.json(&path).await;
            reads.push(began.elapsed());
        }
    }
    // A page goes on where the last one ended.
    let page: Value = server
        .json(&format!("/interactions/?limit=10&after={}", rows - 10))
        .await;
    assert_eq!(page.as_array().unwrap().len(), 10);
    assert_eq!(page[0]["interaction_id"], json!(rows - 9));
    let (write, read) = (percentile(writes, 0.99), percentile(reads, 0.99));
    let bytes = std::fs::metadata(server.path("data/musiccircles.db")).unwrap().len();
    println!("p99: write {write:?}, read {read:?}; {bytes} bytes");
    assert!(
        write < Duration::from_millis(50) && read < Duration::from_millis(100),
        "{write:?}, {read:?}"
    );
}

#[tokio::test]
#[ignore = "writes ten million rows, some minutes and a gigabyte"]
async fn ten_million_interactions_slow_nobody_down() {
    measured(10_000_000, 500).await;
}
