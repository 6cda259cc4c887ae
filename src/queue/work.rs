//! What a worker does with a job: claims it, keeps it, ends it. And what its user may do: cancel it.

use std::path::{Path, PathBuf};

use super::admission::RENDER_MS_PER_SECOND;
use super::advance::read;
use super::delivery::Shape;
use super::limits::{ATTEMPTS, BACK_OFF_MS, DEATHS, INTERRUPTIONS, LEASE_MS, NOT_YET_FOR_MS, NOT_YET_MS};
use super::{Happened, Queue, QueueError, outbox};
use crate::model::{JobId, JobSpec};
use crate::store::disk::{CIRCLES, Reservation};
use crate::store::jobs::{self, Failure, Job, JobState};
use crate::store::leases::{self, Blame, Claimant, Held};
use crate::store::{Millis, StoreError, Tx, circles, deliveries, files, measures};
use crate::telemetry::figures;
use crate::torture;

/// A job in a worker's hands, as long as it says every [`super::limits::HEARTBEAT_MS`] that it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub held: Held,
    pub user_id: i64,
    pub spec: JobSpec,
    /// Earlier attempts.
    pub attempts: u32,
}

/// What a worker made.
pub struct Made {
    pub content_key: String,
    /// Written whole.
    pub circle: Reservation,
    pub thumbnail: Option<Reservation>,
    /// What else is known of it, JSON.
    pub facts: String,
    pub render_ms: u64,
}

/// How a claim ended without a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It cannot be done, however often: the user's file, the user's request.
    Impossible(Failure),
    /// It may be done next time.
    TryAgain(Failure),
    /// There is no worker or no space for any job: it waits, and that is not counted against it.
    NotYet(Failure),
    /// The worker process died or hung.
    WorkerDied,
    /// Its user asked to stop.
    Cancelled,
    /// We stop.
    PutBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    Done,
    /// Whoever renders it will stop.
    Asked,
    /// It is on its way, or ended.
    TooLate,
}

impl Queue {
    /// The next job for this worker, fairly chosen.
    pub fn claim(&self, worker: &str) -> Result<Option<Claim>, QueueError> {
        let (worker, boot_id, now) = (worker.to_owned(), self.shared.boot_id.clone(), self.now());
        let at_once = self.shared.limits.per_user_rendering;
        let claimed = self.shared.store.write(move |tx| {
            let by = Claimant {
                worker: &worker,
                boot_id: &boot_id,
            };
            let Some(held) = leases::claim(tx, by, at_once, LEASE_MS, now)? else {
                return Ok(None);
            };
            Ok(jobs::get(tx, held.job)?.map(|job| Claim {
                held,
                user_id: job.user_id,
                spec: job.spec,
                attempts: job.attempts,
            }))
        })?;
        torture::point("claim.after_commit");
        if let Some(claim) = &claimed {
            self.tell(claim.held.job, JobState::Rendering);
        }
        Ok(claimed)
    }

    /// The worker lives. `true`: the user asked to stop, and so should it.
    pub fn heartbeat(&self, held: Held) -> Result<bool, QueueError> {
        let now = self.now();
        let kept = self
            .shared
            .store
            .write(move |tx| leases::heartbeat(tx, held, LEASE_MS, now))?;
        kept.ok_or(QueueError::Stale)
    }

    /// How far the worker is; told to listeners, not recorded.
    pub fn progress(&self, held: Held, percent: u8, left_secs: Option<u32>) {
        self.happened(held.job, Happened::Progress { percent, left_secs });
    }

    /// The circle is made. It is kept also when the job was given to another meanwhile: it is the same circle.
    pub fn rendered(&self, held: Held, made: Made) -> Result<JobState, QueueError> {
        let Made {
            content_key,
            circle,
            thumbnail,
            facts,
            render_ms,
        } = made;
        let name = circle_name(&content_key, "mp4")?;
        let thumb_name = circle_name(&content_key, "jpg")?;
        // Of a person who is forgotten nothing new is kept.
        self.job(held.job)?.ok_or(QueueError::Stale)?;
        let now = self.now();
        let thumb_name = match thumbnail {
            Some(thumbnail) => {
                let name = thumb_name.clone();
                thumbnail.keep(&thumb_name, move |tx| hold_thumbnail(tx, held.job, &name, now))?;
                Some(thumb_name)
            }
            None => None,
        };
        let kept = name.clone();
        let state = circle.keep(&name, move |tx| {
            let job = jobs::get(tx, held.job)?.ok_or(StoreError::Forgotten)?;
            circles::made(tx, &content_key, &kept, thumb_name.as_deref(), &facts, now)?;
            measure(tx, &job, render_ms)?;
            jobs::set_stages(tx, held.job, &facts)?;
            finish(tx, held, &job, &content_key, now)
        })?;
        let state = state.ok_or(QueueError::Stale)?;
        torture::point("rendered.after_commit");
        self.tell(held.job, state);
        Ok(state)
    }

    /// The circle of this content key exists already: found by the worker before it drew anything. `None`: it does not.
    pub fn found(&self, held: Held, content_key: &str) -> Result<Option<JobState>, QueueError> {
        let (key, now) = (content_key.to_owned(), self.now());
        let state = self.shared.store.write(move |tx| {
            let Some(job) = jobs::get(tx, held.job)? else {
                return Ok(Some(None));
            };
            let there = circles::find(tx, &key, job.to.map(|to| to.bot_id))?;
            // One that is made again is wanted in the shape that its delivery has by now.
            let shape = match deliveries::get(tx, held.job)? {
                Some(row) => read(&row)?.shape,
                None => Shape::default(),
            };
            if !there.is_some_and(|circle| outbox::is_usable(&circle, shape)) {
                return Ok(None);
            }
            Ok(Some(finish(tx, held, &job, &key, now)?))
        })?;
        let Some(state) = state else { return Ok(None) };
        let state = state.ok_or(QueueError::Stale)?;
        if state != JobState::Cancelled {
            figures::circle_was_there();
        }
        self.tell(held.job, state);
        Ok(Some(state))
    }

    /// The claim ended without a circle; says what becomes of the job.
    pub fn ended(&self, held: Held, how: Ended) -> Result<JobState, QueueError> {
        let now = self.now();
        let state = self.shared.store.write(move |tx| end(tx, held, &how, now))?;
        let state = state.ok_or(QueueError::Stale)?;
        self.tell(held.job, state);
        Ok(state)
    }

    /// Its user does not want it any more.
    pub fn cancel(&self, job: JobId, user_id: i64) -> Result<Cancelled, QueueError> {
        let now = self.now();
        let cancelled = self.shared.store.write(move |tx| cancel(tx, job, user_id, now))?;
        match cancelled {
            Cancelled::Done => self.tell(job, JobState::Cancelled),
            Cancelled::Asked => self.happened(job, Happened::CancelAsked),
            Cancelled::TooLate => {}
        }
        Ok(cancelled)
    }
}

/// Of a person who is forgotten before the circle is kept, its thumbnail goes too; of others it stays until then.
fn hold_thumbnail(tx: &Tx<'_>, job: JobId, name: &Path, now: Millis) -> Result<(), StoreError> {
    let found = jobs::get(tx, job)?.ok_or(StoreError::Forgotten)?;
    files::own(tx, name, found.user_id)?;
    // A job that has ended meanwhile lets nothing go any more.
    if found.state == JobState::Rendering {
        files::hold(tx, name, &leases::holder(job), now)?;
    }
    Ok(())
}

/// Where a circle lies. A key that is none of ours could lead anywhere.
fn circle_name(content_key: &str, extension: &str) -> Result<PathBuf, StoreError> {
    let ours = content_key.len() == 64 && content_key.bytes().all(|b| b.is_ascii_hexdigit());
    let what = "a content key";
    ours.then(|| PathBuf::from(format!("{CIRCLES}/{content_key}.{extension}")))
        .ok_or(StoreError::Unreadable { what })
}

fn measure(tx: &Tx<'_>, job: &Job, render_ms: u64) -> Result<(), StoreError> {
    let length_secs = job.spec.length_ms.max(1) as f64 / 1000.0;
    measures::add(tx, RENDER_MS_PER_SECOND, render_ms as f64 / length_secs)
}

/// The job has its circle. Whoever asked to stop after the worker's last heartbeat was told that it stops: the circle is kept,
/// and goes nowhere. `None`: it is no longer this worker's.
fn finish(tx: &Tx<'_>, held: Held, job: &Job, content_key: &str, now: Millis) -> Result<Option<JobState>, StoreError> {
    let to = job.to.filter(|_| !job.cancel_asked);
    let state = match to {
        Some(_) => JobState::Rendered,
        None if job.cancel_asked => JobState::Cancelled,
        None => JobState::Done,
    };
    if !leases::leave(tx, held, state, None, now)? {
        return Ok(None);
    }
    if let Some(fingerprint) = &job.fingerprint {
        circles::name(tx, fingerprint, content_key)?;
    }
    // From here on it needs the circle and no longer the song.
    files::release(tx, &leases::holder(held.job))?;
    outbox::post(tx, held.job, job.user_id, to, content_key, now)?;
    Ok(Some(state))
}

fn end(tx: &Tx<'_>, held: Held, how: &Ended, now: Millis) -> Result<Option<JobState>, StoreError> {
    let leave = |state, failure| Ok(leases::leave(tx, held, state, failure, now)?.then_some(state));
    match how {
        Ended::Impossible(failure) => leave(JobState::Failed, Some(failure)),
        Ended::Cancelled => leave(JobState::Cancelled, None),
        Ended::PutBack => Ok(leases::put_back(tx, held, Blame::Nothing, now, now)?.map(|_| JobState::Queued)),
        Ended::WorkerDied => again(tx, held, Blame::Death, now, now),
        Ended::NotYet(failure) => match jobs::get(tx, held.job)? {
            Some(job) if now - job.created < NOT_YET_FOR_MS => again(tx, held, Blame::Nothing, now + NOT_YET_MS, now),
            // It is not short any more.
            _ => end(tx, held, &Ended::TryAgain(failure.clone()), now),
        },
        Ended::TryAgain(failure) => {
            let Some(job) = jobs::get(tx, held.job)? else {
                return Ok(None);
            };
            let pause = BACK_OFF_MS.get(job.attempts as usize);
            match pause {
                Some(pause) => {
                    let put = leases::put_back(tx, held, Blame::Attempt, now + pause, now)?;
                    Ok(put.map(|_| JobState::Queued))
                }
                None => leave(JobState::Failed, Some(failure)),
            }
        }
    }
}

const _: () = assert!(BACK_OFF_MS.len() + 1 == ATTEMPTS as usize);

/// Back into the line, not to be claimed before `from`, unless it happened too often; cancelled, if that was asked for.
pub(super) fn again(
    tx: &Tx<'_>,
    held: Held,
    blame: Blame,
    from: Millis,
    now: Millis,
) -> Result<Option<JobState>, StoreError> {
    let Some(times) = leases::put_back(tx, held, blame, from, now)? else {
        return Ok(None);
    };
    let end = |state| leases::end_waiting(tx, held.job, JobState::Queued, state, None, now).map(|_| Some(state));
    let limit = match blame {
        Blame::Death => DEATHS,
        Blame::Interruption => INTERRUPTIONS,
        Blame::Attempt => ATTEMPTS,
        Blame::Nothing => u32::MAX,
    };
    if jobs::get(tx, held.job)?.is_some_and(|job| job.cancel_asked) {
        return end(JobState::Cancelled);
    }
    if times >= limit {
        end(JobState::SetAside)
    } else {
        Ok(Some(JobState::Queued))
    }
}

fn cancel(tx: &Tx<'_>, job: JobId, user_id: i64, now: Millis) -> Result<Cancelled, StoreError> {
    let Some(found) = jobs::get(tx, job)?.filter(|found| found.user_id == user_id) else {
        return Ok(Cancelled::TooLate);
    };
    let done = match found.state {
        JobState::Queued => leases::end_waiting(tx, job, JobState::Queued, JobState::Cancelled, None, now)?,
        JobState::Rendering => {
            leases::ask_to_stop(tx, job)?;
            return Ok(Cancelled::Asked);
        }
        // Not a byte of it is sent: the intent would be in the record.
        JobState::Rendered => {
            deliveries::remove(tx, job)?;
            leases::end_waiting(tx, job, JobState::Rendered, JobState::Cancelled, None, now)?
        }
        _ => false,
    };
    Ok(if done { Cancelled::Done } else { Cancelled::TooLate })
}
