//! What an operator does at the page, and what comes of it for the people.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::http::server::{Server, detail, song_bytes};

async fn order(server: &Server, song: &Value, start_ms: u64) -> reqwest::Response {
    let order = json!({ "song": song["song"], "start_ms": start_ms, "length_ms": 1000, "theme": "vinyl", "title": "Tune", "artist": "Band" });
    server.post_json("/api/v1/jobs", order).await
}

pub async fn ordered(server: &Server, song: &Value, start_ms: u64) -> String {
    let answer = order(server, song, start_ms).await;
    assert_eq!(
        answer.status(),
        StatusCode::ACCEPTED,
        "{}",
        answer.text().await.unwrap()
    );
    answer.json::<Value>().await.unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub async fn until(server: &Server, job: &str, state: &str) {
    let path = format!("/api/v1/jobs/{job}");
    let began = std::time::Instant::now();
    while server.json(&path).await["state"] != state {
        assert!(began.elapsed() < crate::http::server::PATIENCE, "it is not {state}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn actions(audit: &Value) -> Vec<String> {
    let rows = audit["audit"].as_array().unwrap().iter().rev();
    rows.map(|row| {
        [&row["action"], &row["about"]]
            .map(|word| word.as_str().unwrap())
            .join(" ")
            .trim()
            .to_owned()
    })
    .collect()
}

#[tokio::test]
async fn a_job_is_found_its_story_told_cancelled_and_made_again() {
    // As many may wait as are asked for here.
    let desk = Desk::with(&[("LIMITS__PER_USER_WAITING", "10"), ("LIMITS__QUEUE_SECONDS", "3600")]).await;
    let (server, admin) = (&desk.server, desk.admin().await);
    let song = server.send_song(song_bytes(6.0)).await;
    let first = ordered(server, &song, 0).await;
    until(server, &first, "done").await;
    let found = admin.get(&format!("jobs?name={first}")).await;
    let line = &found["jobs"][0];
    assert_eq!(
        (&line["state"], &line["title"], &line["theme"]),
        (&json!("done"), &json!("Tune"), &json!("vinyl"))
    );
    let story = admin.get(&format!("jobs/{}", line["job"])).await;
    assert!(story["stages"]["render"].as_f64().unwrap() > 0.0, "{story}");
    assert!(
        story["created_ms"].as_i64() <= story["claimed_ms"].as_i64() && story["can_retry"] == false,
        "{story}"
    );
    let user = line["user"].as_str().unwrap().to_owned();

    // One is drawn, the next waits.
    let (_drawn, waits) = (ordered(server, &song, 1000).await, ordered(server, &song, 2000).await);
    let number = admin.get(&format!("jobs?name={waits}")).await["jobs"][0]["job"].clone();
    let cancelled = admin.post(&format!("jobs/{number}/cancel"), json!({})).await;
    assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    until(server, &waits, "cancelled").await;
    let refused = admin.post(&format!("jobs/{}/retry", line["job"]), json!({})).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    detail(refused).await;
    let again = admin.post(&format!("jobs/{number}/retry"), json!({})).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    let again = again.json::<Value>().await.unwrap()["job"].clone();
    assert_ne!(again, number);
    let began = std::time::Instant::now();
    while admin.get(&format!("jobs/{again}")).await["state"] != "done" {
        assert!(began.elapsed() < crate::http::server::PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Whoever asked for it has it now, under the name they know.
    until(server, &waits, "done").await;
    let of_user = admin.get(&format!("jobs?user={user}&state=done")).await;
    assert!(of_user["jobs"].as_array().unwrap().len() >= 2, "{of_user}");

    let live = admin.get("live").await;
    assert_eq!(live["lanes"][0]["encoder"], "x264", "{live}");
    // Where the program chose, it tells why not another.
    let passed_over = live["lanes"][0]["passed_over"].to_string();
    assert!(
        passed_over.contains("nvenc: ") && passed_over.contains("vaapi: "),
        "{live}"
    );
    assert!(live["lanes"][0]["adapter"].as_str().unwrap().len() > 3);
    let cache = &live["record"]["cache"];
    assert!(
        cache["kept"].as_u64() >= Some(1) && cache["bytes"].as_u64() > Some(1000),
        "{cache}"
    );
    assert!(
        cache["asked"].as_u64() >= Some(3) && cache["found"].as_u64() < cache["asked"].as_u64(),
        "{cache}"
    );
    let made: u64 = live["record"]["minutes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert!(made >= 3, "{live}");
    let stages = live["record"]["stages"].as_array().unwrap();
    assert!(
        stages
            .iter()
            .any(|stage| stage["stage"] == "render" && stage["p95_ms"].as_f64() >= stage["p50_ms"].as_f64())
    );
    let numbers = admin.get("numbers").await;
    let (day, days) = (&numbers["day"], numbers["days"].as_array().unwrap());
    assert!(day["circles"].as_u64() >= Some(3) && day["people"] == 0, "{numbers}");
    let listed: u64 = days.iter().filter_map(|day| day["circles"].as_u64()).sum();
    assert_eq!(Some(listed), day["circles"].as_u64(), "{numbers}");
    assert_eq!(
        (&numbers["songs"][0]["name"], &numbers["themes"][0]["name"]),
        (&json!("Band – Tune"), &json!("vinyl"))
    );
    let done = actions(&admin.get("audit").await);
    assert_eq!(
        done,
        [
            "sign in".to_owned(),
            format!("cancel job {number}"),
            format!("retry job {}", number)
        ]
    );
}

#[tokio::test]
async fn who_is_blocked_is_refused_politely_until_they_are_not() {
    let desk = Desk::open().await;
    let (server, admin) = (&desk.server, desk.admin().await);
    let song = server.send_song(song_bytes(3.0)).await;
    let job = ordered(server, &song, 0).await;
    let user = admin.get(&format!("jobs?name={job}")).await["jobs"][0]["user"].clone();
    let user = user.as_str().unwrap();
    let blocked = admin.post("blocked", json!({ "user": user, "why": "floods" })).await;
    assert_eq!(blocked.status(), StatusCode::NO_CONTENT);
    let refused = order(server, &song, 500).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(detail(refused).await.contains("operator"));
    assert_eq!(admin.get("blocked").await["blocked"][0]["why"], "floods");
    assert_eq!(admin.delete(&format!("blocked/{user}")).await, StatusCode::NO_CONTENT);
    assert_eq!(admin.delete(&format!("blocked/{user}")).await, StatusCode::NOT_FOUND);
    ordered(server, &song, 500).await;
}

#[tokio::test]
async fn while_the_line_runs_empty_nothing_new_is_taken() {
    let desk = Desk::open().await;
    let (server, admin) = (&desk.server, desk.admin().await);
    let song = server.send_song(song_bytes(3.0)).await;
    let job = ordered(server, &song, 0).await;
    assert_eq!(
        admin.post("drain", json!({ "on": true })).await.status(),
        StatusCode::NO_CONTENT
    );
    let refused = order(server, &song, 500).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    assert!(detail(refused).await.contains("restarted"));
    // What was taken is made.
    until(server, &job, "done").await;
    assert_eq!(
        server.get("/readyz").await.json::<Value>().await.unwrap()["draining"],
        true
    );
    assert_eq!(
        admin.post("drain", json!({ "on": false })).await.status(),
        StatusCode::NO_CONTENT
    );
    ordered(server, &song, 500).await;
}

#[tokio::test]
async fn a_key_made_here_works_until_it_is_revoked() {
    let desk = Desk::with(&[("HTTP__ANONYMOUS", "false")]).await;
    let admin = desk.admin().await;
    let wrong = admin
        .post("keys", json!({ "name": "x", "requests_per_minute": 60, "people": 65 }))
        .await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let made = admin
        .post("keys", json!({ "name": "Bot", "requests_per_minute": 60, "people": 2 }))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    let (number, secret) = (&made["key"], made["secret"].as_str().unwrap());
    let with_key = || {
        desk.server
            .ask(Method::GET, "/api/v1/themes")
            .bearer_auth(secret)
            .send()
    };
    assert_eq!(with_key().await.unwrap().status(), StatusCode::OK);
    let listed = admin.get("keys").await;
    assert!(
        !listed.to_string().contains(secret) && listed["keys"][0]["name"] == "Bot",
        "{listed}"
    );
    assert_eq!(admin.delete(&format!("keys/{number}")).await, StatusCode::NO_CONTENT);
    assert_eq!(with_key().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let done = actions(&admin.get("audit").await);
    assert_eq!(
        done,
        [
            "sign in",
            &format!("make key key {number}, Bot"),
            &format!("revoke key key {number}")
        ]
    );
    assert!(!admin.get("audit").await.to_string().contains(secret));
}
