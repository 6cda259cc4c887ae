//! The library's index as a handle: its own file beside the main database. It holds nothing that is not in the folder, so it
//! is written without waiting for the disk, never backed up, and made anew when it is damaged; and a scan of a hundred
//! thousand songs does not stand in the way of the queue's commits.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::library::{self, LibraryTrack, Scanned, Stamp};

/// Raised with every change of the schema or of the folding: an index of another version is dropped.
const VERSION: i64 = 1;
/// A search waits no longer than this for the scan.
const BUSY: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
#[error("the index of the music library failed; it is made anew at the next start if its file is removed")]
pub struct CatalogueError(#[from] rusqlite::Error);

type Result<T> = std::result::Result<T, CatalogueError>;

/// Cheap to clone. Every call may block on the disk.
#[derive(Clone)]
pub struct Catalogue {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
}

impl Catalogue {
    pub fn open(file: &Path) -> Result<Self> {
        let writer = match usable(file) {
            Ok(writer) => writer,
            Err(_) => {
                for tail in ["", "-wal", "-shm"] {
                    let mut name = file.as_os_str().to_owned();
                    name.push(tail);
                    // What is not there need not be removed; what cannot be is told by opening it.
                    let _ = std::fs::remove_file(name);
                }
                usable(file)?
            }
        };
        let reader =
            Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        reader.busy_timeout(BUSY)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            reader: Arc::new(Mutex::new(reader)),
        })
    }

    pub fn stamps(&self, below: &[u8]) -> Result<HashMap<Vec<u8>, Stamp>> {
        self.read(|conn| library::stamps(conn, below))
    }

    pub fn put(&self, files: &[Scanned]) -> Result<()> {
        self.write(|conn| files.iter().try_for_each(|file| library::put(conn, file)))
    }

    pub fn remove(&self, paths: &[Vec<u8>]) -> Result<()> {
        self.write(|conn| paths.iter().try_for_each(|path| library::remove(conn, path)))
    }

    pub fn by_id(&self, id: &str) -> Result<Option<LibraryTrack>> {
        self.read(|conn| library::by_id(conn, id))
    }

    pub fn count(&self) -> Result<u64> {
        self.read(library::count)
    }

    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<LibraryTrack>> {
        self.read(|conn| library::search(conn, text, limit))
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        Ok(ask(&self.reader.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    fn write(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        change(&transaction)?;
        Ok(transaction.commit()?)
    }
}

fn usable(file: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(file)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        conn.execute_batch(
            "DROP TABLE IF EXISTS library_terms; DROP TABLE IF EXISTS library_names;
             DROP TABLE IF EXISTS library_trigram_terms; DROP TABLE IF EXISTS library_trigrams;
             DROP TABLE IF EXISTS library_words; DROP TABLE IF EXISTS library_tracks;",
        )?;
        conn.execute_batch(library::SCHEMA)?;
        conn.pragma_update(None, "user_version", VERSION)?;
    }
    // A damaged index is found here and not in the middle of a search.
    let health: String = conn.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    Ok(conn)
}
