//! `/delete_me`: a person and everything that was theirs alone, rows and files.

use std::sync::atomic::Ordering;

use super::{Queue, QueueError};
use crate::store::{StoreError, forget};

/// Transactions for one person: a billion rows. It ends long before; a loop without an end is a mistake of ours.
const ROUNDS: u32 = 1_000_000;

impl Queue {
    /// Forgets a person. When it returns, neither the database nor its log holds a byte of them, the log as soon
    /// as no backup reads it. It may be interrupted and
    /// called again.
    pub fn forget(&self, user_id: i64) -> Result<(), QueueError> {
        for _ in 0..ROUNDS {
            let forgotten = self.shared.store.write(move |tx| forget::some_of(tx, user_id))?;
            self.shared.disk.delete(&forgotten.files)?;
            if !forgotten.more {
                break;
            }
        }
        self.shared.flush_wanted.store(true, Ordering::Relaxed);
        self.flush_log()
    }

    /// Empties the log where somebody was forgotten. A reader that needs it at this moment, a backup perhaps, is no failure:
    /// the next [`Queue::tidy`] tries again.
    pub(super) fn flush_log(&self) -> Result<(), QueueError> {
        let wanted = &self.shared.flush_wanted;
        if !wanted.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let flushed = self.shared.store.flush_log();
        if flushed.is_err() {
            wanted.store(true, Ordering::Relaxed);
        }
        match flushed {
            Err(StoreError::Busy) => {
                tracing::info!("the log is in use; it is emptied later");
                Ok(())
            }
            other => Ok(other?),
        }
    }
}
