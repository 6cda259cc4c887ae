//! What people press when a circle is there, or is not: begin from it again, try again, stop.

use super::service::{House, RENDERED, SOON, card, circle, song_bytes};
use crate::support::telegram::{Answer, Fault, Person, Seen, Telegram, What, next};

const CREATE: &str = "▶️ Создать кружок";

/// A card after message `after` that shows these words.
fn newer_card(person: &Person, after: i64, words: &str) -> Seen {
    person.wait_for(&format!("a card after {after} with {words:?}"), RENDERED, |seen| {
        let wanted = |seen: &&Seen| seen.kind == "photo" && seen.id > after && seen.text.contains(words);
        seen.iter().find(wanted).cloned()
    })
}

/// Somebody with a card that shows these two seconds of a song.
fn with_a_card(telegram: &Telegram, house: &House) -> (Person, Seen) {
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 12.0), 12, "Tune", "Anna");
    card(&anna, "Tune");
    anna.say("0:01 - 0:03");
    let shown = card(&anna, "0:01 – 0:03");
    (anna, shown)
}

#[test]
fn an_earlier_circle_is_begun_from_below_it_and_in_the_history() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house);
    anna.tap(CREATE);
    let made = circle(&anna, shown.id);
    anna.tap("🎨 Другой вид");
    let gallery = newer_card(&anna, made.id, "(1 из");
    anna.tap("▶️");
    card(&anna, "(2 из");
    anna.say("/history");
    let history = anna.wait_for_words("Последние кружки", SOON);
    assert!(history.id > gallery.id);
    assert!(history.text.contains("Anna — Tune, 0:01 – 0:03"), "{}", history.text);
    anna.tap("1");
    let again = newer_card(&anna, history.id, "0:01 – 0:03");
    anna.tap(CREATE);
    circle(&anna, again.id);
}

#[test]
fn a_circle_that_telegram_refused_is_tried_again() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let (anna, _) = with_a_card(&telegram, &house);
    let refused = Answer::Status {
        status: 400,
        html: false,
    };
    telegram.script(next("sendVideoNote", [Fault::refused(refused)]));
    anna.tap(CREATE);
    let told = anna.wait_for_words("Телеграм не принял кружок", RENDERED);
    let tap = anna.tap("🔁 Попробовать ещё раз");
    assert_eq!(anna.answer_to(&tap, SOON)["text"], "Пробую ещё раз.");
    circle(&anna, told.id);
}

#[test]
fn what_is_being_drawn_is_stopped_by_a_command_as_well() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("RENDER__SIZE", "640");
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 61.0), 61, "Tune", "Anna");
    card(&anna, "Tune");
    anna.say("0:00 - 1:00");
    card(&anna, "60 секунд");
    anna.tap(CREATE);
    anna.wait_for_words("🎬", SOON);
    anna.say("/cancel");
    anna.wait_for_words("Отменил 1 кружок.", SOON);
    anna.wait_for_words("✖️ Отменено.", RENDERED);
    anna.say("/cancel");
    anna.wait_for_words("Отменять нечего", SOON);
    let ledger = telegram.ledger();
    assert!(
        !ledger
            .iter()
            .any(|entry| entry.what == What::Sent && entry.kind == "video_note")
    );
}

#[test]
fn also_the_most_talkative_log_holds_no_secret() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let service = house.start_with(&[("MUSICCIRCLES_LOG", "trace")]);
    let (anna, shown) = with_a_card(&telegram, &house);
    anna.tap(CREATE);
    circle(&anna, shown.id);
    service.stop();
    let log = house.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "it is not talkative");
    let (_, secret) = telegram.token().split_once(':').unwrap();
    let told: Vec<_> = log.lines().filter(|line| line.contains(secret)).take(3).collect();
    assert!(told.is_empty(), "{told:#?}");
}
