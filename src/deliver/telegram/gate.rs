//! The limiter for tasks that wait their turn: a [`Permit`] comes when the message may go. It is the one place that holds
//! Telegram's rates; whoever sends anything asks here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::limiter::{Kind, Limiter, Saved, Verdict};

/// A handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limiter: Mutex<Limiter>,
    /// A request came back.
    moved: Notify,
}

/// Leave to send one message. Dropped when its request came back.
#[derive(Debug)]
#[must_use = "the place is free again when this is dropped"]
pub struct Permit {
    gate: Gate,
    chat: i64,
}

/// Not now: again at this time (milliseconds of Unix time), or with `None` when another request came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later(pub Option<i64>);

impl Gate {
    pub fn new(limiter: Limiter) -> Self {
        Self {
            shared: Arc::new(Shared {
                limiter: Mutex::new(limiter),
                moved: Notify::new(),
            }),
        }
    }

    /// As it was saved before a restart.
    pub fn restore(saved: &Saved) -> Self {
        Self::new(Limiter::restore(saved, now_ms()))
    }

    pub fn save(&self) -> Saved {
        self.limiter().save(now_ms())
    }

    /// Leave for a circle, without waiting for it.
    pub fn circle(&self, chat: i64) -> Result<Permit, Later> {
        self.ask(chat, Kind::Circle)
    }

    /// Waits until a message may go that must arrive, or a read-back; but at most `longest`, and not at all where its turn is
    /// known to come later. `Err`: when to ask again.
    pub async fn message(&self, chat: i64, longest: Duration) -> Result<Permit, Duration> {
        let end = Instant::now() + longest;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let moved = self.moved();
            tokio::pin!(moved);
            // Listening before asking: what comes back in between is not missed.
            moved.as_mut().enable();
            match self.ask(chat, Kind::Message) {
                Ok(permit) => return Ok(permit),
                Err(Later(Some(until_ms))) => {
                    let wait = Duration::from_millis((until_ms - now_ms()).max(1) as u64);
                    if wait > left {
                        return Err(wait);
                    }
                    tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
                }
                Err(Later(None)) => {
                    if tokio::time::timeout(left, moved).await.is_err() {
                        return Err(ASK_AGAIN);
                    }
                }
            }
        }
    }

    /// Waits until a message may go, and takes no turn by that: for who may think better of it meanwhile. At most `longest`.
    pub async fn open(&self, chat: i64, longest: Duration) {
        let opened = async {
            loop {
                let moved = self.moved();
                tokio::pin!(moved);
                moved.as_mut().enable();
                let verdict = self.limiter().look(now_ms(), chat);
                let wait = match verdict {
                    Verdict::Go | Verdict::Skip => return,
                    Verdict::Wait { until_ms: Some(at_ms) } => Duration::from_millis((at_ms - now_ms()).max(1) as u64),
                    Verdict::Wait { until_ms: None } => ASK_AGAIN,
                };
                let _ = tokio::time::timeout(wait.min(LONGEST_SLEEP), moved).await;
            }
        };
        let _ = tokio::time::timeout(longest, opened).await;
    }

    /// Leave for an edit now, or none at all.
    pub fn edit(&self, chat: i64) -> Option<Permit> {
        self.ask(chat, Kind::Edit).ok()
    }

    /// Telegram answered 429. To be told before the permit is dropped, or the next one goes out in between.
    pub fn refused(&self, chat: i64, retry_after: Duration) {
        self.limiter().refused(now_ms(), chat, retry_after);
    }

    /// Comes back when a request does; what comes back once it is enabled is not missed.
    pub fn moved(&self) -> Notified<'_> {
        self.shared.moved.notified()
    }

    fn ask(&self, chat: i64, kind: Kind) -> Result<Permit, Later> {
        let verdict = self.limiter().ask(now_ms(), chat, kind);
        match verdict {
            Verdict::Go => Ok(Permit {
                gate: self.clone(),
                chat,
            }),
            Verdict::Wait { until_ms } => Err(Later(until_ms)),
            Verdict::Skip => Err(Later(None)),
        }
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.shared.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.limiter().done(now_ms(), self.chat);
        self.gate.shared.moved.notify_waiters();
    }
}

/// Where a request that is under way does not come back.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// The clock may be set while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
