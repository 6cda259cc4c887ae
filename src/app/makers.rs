//! A job, from the line to the outbox: claimed, looked for among the circles there are, else rendered by a worker, kept; each
//! recorded before the next. And what keeps the queue in order meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::deliver::telegram::patience::MAX_THUMBNAIL_BYTES;
use crate::model::JobSpec;
use crate::pipeline::StagesMs;
use crate::queue::limits::HEARTBEAT_MS;
use crate::queue::{Claim, Ended, Made, Queue, QueueError, off_runtime};
use crate::store::disk::Reservation;
use crate::store::jobs::{Failure, JobState};
use crate::store::leases::Held;
use crate::telemetry::figures;
use crate::torture;
use crate::worker::{Blame, Files, Pool, Reason, Rendered, Stage, Step, Wanted, WorkFailed};

/// What waits for a moment wakes nobody.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(1);
const LEASES_EVERY: Duration = Duration::from_secs(3);
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Tries to write down how a job ended: somebody else gets it when its lease runs out, and would think that it killed its
/// worker.
const TRIES: u32 = 60;
/// How often listeners hear how far a circle is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Of a circle, before its rest is foretold: 50 frames of a whole minute.
const LEAST_SHARE: f64 = 0.028;

pub fn start(tasks: &TaskTracker, queue: &Queue, pool: &Pool, workers: usize, stopping: &CancellationToken) {
    for number in 0..workers {
        let maker = Maker {
            name: format!("maker-{number}"),
            queue: queue.clone(),
            pool: pool.clone(),
            stopping: stopping.clone(),
        };
        tasks.spawn(maker.run());
    }
    tasks.spawn(keep_in_order(queue.clone(), stopping.clone()));
}

async fn keep_in_order(queue: Queue, stopping: CancellationToken) {
    let mut leases = interval(LEASES_EVERY);
    let mut tidy = interval(torture::hurried(TIDY_EVERY, TIDY_EVERY / 30));
    leases.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let queue = queue.clone();
        let done = tokio::select! {
            _ = leases.tick() => off_runtime(move || queue.expire().map(drop)).await,
            _ = tidy.tick() => off_runtime(move || queue.tidy().map(drop)).await,
            () = stopping.cancelled() => return,
        };
        if let Err(error) = done {
            tracing::error!(%error, "the queue could not be kept in order");
        }
    }
}

struct Maker {
    name: String,
    queue: Queue,
    pool: Pool,
    stopping: CancellationToken,
}

/// What became of a claim that ended well.
enum Circle {
    /// It was there already, and is on its way.
    Known(JobState),
    Drawn(Box<Drawn>),
}

struct Drawn {
    circle: Reservation,
    still: Option<Reservation>,
    rendered: Rendered,
}

impl Maker {
    async fn run(self) {
        while !self.stopping.is_cancelled() {
            let (queue, name) = (self.queue.clone(), self.name.clone());
            let wait = match off_runtime(move || queue.claim(&name)).await {
                Ok(Some(claim)) => {
                    self.make(claim).await;
                    continue;
                }
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(%error, "no job could be claimed");
                    tokio::time::sleep(PAUSE).await;
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = self.queue.work_waits(wait) => {}
                () = self.stopping.cancelled() => return,
            }
        }
    }

    async fn make(&self, claim: Claim) {
        let (held, job) = (claim.held, claim.held.job);
        let began = Instant::now();
        tracing::info!(%job, attempts = claim.attempts, "a job is being worked on");
        let circle = self.circle(held, claim.spec).await;
        let drawn = matches!(circle, Ok(Circle::Drawn(_)));
        let not_yet = matches!(circle, Err(Ended::NotYet(_)));
        let outcome = match circle {
            Ok(Circle::Known(state)) => Ok(state.name()),
            Ok(Circle::Drawn(drawn)) => match self.keep(held, *drawn).await {
                Err(error) if is_passing(&error) => {
                    tracing::error!(%job, %error, "a circle could not be kept");
                    self.end(held, Ended::TryAgain(failure("disk_full", &error.to_string())))
                        .await
                }
                kept => kept,
            },
            Err(ended) => self.end(held, ended).await,
        };
        match outcome {
            Ok(state) => {
                tracing::info!(%job, state, drawn, made_ms = began.elapsed().as_millis() as u64, "a job was worked on")
            }
            // Somebody else has it now, and it is theirs to end.
            Err(QueueError::Stale) => tracing::warn!(%job, "a job was given to another worker meanwhile"),
            Err(error) => tracing::error!(%job, %error, "how a job went could not be written down"),
        }
        if not_yet {
            // The next job would fare no better.
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn circle(&self, held: Held, spec: JobSpec) -> Result<Circle, Ended> {
        let missing = || Ended::Impossible(failure("file_gone", "a file of the job has no name of ours"));
        let files = Files::of(&spec, self.queue.store().folder()).ok_or_else(missing)?;
        let (steps, seen) = watch::channel(Step::default());
        let cancel = CancellationToken::new();
        let _stop_telling = cancel.clone().drop_guard();
        let work = self.find_or_draw(held, Wanted { spec, files }, steps, cancel.clone());
        let tell = tell(self.queue.clone(), held, seen);
        let alive = stay_alive(self.queue.clone(), held, cancel);
        tokio::pin!(work, tell, alive);
        // The work alone decides when it is over: until then it may still write.
        let mut asked = None;
        loop {
            tokio::select! {
                circle = &mut work => return circle,
                () = &mut tell => {}
                why = &mut alive, if asked.is_none() => asked = Some(why),
            }
        }
    }

    /// Two requests that are written differently may still be one circle: only its content key tells.
    async fn find_or_draw(
        &self,
        held: Held,
        wanted: Wanted,
        steps: watch::Sender<Step>,
        cancel: CancellationToken,
    ) -> Result<Circle, Ended> {
        let key = self.pool.key(wanted.clone(), cancel.clone()).await.map_err(ended)?;
        let queue = self.queue.clone();
        match off_runtime(move || queue.found(held, &key)).await {
            Ok(Some(state)) => return Ok(Circle::Known(state)),
            Ok(None) => {}
            // It would only have saved time; whose job it is, is asked again at its end.
            Err(error) => tracing::warn!(job = %held.job, %error, "a circle was not looked for"),
        }
        self.draw(wanted, steps, cancel)
            .await
            .map(|drawn| Circle::Drawn(Box::new(drawn)))
    }

    async fn draw(
        &self,
        wanted: Wanted,
        steps: watch::Sender<Step>,
        cancel: CancellationToken,
    ) -> Result<Drawn, Ended> {
        let room = self.room("mp4", wanted.spec.max_bytes).await?;
        // A circle without a still is a circle.
        let still = self.room("jpg", MAX_THUMBNAIL_BYTES as u64).await.ok();
        let still_path = still.as_ref().map(Reservation::path);
        let work = self.pool.render(wanted, room.path(), still_path, steps, cancel);
        let rendered = work.await.map_err(ended)?;
        Ok(Drawn {
            circle: room,
            still: still.filter(|_| rendered.still_bytes.is_some()),
            rendered,
        })
    }

    async fn room(&self, extension: &'static str, bytes: u64) -> Result<Reservation, Ended> {
        let disk = self.queue.disk().clone();
        let room = off_runtime(move || disk.reserve(extension, bytes)).await;
        room.map_err(|error| Ended::NotYet(failure("disk_full", &error.to_string())))
    }

    async fn keep(&self, held: Held, drawn: Drawn) -> Result<&'static str, QueueError> {
        let Drawn {
            circle,
            still,
            rendered,
        } = drawn;
        let facts = json!({
            "bytes": rendered.bytes, "frames": rendered.frames, "length_ms": rendered.length_ms,
            "adapter": rendered.adapter, "encoder": rendered.encoder, "stages": rendered.stages,
        });
        count(&rendered.stages);
        let made = Made {
            content_key: rendered.key,
            circle,
            thumbnail: still,
            facts: facts.to_string(),
            render_ms: rendered.stages.total as u64,
        };
        let queue = self.queue.clone();
        off_runtime(move || queue.rendered(held, made))
            .await
            .map(|state| state.name())
    }

    async fn end(&self, held: Held, ended: Ended) -> Result<&'static str, QueueError> {
        let mut tried = 0;
        loop {
            let (queue, ended) = (self.queue.clone(), ended.clone());
            let told = off_runtime(move || queue.ended(held, ended)).await;
            tried += 1;
            match told {
                Err(error) if is_passing(&error) && tried < TRIES && !self.stopping.is_cancelled() => {
                    tokio::time::sleep(PAUSE).await;
                }
                told => return told.map(|state| state.name()),
            }
        }
    }
}

/// A full disk, mostly.
fn is_passing(error: &QueueError) -> bool {
    match error {
        QueueError::Store(error) => error.is_passing(),
        QueueError::Disk(error) => error.is_passing(),
        QueueError::Stale => false,
    }
}

fn count(stages: &StagesMs) {
    let StagesMs {
        decode,
        analyse,
        gpu_init,
        render,
        encode_video,
        encode_audio,
        mux,
        total,
    } = *stages;
    let took = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1000.0);
    for (stage, ms) in [
        ("decode", decode),
        ("analyse", analyse),
        ("gpu_init", gpu_init),
        ("render", render),
        ("encode_video", encode_video),
        ("encode_audio", encode_audio),
        ("mux", mux),
    ] {
        figures::stage_took(stage, took(ms));
    }
    figures::circle_took(took(total));
}

fn failure(kind: &str, words: &str) -> Failure {
    Failure {
        kind: kind.to_owned(),
        words: words.to_owned(),
    }
}

fn ended(error: WorkFailed) -> Ended {
    let told = match error {
        WorkFailed::WorkerDied(_) => {
            figures::worker_died();
            return Ended::WorkerDied;
        }
        WorkFailed::Cancelled => return Ended::Cancelled,
        WorkFailed::Stopping => return Ended::PutBack,
        WorkFailed::NotReady => return Ended::NotYet(failure("device", "no worker can be started")),
        WorkFailed::Failed(told) => told,
    };
    let kind = serde_json::to_value(told.reason).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("mistake");
    let failure = failure(kind, &told.sentence);
    match told.blame {
        Blame::Request => Ended::Impossible(failure),
        Blame::TryAgain if told.reason == Reason::DiskFull => Ended::NotYet(failure),
        Blame::TryAgain | Blame::Bug => Ended::TryAgain(failure),
        Blame::Cancelled => Ended::Cancelled,
    }
}

/// Says every few seconds that the job is in good hands, until its user or somebody else wants it.
async fn stay_alive(queue: Queue, held: Held, cancel: CancellationToken) {
    let mut beat = interval(Duration::from_millis(HEARTBEAT_MS.unsigned_abs()).min(LOOK_EVERY));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let queue = queue.clone();
        match off_runtime(move || queue.heartbeat(held)).await {
            Ok(false) => torture::point("render.mid"),
            Ok(true) | Err(QueueError::Stale) => {
                cancel.cancel();
                return;
            }
            // The lease lasts for several beats.
            Err(error) => tracing::warn!(job = %held.job, %error, "a heartbeat was not written down"),
        }
    }
}

/// Tells listeners how far it is; never comes back before the render does.
async fn tell(queue: Queue, held: Held, mut seen: watch::Receiver<Step>) {
    // When drawing was first seen, and how far it was by then.
    let mut drawing: Option<(Instant, f64)> = None;
    loop {
        if seen.changed().await.is_err() {
            return std::future::pending().await;
        }
        let step = *seen.borrow_and_update();
        if step.stage == Stage::Drawing && step.of > 0 && step.done > 0 {
            let share = f64::from(step.done) / f64::from(step.of);
            let (began, from) = *drawing.get_or_insert_with(|| (Instant::now(), share));
            let left = left_secs(began.elapsed(), from, share);
            queue.progress(held, (share * 100.0).min(99.0) as u8, left);
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}

/// How long the rest takes if it goes on as from `from` to `share`; `None` while that is too little to go by.
fn left_secs(took: Duration, from: f64, share: f64) -> Option<u32> {
    let drawn = share - from;
    (drawn >= LEAST_SHARE).then(|| (took.as_secs_f64() * (1.0 - share) / drawn).ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_foretold_once_there_is_something_to_go_by() {
        let secs = Duration::from_secs_f64;
        assert_eq!(left_secs(secs(0.0), 0.01, 0.01), None);
        assert_eq!(left_secs(secs(0.1), 0.01, 0.02), None);
        assert_eq!(left_secs(secs(1.0), 0.1, 0.2), Some(8));
        assert_eq!(left_secs(secs(4.0), 0.1, 0.5), Some(5));
        assert_eq!(left_secs(secs(9.0), 0.1, 1.0), Some(0));
    }
}
