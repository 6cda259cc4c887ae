//! Ten million interactions: what is written and read beside them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use musiccircles::store::Store;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::server::Server;

const PEOPLE: i64 = 1_000_003;

fn percentile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize]
}

/// A folder with so many interactions of a million people, spread over ten years up to now: written past the program, which
/// would take an hour for it, into the tables that it made.
fn filled(rows: i64) -> tempfile::TempDir {
    const YEARS_MS: i64 = 10 * 365 * 86_400_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Store::open(&data).unwrap());
    let conn = rusqlite::Connection::open(data.join("musiccircles.db")).unwrap();
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
        .unwrap();
    let mut indexes = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'interactions' AND sql IS NOT NULL")
        .unwrap();
    let indexes: Vec<(String, String)> = indexes
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(indexes.len(), 2);
    for (name, _) in &indexes {
        conn.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    // The same people again and again, each with their rows spread over the years.
    conn.execute_batch(&format!(
        "BEGIN;
         INSERT INTO users (user_id)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE}) SELECT i FROM n;
         INSERT INTO interactions (user_id, interaction_type_id, interaction_date)
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1)
             SELECT i * 7919 % {PEOPLE} + 1, 1 + i % 2, {now} - ({rows} - i) * ({YEARS_MS} / {rows}) FROM n;
         COMMIT"
    ))
    .unwrap();
    for (_, sql) in &indexes {
        conn.execute_batch(sql).unwrap();
    }
    conn.execute_batch("PRAGMA journal_mode = WAL").unwrap();
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
        let body = json!({ "user_id": n * 31 % PEOPLE + 1, "username": "kim", "interaction_type": "Создание видео" });
        let answer = server.post_json("/log-interaction/", body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap();
        writes.push(began.elapsed());
        let after = n * (rows / requests as i64);
        for path in [
            format!("/interactions/?after={after}"),
            format!("/interactions/user/{}", n * 7919 % PEOPLE + 1),
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
    println!("p99 of {requests} by HTTP: write {write:?}, read {read:?}; the database has {bytes} bytes");
    assert!(
        write < Duration::from_millis(50) && read < Duration::from_millis(100),
        "{write:?}, {read:?}"
    );
}

#[tokio::test]
#[ignore = "writes ten million rows, a minute and a gigabyte"]
async fn ten_million_interactions_slow_nobody_down() {
    measured(10_000_000, 500).await;
}

/// Ten years of 50,000 people a day who do something every other day.
#[tokio::test]
#[ignore = "writes a hundred million rows, ten minutes and as many gigabytes"]
async fn a_hundred_million_interactions_slow_nobody_down() {
    measured(100_000_000, 500).await;
}
