//! Telegram's updates, from arrival to done. An update is kept here before Telegram is told that we have it: [`keep`] inside
//! `Store::write`, and only when that has returned, the answer 200 or the next offset.
//!
//! That an update is the same again is known by the set of numbers, for longer than Telegram repeats one. A highest number
//! would not do: after a quiet week Telegram starts counting anywhere.

use rusqlite::{Connection, params};

use super::{Millis, StoreError, Tx};
use crate::torture;

/// Twice as long as Telegram keeps an update it could not hand over.
pub const REMEMBERED_MS: Millis = 48 * 3600 * 1000;
/// Rows removed in one transaction, so that nobody waits long behind it.
const PRUNED: u32 = 1000;

/// An update that is not processed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub seq: i64,
    pub update_id: i64,
    /// As it came, JSON.
    pub payload: String,
    pub received: Millis,
}

/// Keeps an update; `false` when this very update was here before, whatever became of it. `user_id` is whose words it holds.
pub fn keep(
    tx: &Tx<'_>,
    bot_id: i64,
    update_id: i64,
    user_id: Option<i64>,
    payload: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut kept = tx.prepare_cached(
        "INSERT OR IGNORE INTO inbox (bot_id, update_id, user_id, payload, received_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let new = kept.execute(params![bot_id, update_id, user_id, payload, now])? == 1;
    torture::point("inbox.before_commit");
    Ok(new)
}

/// What is still to be processed, in the order it came: after a restart, and after every `keep`. Of one person the first
/// `of_one`, so that somebody who writes a thousand times in a minute keeps nobody else from being heard.
pub fn waiting(conn: &Connection, bot_id: i64, limit: u32, of_one: u32) -> Result<Vec<Update>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT seq, update_id, payload, received_ms FROM inbox WHERE seq IN (
             SELECT seq FROM (
                 SELECT seq, row_number() OVER (PARTITION BY user_id ORDER BY seq) AS nth FROM inbox
                 WHERE bot_id = ?1 AND payload IS NOT NULL)
             WHERE nth <= ?3 ORDER BY seq LIMIT ?2)
         ORDER BY seq",
    )?;
    let rows = asked.query_map(params![bot_id, limit, of_one], |row| {
        Ok(Update {
            seq: row.get(0)?,
            update_id: row.get(1)?,
            payload: row.get(2)?,
            received: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Marks an update as processed, best in the transaction that writes what came of it. `false`: it already was.
pub fn done(tx: &Tx<'_>, seq: i64) -> Result<bool, StoreError> {
    let mut marked =
        tx.prepare_cached("UPDATE inbox SET payload = NULL, user_id = NULL WHERE seq = ?1 AND payload IS NOT NULL")?;
    Ok(marked.execute([seq])? == 1)
}

/// Forgets what nobody can repeat any more, once it is processed; to be called again while it says `true`.
pub fn prune(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    let mut pruned = tx.prepare_cached(
        "DELETE FROM inbox WHERE seq IN (
             SELECT seq FROM inbox WHERE received_ms < ?1 AND payload IS NULL ORDER BY received_ms LIMIT ?2)",
    )?;
    Ok(pruned.execute(params![now - REMEMBERED_MS, PRUNED])? == PRUNED as usize)
}
