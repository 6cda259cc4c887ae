//! `/delete_me`: a person and everything that was theirs alone, rows and files.

use super::{Queue, QueueError};
use crate::store::forget;

/// Transactions for one person: a billion rows. It ends long before; a loop without an end is a mistake of ours.
const ROUNDS: u32 = 1_000_000;

impl Queue {
    /// Forgets a person. When it returns, neither the database nor its log holds a byte of them. It may be interrupted and
    /// called again.
    pub fn forget(&self, user_id: i64) -> Result<(), QueueError> {
        for _ in 0..ROUNDS {
            let forgotten = self.shared.store.write(move |tx| forget::some_of(tx, user_id))?;
            self.shared.disk.delete(&forgotten.files)?;
            if !forgotten.more {
                break;
            }
        }
        // A reader that holds the log at this moment is done in the next.
        self.shared.store.flush_log()?;
        Ok(())
    }
}
