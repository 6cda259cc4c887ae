//! What is not in our hands: Telegram's rates, people who leave, who change their mind, and Telegram calling us.

use std::net::TcpListener;

use super::service::{House, RENDERED, SOON, card, circle, song_bytes};
use crate::support::telegram::{Limits, Telegram, What};

#[test]
fn at_telegrams_own_rates_nothing_is_refused() {
    let telegram = Telegram::start();
    telegram.limits(Limits::REAL);
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 20.0), 20, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    for _ in 0..4 {
        anna.tap("⇤ +1");
    }
    anna.say("0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    assert_eq!(telegram.too_fast(), 0);
}

#[test]
fn a_circle_is_cancelled_while_it_is_drawn() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("RENDER__SIZE", "640");
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 61.0), 61, "Tune", "Anna");
    card(&anna, "Anna — Tune");
    anna.tap("60 с");
    card(&anna, "60 секунд");
    anna.tap("▶️ Создать кружок");
    anna.wait_for_words("🎬", SOON);
    anna.tap("✖️ Отменить");
    anna.wait_for_words("✖️ Отменено.", RENDERED);
    let circles = telegram
        .ledger()
        .into_iter()
        .filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    assert_eq!(circles.count(), 0);
    assert!(
        telegram
            .actions()
            .iter()
            .any(|(_, action)| action == "record_video_note")
    );
}

#[test]
fn who_blocks_us_stops_nobody_else() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let song = song_bytes(house.folder.path(), 4.0);
    anna.send_audio("tune.wav", song.clone(), 4, "Tune", "Anna");
    card(&anna, "Anna — Tune");
    anna.tap("▶️ Создать кружок");
    anna.block(true);
    boris.send_audio("tune.wav", song, 4, "Tune", "Boris");
    let shown = card(&boris, "Boris — Tune");
    boris.tap("▶️ Создать кружок");
    circle(&boris, shown.id);
    // Who has left is not knocked at again and again.
    let refused = telegram
        .ledger()
        .into_iter()
        .filter(|entry| entry.what == What::Refused);
    let knocks = refused.filter(|entry| entry.chat == anna.chat && entry.method.eq_ignore_ascii_case("sendVideoNote"));
    assert!(knocks.count() <= 1);
}

/// Each file has room for the largest song until its own size is known: with little space they come one after another.
#[test]
fn many_who_choose_at_once_all_get_their_card() {
    const PEOPLE: usize = 12;
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("DATA__BUDGET_BYTES", "100000000");
    house.add_song("Kino - Blood Type", 4.0);
    let _service = house.start();
    let people: Vec<_> = (0..PEOPLE).map(|nth| telegram.person(&format!("P{nth}"))).collect();
    for person in &people {
        person.say("blood type");
    }
    for person in &people {
        person.wait_for_words("Выбери песню", SOON);
    }
    for person in &people {
        person.tap("1");
    }
    for person in &people {
        card(person, "Kino — Blood Type");
    }
}

#[test]
fn telegram_may_call_us_instead() {
    let telegram = Telegram::start();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let house = House::new(&telegram)
        .set("HTTP__LISTEN", &address)
        .set("TELEGRAM__MODE", "webhook")
        .set("TELEGRAM__WEBHOOK_URL", format!("http://{address}/hook"))
        .set("TELEGRAM__WEBHOOK_SECRET", "a-secret-of-twenty-letters");
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    // Whoever does not know the secret is not heard.
    let forged = serde_json::json!({ "update_id": 99, "message": {
        "message_id": 5, "date": 1, "text": "/start", "chat": { "id": anna.chat, "type": "private", "first_name": "A" },
        "from": { "id": anna.id(), "is_bot": false, "first_name": "A" } } });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let posted = |secret: &'static str| {
        let body = forged.to_string();
        let url = format!("http://{address}/hook");
        runtime.block_on(async move {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = http
                .post(url)
                .header("x-telegram-bot-api-secret-token", secret)
                .body(body);
            request.send().await.unwrap().status().as_u16()
        })
    };
    assert_eq!(posted("a-secret-of-twenty-letterz"), 401);
    assert_eq!(posted(""), 401);
    assert_eq!(posted("a-secret-of-twenty-letters"), 200);
    // Its person speaks no language we know.
    anna.wait_for_words("Hi! I turn a song", SOON);
    assert!(service.stop().as_secs() < 30);
}
