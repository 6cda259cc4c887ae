//! A queue on a folder of its own, with a clock that the test moves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use musiccircles::model::{Blob, Corners, JobId, JobSpec};
use musiccircles::queue::delivery::Timing;
use musiccircles::queue::{Claim, Made, Parcel, Queue, QueueLimits, QueueSettings, Submit, Submitted, Todo};
use musiccircles::store::disk::DiskLimits;
use musiccircles::store::jobs::{Address, Job, JobState};
use musiccircles::store::{Clock, Store};
use tempfile::TempDir;

pub const BOT: i64 = 99;

pub struct Desk {
    pub folder: Arc<TempDir>,
    pub queue: Queue,
    pub now: Arc<AtomicI64>,
    limits: QueueLimits,
    pub song: Blob,
}

/// Nobody is turned away.
pub const OPEN: QueueLimits = QueueLimits {
    per_user_rendering: 1,
    per_user_waiting: 5000,
    queue_seconds: u32::MAX,
    workers: 1,
};

pub fn start(folder: &Path, limits: QueueLimits, clock: Clock) -> Queue {
    let settings = QueueSettings {
        limits,
        disk: DiskLimits {
            budget_bytes: 1_000_000,
            min_free_bytes: 0,
        },
        timing: Timing::default(),
        clock,
    };
    Queue::start(Store::open(folder).unwrap(), settings).unwrap()
}

impl Desk {
    pub fn new(limits: QueueLimits) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let now = Arc::new(AtomicI64::new(1_800_000_000_000));
        let queue = start(folder.path(), limits, Clock::Manual(Arc::clone(&now)));
        let song = blob(&queue, "a song");
        Self {
            folder,
            queue,
            now,
            limits,
            song,
        }
    }

    /// As after a loss of power: what was in memory is gone.
    pub fn restart(self) -> Self {
        let Self {
            folder,
            queue,
            now,
            limits,
            song,
        } = self;
        drop(queue);
        let queue = start(folder.path(), limits, Clock::Manual(Arc::clone(&now)));
        Self {
            folder,
            queue,
            now,
            limits,
            song,
        }
    }

    pub fn later(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn spec(&self, seed: u64) -> JobSpec {
        spec(&self.song, seed)
    }

    /// Asks for a circle that is unlike all others.
    pub fn ask(&self, user_id: i64, seed: u64) -> Submitted {
        self.queue.submit(submit(user_id, self.spec(seed))).unwrap()
    }

    pub fn queued(&self, user_id: i64, seed: u64) -> JobId {
        match self.ask(user_id, seed) {
            Submitted::Queued { job, .. } => job,
            other => panic!("{other:?}"),
        }
    }

    pub fn claim(&self) -> Claim {
        self.queue.claim("worker").unwrap().expect("nothing to claim")
    }

    pub fn made(&self, seed: u64) -> Made {
        made(&self.queue, seed)
    }

    /// Up to the circle that waits to be sent.
    pub fn rendered(&self, user_id: i64, seed: u64) -> JobId {
        let job = self.queued(user_id, seed);
        let claim = self.claim();
        assert_eq!(claim.held.job, job);
        self.queue.rendered(claim.held, self.made(seed)).unwrap();
        job
    }

    pub fn job(&self, job: JobId) -> Job {
        self.queue.job(job).unwrap().unwrap()
    }

    pub fn state(&self, job: JobId) -> JobState {
        self.job(job).state
    }
}

/// The next circle to send, at once: Telegram's rates are nobody's business here.
pub fn next_parcel(queue: &Queue) -> Todo<Parcel> {
    match queue.next_parcel(|_| Some(())).unwrap() {
        Todo::Now(ready) => Todo::Now(Box::new(ready.0)),
        Todo::Wait(until) => Todo::Wait(until),
    }
}

pub fn blob(queue: &Queue, text: &str) -> Blob {
    let place = queue.disk().reserve("mp3", text.len() as u64).unwrap();
    fs::write(place.path(), text).unwrap();
    place.keep_blob("mp3", |_, _| Ok(())).unwrap().0
}

pub fn spec(song: &Blob, seed: u64) -> JobSpec {
    JobSpec {
        song: song.clone(),
        cover: None,
        lyrics: None,
        start_ms: 0,
        length_ms: 10_000,
        theme: "vinyl".into(),
        settings: BTreeMap::new(),
        speed: "33.333".into(),
        size_px: 640,
        fps: 30,
        corners: Corners::Black,
        title: None,
        artist: None,
        seed,
        max_bytes: 8_000_000,
    }
}

pub fn submit(user_id: i64, spec: JobSpec) -> Submit {
    Submit {
        user_id,
        to: Some(Address {
            bot_id: BOT,
            chat_id: user_id,
        }),
        context: "{}".into(),
        fingerprint: Some(spec.fingerprint("look 1")),
        spec,
        origin: None,
        dedupe_key: None,
        content_key: None,
    }
}

pub fn key(seed: u64) -> String {
    format!("{seed:064x}")
}

pub fn made(queue: &Queue, seed: u64) -> Made {
    let circle = queue.disk().reserve("mp4", 100).unwrap();
    fs::write(circle.path(), format!("circle {seed}")).unwrap();
    Made {
        content_key: key(seed),
        circle,
        thumbnail: None,
        facts: "{}".into(),
        render_ms: 2500,
    }
}

impl Desk {
    /// Works the line off until this job has its circle.
    pub fn rendered_by(&self, user_id: i64, seed: u64, job: JobId) {
        loop {
            let claim = self.claim();
            if claim.held.job == job {
                assert_eq!(claim.user_id, user_id);
                self.queue.rendered(claim.held, self.made(seed)).unwrap();
                return;
            }
            self.queue
                .ended(claim.held, musiccircles::queue::Ended::PutBack)
                .unwrap();
        }
    }
}
