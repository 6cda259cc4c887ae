//! The studio opened inside Telegram: who somebody is there, and circles that go into their chat.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::server::{PATIENCE, Server, detail, song_bytes};
use crate::support::telegram::mini_app::{init_data, now_secs, public_key};
use crate::support::telegram::{Entry, Person, Telegram, What};

const SIGN_IN: &str = "/api/v1/telegram/session";

async fn house(telegram: &Telegram, more: &[(&str, &str)]) -> Server {
    let (url, key) = (telegram.url(), public_key());
    let mut settings = vec![
        ("TELEGRAM__TOKEN", telegram.token()),
        ("TELEGRAM__API_URL", &url),
        ("TELEGRAM__PUBLIC_KEY", &key),
    ];
    settings.extend(more);
    Server::with(&settings).await
}

/// The session's secret.
async fn sign_in(server: &Server, init_data: &str) -> String {
    let answer = server.post_json(SIGN_IN, json!({ "init_data": init_data })).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["expires_in_seconds"], 12 * 3600);
    told["session"].as_str().unwrap().to_owned()
}

async fn with(server: &Server, session: &str, method: Method, path: &str, body: Option<Value>) -> reqwest::Response {
    let asked = server.ask(method, path).bearer_auth(session);
    let asked = match body {
        Some(body) => asked.json(&body),
        None => asked,
    };
    asked.send().await.unwrap()
}

/// Asks until the job is in one of these states.
async fn until(server: &Server, job: &str, states: &[&str]) -> Value {
    let began = std::time::Instant::now();
    loop {
        let told = server.json(&format!("/api/v1/jobs/{job}")).await;
        if states.contains(&told["state"].as_str().unwrap()) {
            return told;
        }
        assert!(began.elapsed() < PATIENCE, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A circle of a person's, made.
async fn made(server: &Server, session: &str, secs: f64) -> String {
    let song = server.send_song(song_bytes(secs)).await;
    let order = json!({ "song": song["song"], "length_ms": 2000, "title": "Tide" });
    let answer = with(server, session, Method::POST, "/api/v1/jobs", Some(order)).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let job = answer.json::<Value>().await.unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned();
    until(server, &job, &["done"]).await;
    job
}

fn notes(telegram: &Telegram, person: &Person) -> usize {
    let is_note = |entry: &&Entry| entry.what == What::Sent && entry.kind == "video_note" && entry.chat == person.chat;
    telegram.ledger().iter().filter(is_note).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_the_studio_goes_into_the_persons_chat_once() {
    let telegram = Telegram::start();
    let server = house(&telegram, &[]).await;
    let anna = telegram.person("Anna");
    let session = sign_in(&server, &anna.init_data(now_secs())).await;
    let job = made(&server, &session, 3.0).await;
    let path = format!("/api/v1/jobs/{job}/send");
    // Two taps.
    let (one, two) = tokio::join!(
        with(&server, &session, Method::POST, &path, None),
        with(&server, &session, Method::POST, &path, None)
    );
    assert_eq!(
        (one.status(), two.status()),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    let (one, two): (Value, Value) = (one.json().await.unwrap(), two.json().await.unwrap());
    assert_eq!(one["job"], two["job"]);
    let sent = one["job"].as_str().unwrap().to_owned();
    let told = until(&server, &sent, &["done", "failed"]).await;
    assert_eq!(told["state"], "done", "{told}");
    let looks_at = anna.clone();
    let seen = tokio::task::spawn_blocking(move || looks_at.wait_for_kind("video_note", 0, PATIENCE))
        .await
        .unwrap();
    // In her language, with all that stands below a circle of the bot's.
    let labels: Vec<&str> = seen
        .buttons
        .iter()
        .flatten()
        .map(|button| button.text.as_str())
        .collect();
    assert_eq!(labels.len(), 3, "{labels:?}");
    assert!(
        labels
            .iter()
            .all(|label| label.chars().any(|c| ('а'..='я').contains(&c))),
        "{labels:?}"
    );
    // Again, later: it is there.
    let again = with(&server, &session, Method::POST, &path, None).await;
    assert_eq!(again.json::<Value>().await.unwrap()["state"], "done");
    assert_eq!(notes(&telegram, &anna), 1);
    // It was made once, and written down as hers.
    assert_eq!(server.rendered(), 1);
    let did = server.json(&format!("/interactions/user/{}", anna.id())).await;
    assert_eq!(did[0]["interaction_type"], "Создание видео");
    assert_eq!(did[0]["username"], "anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_came_from_telegram_is_sent_anything_and_only_what_there_is() {
    let telegram = Telegram::start();
    let server = house(&telegram, &[("HTTP__ANONYMOUS", "false")]).await;
    let anna = telegram.person("Anna");
    let session = sign_in(&server, &anna.init_data(now_secs())).await;
    // A house without strangers is open to her, and what a browser asks for without a header is, by its name.
    let form = reqwest::multipart::Form::new().part("file", super::server::file(song_bytes(30.0), "song.wav"));
    let refused = server.post("/api/v1/songs", form).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let form = reqwest::multipart::Form::new().part("file", super::server::file(song_bytes(30.0), "song.wav"));
    let asked = server
        .ask(Method::POST, "/api/v1/songs")
        .bearer_auth(&session)
        .multipart(form);
    let song: Value = asked.send().await.unwrap().json().await.unwrap();
    let audio = format!("/api/v1/songs/{}/audio", song["song"].as_str().unwrap());
    assert_eq!(server.get(&audio).await.status(), StatusCode::OK);
    assert_eq!(server.get("/api/v1/themes").await.status(), StatusCode::UNAUTHORIZED);
    // What people did is not told to her.
    let status = with(&server, &session, Method::GET, "/interactions/", None)
        .await
        .status();
    assert_eq!(status, StatusCode::FORBIDDEN);

    // Long enough to be asked for too early.
    let order = json!({ "song": song["song"], "length_ms": 30000 });
    let answer = with(&server, &session, Method::POST, "/api/v1/jobs", Some(order)).await;
    let job = answer.json::<Value>().await.unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/jobs/{job}/send");
    let early = with(&server, &session, Method::POST, &path, None).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    until(&server, &job, &["done"]).await;
    let nobody = with(&server, &"0".repeat(64), Method::POST, &path, None).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let absent = format!("/api/v1/jobs/{}/send", "0".repeat(32));
    let absent = with(&server, &session, Method::POST, &absent, None).await;
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);

    // A square video is no circle.
    let order = json!({ "song": song["song"], "length_ms": 1000, "corners": "cover" });
    let answer = with(&server, &session, Method::POST, "/api/v1/jobs", Some(order)).await;
    let square = answer.json::<Value>().await.unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned();
    until(&server, &square, &["done"]).await;
    let refused = with(
        &server,
        &session,
        Method::POST,
        &format!("/api/v1/jobs/{square}/send"),
        None,
    )
    .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(super::server::detail(refused).await.contains("square"));
    assert_eq!(notes(&telegram, &anna), 0);

    // Somebody who blocked the bot is told what to do.
    let boris = telegram.person("Boris");
    boris.block(true);
    let session = sign_in(&server, &boris.init_data(now_secs())).await;
    let sent: Value = with(&server, &session, Method::POST, &path, None)
        .await
        .json()
        .await
        .unwrap();
    let told = until(&server, sent["job"].as_str().unwrap(), &["done", "failed"]).await;
    assert_eq!(told["state"], "failed");
    assert!(told["detail"].as_str().unwrap().contains("press Start"), "{told}");
    assert_eq!(told["kind"], "refused");
    // He does, and it comes.
    boris.block(false);
    let again: Value = with(&server, &session, Method::POST, &path, None)
        .await
        .json()
        .await
        .unwrap();
    let told = until(&server, again["job"].as_str().unwrap(), &["done", "failed"]).await;
    assert_eq!(told["state"], "done", "{told}");
    assert_eq!(notes(&telegram, &boris), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_forged_words_of_telegrams_open_nothing() {
    let telegram = Telegram::start();
    let server = house(&telegram, &[]).await;
    let anna = telegram.person("Anna");
    let right = anna.init_data(now_secs());
    let mut forged: Vec<String> = Vec::new();
    for bit in 0..1000 {
        // Spread over all of it; the lowest bits, so that it stays a text.
        let mut bytes = right.clone().into_bytes();
        let at = bit * bytes.len() / 1000;
        bytes[at] ^= 1 << (bit % 3);
        let text = String::from_utf8(bytes).unwrap();
        let fields = |text: &str| {
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect::<Vec<_>>()
        };
        if fields(&text) != fields(&right) {
            forged.push(text);
        }
    }
    let user = json!({ "id": anna.id(), "first_name": "Anna" });
    let other_bot = telegram.add_bot("other_bot");
    forged.extend([
        init_data(&other_bot, &user, now_secs()),
        anna.init_data(now_secs() - 3700),
        anna.init_data(now_secs() + 120),
        init_data(telegram.token(), &json!({ "id": 0 }), now_secs()),
        init_data(telegram.token(), &json!({ "id": "1" }), now_secs()),
        init_data(telegram.token(), &json!([]), now_secs()),
        format!("{right}&{right}"),
        right.replace("hash=", "Hash="),
        String::new(),
        "\0".repeat(100),
        "a=b&".repeat(5000),
    ]);
    assert!(forged.len() > 950, "{}", forged.len());
    for text in &forged {
        let answer = server.post_json(SIGN_IN, json!({ "init_data": text })).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{text}");
        detail(answer).await;
    }
    for body in [
        json!({}),
        json!([1]),
        json!({ "init_data": 1 }),
        json!({ "init_data": right, "user": 1 }),
    ] {
        assert_eq!(
            server.post_json(SIGN_IN, body).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    // A session is not guessed either.
    let session = sign_in(&server, &right).await;
    for n in 0..200 {
        let mut guess = session.clone().into_bytes();
        let at = n % guess.len();
        guess[at] = if guess[at] == b'0' { b'1' } else { b'0' };
        let guess = String::from_utf8(guess[..guess.len() - n / 64].to_vec()).unwrap();
        let answer = with(&server, &guess, Method::GET, "/api/v1/themes", None).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{guess}");
    }
    let log = server.log();
    assert!(
        !log.contains(&session) && !log.contains(telegram.token()),
        "a secret is in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bots_menu_opens_the_studio_where_it_is_found_from_outside() {
    let telegram = Telegram::start();
    let server = house(&telegram, &[("TELEGRAM__STUDIO_URL", "https://circles.example.org/")]).await;
    let began = std::time::Instant::now();
    while telegram.menu().is_null() {
        assert!(began.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let wanted = json!({ "type": "web_app", "text": "Studio", "web_app": { "url": "https://circles.example.org/" } });
    assert_eq!(telegram.menu(), wanted);
    // Without a bot there is nobody who could have signed anything.
    let alone = Server::start().await;
    let answer = alone.post_json(SIGN_IN, json!({ "init_data": "a=b" })).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
