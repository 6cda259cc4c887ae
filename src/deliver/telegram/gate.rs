//! The limiter for tasks that wait their turn: a [`Permit`] comes when the message may go.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::limiter::{Kind, Limiter, Saved, Verdict};

#[derive(Debug)]
pub struct Gate {
    limiter: Mutex<Limiter>,
    /// A request came back.
    moved: Notify,
}

/// Leave to send one message. Dropped when its request came back.
#[derive(Debug)]
#[must_use = "the place is free again when this is dropped"]
pub struct Permit<'g> {
    gate: &'g Gate,
    chat: i64,
}

impl Gate {
    pub fn new(limiter: Limiter) -> Self {
        Self {
            limiter: Mutex::new(limiter),
            moved: Notify::new(),
        }
    }

    /// As it was saved before a restart.
    pub fn restore(saved: &Saved) -> Self {
        Self::new(Limiter::restore(saved, now_ms()))
    }

    pub fn save(&self) -> Saved {
        self.limiter().save()
    }

    /// Waits until a circle may go.
    pub async fn circle(&self, chat: i64) -> Permit<'_> {
        self.permit(chat, Kind::Circle).await
    }

    /// Waits until a message may go that must arrive, or a read-back.
    pub async fn message(&self, chat: i64) -> Permit<'_> {
        self.permit(chat, Kind::Message).await
    }

    async fn permit(&self, chat: i64, kind: Kind) -> Permit<'_> {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Listening before asking: what comes back in between is not missed.
            moved.as_mut().enable();
            let now_ms = now_ms();
            let verdict = self.limiter().ask(now_ms, chat, kind);
            match verdict {
                Verdict::Go => return Permit { gate: self, chat },
                Verdict::Wait {
                    until_ms: Some(until_ms),
                } => {
                    let wait = Duration::from_millis((until_ms - now_ms).max(1) as u64);
                    tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
                }
                // Only edits are skipped, and they do not come here.
                Verdict::Wait { until_ms: None } | Verdict::Skip => moved.await,
            }
        }
    }

    /// Leave for an edit now, or none at all.
    pub fn edit(&self, chat: i64) -> Option<Permit<'_>> {
        let verdict = self.limiter().ask(now_ms(), chat, Kind::Edit);
        (verdict == Verdict::Go).then_some(Permit { gate: self, chat })
    }

    /// Telegram answered 429. To be told before the permit is dropped, or the next one goes out in between.
    pub fn refused(&self, chat: i64, retry_after: Duration) {
        self.limiter().refused(now_ms(), chat, retry_after);
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.limiter().done(now_ms(), self.chat);
        self.gate.moved.notify_waiters();
    }
}

/// The clock may be set while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
