//! Finished circles by what they show and play: the file while we have it, Telegram's names for it, and the cheap names of
//! requests that are known to give it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Millis, StoreError, Tx, files};

/// A circle nobody asked for again in this time is forgotten, also by name.
const REMEMBERED_MS: Millis = 180 * 24 * 3600 * 1000;
const PRUNED: u32 = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircleRow {
    pub content_key: String,
    /// Below the data folder; `None` when it was evicted.
    pub path: Option<String>,
    pub thumbnail: Option<String>,
    /// What its maker told, JSON.
    pub facts: String,
    /// Telegram's names for it: as a circle, and as a square video.
    pub file_id: Option<String>,
    pub video_file_id: Option<String>,
}

/// The circle of this content key, if it can be sent again: from its file, or by this bot's name for it.
pub fn find(conn: &Connection, content_key: &str, bot_id: Option<i64>) -> Result<Option<CircleRow>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT c.content_key, c.path, c.thumbnail, c.facts, n.file_id, v.file_id FROM circles c
         LEFT JOIN circle_file_ids n ON n.content_key = c.content_key AND n.bot_id = ?2 AND n.as_video = 0
         LEFT JOIN circle_file_ids v ON v.content_key = c.content_key AND v.bot_id = ?2 AND v.as_video = 1
         WHERE c.content_key = ?1 AND (c.path IS NOT NULL OR n.file_id IS NOT NULL)",
    )?;
    let found = asked.query_row(params![content_key, bot_id], |row| {
        Ok(CircleRow {
            content_key: row.get(0)?,
            path: row.get(1)?,
            thumbnail: row.get(2)?,
            facts: row.get(3)?,
            file_id: row.get(4)?,
            video_file_id: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// The content key that a request of this fingerprint is known to have.
pub fn key_of(conn: &Connection, fingerprint: &str) -> Result<Option<String>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT content_key FROM circle_names WHERE fingerprint = ?1")?;
    Ok(asked.query_row([fingerprint], |row| row.get(0)).optional()?)
}

/// How large its file is, while we have it.
pub fn bytes(conn: &Connection, content_key: &str) -> Result<Option<u64>, StoreError> {
    let mut asked =
        conn.prepare_cached("SELECT f.bytes FROM circles c JOIN files f USING (path) WHERE c.content_key = ?1")?;
    let bytes: Option<i64> = asked.query_row([content_key], |row| row.get(0)).optional()?;
    Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()))
}

/// Keeps a circle that was made; its files have rows already.
pub fn made(
    tx: &Tx<'_>,
    content_key: &str,
    path: &Path,
    thumbnail: Option<&Path>,
    facts: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let mut kept = tx.prepare_cached(
        "INSERT INTO circles (content_key, path, thumbnail, facts, used_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (content_key) DO UPDATE
         SET path = ?2, thumbnail = coalesce(?3, thumbnail), facts = ?4, used_ms = ?5",
    )?;
    let thumbnail = thumbnail.and_then(Path::to_str);
    kept.execute(params![content_key, path.to_str(), thumbnail, facts, now])?;
    Ok(())
}

pub fn name(tx: &Tx<'_>, fingerprint: &str, content_key: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO circle_names (fingerprint, content_key) VALUES (?1, ?2)")?
        .execute(params![fingerprint, content_key])?;
    Ok(())
}

/// One more person who asked for it; and it was used.
pub fn use_by(tx: &Tx<'_>, content_key: &str, user_id: i64, holder: &str, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE circles SET used_ms = ?2 WHERE content_key = ?1")?
        .execute(params![content_key, now])?;
    tx.prepare_cached("INSERT OR IGNORE INTO circle_owners (content_key, user_id) VALUES (?1, ?2)")?
        .execute(params![content_key, user_id])?;
    let mut asked = tx.prepare_cached("SELECT path, thumbnail FROM circles WHERE content_key = ?1")?;
    let paths: [Option<String>; 2] = asked.query_row([content_key], |row| Ok([row.get(0)?, row.get(1)?]))?;
    for path in paths.iter().flatten() {
        files::hold(tx, Path::new(path), holder, now)?;
        files::own(tx, Path::new(path), user_id)?;
    }
    Ok(())
}

pub fn set_file_id(
    tx: &Tx<'_>,
    content_key: &str,
    bot_id: i64,
    as_video: bool,
    file_id: &str,
    file_unique_id: &str,
) -> Result<(), StoreError> {
    let mut set = tx.prepare_cached(
        "INSERT OR REPLACE INTO circle_file_ids (content_key, bot_id, as_video, file_id, file_unique_id)
         SELECT content_key, ?2, ?3, ?4, ?5 FROM circles WHERE content_key = ?1",
    )?;
    set.execute(params![content_key, bot_id, as_video, file_id, file_unique_id])?;
    Ok(())
}

/// Telegram no longer knows these names.
pub fn drop_file_ids(tx: &Tx<'_>, content_key: &str, bot_id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM circle_file_ids WHERE content_key = ?1 AND bot_id = ?2")?
        .execute(params![content_key, bot_id])?;
    Ok(())
}

/// Forgets circles that nothing is left of, and those nobody asked for again.
pub fn prune(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    let mut pruned = tx.prepare_cached(
        "DELETE FROM circles WHERE path IS NULL AND content_key IN (
             SELECT content_key FROM circles c WHERE path IS NULL AND (used_ms < ?1 OR NOT EXISTS (
                 SELECT 1 FROM circle_file_ids i WHERE i.content_key = c.content_key)) LIMIT ?2)",
    )?;
    Ok(pruned.execute(params![now - REMEMBERED_MS, PRUNED])? == PRUNED as usize)
}
