//! What a real Telegram does to a circle on its way: groups that get another number, rates, circles that arrive as something
//! else, files that lie on disk.

use std::thread;
use std::time::{Duration, Instant};

use super::service::{House, RENDERED, SOON, card, circle, labels, song_bytes};
use crate::support::telegram::{Answer, Entry, Fault, Telegram, What, next};

const SUPERGROUP: i64 = -1_001_000_777_000;

fn circles(telegram: &Telegram) -> Vec<Entry> {
    let sent = telegram.ledger().into_iter();
    sent.filter(|entry| entry.what == What::Sent && entry.kind == "video_note")
        .collect()
}

#[test]
fn a_group_that_becomes_a_supergroup_keeps_its_card_and_its_circles() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let service = house.start();
    let anna = telegram.person("Anna").in_group(telegram.small_group("Friends"));
    anna.say("@circles_bot blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    card(&anna, "⏱");
    let anna = anna.move_group(SUPERGROUP);
    // The card of the group goes on in the supergroup, over a restart too.
    anna.say("@circles_bot 0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    service.kill();
    let _service = house.start();
    anna.say("@circles_bot 0:02 - 0:04");
    let shown = card(&anna, "0:02 – 0:04");
    anna.tap("▶️ Создать кружок");
    let made = circle(&anna, shown.id);
    assert_eq!(labels(&made).len(), 3);
    assert_eq!(circles(&telegram).len(), 1);
    anna.say("/history");
    anna.wait_for_words("Последние кружки", SOON);
}

#[test]
fn a_group_that_moves_under_a_circle_on_its_way_gets_it_in_its_new_place() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start();
    let anna = telegram.person("Anna").in_group(telegram.small_group("Friends"));
    anna.say("@circles_bot blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    let shown = card(&anna, "⏱");
    anna.reply(shown.id, "0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    anna.tap("▶️ Создать кружок");
    // Nobody tells us: the next message is answered with the new number.
    let moved = anna.move_group_unheard(SUPERGROUP);
    circle(&moved, 0);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(circles(&telegram).len(), 1);
    // What the status said stands in the new chat, once at most, and is gone with the circle.
    let left = moved.chat().into_iter().filter(|seen| seen.kind == "text").count();
    assert_eq!(left, 0, "{:?}", moved.chat());
}

/// When the script struck for the first time.
fn first_fault(telegram: &Telegram) -> (usize, u64) {
    let until = Instant::now() + RENDERED;
    loop {
        let ledger = telegram.ledger();
        if let Some(seq) = ledger.iter().position(|entry| entry.what == What::Fault) {
            return (seq, ledger[seq].at_ms);
        }
        assert!(Instant::now() < until, "no fault struck");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_telegram_asks_to_wait_is_waited_over_a_kill_and_nothing_comes_twice() {
    const WAIT_SECS: u64 = 4;
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 3.0), 3, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    let busy = Fault::refused(Answer::TooMany {
        retry_after_secs: WAIT_SECS,
    });
    telegram.script(next("sendVideoNote", [busy]));
    anna.tap("▶️ Создать кружок");
    let (seq, at_ms) = first_fault(&telegram);
    // As soon as it is in the record.
    thread::sleep(Duration::from_millis(500));
    service.kill();
    let _service = house.start();
    circle(&anna, shown.id);
    thread::sleep(Duration::from_secs(1));
    let sent = circles(&telegram);
    assert_eq!(sent.len(), 1);
    let first = telegram
        .ledger_since(seq)
        .into_iter()
        .find(|entry| entry.what == What::Sent || entry.what == What::Edited)
        .unwrap();
    assert!(
        first.at_ms >= at_ms + WAIT_SECS * 1000,
        "{first:?} came {} ms after the refusal",
        first.at_ms - at_ms
    );
    assert!(sent[0].at_ms < at_ms + WAIT_SECS * 1000 + 3_000, "long after its time");
}

#[test]
fn a_circle_that_arrives_as_a_video_is_taken_away_and_made_smaller_once() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 12.0), 12, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    telegram.next_notes_are_videos(1);
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    let films = || {
        let ledger = telegram.ledger().into_iter();
        ledger
            .filter(|entry| ["video", "video_note"].contains(&entry.kind.as_str()) && entry.what == What::Sent)
            .collect::<Vec<_>>()
    };
    let bytes = |entry: &Entry| entry.detail.split(' ').next().unwrap().parse::<u64>().unwrap();
    let [wrong, right] = &films()[..] else {
        panic!("{:?}", films())
    };
    assert_eq!((wrong.kind.as_str(), right.kind.as_str()), ("video", "video_note"));
    assert!(
        bytes(right) <= bytes(wrong) * 7 / 10,
        "{} then {}",
        bytes(wrong),
        bytes(right)
    );
    assert!(
        !anna.chat().iter().any(|seen| seen.kind == "video"),
        "it is still there"
    );

    // Nor as a smaller one: then it is told, and nothing is left lying about.
    anna.say("0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    telegram.next_notes_are_videos(2);
    anna.tap("▶️ Создать кружок");
    anna.wait_for_words("слишком большим", RENDERED);
    assert!(!anna.chat().iter().any(|seen| seen.kind == "video"));
    assert_eq!(films().len(), 4);
}

#[test]
fn a_local_server_gives_large_files_and_takes_circles_from_disk() {
    let telegram = Telegram::start_local();
    let house = House::new(&telegram)
        .set("TELEGRAM__LOCAL_FILES", "true")
        .set("LIMITS__UPLOAD_BYTES", "60000000");
    let _service = house.start();
    let anna = telegram.person("Anna");
    // More than the cloud gives to anybody.
    let song = song_bytes(house.folder.path(), 250.0);
    assert!(song.len() > 20 << 20, "{} bytes", song.len());
    anna.send_audio("tune.wav", song, 250, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    anna.say("4:01 - 4:03");
    card(&anna, "4:01 – 4:03");
    anna.tap("▶️ Создать кружок");
    let made = circle(&anna, shown.id);
    assert_eq!(made.content["duration"], 2);
    let facts = anna.download(&made);
    assert_eq!(&facts[4..8], b"ftyp");
}

#[test]
fn a_local_server_may_take_its_time_with_a_file() {
    let telegram = Telegram::start_local();
    // Awake, no other call waits longer than three seconds.
    let house = House::new(&telegram).set("TELEGRAM__LOCAL_FILES", "true").awake();
    let _service = house.start();
    let anna = telegram.person("Anna");
    let fetched = Fault::accepted(Answer::After(Duration::from_secs(8)));
    telegram.script(next("getFile", [fetched]));
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 6.0), 6, "Tune", "Anna");
    card(&anna, "Anna — Tune");
}

#[test]
fn a_cloud_says_that_a_file_is_too_large_before_it_is_asked_for() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", vec![0; (20 << 20) + 1], 130, "Tune", "Anna");
    anna.wait_for_words("больше 20 МБ", SOON);
}
