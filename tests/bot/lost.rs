//! Calls that get lost on the way: what may be said again is, and nobody waits for ever.

use std::net::TcpListener;
use std::time::Duration;

use super::service::{House, SOON, card, song_bytes};
use crate::support::telegram::{Answer, Cut, Fault, Telegram, next};

/// Of Telegram's own.
const TROUBLE: Answer = Answer::Status {
    status: 500,
    html: false,
};

#[test]
fn how_updates_come_is_settled_as_soon_as_telegram_hears_us() {
    let telegram = Telegram::start();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lost = |method| telegram.script(next(method, [Fault::Cut(Cut::AtOnce), Fault::Cut(Cut::AfterHead)]));
    let house = House::new(&telegram).set("HTTP__LISTEN", address.to_string());
    let called = [
        ("MUSICCIRCLES__TELEGRAM__MODE", "webhook"),
        ("MUSICCIRCLES__TELEGRAM__WEBHOOK_URL", &format!("http://{address}/hook")),
        ("MUSICCIRCLES__TELEGRAM__WEBHOOK_SECRET", "a-secret-of-twenty-letters"),
    ];
    lost("setWebhook");
    let service = house.start_with(&called);
    let anna = telegram.person("Anna");
    anna.say("/help");
    let first = anna.wait_for_words("Как сделать кружок", SOON);
    service.kill();
    // A webhook that stays would keep every poll away.
    lost("deleteWebhook");
    let _service = house.start();
    anna.say("/help");
    anna.wait_for("the same again", SOON, |seen| {
        seen.iter()
            .find(|message| message.by_bot && message.id > first.id)
            .cloned()
    });
}

#[test]
fn an_edit_that_is_lost_is_said_again() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 10.0), 10, "Tune", "Anna");
    card(&anna, "Tune");
    for fault in [
        Fault::Cut(Cut::AtOnce),
        Fault::accepted(Answer::Close),
        Fault::accepted(Answer::Nonsense),
        Fault::refused(TROUBLE),
    ] {
        telegram.script(next("editMessageCaption", [fault]));
        anna.say("0:01 - 0:03");
        card(&anna, "0:01 – 0:03");
        anna.say("0:02 - 0:05");
        card(&anna, "0:02 – 0:05");
    }
}

#[test]
fn telegrams_own_trouble_holds_updates_up_for_a_moment_only() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.say("/help");
    let first = anna.wait_for_words("Как сделать кружок", SOON);
    telegram.script(next(
        "getUpdates",
        [Fault::refused(TROUBLE), Fault::refused(Answer::Nonsense)],
    ));
    // The poll that waits takes this; those after it meet the trouble.
    anna.say("/help");
    anna.wait_for("an answer", SOON, |seen| {
        seen.iter()
            .find(|message| message.by_bot && message.id > first.id)
            .cloned()
    });
    let said = anna.say("/help");
    anna.wait_for("an answer", Duration::from_secs(8), |seen| {
        seen.iter().find(|message| message.by_bot && message.id > said).cloned()
    });
}
