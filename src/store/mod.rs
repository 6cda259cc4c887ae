//! The record: one SQLite database in the data folder. What is asked for, what was promised, what was sent; closures in,
//! rows out. SQL is written here and nowhere else.
//!
//! [`Store::write`] returns only when what it wrote is on the disk; whoever acknowledges something to the outside does it
//! after that. Work of many callers shares a transaction and so a wait for the disk. [`Store::read`] never waits for it.
//!
//! Rows are read and written by plain functions in the modules below: those that take a [`Tx`] write, those that take a
//! `Connection` read, and both fit into one closure:
//!
//! ```no_run
//! # fn main() -> Result<(), musiccircles::store::StoreError> {
//! use musiccircles::store::{Store, people};
//! let store = Store::open(std::path::Path::new("data"))?;
//! store.write(|tx| people::remember(tx, 7, Some("kim")))?;
//! let name = store.read(|conn| people::user(conn, 7))?;
//! # Ok(()) }
//! ```

mod check;
mod clock;
mod error;
mod migrate;
mod readers;
mod reservation;
mod writer;

pub mod api_keys;
pub mod backup;
pub mod catalogue;
pub mod chats;
pub mod circles;
pub mod deliveries;
pub mod dialogues;
pub mod disk;
pub mod files;
pub mod forget;
pub mod inbox;
pub mod jobs;
pub mod known;
pub mod leases;
pub mod library;
pub mod measures;
pub mod operators;
pub mod overview;
pub mod people;
pub mod send_rates;
pub mod stats;
pub mod web_files;

use std::fs::{self, File, TryLockError};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use clock::{Clock, Millis};
pub use error::StoreError;
/// What a read is made on, for whoever needs the name.
pub use rusqlite::Connection as Reader;

/// The database below the data folder.
const DATABASE: &str = "musiccircles.db";
/// Held for as long as the store is open: two programs on one folder would each believe to be the only writer.
const LOCK: &str = "lock";

/// A connection inside the writer's transaction: only what has one can write.
pub struct Tx<'conn>(&'conn Connection);

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

/// A handle, cheap to clone. The last one closes the store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    readers: readers::Readers,
    writer: writer::Writer,
    /// Dropped last: the lock goes with it.
    _lock: File,
}

impl Store {
    /// Opens the record in this folder, which is made if it is missing, and brings it to this version.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        check::version()?;
        let explain = |source: std::io::Error| StoreError::Folder {
            path: folder.to_owned(),
            source: Arc::new(source),
        };
        fs::create_dir_all(folder).map_err(explain)?;
        let lock = lock(folder)?;
        let path = folder.join(DATABASE);
        let mut conn = check::open_writer(&path)?;
        migrate::to_latest(&mut conn)?;
        let shared = Shared {
            folder: folder.to_owned(),
            readers: readers::Readers::of(&path),
            writer: writer::Writer::start(conn)?,
            _lock: lock,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Runs `work` in the writer's transaction and returns when it is on the disk. Work that returns an error changes
    /// nothing. It runs on the writer's thread: no waiting, no files, no network in it.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.shared.writer.write(work)
    }

    /// Runs `work` on a connection that cannot write, and sees everything whose write has returned.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.shared.readers.read(work)
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// How often the disk was waited for since the start, and for how many writes.
    pub fn commits_and_writes(&self) -> (u64, u64) {
        self.shared.writer.counts()
    }

    /// Puts the log into the database and empties it: what was deleted is then in neither.
    /// [`StoreError::Busy`] while a reader needs the log, a backup above all: to be tried again later.
    pub fn flush_log(&self) -> Result<(), StoreError> {
        self.shared.writer.flush_log()
    }
}

/// Runs `work` in a transaction of its own: in a folder that a running service has open as well as in one that nobody has. For
/// an operator's command; whoever writes often opens a [`Store`].
pub fn beside<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match Store::open(folder) {
        Err(StoreError::InUse { .. }) => {}
        opened => return opened?.write(work),
    }
    let conn = check::open_writer(&folder.join(DATABASE))?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    // Dropped without a commit, the connection takes everything back.
    let made = work(&Tx(&conn))?;
    conn.execute_batch("COMMIT")?;
    Ok(made)
}

/// SQLite's whole numbers have a sign; no count of ours comes near the difference.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let explain = |source: std::io::Error| StoreError::Folder {
        path: folder.to_owned(),
        source: Arc::new(source),
    };
    let lock = File::create(folder.join(LOCK)).map_err(explain)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(explain(error)),
    }
}
