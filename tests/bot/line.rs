//! The line is full, for everybody or for one: people hear it in words, and when to come back.

use super::service::{House, SOON, card, circle, song_bytes};
use crate::support::telegram::{Person, Telegram};

const CREATE: &str = "▶️ Создать кружок";

/// Drawing takes as long as it can.
fn slow_house(telegram: &Telegram) -> House {
    House::new(telegram).set("RENDER__SIZE", "640").set("RENDER__FPS", "60")
}

fn with_a_song(telegram: &Telegram, house: &House, name: &str) -> Person {
    let person = telegram.person(name);
    person.send_audio("tune.wav", song_bytes(house.folder.path(), 61.0), 61, "Tune", name);
    card(&person, "Tune");
    person
}

/// Asks for a circle of this fragment; the number of the card.
fn create(person: &Person, fragment: &str) -> i64 {
    person.say(fragment);
    let shown = card(person, &fragment.replace(" - ", " – "));
    person.tap(CREATE);
    shown.id
}

#[test]
fn who_would_wait_too_long_hears_when_to_come_back() {
    let telegram = Telegram::start();
    let house = slow_house(&telegram).set("LIMITS__QUEUE_SECONDS", "1");
    let _service = house.start();
    let [anna, boris] = ["Anna", "Boris"].map(|name| with_a_song(&telegram, &house, name));
    create(&anna, "0:00 - 1:00");
    anna.wait_for_words("🎬", SOON);
    let shown = create(&boris, "0:01 - 0:03");
    let told = boris.wait_for_words("Сейчас очередь. Повтори через", SOON);
    let seconds: String = told.text.chars().filter(char::is_ascii_digit).collect();
    assert!(seconds.parse::<u32>().unwrap() >= 5, "{}", told.text);
    // And then there is room.
    anna.tap("✖️ Отменить");
    anna.wait_for_words("✖️ Отменено", SOON);
    boris.tap(CREATE);
    circle(&boris, shown);
}

#[test]
fn who_has_enough_in_the_line_hears_that() {
    let telegram = Telegram::start();
    let house = slow_house(&telegram)
        .set("LIMITS__QUEUE_SECONDS", "3600")
        .set("LIMITS__PER_USER_WAITING", "1");
    let _service = house.start();
    let [anna, boris] = ["Anna", "Boris"].map(|name| with_a_song(&telegram, &house, name));
    create(&anna, "0:00 - 1:00");
    anna.wait_for_words("🎬", SOON);
    create(&anna, "0:01 - 1:00");
    anna.wait_for_words("⏳", SOON);
    create(&anna, "0:02 - 1:00");
    anna.wait_for_words("У тебя уже несколько кружков в работе", SOON);
    // Which is nobody else's business.
    create(&boris, "0:00 - 1:00");
    boris.wait_for_words("⏳", SOON);
}
