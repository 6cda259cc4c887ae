//! The queue: jobs in, circles delivered once. Everything is in the record before anybody is told of it, so that a loss of
//! power at any moment loses nothing and sends nothing twice.
//!
//! ```text
//! submit -> queued -> rendering -> rendered -> sending -> sent
//!                                                 '-> refused | unknown
//! ```
//!
//! * `admission`: who may enter, and how long they will wait;
//! * `work`: what a worker does with a job: claim, heartbeat, rendered, failed;
//! * `outbox` and `search`: what is sent, looked for and sent again; the rules are the pure [`delivery`];
//! * `upkeep`: what happens every minute.
//!
//! All calls wait for the disk and are to be made off the async runtime, by [`off_runtime`].

mod admission;
mod advance;
pub mod delivery;
mod events;
mod forget;
pub mod limits;
mod outbox;
pub mod place;
mod search;
mod upkeep;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::Rng;
use tokio::sync::{Notify, broadcast};

use crate::model::JobId;
use crate::store::disk::{Disk, DiskError, DiskLimits};
use crate::store::jobs::JobState;
use crate::store::{Clock, Millis, Store, StoreError};
use crate::telemetry::figures;

pub use admission::{Rejection, Submit, Submitted};
pub use events::{Happened, JobEvent};
pub use limits::QueueLimits;
pub use outbox::{Parcel, SentAs, Todo};
pub use place::{Pace, Place};
pub use search::{Search, Sought};
pub use work::{Cancelled, Claim, Ended, Made};

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Disk(DiskError),
    #[error("the job was given to another worker meanwhile")]
    Stale,
}

impl From<StoreError> for QueueError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Forgotten => Self::Stale,
            error => Self::Store(error),
        }
    }
}

impl From<DiskError> for QueueError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Store(error) => error.into(),
            error => Self::Disk(error),
        }
    }
}

/// A handle, cheap to clone.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    disk: Disk,
    limits: QueueLimits,
    timing: delivery::Timing,
    clock: Clock,
    /// Names this run of the program: what other runs held is free.
    boot_id: String,
    events: broadcast::Sender<JobEvent>,
    work: Notify,
    parcels: Notify,
    /// Nothing new is taken; what is in the line is made and sent.
    draining: AtomicBool,
    /// Somebody was forgotten whose words the log may still hold.
    flush_wanted: AtomicBool,
}

/// What a queue is started with beside its store.
#[derive(Clone, Debug, Default)]
pub struct QueueSettings {
    pub limits: QueueLimits,
    pub disk: DiskLimits,
    pub timing: delivery::Timing,
    pub clock: Clock,
}

impl Queue {
    /// Takes over what an earlier run left: its files are swept, its renders wait again, and what it was sending is looked
    /// for.
    pub fn start(store: Store, settings: QueueSettings) -> Result<Self, QueueError> {
        let boot_id = format!("{:032x}", rand::rng().random::<u128>());
        let disk = Disk::new(store.clone(), settings.disk, &boot_id, settings.clock.clone())?;
        let (events, _) = broadcast::channel(limits::EVENTS);
        let queue = Self {
            shared: Arc::new(Shared {
                store,
                disk,
                limits: settings.limits,
                timing: settings.timing,
                clock: settings.clock,
                boot_id,
                events,
                work: Notify::new(),
                parcels: Notify::new(),
                draining: AtomicBool::new(false),
                flush_wanted: AtomicBool::new(false),
            }),
        };
        queue.take_over()?;
        Ok(queue)
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    pub fn disk(&self) -> &Disk {
        &self.shared.disk
    }

    /// Everything that happens from now on. A listener that is told it lags reads the record instead.
    pub fn events(&self) -> broadcast::Receiver<JobEvent> {
        self.shared.events.subscribe()
    }

    /// Returns when there may be something to claim, at the latest after `longest`: what waits for a moment wakes nobody.
    pub async fn work_waits(&self, longest: Duration) {
        // Either way the caller looks.
        let _ = tokio::time::timeout(longest, self.shared.work.notified()).await;
    }

    /// Returns when there may be something to send, at the latest after `longest`.
    pub async fn parcels_wait(&self, longest: Duration) {
        let _ = tokio::time::timeout(longest, self.shared.parcels.notified()).await;
    }

    /// Takes nothing new from now on, or takes it again: before the machine is switched off, say. A restart ends it.
    pub fn drain(&self, draining: bool) {
        self.shared.draining.store(draining, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    /// Tells of a state that is on the disk.
    fn tell(&self, job: JobId, state: JobState) {
        figures::job_is(state.name());
        match state {
            JobState::Queued => self.shared.work.notify_one(),
            // Whoever searches for it looks by itself.
            JobState::Sending => {}
            // The end of one delivery is the turn of the next one in the same chat.
            _ => self.shared.parcels.notify_one(),
        }
        self.happened(job, Happened::Is(state));
    }

    fn happened(&self, job: JobId, what: Happened) {
        // Nobody listens while nobody is shown anything.
        let _ = self.shared.events.send(JobEvent { job, what });
    }
}

/// Runs what waits for the disk where waiting harms nobody.
pub async fn off_runtime<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}
