//! The end of the log lost, as by a loss of power: whatever is left is whole, and holds everything that was answered by then.

use std::fs;

use musiccircles::model::JobId;
use musiccircles::queue::Todo;
use musiccircles::queue::delivery::Outcome;
use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, jobs};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::desk::{Desk, OPEN, next_parcel};

const SEED: u64 = 4;
const JOBS: u64 = 8;
/// Cuts at random bytes, beside those at every edge of a frame.
const ANYWHERE: usize = 200;
/// Of SQLite's log: a head of its own and one before every page.
const HEAD_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4096;

/// Somebody was told that this job had come so far when the log was so long.
struct Told {
    log_bytes: usize,
    job: JobId,
    state: JobState,
}

/// The states on a job's way, in order.
fn rank(state: JobState) -> usize {
    use JobState::{Queued, Rendered, Rendering, Sending, Sent};
    let way = [Queued, Rendering, Rendered, Sending, Sent];
    way.iter().position(|at| *at == state).unwrap()
}

#[test]
fn a_log_cut_anywhere_loses_no_job_that_was_answered_before_the_cut() {
    let desk = Desk::new(OPEN);
    desk.queue.store().flush_log().unwrap();
    let (database, log) = ("musiccircles.db", "musiccircles.db-wal");
    let before = fs::read(desk.folder.path().join(database)).unwrap();
    let mut told = Vec::new();
    let mut tell = |job, state| {
        told.push(Told {
            log_bytes: fs::metadata(desk.folder.path().join(log)).unwrap().len() as usize,
            job,
            state,
        });
    };
    for seed in 0..JOBS {
        let job = desk.queued(seed as i64, seed);
        tell(job, JobState::Queued);
        let claim = desk.claim();
        tell(job, JobState::Rendering);
        desk.queue.rendered(claim.held, desk.made(seed)).unwrap();
        tell(job, JobState::Rendered);
        let Todo::Now(parcel) = next_parcel(&desk.queue) else {
            panic!("nothing to send")
        };
        tell(job, JobState::Sending);
        desk.queue.answered(parcel.job.job, Outcome::Sent, None).unwrap();
        tell(job, JobState::Sent);
        desk.later(5_000);
    }
    let after = fs::read(desk.folder.path().join(database)).unwrap();
    assert_eq!(before, after, "the log was written back meanwhile");
    let log_bytes = fs::read(desk.folder.path().join(log)).unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let edges = (0..=(log_bytes.len() - HEAD_BYTES) / FRAME_BYTES).map(|n| HEAD_BYTES + n * FRAME_BYTES);
    let anywhere: Vec<_> = (0..ANYWHERE).map(|_| random.random_range(0..log_bytes.len())).collect();
    let mut cuts = 0;
    for cut in edges.chain(anywhere) {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join(database), &before).unwrap();
        fs::write(copy.path().join(log), &log_bytes[..cut]).unwrap();
        let store = Store::open(copy.path()).unwrap_or_else(|error| panic!("seed {SEED}, cut at {cut}: {error}"));
        for told in told.iter().filter(|told| told.log_bytes <= cut) {
            let job = store.read(|conn| jobs::get(conn, told.job)).unwrap();
            let state = job
                .unwrap_or_else(|| panic!("seed {SEED}, cut at {cut}: {} is gone", told.job))
                .state;
            assert!(
                rank(state) >= rank(told.state),
                "seed {SEED}, cut at {cut}: {} is {state:?} and was {:?}",
                told.job,
                told.state
            );
        }
        let rows = store.read(|conn| jobs::count_by_state(conn, 0)).unwrap();
        let rows: u64 = rows.into_iter().map(|(_, count)| count).sum();
        let complete = told
            .iter()
            .filter(|told| told.log_bytes <= cut && told.state == JobState::Queued);
        assert!(
            (0..=1).contains(&(rows - complete.count() as u64)),
            "seed {SEED}, cut at {cut}: more than was cut off is lost, or something was made up"
        );
        cuts += 1;
    }
    println!("{cuts} cuts of {} bytes, {} answers", log_bytes.len(), told.len());
}
