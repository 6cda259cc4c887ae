//! kill -9 and lost tails of the log: what was answered stays, what is there is whole.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use musiccircles::store::Store;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{add, count, numbers};

/// Where the child writes; without it the helper does nothing.
const FOLDER: &str = "MUSICCIRCLES_TEST_CRASH_FOLDER";

/// Not a test: the child of the next one. It writes numbers and says each one that was answered, until it is killed.
#[test]
fn helper_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Store::open(folder.as_ref()).unwrap();
    numbers(&store).unwrap();
    let first = count(&store);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0.. {
                    let n = first + n * 4 + writer;
                    if add(store, n).is_ok() {
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "\nanswered {n}").unwrap();
                        out.flush().unwrap();
                    }
                }
            });
        }
    });
}

#[test]
fn a_kill_in_the_middle_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::crash::helper_that_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = 20 + round as usize * 13;
        let mut heard = 0;
        for line in lines.by_ref() {
            if let Some(n) = line.unwrap().strip_prefix("answered ") {
                answered.push(n.parse::<i64>().unwrap());
                heard += 1;
                if heard == enough {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(heard >= enough, "round {round}: only {heard}");
        let began = Instant::now();
        let store = Store::open(folder.path()).unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        for n in &answered {
            let there = store.read(|conn| {
                Ok(
                    conn.query_row("SELECT EXISTS (SELECT 1 FROM numbers WHERE n = ?1)", [n], |row| {
                        row.get::<_, bool>(0)
                    })?,
                )
            });
            assert!(there.unwrap(), "round {round}: {n} was answered and is gone");
        }
    }
}

#[test]
fn a_log_cut_anywhere_opens_with_a_whole_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    numbers(&store).unwrap();
    store.flush_log().unwrap();
    (0..60).for_each(|n| add(&store, n).unwrap());
    // As a loss of power would leave them: the database without its last pages, the log with a lost tail.
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (database, log) = (read("musiccircles.db"), read("musiccircles.db-wal"));
    drop(store);
    let seed = 7;
    let mut random = StdRng::seed_from_u64(seed);
    let frame = 24 + 4096;
    let edges = (0..=(log.len() - 32) / frame).map(|n| 32 + n * frame).step_by(7);
    let anywhere: Vec<_> = (0..25).map(|_| random.random_range(0..log.len())).collect();
    let mut counts = Vec::new();
    for cut in edges.chain(anywhere) {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("musiccircles.db"), &database).unwrap();
        fs::write(copy.path().join("musiccircles.db-wal"), &log[..cut]).unwrap();
        let store = Store::open(copy.path()).unwrap_or_else(|error| panic!("seed {seed}, cut at {cut}: {error}"));
        let n = count(&store);
        let highest: i64 = store
            .read(|conn| Ok(conn.query_row("SELECT coalesce(max(n), -1) FROM numbers", [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(highest, n - 1, "seed {seed}, cut at {cut}: not a prefix");
        counts.push((cut, n));
    }
    counts.sort();
    assert!(
        counts.is_sorted_by_key(|(_, n)| *n),
        "a longer log held less: {counts:?}"
    );
    assert!(counts.last().unwrap().1 > 50 && counts[0].1 == 0);
}
