//! Circles that nobody can be sure of: where Telegram cannot be asked the person is, and what may be there is never sent
//! again blindly. And those that came as something else, which go before they are made again.

use std::thread;
use std::time::{Duration, Instant};

use super::service::{House, RENDERED, SOON, card, circle, labels, song_bytes};
use crate::support::telegram::{Answer, Cut, Fault, Person, Script, Seen, Telegram, What, next};

const CREATE: &str = "▶️ Создать кружок";
const AGAIN: &str = "🔁 Отправить ещё раз";
const UNSURE: &str = "🤷 Не уверен, что кружок дошёл";
/// The status is there before the circle is drawn, and there is time to talk between the intent and the send.
const SLOWLY: (&str, &str) = (
    "FAILPOINTS",
    "claim.after_commit=sleep(3000);sending.after_commit=sleep(3000)",
);
/// What would come twice comes within this time.
const TWICE: Duration = Duration::from_secs(3);

fn with_a_card(telegram: &Telegram, house: &House) -> (Person, i64) {
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 6.0), 6, "Tune", "Anna");
    let shown = card(&anna, "Tune");
    (anna, shown.id)
}

fn circles(telegram: &Telegram) -> usize {
    let sent = telegram.ledger().into_iter().filter(|entry| entry.what == What::Sent);
    sent.filter(|entry| entry.kind == "video_note").count()
}

fn videos(person: &Person) -> usize {
    person.chat().iter().filter(|seen| seen.kind == "video").count()
}

fn until(what: &str, happened: impl Fn() -> bool) {
    let end = Instant::now() + RENDERED;
    while !happened() {
        assert!(Instant::now() < end, "in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the only delivery is in this phase.
fn delivery_is(house: &House, phase: &str) -> bool {
    let record = rusqlite::Connection::open(house.path("data/musiccircles.db")).unwrap();
    record.busy_timeout(SOON).unwrap();
    let count = record.query_row("SELECT count(*) FROM deliveries WHERE phase = ?1", [phase], |row| {
        row.get::<_, i64>(0)
    });
    count.unwrap() == 1
}

/// The first circle arrives and nobody hears of it; questions about it meet this.
fn unheard(then: Option<Fault>) -> Script {
    let mut is_first = true;
    Box::new(move |incoming| match &*incoming.method {
        "sendVideoNote" if std::mem::take(&mut is_first) => Some(Fault::accepted(Answer::Close)),
        "editMessageReplyMarkup" => then,
        _ => None,
    })
}

#[test]
fn who_is_asked_whether_it_arrived_has_it_sent_again_by_a_button() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let _service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house);
    // Lost once more than is made good without asking.
    telegram.script(next("sendVideoNote", [Fault::refused(Answer::Close); 4]));
    anna.tap(CREATE);
    let asked = anna.wait_for_words(UNSURE, RENDERED);
    assert_eq!(labels(&asked), [AGAIN]);
    assert_eq!(circles(&telegram), 0);
    // Twice by a nervous finger.
    anna.tap(AGAIN);
    anna.tap(AGAIN);
    circle(&anna, shown);
    thread::sleep(TWICE);
    assert_eq!(circles(&telegram), 1);
    assert!(
        !anna.chat().iter().any(|seen| seen.text.contains(UNSURE)),
        "still unsure"
    );
}

#[test]
fn what_may_have_arrived_and_cannot_be_asked_for_is_left_to_its_person() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let _service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house);
    let answer = Answer::Status {
        status: 400,
        html: false,
    };
    telegram.script(unheard(Some(Fault::refused(answer))));
    anna.tap(CREATE);
    circle(&anna, shown);
    let asked = anna.wait_for_words(UNSURE, RENDERED);
    assert_eq!(labels(&asked), [AGAIN]);
    thread::sleep(TWICE);
    assert_eq!(circles(&telegram), 1, "sent again blindly");
}

/// Anna in a group, with a card; the bot hears what is meant for it.
fn in_a_group(telegram: &Telegram) -> (Person, Seen) {
    let group = telegram.group("Friends");
    let anna = telegram.person("Anna").in_group(group);
    anna.say("@circles_bot blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    let shown = card(&anna, "Blood Type");
    (anna, shown)
}

/// Asks for a circle, and others talk in the moment before it is sent.
fn create_while_others_talk(anna: &Person, after: &Seen, house: &House, messages: usize) {
    anna.tap(CREATE);
    anna.wait_for("a status", SOON, |seen| {
        let status = |message: &&Seen| message.by_bot && message.kind == "text" && message.id > after.id;
        seen.iter().find(status).cloned()
    });
    until("an intent", || delivery_is(house, "sending"));
    for nth in 0..messages {
        anna.say_unheard(&format!("nothing for a bot, {nth}"));
    }
}

/// It lies beyond all the numbers that are asked.
#[test]
fn in_a_group_where_little_is_heard_a_circle_in_doubt_is_left_to_its_person() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start_with(&[SLOWLY]);
    let (anna, shown) = in_a_group(&telegram);
    telegram.script(unheard(None));
    create_while_others_talk(&anna, &shown, &house, 20);
    let asked = anna.wait_for_words(UNSURE, RENDERED);
    assert_eq!(labels(&asked), [AGAIN]);
    thread::sleep(TWICE);
    assert_eq!(circles(&telegram), 1, "sent again blindly");
}

/// More than are asked in a group's minute: the look waits for its turn and does not begin anew.
#[test]
fn in_a_group_where_something_later_is_heard_a_circle_in_doubt_is_found() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start_with(&[SLOWLY]);
    let (anna, shown) = in_a_group(&telegram);
    telegram.script(unheard(Some(Fault::refused(Answer::Close))));
    create_while_others_talk(&anna, &shown, &house, 40);
    circle(&anna, shown.id);
    until("a doubt", || delivery_is(&house, "reconciling"));
    // Telegram tells whole seconds.
    thread::sleep(Duration::from_secs(2));
    anna.say("@circles_bot /help");
    until("it is heard", || telegram.unconfirmed() == 0);
    telegram.script(Box::new(|_| None));
    until("it is found", || delivery_is(&house, "sent"));
    thread::sleep(TWICE);
    assert_eq!(circles(&telegram), 1);
}

#[test]
fn a_video_that_should_have_been_a_circle_goes_however_often_telegram_does_not_hear_of_it() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let _service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house);
    telegram.next_notes_are_videos(1);
    telegram.script(next("deleteMessage", [Fault::Cut(Cut::AfterHead); 6]));
    anna.tap(CREATE);
    circle(&anna, shown);
    assert_eq!((videos(&anna), circles(&telegram)), (0, 1));
}

#[test]
fn a_video_that_should_have_been_a_circle_goes_after_a_kill_as_well() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let service = house.start();
    let (anna, shown) = with_a_card(&telegram, &house);
    telegram.next_notes_are_videos(1);
    telegram.script(Box::new(|incoming| {
        let deletes = incoming.method.eq_ignore_ascii_case("deleteMessage");
        deletes.then_some(Fault::Cut(Cut::AfterHead))
    }));
    anna.tap(CREATE);
    let deletions = || {
        let faults = telegram.ledger().into_iter().filter(|entry| entry.what == What::Fault);
        faults
            .filter(|entry| entry.method.eq_ignore_ascii_case("deleteMessage"))
            .count()
    };
    until("it is to be taken away", || videos(&anna) == 1 && deletions() > 0);
    service.kill();
    telegram.script(Box::new(|_| None));
    let _service = house.start();
    circle(&anna, shown);
    assert_eq!((videos(&anna), circles(&telegram)), (0, 1));
}
