//! The whole way of a job under kill -9: asked for, rendered, sent to a ledger that survives, and counted.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use musiccircles::queue::delivery::{Outcome, Scan, Timing};
use musiccircles::queue::{Queue, QueueSettings, SentAs, Submit, Todo};
use musiccircles::store::disk::DiskLimits;
use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, jobs};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::desk::{OPEN, blob, made, next_parcel, spec, submit};

const FOLDER: &str = "MUSICCIRCLES_TEST_QUEUE_FOLDER";
const JOBS: u64 = 150;

fn open(folder: &Path) -> Queue {
    let timing = Timing {
        quiet_ms: 40,
        again_ms: [40, 80],
        ..Timing::default()
    };
    let settings = QueueSettings {
        limits: OPEN,
        disk: DiskLimits {
            budget_bytes: 1_000_000,
            min_free_bytes: 0,
        },
        timing,
        ..QueueSettings::default()
    };
    Queue::start(Store::open(folder).unwrap(), settings).unwrap()
}

/// Telegram: a line for each message it took. It outlives the program.
fn ledger(folder: &Path) -> HashMap<String, usize> {
    let mut count = HashMap::new();
    for line in fs::read_to_string(folder.join("ledger")).unwrap_or_default().lines() {
        *count.entry(line.to_owned()).or_default() += 1;
    }
    count
}

fn send(folder: &Path, marker: &[u8; 8]) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("ledger"))
        .unwrap();
    file.write_all(format!("{}\n", hex(marker)).as_bytes()).unwrap();
}

fn hex(marker: &[u8; 8]) -> String {
    marker.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Not a test: the program that is killed. It ends when everything is sent.
#[test]
fn helper_that_works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    musiccircles::torture::arm();
    let queue = open(folder);
    thread::scope(|scope| {
        scope.spawn(|| ask(&queue));
        scope.spawn(|| render(&queue));
        scope.spawn(|| deliver(&queue, folder));
    });
}

fn all_sent(queue: &Queue) -> bool {
    let counts = queue.store().read(|conn| jobs::count_by_state(conn, 0)).unwrap();
    counts == [(JobState::Sent, JOBS)]
}

/// Asks for what the record does not have yet, as an intake would that sees the same updates again.
fn ask(queue: &Queue) {
    let song = blob(queue, "a song");
    let known = queue.store().read(|conn| jobs::of_user(conn, 1, None, 1000)).unwrap();
    for seed in 0..JOBS {
        if !known.iter().any(|job| job.spec.seed == seed) {
            queue
                .submit(Submit {
                    user_id: 1,
                    ..submit(seed as i64 + 1000, spec(&song, seed))
                })
                .unwrap();
        }
    }
}

fn render(queue: &Queue) {
    while !all_sent(queue) {
        match queue.claim("w").unwrap() {
            Some(claim) => drop(queue.rendered(claim.held, made(queue, claim.spec.seed)).unwrap()),
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn deliver(queue: &Queue, folder: &Path) {
    let sent = |id| {
        Some(SentAs {
            message_id: id,
            date: 1,
            file: None,
        })
    };
    while !all_sent(queue) {
        if let Todo::Now(parcel) = next_parcel(queue) {
            send(folder, &parcel.marker);
            queue
                .answered(parcel.job.job, Outcome::Sent, sent(parcel.job.job.0))
                .unwrap();
        } else if let Todo::Now(search) = queue.next_search().unwrap() {
            let scan = match ledger(folder).contains_key(&hex(&search.marker)) {
                true => Scan::Found,
                false => Scan::Absent,
            };
            queue.scanned(search.job, scan, sent(search.job.0)).unwrap();
        } else {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn killed_again_and_again_every_circle_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    let seed = 11;
    let mut random = StdRng::seed_from_u64(seed);
    let began = Instant::now();
    let mut kills = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "queue::killed::helper_that_works_until_it_is_killed",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if kills < 15 {
            thread::sleep(Duration::from_millis(random.random_range(60..450)));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                kills += 1;
            }
        }
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            break;
        }
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!words.contains("panicked"), "seed {seed}: {words}");
        assert!(began.elapsed() < Duration::from_secs(120), "seed {seed}: no end");
    }
    let queue = open(folder.path());
    let ledger = ledger(folder.path());
    assert_eq!(ledger.len() as u64, JOBS, "seed {seed}");
    assert!(ledger.values().all(|count| *count == 1), "seed {seed}: {ledger:?}");
    let left = fs::read_dir(folder.path().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "temporary files");
    assert!(all_sent(&queue));
    println!("{kills} kills in {:?}", began.elapsed());
}
