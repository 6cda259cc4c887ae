//! API keys: made by the operator while the service runs, counted by themselves, taken back; and a house without strangers.

use std::process::Command;

use reqwest::{Method, StatusCode, header};

use super::server::{Server, detail};
use crate::support::guess::{address, beginnings, near_misses};

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
async fn a_thousand_guesses_from_as_many_addresses_open_nothing() {
    let server = Server::with(&[("HTTP__ANONYMOUS", "false"), ("HTTP__TRUSTED_PROXIES", "127.0.0.1")]).await;
    let key = keys(&server, &["create", "my site"]);
    let void = keys(&server, &["create", "an old site"]);
    keys(&server, &["revoke", "2"]);
    let digits = key.trim_start_matches("mck_");
    let mut tried = near_misses(&key, 12 * key.len());
    tried.extend(beginnings(&key));
    tried.extend(beginnings(digits).into_iter().map(|digits| format!("mck_0{digits}")));
    tried.extend((0..100).map(|n| format!("mck_{n:064x}")));
    tried.extend([
        void,
        digits.to_owned(),
        key.to_uppercase(),
        format!("{key}{key}"),
        format!("{key},{key}"),
        format!("{key} {key}"),
        format!("\"{key}\""),
        format!("Bearer {key}"),
        format!("{key}%00"),
        format!("{key}' OR '1'='1"),
        "1".to_owned(),
        "my site".to_owned(),
        "*".to_owned(),
        "a".repeat(30_000),
    ]);
    assert!(tried.len() > 1_000, "{}", tried.len());
    let with = |guess: &str, from: usize| {
        let asked = server
            .ask(Method::GET, "/api/v1/themes")
            .header("x-forwarded-for", address(from));
        asked.bearer_auth(guess).send()
    };
    for (n, guess) in tried.iter().enumerate() {
        let answer = with(guess, n).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{guess:.80}");
        detail(answer).await;
    }
    // The key itself, wherever else it may be put.
    let elsewhere = [
        server.ask(
            Method::GET,
            &format!("/api/v1/themes?key={key}&api_key={key}&access_token={key}"),
        ),
        server.ask(Method::GET, "/api/v1/themes").header("x-api-key", &key),
        server
            .ask(Method::GET, "/api/v1/themes")
            .header(header::COOKIE, format!("key={key}")),
        server
            .ask(Method::GET, "/api/v1/themes")
            .header(header::AUTHORIZATION, &key),
        server.ask(Method::GET, "/api/v1/themes").basic_auth("", Some(&key)),
    ];
    for asked in elsewhere {
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    // It was the right one all the time, also where guesses came from.
    assert_eq!(with(&key, 0).await.unwrap().status(), StatusCode::OK);
    assert!(!server.log().contains(digits), "the key is in the log");
}

#[tokio::test]
async fn an_address_that_guesses_is_slowed_down() {
    let server = Server::with(&[("HTTP__ANONYMOUS", "false"), ("HTTP__REQUESTS_PER_MINUTE", "60")]).await;
    let key = keys(&server, &["create", "my site"]);
    let mut slowed = 0;
    for n in 0..100 {
        let answer = with(&server, &format!("mck_{n:064x}")).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
            slowed += 1;
        } else {
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        }
    }
    assert!(slowed > 50, "{slowed}");
    // Who has a key is counted by the key, whoever else guesses from there.
    assert_eq!(with(&server, &key).await.status(), StatusCode::OK);
}
