//! The rows of every file below the data folder: how large, how lately used, who holds it, whose it is. Paths are relative.
//! The files themselves are `disk`'s.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{Millis, StoreError, Tx, signed, unsigned};

/// How long a conversation may rest and still be sure of its files when room is needed.
const RESTED_MS: Millis = 10 * 60 * 1000;

/// A file as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    pub path: String,
    pub bytes: u64,
    /// Written whole, and of use; else somebody is still writing it.
    pub kept: bool,
    pub boot_id: String,
    pub used: Millis,
}

/// Accounts for a file that is about to be written.
pub fn reserve(tx: &Tx<'_>, path: &Path, bytes: u64, boot_id: &str, now: Millis) -> Result<(), StoreError> {
    let mut added =
        tx.prepare_cached("INSERT INTO files (path, bytes, kept, boot_id, used_ms) VALUES (?1, ?2, 0, ?3, ?4)")?;
    added.execute(params![text(path)?, signed(bytes), boot_id, now])?;
    Ok(())
}

/// The same for so many bytes more. A row that a sweep took for left over stays away.
pub fn grow(tx: &Tx<'_>, path: &Path, bytes: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE files SET bytes = bytes + ?2 WHERE path = ?1 AND kept = 0")?
        .execute(params![text(path)?, signed(bytes)])?;
    Ok(())
}

/// The file that was reserved as `temporary` is now whole and lies at `path`.
pub fn keep(tx: &Tx<'_>, temporary: &Path, path: &Path, bytes: u64, now: Millis) -> Result<(), StoreError> {
    let mut kept = tx.prepare_cached(
        "INSERT INTO files (path, bytes, kept, boot_id, used_ms)
         VALUES (?2, ?3, 1, (SELECT coalesce(max(boot_id), '') FROM files WHERE path = ?1), ?4)
         ON CONFLICT (path) DO UPDATE SET bytes = ?3, kept = 1, used_ms = ?4",
    )?;
    kept.execute(params![text(temporary)?, text(path)?, signed(bytes), now])?;
    remove(tx, temporary)?;
    Ok(())
}

/// Takes the row away, and with it who owned and held the file.
pub fn remove(tx: &Tx<'_>, path: &Path) -> Result<bool, StoreError> {
    let path = text(path)?;
    tx.prepare_cached("DELETE FROM file_holders WHERE path = ?1")?
        .execute([path])?;
    Ok(tx
        .prepare_cached("DELETE FROM files WHERE path = ?1")?
        .execute([path])?
        == 1)
}

/// Bytes of all files, those still being written with what they may become.
pub fn total_bytes(conn: &Connection) -> Result<u64, StoreError> {
    let mut asked = conn.prepare_cached("SELECT coalesce(sum(bytes), 0) FROM files")?;
    Ok(unsigned(asked.query_row([], |row| row.get(0))?))
}

pub fn all(conn: &Connection) -> Result<Vec<FileRow>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT path, bytes, kept, boot_id, used_ms FROM files")?;
    let rows = asked.query_map([], |row| {
        Ok(FileRow {
            path: row.get(0)?,
            bytes: unsigned(row.get(1)?),
            kept: row.get(2)?,
            boot_id: row.get(3)?,
            used: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes the rows of the longest unused files that nobody holds, then of those that only resting conversations hold, until
/// `bytes` are free again: who left their card must not shut everybody else out. `None` when that is not enough; nothing may
/// then be committed. The files are the caller's to delete after the commit.
pub fn evict(tx: &Tx<'_>, bytes: u64, now: Millis) -> Result<Option<Vec<String>>, StoreError> {
    let (mut freed, mut evicted) = (0, Vec::new());
    for (held, before) in [(false, Millis::MAX), (true, now - RESTED_MS)] {
        let mut asked = tx.prepare_cached(
            "SELECT path, bytes FROM files f WHERE kept = 1 AND used_ms < ?2
             AND EXISTS (SELECT 1 FROM file_holders h WHERE h.path = f.path) = ?1
             AND NOT EXISTS (SELECT 1 FROM file_holders h WHERE h.path = f.path AND h.holder NOT GLOB 'dialogue:*')
             ORDER BY used_ms",
        )?;
        let mut rows = asked.query(params![held, before])?;
        while freed < bytes {
            let Some(row) = rows.next()? else { break };
            freed += unsigned(row.get(1)?);
            evicted.push(row.get::<_, String>(0)?);
        }
    }
    if freed < bytes {
        return Ok(None);
    }
    for path in &evicted {
        remove(tx, Path::new(path))?;
    }
    Ok(Some(evicted))
}

pub fn is_kept(conn: &Connection, path: &Path) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM files WHERE path = ?1 AND kept = 1)")?;
    Ok(asked.query_row([text(path)?], |row| row.get(0))?)
}

/// The file is needed until the holder lets go.
pub fn hold(tx: &Tx<'_>, path: &Path, holder: &str, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO file_holders (path, holder) VALUES (?1, ?2)")?
        .execute(params![text(path)?, holder])?;
    touch(tx, path, now)
}

pub fn release(tx: &Tx<'_>, holder: &str) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM file_holders WHERE holder = ?1")?
        .execute([holder])?;
    Ok(())
}

/// One more person whose file it is.
pub fn own(tx: &Tx<'_>, path: &Path, user_id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO file_owners (path, user_id) VALUES (?1, ?2)")?
        .execute(params![text(path)?, user_id])?;
    Ok(())
}

pub fn touch(tx: &Tx<'_>, path: &Path, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE files SET used_ms = ?2 WHERE path = ?1")?
        .execute(params![text(path)?, now])?;
    Ok(())
}

/// Whether a file was last used before then.
pub fn is_unused_since(conn: &Connection, path: &Path, before: Millis) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM files WHERE path = ?1 AND used_ms < ?2)")?;
    Ok(asked.query_row(params![text(path)?, before], |row| row.get(0))?)
}

/// All names below the data folder are ours, and ASCII.
fn text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or(StoreError::Unreadable { what: "a path" })
}
