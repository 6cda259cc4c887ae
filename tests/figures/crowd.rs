//! A hundred people at once, alone and beside somebody who floods the bot: who waits how long, and that everybody gets what
//! they asked for, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{BREATH, CREATE, Figure, WITHIN, arrivals, conditions, end, is_sent, now_ms};
use crate::bot::service::{House, song_bytes};
use crate::support::telegram::{Limits, Person, Telegram};

const PEOPLE: usize = 100;
/// What the flooder has sent when the others come; more than the router reads at once.
const FLOOD_BEFORE: usize = 1_500;
const FLOOD_EVERY: Duration = Duration::from_millis(50);

/// Everybody's waits in milliseconds: for the list, the card and the circle.
type Waits = [Vec<f64>; 3];

#[test]
#[ignore = "measures: make figures"]
fn a_hundred_people_beside_one_who_floods() {
    conditions();
    let names = ["name to the list", "choice to the card", "tap to the circle"];
    let (calm, flooded) = (crowd(false), crowd(true));
    for ((name, calm), flooded) in names.iter().zip(calm).zip(flooded) {
        let calm = Figure::of(&format!("{PEOPLE} at once, {name}"), calm);
        let flooded = Figure::of(&format!("{PEOPLE} at once beside a flood, {name}"), flooded);
        let ratios = [0.5, 0.95, 1.0].map(|share| flooded.share(share) / calm.share(share));
        println!("  beside the flood it takes {ratios:.2?} times as long (p50, p95, the last)");
        assert!(ratios.iter().all(|ratio| *ratio <= 2.0), "{name}: {ratios:.2?}");
    }
}

fn crowd(with_flood: bool) -> Waits {
    let telegram = Telegram::start();
    telegram.limits(Limits::REAL);
    let house = House::new(&telegram).set("LIMITS__QUEUE_SECONDS", "3600");
    for nth in 0..PEOPLE {
        // Each of another length: no circle is like another.
        house.add_song(&format!("Crowd - Song{nth:03}"), 2.0 + nth as f64 / 100.0);
    }
    let bytes = song_bytes(house.folder.path(), 9.0);
    let service = house.start();
    let people: Vec<_> = (0..PEOPLE).map(|nth| telegram.person(&format!("P{nth}"))).collect();
    let flooder = telegram.person("Flooder");
    super::hurry::ready(&people[0]);
    let over = AtomicBool::new(false);
    let waits = thread::scope(|scope| {
        if with_flood {
            (0..FLOOD_BEFORE).for_each(|nth| annoy(&flooder, nth, &bytes));
            scope.spawn(|| {
                for nth in FLOOD_BEFORE.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    annoy(&flooder, nth, &bytes);
                    thread::sleep(FLOOD_EVERY);
                }
            });
        }
        let waits = [
            all(&telegram, &people, "text", |nth, person| {
                person.say(&format!("song{nth:03}"))
            }),
            all(&telegram, &people, "photo", |_, person| person.tap("1")),
            all(&telegram, &people, "video_note", |_, person| person.tap(CREATE)),
        ];
        over.store(true, Ordering::Relaxed);
        waits
    });
    thread::sleep(2 * BREATH);
    drop(service);
    let circles: Vec<_> = telegram
        .ledger()
        .into_iter()
        .filter(|entry| is_sent(entry, "video_note"))
        .collect();
    for person in &people {
        let mine = circles.iter().filter(|entry| entry.chat == person.chat).count();
        assert_eq!(mine, 1, "circles of {}", person.id());
    }
    assert_eq!(telegram.too_fast(), 0, "Telegram's rates");
    waits
}

/// All of them at the same moment, and what each waits for.
fn all<T>(telegram: &Telegram, people: &[Person], kind: &str, act: impl Fn(usize, &Person) -> T) -> Vec<f64> {
    let from = end(telegram);
    let began = people.iter().enumerate().map(|(nth, person)| {
        let began = now_ms();
        act(nth, person);
        began
    });
    let began: Vec<_> = began.collect();
    let chats: Vec<_> = people.iter().map(|person| person.chat).collect();
    let came = arrivals(telegram, from, kind, &chats, WITHIN);
    thread::sleep(BREATH);
    chats
        .iter()
        .zip(began)
        .map(|(chat, began)| came[chat].saturating_sub(began) as f64)
        .collect()
}

/// Names, files, times, and every button there is.
fn annoy(flooder: &Person, nth: usize, song: &[u8]) {
    match nth % 4 {
        0 => {
            flooder.say(&format!("song{:03}", nth % PEOPLE));
        }
        1 => {
            flooder.send_audio("tune.wav", song.to_vec(), 9, "Flood", "Flooder");
        }
        2 => {
            flooder.say(&format!("0:0{} - 0:09", nth / 4 % 7));
        }
        _ => {
            let seen = flooder.chat();
            if seen
                .iter()
                .any(|message| message.buttons.iter().flatten().any(|button| button.text == CREATE))
            {
                flooder.tap(CREATE);
            }
        }
    }
}
