//! The bot's part: an owner asks it for a code and gets in; nobody else is given one; a blocked person is refused politely.

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::desk::{ROOT, cookie};
use crate::bot::service::{House, SOON};
use crate::support::telegram::Telegram;

/// Where the service of this house answers.
fn base(house: &House) -> String {
    let log = house.log();
    let address = log.split("open http://").nth(1).and_then(|rest| rest.split(' ').next());
    format!("http://{}", address.expect("it does not listen"))
}

/// Asks from the outside; people in chats are waited for, so that nothing else here is asynchronous.
fn ask(request: RequestBuilder) -> reqwest::Response {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(request.send()).unwrap()
}

fn post(base: &str, path: &str, body: Value) -> RequestBuilder {
    let asked = Client::new().post(format!("{base}{ROOT}{path}"));
    asked.header("x-operators-page", "1").json(&body)
}

/// What stands alone in its line of the message.
fn code_in(text: &str) -> String {
    let letters = |line: &&str| line.len() == 16 && line.bytes().all(|b| b.is_ascii_alphanumeric());
    text.lines().map(str::trim).find(letters).expect("no code").to_owned()
}

#[test]
fn an_owner_gets_in_by_a_code_and_blocks_somebody() {
    let telegram = Telegram::start();
    let (owner, other) = (telegram.person("Owner"), telegram.person("Other"));
    let house = House::new(&telegram).set("TELEGRAM__OWNERS", owner.id().to_string());
    let _service = house.start();
    other.say("/admin");
    other.wait_for_words("Такой команды", SOON);
    owner.say("/admin");
    let code = code_in(&owner.wait_for_words("код для страницы", SOON).text);
    let base = base(&house);
    let answer = ask(post(&base, "session", json!({ "code": code })));
    assert_eq!(answer.status(), StatusCode::OK);
    let session = cookie(&answer).unwrap();
    let again = ask(post(&base, "session", json!({ "code": code })));
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);

    let act = |path: &str, body| ask(post(&base, path, body).header("cookie", &session)).status();
    let of = |user: i64| json!({ "user": user.to_string(), "why": "floods" });
    assert_eq!(act("blocked", of(owner.id())), StatusCode::BAD_REQUEST);
    assert_eq!(act("blocked", of(other.id())), StatusCode::NO_CONTENT);
    other.say("queen");
    other.wait_for_words("заблокировал", SOON);
    // Whoever is blocked may still leave.
    other.say("/delete_me");
    other.wait_for("a question before all is deleted", SOON, |seen| {
        seen.iter()
            .any(|message| message.by_bot && !message.buttons.is_empty())
            .then_some(())
    });
    assert!(!house.log().contains(&code), "a code is in the log");
}

#[test]
fn a_code_is_not_told_to_a_group() {
    let telegram = Telegram::start();
    let owner = telegram.person("Owner");
    let house = House::new(&telegram).set("TELEGRAM__OWNERS", owner.id().to_string());
    let _service = house.start();
    let group = telegram.group("Friends");
    let there = owner.in_group(group);
    there.say("/admin");
    there.wait_for_words("только в личном чате", SOON);
}
