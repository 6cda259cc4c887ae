//! How long a `kill -9` is felt: from the new start until somebody is answered, and until the circle that was cut off is
//! being drawn again.

use std::thread;
use std::time::Instant;

use super::{BREATH, CREATE, DEMO, DEMO_SECS, Figure, LOOK_EVERY, WITHIN, arrival, conditions, end, now_ms};
use crate::bot::service::{House, RENDERED, SOON, card};
use crate::support::telegram::Telegram;

const KILLS: usize = 10;

#[test]
#[ignore = "measures: make figures"]
fn recovery_after_a_kill() {
    conditions();
    let telegram = Telegram::start();
    let house = House::new(&telegram)
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "30");
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let mut service = house.start();
    anna.send_audio("demo.mp3", DEMO.to_vec(), DEMO_SECS, "Demo", "Anna");
    card(&anna, "⏱");
    anna.say("0:00 - 1:00");
    card(&anna, "0:00 – 1:00");
    thread::sleep(BREATH);
    anna.tap(CREATE);
    anna.wait_for_words("🎬", RENDERED);
    let (mut answered, mut drawing) = (Vec::new(), Vec::new());
    for _ in 0..KILLS {
        service.kill();
        boris.say("/help");
        let (from, signs, began) = (end(&telegram), telegram.actions().len(), now_ms());
        service = house.start();
        let drawn = drawn_again(&telegram, signs, began);
        answered.push(arrival(&telegram, from, "text", boris.chat, SOON).saturating_sub(began) as f64);
        drawing.push(drawn);
        thread::sleep(BREATH);
    }
    let answered = Figure::of("kill -9: start to the answer to what was said meanwhile", answered);
    let drawing = Figure::of("kill -9: start to the circle being drawn again", drawing);
    // And nothing was lost by it.
    let from = end(&telegram);
    arrival(&telegram, from, "video_note", anna.chat, WITHIN);
    answered.at_most(0.95, 2_000.0);
    drawing.at_most(0.95, 2_000.0);
}

/// The sign that a circle is being recorded, the first after so many others; milliseconds after `began`.
fn drawn_again(telegram: &Telegram, after: usize, began: u64) -> f64 {
    let until = Instant::now() + SOON;
    loop {
        let news = telegram.actions().split_off(after);
        if news.iter().any(|(_, action)| action == "record_video_note") {
            return now_ms().saturating_sub(began) as f64;
        }
        assert!(Instant::now() < until, "the circle was not gone on with");
        thread::sleep(LOOK_EVERY);
    }
}
