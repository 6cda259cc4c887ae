//! The service told to stop in the middle of everything: what is being sent is sent to its end, everything else goes on after
//! the next start, and nothing comes twice.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, jobs};

use super::service::{House, RENDERED, SOON, card, circle, song_bytes};
use crate::support::telegram::{Fault, Person, Telegram, What, next};

/// What service managers are told to wait.
const LONGEST: Duration = Duration::from_secs(75);
const CREATE: &str = "▶️ Создать кружок";
/// How long Telegram leaves a circle lying in the middle of its bytes.
const SLOW: Duration = Duration::from_secs(20);

fn states(house: &House, person: &Person) -> Vec<JobState> {
    let store = Store::open(&house.path("data")).unwrap();
    let jobs = store.read(|conn| jobs::of_user(conn, person.id(), None, 10)).unwrap();
    jobs.iter().map(|job| job.state).collect()
}

/// With a card that shows this fragment, one tap short of a circle.
fn prepare(telegram: &Telegram, name: &str, song: &[u8], fragment: &str) -> (Person, i64) {
    let person = telegram.person(name);
    person.send_audio("tune.wav", song.to_vec(), 61, "Tune", name);
    card(&person, "Tune");
    person.say(fragment);
    let shown = card(&person, &fragment.replace(" - ", " – "));
    (person, shown.id)
}

#[test]
fn told_to_stop_it_ends_what_it_sends_and_puts_back_what_it_draws() {
    let telegram = Telegram::start();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = House::new(&telegram)
        // His circle takes longer than a stop lets it go on.
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "60")
        .set("LIMITS__QUEUE_SECONDS", "3600")
        .set("HTTP__LISTEN", address.to_string());
    let service = house.start();
    let song = song_bytes(house.folder.path(), 61.0);
    let (anna, after_anna) = prepare(&telegram, "Anna", &song, "0:00 - 0:01");
    let (boris, after_boris) = prepare(&telegram, "Boris", &song, "0:00 - 0:45");
    let (clara, after_clara) = prepare(&telegram, "Clara", &song, "0:05 - 0:06");
    telegram.script(next(
        "sendVideoNote",
        [Fault::Pause {
            byte: 5_000,
            pause: SLOW,
        }],
    ));
    anna.tap(CREATE);
    let is_slow = |seen: &[crate::support::telegram::Entry]| seen.iter().any(|entry| entry.what == What::Fault);
    assert!(wait(RENDERED, || is_slow(&telegram.ledger())), "nothing is sent");
    boris.tap(CREATE);
    boris.wait_for_words("🎬", SOON);
    clara.tap(CREATE);
    clara.wait_for("a status", SOON, |seen| {
        seen.iter()
            .rfind(|message| message.by_bot && message.kind == "text")
            .cloned()
    });
    // Somebody who never says what he wants.
    let mut visitor = TcpStream::connect(address).unwrap();
    visitor
        .write_all(b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        .unwrap();

    assert!(
        anna.chat().iter().all(|seen| seen.kind != "video_note"),
        "no send is in flight"
    );
    service.tell_to_stop();
    thread::sleep(Duration::from_secs(1));
    service.tell_to_stop();
    let took = service.stopped();
    println!("stopped in {took:?}");
    assert!(took < LONGEST, "{took:?}");
    circle(&anna, after_anna);
    assert_eq!(states(&house, &anna), [JobState::Sent], "cut off");
    assert_eq!(states(&house, &boris), [JobState::Queued]);
    assert_eq!(states(&house, &clara), [JobState::Queued]);

    let service = house.start();
    boris.wait_for_kind("video_note", after_boris, 2 * RENDERED);
    circle(&clara, after_clara);
    // What would come twice comes now.
    thread::sleep(Duration::from_secs(2));
    service.stop();
    let circles = telegram.ledger().into_iter();
    let circles = circles.filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    assert_eq!(circles.count(), 3);
}

fn wait(timeout: Duration, happened: impl Fn() -> bool) -> bool {
    let until = std::time::Instant::now() + timeout;
    while std::time::Instant::now() < until {
        if happened() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}
