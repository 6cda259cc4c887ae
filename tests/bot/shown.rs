//! What Telegram does not take the first time is shown all the same: somebody waits for it.

use std::thread;
use std::time::{Duration, Instant};

use super::service::{House, RENDERED, SOON, card, song_bytes};
use crate::support::telegram::{Answer, Cut, Fault, Person, Script, Seen, Telegram, What, next};

const RESET: Fault = Fault::Cut(Cut::AfterHead);
/// The library that speaks to Telegram rests ten seconds after each of these.
const GATEWAY: Answer = Answer::Status {
    status: 502,
    html: true,
};
const OWN_TROUBLE: Answer = Answer::Status {
    status: 500,
    html: false,
};

/// As long as this script is in force nothing of this kind arrives.
fn never(method: &'static str) -> Script {
    Box::new(move |incoming| incoming.method.eq_ignore_ascii_case(method).then_some(RESET))
}

/// A photo or a text of the bot's after message `after` that shows these words.
fn newer(person: &Person, after: i64, words: &str) -> Seen {
    person.wait_for(&format!("{words:?} after {after}"), RENDERED, |seen| {
        let wanted = |seen: &&Seen| seen.by_bot && seen.id > after && seen.text.contains(words);
        seen.iter().find(wanted).cloned()
    })
}

fn faults(telegram: &Telegram) -> usize {
    let ledger = telegram.ledger();
    ledger.iter().filter(|entry| entry.what == What::Fault).count()
}

fn wait(longest: Duration, until: impl Fn() -> bool) {
    let end = Instant::now() + longest;
    while !until() {
        assert!(Instant::now() < end, "waited {longest:?} in vain");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_list_and_a_sentence_that_telegram_did_not_take_are_shown_again() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 20.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    telegram.script(next("sendMessage", [RESET, RESET]));
    let said = anna.say("/help");
    newer(&anna, said, "Как сделать кружок");
    for trouble in [RESET, Fault::refused(GATEWAY), Fault::refused(OWN_TROUBLE)] {
        let before = faults(&telegram);
        telegram.script(next("sendMessage", [trouble]));
        let said = anna.say("blood type");
        let list = newer(&anna, said, "Выбери песню");
        assert_eq!(faults(&telegram), before + 1);
        anna.tap("1");
        newer(&anna, list.id, "⏱");
    }
}

#[test]
fn a_card_that_telegram_did_not_take_is_shown_again_and_its_buttons_work() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    let song = song_bytes(house.folder.path(), 20.0);
    for trouble in [
        RESET,
        Fault::refused(GATEWAY),
        Fault::refused(OWN_TROUBLE),
        // It is there twice, and the newer one counts.
        Fault::accepted(Answer::Close),
    ] {
        let before = faults(&telegram);
        telegram.script(next("sendPhoto", [trouble]));
        let sent = anna.send_audio("tune.wav", song.clone(), 20, "Tune", "Anna");
        let shown = newer(&anna, sent, "Tune");
        if trouble == Fault::accepted(Answer::Close) {
            newer(&anna, shown.id, "Tune");
        }
        assert_eq!(faults(&telegram), before + 1);
        anna.tap("⌨️ Время");
        card(&anna, "Напиши момент");
        anna.say("0:02 - 0:05");
        card(&anna, "0:02 – 0:05");
    }
}

#[test]
fn whoever_says_more_meanwhile_is_heard_first_and_a_kill_changes_nothing() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let service = house.start();
    let anna = telegram.person("Anna");
    telegram.script(never("sendPhoto"));
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 20.0), 20, "Tune", "Anna");
    wait(RENDERED, || faults(&telegram) >= 2);
    for _ in 0..3 {
        let said = anna.say("/help");
        newer(&anna, said, "Как сделать кружок");
        thread::sleep(Duration::from_millis(1_200));
    }
    service.kill();
    telegram.script(Box::new(|_| None));
    let _service = house.start();
    card(&anna, "Tune");
    anna.tap("⌨️ Время");
    card(&anna, "Напиши момент");
}

#[test]
fn who_blocked_the_bot_is_not_knocked_at_again() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.block(true);
    anna.say("/help");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 5.0), 5, "Tune", "Anna");
    let refused = || {
        let ledger = telegram.ledger().into_iter();
        let refused = ledger.filter(|entry| entry.what == What::Refused && entry.chat == anna.chat);
        refused
            .filter(|entry| entry.method.eq_ignore_ascii_case("sendPhoto"))
            .count()
    };
    wait(SOON, || refused() > 0);
    thread::sleep(Duration::from_secs(5));
    assert!(refused() <= 2, "{} cards", refused());
}
