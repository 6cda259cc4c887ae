//! API keys: made by the operator while the service runs, counted by themselves, taken back; and a house without strangers.

use std::process::Command;

use reqwest::{Method, StatusCode, header};

use super::server::{Server, detail};

/// `musiccircles keys ...` beside the running service.
fn keys(server: &Server, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musiccircles"));
    command
        .env("MUSICCIRCLES__DATA__DIR", server.path("data"))
        .arg("keys")
        .args(args);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

async fn with(server: &Server, key: &str) -> reqwest::Response {
    server
        .ask(Method::GET, "/api/v1/themes")
        .bearer_auth(key)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_house_without_strangers_opens_to_keys_alone() {
    let server = Server::with(&[("HTTP__ANONYMOUS", "false")]).await;
    let refused = server.get("/api/v1/themes").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(detail(refused).await.contains("key"));
    let key = keys(&server, &["create", "my site", "--per-minute", "8"]);
    assert!(key.starts_with("mck_") && key.len() == 68, "{key}");
    assert_eq!(with(&server, &key).await.status(), StatusCode::OK);

    // Its own limit: a quarter of a minute's at once.
    let mut last = with(&server, &key).await;
    for _ in 0..4 {
        last = with(&server, &key).await;
    }
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers().contains_key(header::RETRY_AFTER));

    // Guesses: another length, another letter, the hash itself, nothing.
    let other = key.replace(|c: char| c.is_ascii_digit(), "0");
    for guess in [&key[..67], &format!("{key}0"), &other, &key.to_uppercase(), "", "mck_"] {
        assert_eq!(with(&server, guess).await.status(), StatusCode::UNAUTHORIZED, "{guess}");
    }
    let basic = server
        .ask(Method::GET, "/api/v1/themes")
        .basic_auth("admin", Some(&key))
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), StatusCode::UNAUTHORIZED);

    let listed = keys(&server, &["list"]);
    assert!(listed.contains("my site") && !listed.contains(&key));
    let database = std::fs::read(server.path("data/musiccircles.db")).unwrap();
    let log = std::fs::read(server.path("data/musiccircles.db-wal")).unwrap_or_default();
    for bytes in [database, log, server.log().into_bytes()] {
        assert!(
            !bytes.windows(key.len()).any(|window| window == key.as_bytes()),
            "the key itself is kept"
        );
    }
    keys(&server, &["revoke", "1"]);
    assert_eq!(with(&server, &key).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_thousand_guesses_open_nothing_and_an_address_is_slowed_down() {
    let server = Server::with(&[("HTTP__ANONYMOUS", "false"), ("HTTP__REQUESTS_PER_MINUTE", "600")]).await;
    let mut slowed = 0;
    for n in 0..1_000_u32 {
        let status = with(&server, &format!("mck_{n:064x}")).await.status();
        assert!(
            [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status),
            "{status}"
        );
        slowed += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(slowed > 500, "{slowed}");
}
