//! The run itself: killed at named points and at random moments, with faults in the circles' way, until everybody has
//! everything.

use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::crowd::{Crowd, last};
use crate::bot::service::House;
use crate::support::telegram::{Limits, Script, Seeded, Telegram};

/// Where the program kills itself. Those of a start and of `/delete_me` have tests of their own.
const POINTS: [&str; 15] = [
    "inbox.before_commit",
    "inbox.after_commit_before_ack",
    "claim.after_commit",
    "render.mid",
    "artifact.tmp",
    "artifact.renamed_before_db",
    "rendered.after_commit",
    "sending.before_commit",
    "sending.after_commit",
    "send.mid_body",
    "send.body_done",
    "send.response_before_commit",
    "sent.before_cleanup",
    "reconcile.before_probe",
    "reconcile.after_probe",
];
/// How often a point is passed before it strikes, at most.
const PASSES: u32 = 12;
/// A life that its point did not end, and every second life, ends after so many milliseconds.
const LIFE_MS: std::ops::Range<u64> = 300..2_500;
const LOOK_EVERY: Duration = Duration::from_millis(20);

struct Plan {
    seed: u64,
    people: usize,
    share: usize,
    kills: u32,
    within: Duration,
}

#[test]
fn a_thousand_circles_through_forty_kills() {
    torture(Plan {
        seed: 1,
        people: 50,
        share: 20,
        kills: 40,
        within: Duration::from_secs(600),
    });
}

#[test]
#[ignore = "long: make torture"]
fn ten_thousand_circles_through_two_hundred_kills() {
    torture(Plan {
        seed: 2,
        people: 200,
        share: 50,
        kills: 200,
        within: Duration::from_secs(3 * 3600),
    });
}

pub fn house(telegram: &Telegram) -> House {
    House::new(telegram)
        .set("RENDER__WORKERS", "2")
        // Nobody is turned away.
        .set("LIMITS__QUEUE_SECONDS", "3600")
}

/// Faults for circles alone: nobody has promised that a card arrives.
fn faults(seed: u64) -> Script {
    let mut script = Seeded {
        seed,
        percent: 10,
        longest_delay: Duration::from_millis(200),
        edits: false,
    }
    .script();
    Box::new(move |incoming| (incoming.method == "sendVideoNote").then(|| script(incoming)).flatten())
}

fn torture(plan: Plan) {
    let telegram = Telegram::start();
    telegram.limits(Limits::OFF);
    let house = house(&telegram);
    let mut random = StdRng::seed_from_u64(plan.seed);
    let began = Instant::now();
    let service = house.start();
    let mut crowd = Crowd::gather(&telegram, &house, plan.people, plan.share);
    println!("gathered after {:?}", began.elapsed());
    service.kill();
    telegram.script(faults(plan.seed));
    // Spread over the whole run, so that no part of it goes undisturbed.
    let total = plan.people * plan.share;
    let (mut by_point, mut by_time) = (0, 0);
    for kill in 0..plan.kills {
        let point = (kill % 2 == 0).then(|| POINTS[kill as usize / 2 % POINTS.len()]);
        let spec = point.map(|point| format!("{point}={}*off->return", random.random_range(0..PASSES)));
        let mut service = house.start_with(&[("FAILPOINTS", spec.as_deref().unwrap_or(""))]);
        let life = Duration::from_millis(random.random_range(LIFE_MS));
        let enough = total * (kill as usize + 1) / (plan.kills as usize + 1);
        let born = Instant::now();
        loop {
            crowd.go_on(enough);
            if !service.is_alive() {
                by_point += 1;
                break;
            }
            let waits = if point.is_some() {
                3 * LIFE_MS.end
            } else {
                3 * life.as_millis() as u64
            };
            let waits = Duration::from_millis(waits);
            if point.is_none() && born.elapsed() > life && crowd.got() >= enough || born.elapsed() > waits {
                by_time += 1;
                break;
            }
            thread::sleep(LOOK_EVERY);
        }
        service.kill();
        assert!(began.elapsed() < plan.within, "seed {}: no end", plan.seed);
    }
    println!(
        "{by_point} kills at points, {by_time} by time, {} circles after {:?}",
        crowd.got(),
        began.elapsed()
    );
    let service = house.start();
    let done = wait(plan.within.saturating_sub(began.elapsed()), || crowd.go_on(total));
    assert!(
        done,
        "seed {}: lost\n{}{}",
        plan.seed,
        crowd.missing(),
        last(&house.log())
    );
    // What would come twice comes now.
    thread::sleep(Duration::from_secs(3));
    service.stop();
    crowd.check(&house, plan.seed);
    println!("{total} circles, each once, in {:?}", began.elapsed());
}

/// Whether it happened in time.
pub fn wait(timeout: Duration, mut happened: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + timeout;
    while Instant::now() < until {
        if happened() {
            return true;
        }
        thread::sleep(LOOK_EVERY);
    }
    happened()
}
