//! A mistake of ours strikes in the middle of a conversation: nobody is left unheard until a restart.

use std::thread;
use std::time::{Duration, Instant};

use super::service::{House, SOON};
use crate::support::command::code_of;
use crate::support::telegram::Telegram;

const APOLOGY: &str = "что-то пошло не так";

#[test]
fn an_update_at_which_a_conversation_ends_comes_again_once_and_then_no_more() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let ends = "conversation.hearing=1*panic->1*off->2*panic";
    let service = house.start_with(&[("FAILPOINTS", ends)]);
    let anna = telegram.person("Anna");
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    assert!(!anna.chat().iter().any(|seen| seen.text.contains(APOLOGY)));
    anna.say("/settings");
    anna.wait_for_words(APOLOGY, SOON);
    anna.say("/newsong");
    anna.wait_for_words("Пришли название песни", SOON);
    assert!(!anna.chat().iter().any(|seen| seen.text.contains("Настройки")));
    // Nor after a restart.
    service.stop();
    let _service = house.start();
    let said = anna.say("/help");
    anna.wait_for("an answer", SOON, |seen| {
        seen.iter().find(|message| message.by_bot && message.id > said).cloned()
    });
    assert!(!anna.chat().iter().any(|seen| seen.text.contains("Настройки")));
}

#[test]
fn a_search_that_ends_by_a_mistake_is_told_and_can_be_repeated() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start_with(&[("FAILPOINTS", "slowly.acting=1*panic->1*off->1*panic")]);
    let anna = telegram.person("Anna");
    anna.say("blood type");
    anna.wait_for_words(APOLOGY, SOON);
    anna.say("blood type");
    anna.wait_for_words("Выбери песню", SOON);
    // The same tap again is no second tap on a song that is on its way.
    anna.tap("1");
    anna.wait_for("told once more", SOON, |seen| {
        (seen.iter().filter(|message| message.text.contains(APOLOGY)).count() == 2).then_some(())
    });
    anna.tap("1");
    anna.wait_for_kind("photo", 0, SOON);
}

#[test]
fn without_a_part_that_has_to_run_the_service_ends_to_be_started_again() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let mut service = house.start_with(&[("FAILPOINTS", "router.handing_out=1*off->panic")]);
    let until = Instant::now() + SOON;
    let status = loop {
        if let Some(status) = service.ended() {
            break status;
        }
        assert!(Instant::now() < until, "it runs and hears nobody");
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(code_of(status), 1);
    let log = house.log();
    assert!(log.contains("part=\"router\""), "{log}");
    assert!(log.contains("a part of the bot ended by a mistake of ours"), "{log}");
}
