//! Hundreds of ways in that are none.

use std::time::Instant;

use musiccircles::store::operators::{self, CODE_MS};
use musiccircles::store::{self, Clock};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::guess::{address, beginnings, near_misses};

#[tokio::test]
async fn no_token_but_the_right_one_opens() {
    let desk = Desk::open().await;
    let token = &desk.admin_token;
    let mut tried: Vec<Value> = near_misses(token, token.len()).into_iter().map(Value::from).collect();
    tried.extend(beginnings(token).into_iter().map(Value::from));
    let odd = [
        format!("{token} "),
        format!(" {token}"),
        token.to_uppercase(),
        format!("{token}\0"),
        format!("{token}{token}"),
        "a".repeat(199),
        "' OR 1=1 --".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA".to_owned(),
        "п".repeat(40),
    ];
    tried.extend(odd.into_iter().map(Value::from));
    tried.extend([
        json!(null),
        json!(true),
        json!(1),
        json!([token]),
        json!({ "token": token }),
    ]);
    assert!(tried.len() > 140, "{}", tried.len());
    for (n, token) in tried.iter().enumerate() {
        let answer = desk.sign_in(&json!({ "token": token }), &address(n)).await;
        let status = answer.status();
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
        assert!(
            refused && !answer.headers().contains_key(header::SET_COOKIE),
            "{status} for {token}"
        );
    }
    // As a code, both at once, as a list, nothing, too much.
    let bodies = [
        json!({ "code": token }),
        json!({ "token": token, "code": "a" }),
        json!([token]),
        json!(token),
        json!({}),
        json!({ "Token": token }),
        json!({ "token": "a".repeat(1_000_000) }),
    ];
    for (n, body) in bodies.iter().enumerate() {
        let status = desk.sign_in(body, &address(1000 + n)).await.status();
        assert!(status.is_client_error(), "{status}");
    }
    // The right one, and a viewer's stays a viewer's.
    assert_eq!(desk.admin().await.get("session").await["role"], "admin");
    assert_eq!(desk.viewer().await.get("session").await["role"], "viewer");
    assert!(!desk.server.log().contains(token), "a token is in the log");
}

#[tokio::test]
async fn a_code_opens_once_for_its_owner_and_for_five_minutes() {
    let desk = Desk::with(&[("TELEGRAM__OWNERS", "42")]).await;
    let folder = desk.server.path("data");
    let made = |owner, now| store::beside(&folder, move |tx| operators::new_code(tx, owner, now)).unwrap();
    let now = Clock::System.now();
    let code = made(42, now);
    let (late, nobody) = (made(43, now - CODE_MS), made(44, now));
    let mut tried = near_misses(&code, 16 * 8);
    tried.extend(beginnings(&code));
    tried.extend([
        late,
        nobody,
        format!("{code}a"),
        "%".into(),
        "*".repeat(16),
        "a".repeat(5000),
    ]);
    for (n, code) in tried.iter().enumerate() {
        let answer = desk.sign_in(&json!({ "code": code }), &address(n)).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{code}");
    }
    // As people copy it.
    let copied = format!(" {}-{} {}", &code[..4].to_uppercase(), &code[4..8], &code[8..]);
    let answer = desk.sign_in(&json!({ "code": copied }), "192.0.2.1").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.json::<Value>().await.unwrap()["who"], "owner 42");
    let again = desk.sign_in(&json!({ "code": code }), "192.0.2.2").await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    // A new one makes the old one void.
    let (old, new) = (made(42, now), made(42, now));
    assert_eq!(
        desk.sign_in(&json!({ "code": old }), "192.0.2.3").await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        desk.sign_in(&json!({ "code": new }), "192.0.2.4").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn twenty_who_bring_the_same_code_at_once_are_one() {
    let desk = Desk::with(&[("TELEGRAM__OWNERS", "42")]).await;
    let now = Clock::System.now();
    let code = store::beside(&desk.server.path("data"), move |tx| operators::new_code(tx, 42, now)).unwrap();
    let body = json!({ "code": code });
    let addresses: Vec<_> = (0..20).map(address).collect();
    let tried = addresses.iter().map(|address| desk.sign_in(&body, address));
    let answers = futures_util::future::join_all(tried).await;
    let opened = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::OK)
        .count();
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn whoever_tries_again_and_again_is_slowed_down() {
    let desk = Desk::open().await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = desk.sign_in(&json!({ "token": "x" }), "192.0.2.9").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
        statuses.push(answer.status());
    }
    let slowed = statuses
        .iter()
        .filter(|status| **status == StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.count() >= 8, "{statuses:?}");
    // Also with the right token, and others are not.
    let right = json!({ "token": desk.admin_token });
    let began = Instant::now();
    let status = desk.sign_in(&right, "192.0.2.9").await.status();
    assert!(
        status == StatusCode::TOO_MANY_REQUESTS || began.elapsed().as_secs() > 5,
        "{status}"
    );
    assert_eq!(desk.sign_in(&right, "192.0.2.10").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_cookie_but_the_right_one_is_a_session() {
    let desk = Desk::open().await;
    let admin = desk.admin().await;
    let (name, secret) = admin.cookie.split_once('=').unwrap();
    let mut tried = near_misses(secret, 128);
    tried.extend(beginnings(secret));
    tried.extend([format!("{secret}0"), secret.to_uppercase(), format!("\"{secret}\"")]);
    // All digits, it is the same in capitals.
    tried.retain(|tried| tried != secret);
    for tried in tried {
        let asked = desk.server.ask(Method::GET, "/api/v1/admin/session");
        let answer = asked
            .header(header::COOKIE, format!("{name}={tried}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{tried}");
    }
    for name in [
        "Musiccircles_operator",
        "musiccircles",
        "__Host-musiccircles_operator",
        "",
    ] {
        let asked = desk.server.ask(Method::GET, "/api/v1/admin/session");
        let answer = asked
            .header(header::COOKIE, format!("{name}={secret}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
}
