//! The run itself: killed at named points and at random moments, with faults in the way of every call, until everybody has
//! everything.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;

use super::crowd::{Crowd, last};
use crate::bot::service::{House, Service};
use crate::support::telegram::{Limits, Script, Seeded, Telegram};

/// Where the program kills itself, and how often it passes there before that, at most.
const POINTS: [(&str, u32); 18] = [
    ("inbox.before_commit", 10),
    ("inbox.after_commit_before_ack", 4),
    ("claim.after_commit", 10),
    ("render.mid", 4),
    ("artifact.tmp", 10),
    ("artifact.renamed_before_db", 10),
    ("rendered.after_commit", 10),
    ("sending.before_commit", 10),
    ("sending.after_commit", 10),
    ("send.mid_body", 10),
    ("send.body_done", 10),
    ("send.response_before_commit", 10),
    ("sent.before_cleanup", 10),
    ("reconcile.before_probe", 1),
    ("reconcile.after_probe", 1),
    // Of somebody who leaves: four kinds of rows, then their song and their circle.
    ("delete_me.mid", 4),
    ("cleanup.mid", 2),
    // When it is told to stop.
    ("checkpoint.mid", 1),
];
/// Before the first and before the second step of a new database is committed.
const MIGRATE: [&str; 2] = ["migrate.mid=return", "migrate.mid=1*off->return"];
/// A life that its point did not end, and every second life, ends after so many milliseconds, and not before its share of
/// the circles has come: on a slow machine as well, the kills are spread over the whole run.
const LIFE_MS: std::ops::Range<u64> = 300..2_500;
/// A point that is not passed in so many of the longest lives is not passed in this one.
const LIVES: u32 = 3;
/// Circles on their way when a life ends, beside those that come at once: a few are looked for, for seconds.
const SLACK: usize = 10;
/// A share may need a life that is not killed before it has looked for what it sent.
const LONGEST: Duration = Duration::from_secs(60);
/// Within this a program that was told to stop has stopped: a circle on its way may arrive first.
const STOPS_WITHIN: Duration = Duration::from_secs(75);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Every so manieth life Telegram calls the program, and is not asked.
const CALLED_EVERY: u32 = 3;

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
        within: Duration::from_secs(180),
    });
}

#[test]
#[ignore = "long: make torture"]
fn ten_thousand_circles_through_two_hundred_kills() {
    torture(Plan {
        seed: 2,
        people: 200,
        share: 50,
        kills: 216,
        within: Duration::from_secs(3 * 3600),
    });
}

pub fn house(telegram: &Telegram) -> House {
    House::new(telegram)
        .set("RENDER__WORKERS", "2")
        // Nobody is turned away.
        .set("LIMITS__QUEUE_SECONDS", "3600")
        .awake()
}

/// In the way of every call: circles, cards, edits, answers to taps, polls, and Telegram's calls to us. Not of more: the fourth
/// loss of the same circle in a row is left to its person to decide, and would be met once in a few runs.
fn faults(seed: u64) -> Script {
    let percent = |method: &str| match method {
        "sendVideoNote" => 5,
        "editMessageReplyMarkup" => 8,
        _ => 4,
    };
    let longest_delay = Duration::from_millis(200);
    Seeded {
        seed,
        percent,
        longest_delay,
    }
    .script()
}

/// How a life is to end.
#[derive(Clone, Copy)]
enum End {
    Point { name: &'static str, passes: u32 },
    After(Duration),
}

impl End {
    fn of(kill: u32, random: &mut StdRng) -> Self {
        if kill % 2 == 1 {
            return Self::After(Duration::from_millis(random.random_range(LIFE_MS)));
        }
        let (name, passes) = POINTS[kill as usize / 2 % POINTS.len()];
        Self::Point {
            name,
            passes: random.random_range(0..passes),
        }
    }

    fn failpoints(self) -> String {
        match self {
            Self::Point { name, passes: 0 } => format!("{name}=return"),
            Self::Point { name, passes } => format!("{name}={passes}*off->return"),
            Self::After(_) => String::new(),
        }
    }
}

fn torture(plan: Plan) {
    let telegram = Telegram::start();
    telegram.limits(Limits::OFF);
    let house = house(&telegram);
    let mut random = StdRng::seed_from_u64(plan.seed);
    let began = Instant::now();
    let mut kills: BTreeMap<&str, u32> = BTreeMap::new();
    for spec in MIGRATE {
        assert!(is_killed(house.start_with(&[("FAILPOINTS", spec)])), "{spec}");
        *kills.entry("migrate.mid").or_default() += 1;
    }
    let service = house.start();
    let leaving = plan.kills as usize / POINTS.len();
    let mut crowd = Crowd::gather(&telegram, &house, plan.people, plan.share, leaving);
    println!("gathered after {:?}", began.elapsed());
    service.kill();
    telegram.script(faults(plan.seed));
    telegram.repeat(plan.seed, 3);
    // Spread over the whole run, so that no part of it goes undisturbed.
    let total = plan.people * plan.share;
    for kill in 0..plan.kills {
        let enough = total * (kill as usize + 1) / (plan.kills as usize + 1);
        let end = End::of(kill, &mut random);
        let called = (kill % CALLED_EVERY == 2).then(free_port);
        *kills.entry(live(&house, &mut crowd, end, called, enough)).or_default() += 1;
        assert!(began.elapsed() < plan.within, "seed {}: no end", plan.seed);
    }
    println!("{kills:?}, {} circles after {:?}", crowd.got(), began.elapsed());
    let missed: Vec<_> = POINTS.iter().filter(|(name, _)| !kills.contains_key(name)).collect();
    assert!(missed.is_empty(), "seed {}: never killed at {missed:?}", plan.seed);
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

/// One life of the program; what ended it.
fn live(house: &House, crowd: &mut Crowd<'_>, end: End, called: Option<u16>, enough: usize) -> &'static str {
    let mut environment = vec![("FAILPOINTS".to_owned(), end.failpoints())];
    environment.extend(called.into_iter().flat_map(webhook));
    let environment: Vec<_> = environment.iter().map(|(key, value)| (&**key, &**value)).collect();
    let lives = || house.log().matches("in a browser").count();
    let before = lives();
    let mut service = house.start_with(&environment);
    let born = Instant::now();
    let (point, life) = match end {
        End::Point { name, .. } => (name, LIVES * Duration::from_millis(LIFE_MS.end)),
        End::After(life) => ("", life),
    };
    if ["delete_me.mid", "cleanup.mid"].contains(&point) {
        crowd.somebody_leaves();
    }
    let mut told = None;
    loop {
        crowd.go_on(enough);
        if let Some(status) = service.ended() {
            let killed = status.signal() == Some(Signal::KILL.as_raw());
            assert!(killed, "{point}: {status}\n{}", last(&house.log()));
            return point;
        }
        let lived = born.elapsed();
        let may_be_told = point == "checkpoint.mid" && told.is_none() && lived > Duration::from_millis(LIFE_MS.start);
        // Before it listens it may not yet know what the signal means.
        if may_be_told && lives() > before {
            service.tell_to_stop();
            told = Some(Instant::now());
        }
        if let Some(told) = told {
            assert!(
                told.elapsed() < STOPS_WITHIN,
                "it does not stop\n{}",
                last(&house.log())
            );
        } else if lived > life && crowd.got() + SLACK >= enough || lived > LONGEST {
            service.kill();
            return "a random moment";
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Settings with which Telegram calls the program.
fn webhook(port: u16) -> [(String, String); 4] {
    let address = format!("127.0.0.1:{port}");
    let url = format!("http://{address}/hook");
    let secret = "a-secret-of-the-test".to_owned();
    [
        ("HTTP__LISTEN", address),
        ("TELEGRAM__MODE", "webhook".to_owned()),
        ("TELEGRAM__WEBHOOK_URL", url),
        ("TELEGRAM__WEBHOOK_SECRET", secret),
    ]
    .map(|(key, value)| (format!("MUSICCIRCLES__{key}"), value))
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_killed(mut service: Service<'_>) -> bool {
    wait(Duration::from_secs(20), || service.ended().is_some())
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
