//! What is not in our hands: Telegram's rates, people who leave, who change their mind, and Telegram calling us.

use std::net::TcpListener;

use super::service::{House, RENDERED, SOON, card, circle, song_bytes};
use crate::support::guess::{beginnings, near_misses};
use crate::support::telegram::impostor::{Impostor, SECRET_HEADER};
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

const SECRET: &str = "a-secret-of-twenty-letters";
/// An update that is pushed has no more than this.
const MOST_BYTES: usize = 1 << 20;

/// A house that Telegram calls, and the address it is given.
fn called(telegram: &Telegram) -> (House, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let hook = format!("http://{address}/hook");
    let house = House::new(telegram)
        .set("HTTP__LISTEN", &address)
        .set("TELEGRAM__MODE", "webhook")
        .set("TELEGRAM__WEBHOOK_URL", &hook)
        .set("TELEGRAM__WEBHOOK_SECRET", SECRET);
    (house, hook)
}

#[test]
fn telegram_may_call_us_instead() {
    let telegram = Telegram::start();
    let (house, hook) = called(&telegram);
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    // Whoever does not know the secret is not heard.
    let impostor = Impostor::new();
    assert_eq!(
        impostor.call(&hook, "a-secret-of-twenty-letterz", impostor.update(&anna, 0)),
        401
    );
    assert_eq!(impostor.call(&hook, "", impostor.update(&anna, 0)), 401);
    assert_eq!(impostor.call(&hook, SECRET, impostor.update(&anna, 0)), 200);
    // Its person speaks no language we know.
    anna.wait_for_words("Hi! I turn a song", SOON);
    assert!(service.stop().as_secs() < 30);
}

/// Updates that were ever kept.
fn in_the_inbox(house: &House) -> i64 {
    let record = rusqlite::Connection::open(house.path("data/musiccircles.db")).unwrap();
    record
        .query_row("SELECT count(*) FROM inbox", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn three_hundred_forged_calls_reach_nobody() {
    let telegram = Telegram::start();
    let (house, hook) = called(&telegram);
    let service = house.start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    let (kept, said) = (in_the_inbox(&house), telegram.ledger().len());
    let impostor = Impostor::new();

    let mut guesses = near_misses(SECRET, 10 * SECRET.len());
    guesses.extend(beginnings(SECRET));
    guesses.extend([
        SECRET.to_uppercase(),
        SECRET.replacen('a', "A", 1),
        SECRET.replace('-', "_"),
        SECRET.replace('-', " "),
        SECRET.chars().rev().collect(),
        format!("{SECRET}s"),
        format!("{SECRET}{SECRET}"),
        format!("{SECRET},{SECRET}"),
        format!("{SECRET}, {SECRET}"),
        format!("\"{SECRET}\""),
        format!("Bearer {SECRET}"),
        format!("{SECRET};"),
        format!("{SECRET}%00"),
        "a".repeat(SECRET.len()),
        "a".repeat(60_000),
    ]);
    for guess in &guesses {
        let status = impostor.call(&hook, guess, impostor.update(&boris, 0));
        assert_eq!(status, 401, "{guess:.80}");
    }
    // The secret itself, but not once, not there, or not so.
    let post = |body: String| impostor.http.post(&hook).body(body);
    let update = |letters| impostor.update(&boris, letters);
    let (most, too_much) = (
        update(MOST_BYTES - update(0).len()),
        update(MOST_BYTES + 1 - update(0).len()),
    );
    assert_eq!((most.len(), too_much.len()), (MOST_BYTES, MOST_BYTES + 1));
    let elsewhere = |path: &str| {
        impostor
            .http
            .post(format!("{hook}{path}"))
            .header(SECRET_HEADER, SECRET)
            .body(update(0))
    };
    let forged = [
        post(update(0)),
        post(update(0))
            .header(SECRET_HEADER, SECRET)
            .header(SECRET_HEADER, SECRET),
        post(update(0)).header(SECRET_HEADER, SECRET).header(SECRET_HEADER, ""),
        post(update(0)).header(SECRET_HEADER, "").header(SECRET_HEADER, SECRET),
        post(update(0)).bearer_auth(SECRET),
        post(update(0)).basic_auth("telegram", Some(SECRET)),
        post(update(0)).header("cookie", format!("{SECRET_HEADER}={SECRET}")),
        post(update(0)).header("x-telegram-bot-api-secret", SECRET),
        post(update(0)).header("x_telegram_bot_api_secret_token", SECRET),
        post(update(0)).query(&[(SECRET_HEADER, SECRET), ("secret_token", SECRET)]),
        post(update(0)).header("x-forwarded-for", "149.154.167.220"),
        // What nobody who knows it sends.
        post(too_much).header(SECRET_HEADER, SECRET),
        post(update(0).replace("\"update_id\"", "update_id")).header(SECRET_HEADER, SECRET),
        post(String::new()).header(SECRET_HEADER, SECRET),
        impostor.http.get(&hook).header(SECRET_HEADER, SECRET).body(update(0)),
        impostor.http.put(&hook).header(SECRET_HEADER, SECRET).body(update(0)),
        elsewhere("/"),
        elsewhere("/.."),
        elsewhere("/hook"),
        elsewhere("%20"),
    ];
    assert!(guesses.len() + forged.len() > 300, "{}", guesses.len());
    for (n, request) in forged.into_iter().enumerate() {
        let status = impostor.send(request);
        assert!((400..500).contains(&status), "forged call {n}: {status}");
    }
    assert_eq!(in_the_inbox(&house), kept);

    // The next one is Telegram's, and the first that is answered.
    assert_eq!(impostor.call(&hook, SECRET, most), 200);
    boris.wait_for_words("Hi! I turn a song", SOON);
    assert_eq!(in_the_inbox(&house), kept + 1);
    let ledger = telegram.ledger_since(said);
    let answers = ledger.iter().filter(|entry| entry.what == What::Sent);
    assert_eq!(answers.count(), 1, "{ledger:?}");
    assert!(!house.log().contains(SECRET), "the secret is in the log");
    service.stop();
}
