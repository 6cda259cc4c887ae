//! Files of the HTTP side by the names it gave them; a name is gone with its file, or when it is too old.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Millis, StoreError, Tx};
use crate::model::Blob;

/// A studio left open over a night still finds its song.
pub const KEPT_MS: Millis = 24 * 3600 * 1000;
const PRUNED: u32 = 1000;

/// Gives a kept blob a name; the same name again is the newer file.
pub fn put(tx: &Tx<'_>, name: &str, blob: &Blob, facts: &str, now: Millis) -> Result<(), StoreError> {
    let path = blob.path().ok_or(StoreError::Unreadable { what: "a file's name" })?;
    tx.prepare_cached("INSERT OR REPLACE INTO web_files (name, path, facts, created_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![name, path.to_str(), facts, now])?;
    Ok(())
}

/// The file of a name, and what was kept of it.
pub fn get(conn: &Connection, name: &str) -> Result<Option<(String, String)>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT path, facts FROM web_files WHERE name = ?1")?;
    let found = asked.query_row([name], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

/// Forgets old names; says whether there may be more.
pub fn prune(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    let mut pruned = tx.prepare_cached(
        "DELETE FROM web_files WHERE name IN (SELECT name FROM web_files WHERE created_ms < ?1 LIMIT ?2)",
    )?;
    Ok(pruned.execute(params![now - KEPT_MS, PRUNED])? == PRUNED as usize)
}
