//! A song that kills whoever draws it: it is tried once more, then set aside, and the service goes on.

use std::thread;
use std::time::{Duration, Instant};

use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, jobs};
use rustix::process::{Pid, Signal, kill_process};

use super::service::{House, RENDERED, SOON, Service, card, circle, song_bytes};
use crate::support::telegram::{Person, Seen, Telegram, What};

const CREATE: &str = "▶️ Создать кружок";

/// Processor time it has used, in ticks.
fn ticks(process: i32) -> u64 {
    let facts = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = facts.rsplit(')').next().unwrap_or_default();
    let used = fields.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok());
    used.unwrap_or(0)
}

/// The child that draws: it uses the processor now.
fn drawing(service: &Service<'_>) -> i32 {
    let before: Vec<_> = service
        .children()
        .into_iter()
        .map(|child| (child, ticks(child)))
        .collect();
    thread::sleep(Duration::from_millis(500));
    let used = |(child, before): &(i32, u64)| ticks(*child).saturating_sub(*before);
    before.iter().max_by_key(|child| used(child)).unwrap().0
}

fn until_drawing(person: &Person) {
    person.wait_for("a circle that is drawn", RENDERED, |seen| {
        let is_drawn = |message: &&Seen| message.by_bot && message.text.contains("🎬 Рисую");
        seen.iter().find(is_drawn).cloned()
    });
}

#[test]
fn a_job_that_kills_its_worker_twice_is_set_aside_and_its_owner_told() {
    let telegram = Telegram::start();
    let house = House::new(&telegram)
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "60");
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 61.0), 61, "Tune", "Anna");
    card(&anna, "Tune");
    anna.say("0:00 - 1:00");
    card(&anna, "0:00 – 1:00");
    anna.tap(CREATE);
    let kill = |child: i32| kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    until_drawing(&anna);
    kill(drawing(&service));
    // What is told to her may still be of the time before.
    let begun = || house.log().matches("a job is being worked on").count();
    let began = Instant::now();
    while begun() < 2 {
        assert!(began.elapsed() < SOON, "it is not begun anew");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_secs(2));
    kill(drawing(&service));
    anna.wait_for_words("С этой песней я не справился дважды", SOON);
    // Nor does it draw in secret: who comes next has the workers.
    let boris = telegram.person("Boris");
    boris.send_audio("tune.wav", song_bytes(house.folder.path(), 3.0), 3, "Tune", "Boris");
    let other = card(&boris, "Tune");
    boris.tap(CREATE);
    circle(&boris, other.id);
    service.stop();
    let store = Store::open(&house.path("data")).unwrap();
    let of_anna = store.read(|conn| jobs::of_user(conn, anna.id(), None, 10)).unwrap();
    let states: Vec<_> = of_anna.iter().map(|job| job.state).collect();
    assert_eq!(states, [JobState::SetAside]);
    let to_anna = telegram.ledger().into_iter().filter(|entry| entry.chat == anna.chat);
    let circles = to_anna.filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    assert_eq!(circles.count(), 0);
}
