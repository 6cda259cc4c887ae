//! A disk that runs full, at every place where the service writes: people are told, nothing is lost, and with room again it
//! goes on by itself.

use std::fs;
use std::thread;
use std::time::Duration;

use super::service::{House, RENDERED, SOON, card, circle, song_bytes};
use crate::support::disk::SmallDisk;
use crate::support::telegram::{Person, Telegram, What};

const DISK_BYTES: u64 = 96 << 20;
const NO_ROOM: &str = "кончилось место";

/// A house whose data lie on a small disk. `None` only where tests may be left out.
fn house(telegram: &Telegram) -> Option<House> {
    let house = House::new(telegram);
    let disk = SmallDisk::mount(&house.path("data"), DISK_BYTES)?;
    Some(house.on(disk))
}

fn with_a_card(telegram: &Telegram, house: &House, name: &str) -> (Person, i64) {
    let person = telegram.person(name);
    person.send_audio("tune.wav", song_bytes(house.folder.path(), 20.0), 20, "Tune", name);
    let shown = card(&person, "Tune");
    // Until where it stands is written down.
    thread::sleep(Duration::from_millis(500));
    (person, shown.id)
}

fn circles(telegram: &Telegram) -> usize {
    let ledger = telegram.ledger();
    let circles = ledger
        .iter()
        .filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    circles.count()
}

#[test]
fn below_the_reserve_nothing_new_is_begun() {
    let telegram = Telegram::start();
    let Some(house) = house(&telegram) else { return };
    let house = house.awake().set("DATA__MIN_FREE_BYTES", (16 << 20).to_string());
    let service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house, "Anna");
    house.disk().fill(15 << 20);
    anna.tap("▶️ Создать кружок");
    anna.wait_for_words(NO_ROOM, SOON);
    let boris = telegram.person("Boris");
    boris.send_audio("tune.wav", song_bytes(house.folder.path(), 5.0), 5, "Tune", "Boris");
    boris.wait_for_words(NO_ROOM, SOON);
    // Also after a restart.
    service.kill();
    let _service = house.start();
    let told = anna.say("0:01 - 0:02");
    card(&anna, "0:01 – 0:02");
    anna.tap("▶️ Создать кружок");
    anna.wait_for("the same again", SOON, |seen| {
        seen.iter()
            .find(|message| message.id > told && message.text.contains(NO_ROOM))
            .cloned()
    });
    assert_eq!(circles(&telegram), 0);
    house.disk().empty();
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown);
}

#[test]
fn full_while_a_circle_is_made_it_is_made_when_there_is_room() {
    let telegram = Telegram::start();
    let Some(house) = house(&telegram) else { return };
    let house = house.set("DATA__MIN_FREE_BYTES", "0");
    // Slow enough for the disk to be full before it is done.
    let house = house.set("RENDER__SIZE", "640").set("RENDER__FPS", "60");
    let service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house, "Anna");
    anna.say("0:00 - 0:19");
    card(&anna, "0:00 – 0:19");
    anna.tap("▶️ Создать кружок");
    anna.wait_for_words("🎬", SOON);
    house.disk().fill(0);
    assert!(until(
        || house.log().contains("the disk is full") || house.log().contains("state=\"queued\"")
    ));
    thread::sleep(Duration::from_secs(2));
    assert_eq!(circles(&telegram), 0);
    house.disk().empty();
    anna.wait_for_kind("video_note", shown, RENDERED);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(circles(&telegram), 1);
    service.stop();
}

#[test]
fn full_to_the_last_byte_what_people_say_is_heard_later() {
    let telegram = Telegram::start();
    let Some(house) = house(&telegram) else { return };
    let house = house.awake().set("DATA__MIN_FREE_BYTES", "0");
    let service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house, "Anna");
    house.disk().fill(0);
    anna.say("0:01 - 0:03");
    anna.tap("▶️ Создать кружок");
    let boris = telegram.person("Boris");
    let sent = boris.send_audio("tune.wav", song_bytes(house.folder.path(), 5.0), 5, "Tune", "Boris");
    thread::sleep(Duration::from_secs(6));
    assert_eq!(circles(&telegram), 0, "without a record of the intent");
    house.disk().empty();
    let made = anna.wait_for_kind("video_note", shown, RENDERED);
    assert_eq!(made.content["duration"], 2, "what was said first was heard first");
    // Either a song that was heard later, or a word that there is no room.
    boris.wait_for("a card or a word", SOON, |seen| {
        seen.iter().find(|message| message.by_bot && message.id > sent).cloned()
    });
    thread::sleep(Duration::from_secs(2));
    assert_eq!(circles(&telegram), 1);
    service.stop();
}

#[test]
fn what_nobody_accounts_for_is_swept_at_the_start_and_every_minute() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let service = house.start();
    with_a_card(&telegram, &house, "Anna");
    service.kill();
    let stray = |name: &str| {
        let path = house.path("data").join(name);
        fs::write(&path, [0; 1000]).unwrap();
        path
    };
    let (left_over, unknown) = (stray("tmp/0123.mp4"), stray("circles/0123.mp4"));
    let _service = house.start();
    assert!(until(|| !left_over.exists() && !unknown.exists()));
    assert!(until(|| house.log().matches("the bot is at work").count() == 2));
    let (later, song) = (stray("tmp/4567.mp4"), house.path("data").join("blobs"));
    assert!(until(|| !later.exists()), "the minute is hurried");
    assert!(fs::read_dir(song).unwrap().count() > 0, "what is accounted for stays");
}

fn until(happened: impl Fn() -> bool) -> bool {
    let end = std::time::Instant::now() + SOON;
    while std::time::Instant::now() < end {
        if happened() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
