//! Connections that only read: a few, opened when first needed and kept. They never wait for the writer, nor it for them.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::check;
use super::error::StoreError;

/// Readers at once. A read takes well under a millisecond, so that more would only hold more page caches.
const READERS: usize = 4;
/// Whoever waits longer for one hears that the database is busy.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            pool: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.borrow()?;
        let conn = match lent.conn.as_ref() {
            Some(conn) => conn,
            None => return Err(StoreError::Busy),
        };
        // One transaction: what is read first and what is read last belong together.
        let whole = conn.unchecked_transaction()?;
        let read = work(&whole);
        // Nothing was written: however it ends, it is the same.
        let _ = whole.finish();
        read
    }

    fn borrow(&self) -> Result<Lent<'_>, StoreError> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let none_left = |pool: &mut Pool| pool.idle.is_empty() && pool.lent >= READERS;
        let waited = self.returned.wait_timeout_while(pool, PATIENCE, none_left);
        let (mut pool, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(StoreError::Busy);
        }
        pool.lent += 1;
        let conn = pool.idle.pop();
        drop(pool);
        // From here on the guard counts it back, also when it cannot be opened.
        let mut lent = Lent { readers: self, conn };
        if lent.conn.is_none() {
            lent.conn = Some(check::open_reader(&self.path)?);
        }
        Ok(lent)
    }
}

/// A connection on loan.
struct Lent<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.lent -= 1;
        pool.idle.extend(self.conn.take());
        drop(pool);
        self.readers.returned.notify_one();
    }
}
