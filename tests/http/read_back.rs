//! What was written down read back by who asks for no page: the newest, as they came.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::server::Server;

/// More than one answer holds.
const WRITTEN: usize = 1_001;
const MOST: usize = 1_000;

async fn log(server: &Server, user: i64) -> i64 {
    let body = json!({ "user_id": user, "interaction_type": "Поиск песни" });
    let answer = server.post_json("/log-interaction/", body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json::<Value>().await.unwrap()["interaction_id"]
        .as_i64()
        .unwrap()
}

/// The numbers of what is told there.
async fn read(server: &Server, path: &str) -> Vec<i64> {
    let told = server.json(path).await;
    let rows = told.as_array().unwrap().iter();
    rows.map(|row| row["interaction_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn who_wrote_more_than_a_page_sees_the_newest_last() {
    let server = Server::start().await;
    let mut written = Vec::new();
    // Many at once, for speed; the last one alone, so that it is the newest.
    while written.len() < WRITTEN - 1 {
        written.extend(join_all((0..50).map(|_| log(&server, 7))).await);
    }
    written.sort_unstable();
    written.push(log(&server, 7).await);
    assert!(written.is_sorted_by(|a, b| a < b) && written.len() == WRITTEN);
    let of_one = "/interactions/user/7";
    assert_eq!(read(&server, of_one).await, written[WRITTEN - MOST..]);
    assert_eq!(read(&server, "/interactions/").await, written[WRITTEN - MOST..]);
    assert_eq!(
        read(&server, &format!("{of_one}?limit=3")).await,
        written[WRITTEN - 3..]
    );
    // Somebody else's is everybody's newest, and not theirs.
    let other = log(&server, 8).await;
    assert_eq!(read(&server, "/interactions/").await.last(), Some(&other));
    assert_eq!(read(&server, of_one).await.last(), written.last());
    assert_eq!(read(&server, "/interactions/user/8").await, [other]);
    // Page by page everything is read, from the first on.
    let mut all = read(&server, &format!("{of_one}?after=0")).await;
    assert_eq!(all, written[..MOST]);
    all.extend(read(&server, &format!("{of_one}?after={}", all[MOST - 1])).await);
    assert_eq!(all, written);
}
