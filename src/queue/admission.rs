//! Who may enter the line: a request in, a job or a reason out.

use super::limits::{COME_BACK_SECS, FIRST_MS_PER_SECOND, LINE, PER_USER_ACTIVE};
use super::outbox;
use super::place::{Pace, Place, place};
use super::{Queue, QueueError, QueueLimits};
use crate::model::{JobId, JobSpec};
use crate::store::jobs::{self, Address, Job, JobState, NewJob, Waiting};
use crate::store::{Millis, StoreError, Tx, circles, files, leases, measures, operators};
use crate::telemetry::figures;

/// The name of the mean render time in the record.
pub(super) const RENDER_MS_PER_SECOND: &str = "render_ms_per_second";

/// Somebody wants a circle.
#[derive(Clone, Debug)]
pub struct Submit {
    pub user_id: i64,
    /// Where it is sent; `None`: it is fetched.
    pub to: Option<Address>,
    /// Kept beside the job for the asker, untouched.
    pub context: String,
    pub spec: JobSpec,
    /// While a job of this key is active, the same key is that job: `chat:message:button` makes two taps one.
    pub dedupe_key: Option<String>,
    /// Names the request itself: one that is carried out again after a restart is the same job, also when it has long ended.
    pub origin: Option<String>,
    /// The content key, where it is known before anything is rendered.
    pub content_key: Option<String>,
    /// [`JobSpec::fingerprint`]: the same request again needs no content key to be found. `None`: a circle that was made is only
    /// sent.
    pub fingerprint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    Queued {
        job: JobId,
        place: Place,
    },
    /// The circle exists: it may be fetched, or is on its way.
    Ready {
        job: JobId,
        state: JobState,
    },
    /// Asked for a moment ago.
    Already {
        job: JobId,
    },
    Rejected(Rejection),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// This user has enough in the line.
    TooManyWaiting,
    /// The line is too long; it should be short enough after this time.
    QueueFull {
        come_back_secs: u32,
    },
    DiskLow,
    /// The song or the picture was removed since it was last used; it has to be fetched again.
    FileGone,
    /// The operator takes nothing from this user.
    Blocked,
    /// The operator lets the line run empty.
    Draining,
}

impl Queue {
    /// Takes a job in; when this returns, it is in the record.
    pub fn submit(&self, submit: Submit) -> Result<Submitted, QueueError> {
        let room = self.shared.disk.has_room()?;
        let (limits, draining, now) = (self.shared.limits, self.is_draining(), self.now());
        let anew = submit.fingerprint.is_some();
        let submitted = self
            .shared
            .store
            .write(move |tx| enter(tx, &submit, limits, room, draining, now))?;
        if anew && matches!(submitted, Submitted::Ready { .. }) {
            figures::circle_was_there();
        }
        self.told(&submitted);
        Ok(submitted)
    }

    /// [`Queue::submit`] inside a larger transaction, with the update that asked for it; call [`Queue::told`] once that is
    /// committed.
    pub fn submit_in(&self, tx: &Tx<'_>, submit: &Submit, has_room: bool) -> Result<Submitted, StoreError> {
        enter(tx, submit, self.shared.limits, has_room, self.is_draining(), self.now())
    }

    /// Wakes who waits for what was submitted.
    pub fn told(&self, submitted: &Submitted) {
        match submitted {
            Submitted::Queued { job, .. } => self.tell(*job, JobState::Queued),
            Submitted::Ready { job, state } => self.tell(*job, *state),
            Submitted::Already { .. } | Submitted::Rejected(_) => {}
        }
    }

    /// Where a job stands in the line; `None` when it does not wait.
    pub fn place(&self, job: JobId) -> Result<Option<Place>, QueueError> {
        let workers = self.shared.limits.workers;
        let read = self
            .shared
            .store
            .read(|conn| Ok((jobs::line(conn)?, measures::mean(conn, RENDER_MS_PER_SECOND)?)));
        let (line, measured) = read?;
        Ok(place(&line, job, pace(measured, workers)))
    }

    pub fn job(&self, job: JobId) -> Result<Option<Job>, QueueError> {
        Ok(self.shared.store.read(|conn| jobs::get(conn, job))?)
    }
}

fn pace(measured: Option<f64>, workers: u32) -> Pace {
    Pace {
        ms_per_second: measured.unwrap_or(FIRST_MS_PER_SECOND),
        workers,
    }
}

/// In one transaction, so that two at once do not both find the last place.
fn enter(
    tx: &Tx<'_>,
    submit: &Submit,
    limits: QueueLimits,
    has_room: bool,
    draining: bool,
    now: Millis,
) -> Result<Submitted, StoreError> {
    if let Some(origin) = &submit.origin
        && let Some(job) = jobs::of_origin(tx, origin)?
    {
        return Ok(Submitted::Already { job });
    }
    if let Some(key) = &submit.dedupe_key
        && let Some(job) = jobs::of_key(tx, key)?
    {
        return Ok(Submitted::Already { job });
    }
    if operators::is_blocked(tx, submit.user_id)? {
        return Ok(Submitted::Rejected(Rejection::Blocked));
    }
    if draining {
        return Ok(Submitted::Rejected(Rejection::Draining));
    }
    let made = made_before(tx, submit)?;
    let line = jobs::line(tx)?;
    let pace = pace(measures::mean(tx, RENDER_MS_PER_SECOND)?, limits.workers);
    if let Some(rejection) = reject(tx, submit, &line, pace, limits, made.is_some(), has_room)? {
        return Ok(Submitted::Rejected(rejection));
    }
    if made.is_none() {
        jobs::take_turn(tx, submit.user_id)?;
    }
    let job = jobs::insert(
        tx,
        &NewJob {
            user_id: submit.user_id,
            to: submit.to,
            context: &submit.context,
            spec: &submit.spec,
            dedupe_key: submit.dedupe_key.as_deref(),
            origin: submit.origin.as_deref(),
            fingerprint: submit.fingerprint.as_deref(),
        },
        now,
    )?;
    if let Some(content_key) = made {
        let state = submit.to.map_or(JobState::Done, |_| JobState::Rendered);
        leases::end_waiting(tx, job, JobState::Queued, state, None, now)?;
        outbox::post(tx, job, submit.user_id, submit.to, &content_key, now)?;
        return Ok(Submitted::Ready { job, state });
    }
    let holder = leases::holder(job);
    for path in submit.spec.blobs().filter_map(|blob| blob.path()) {
        files::hold(tx, &path, &holder, now)?;
        files::own(tx, &path, submit.user_id)?;
    }
    let place = place(&jobs::line(tx)?, job, pace).unwrap_or(Place { ahead: 0, wait_secs: 0 });
    Ok(Submitted::Queued { job, place })
}

/// The content key of a circle that can be sent at once.
fn made_before(tx: &Tx<'_>, submit: &Submit) -> Result<Option<String>, StoreError> {
    let named = match &submit.fingerprint {
        Some(fingerprint) => circles::key_of(tx, fingerprint)?,
        None => None,
    };
    for key in [submit.content_key.clone(), named].into_iter().flatten() {
        // Who fetches it needs the file; a chat needs the file or this bot's name for it.
        let found = circles::find(tx, &key, submit.to.map(|to| to.bot_id))?;
        if found.is_some_and(|circle| circle.path.is_some() || submit.to.is_some()) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn reject(
    tx: &Tx<'_>,
    submit: &Submit,
    line: &[Waiting],
    pace: Pace,
    limits: QueueLimits,
    is_made: bool,
    has_room: bool,
) -> Result<Option<Rejection>, StoreError> {
    if jobs::active_of(tx, submit.user_id)? >= PER_USER_ACTIVE.max(limits.per_user_rendering + limits.per_user_waiting)
    {
        return Ok(Some(Rejection::TooManyWaiting));
    }
    if is_made {
        // It takes no space and no time.
        return Ok(None);
    }
    let own = line.iter().filter(|job| job.user_id == submit.user_id).count();
    if own >= (limits.per_user_rendering + limits.per_user_waiting) as usize {
        return Ok(Some(Rejection::TooManyWaiting));
    }
    if !has_room {
        return Ok(Some(Rejection::DiskLow));
    }
    for blob in submit.spec.blobs() {
        let kept = match blob.path() {
            Some(path) => files::is_kept(tx, &path)?,
            None => false,
        };
        if !kept {
            return Ok(Some(Rejection::FileGone));
        }
    }
    // As it would stand if it were let in.
    let wanted = Waiting {
        job: JobId(i64::MAX),
        user_id: submit.user_id,
        length_ms: submit.spec.length_ms,
        served: jobs::turn(tx, submit.user_id)?,
        rendering: false,
    };
    let line: Vec<_> = line.iter().copied().chain([wanted]).collect();
    let wait_secs = place(&line, wanted.job, pace).map_or(0, |place| place.wait_secs);
    let over = wait_secs.saturating_sub(limits.queue_seconds);
    Ok((over > 0 || line.len() > LINE).then_some(Rejection::QueueFull {
        come_back_secs: over.max(COME_BACK_SECS),
    }))
}
