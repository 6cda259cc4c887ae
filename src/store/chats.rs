//! Groups that became supergroups. Such a group has a new number, and its messages are counted anew; what was meant for the
//! old number goes to the new one.

use rusqlite::{Connection, params};

use super::{StoreError, Tx};

/// Writes down that the chat has a new number, and moves what is to be sent there and what was made there. What is on its
/// way, or looked for, stays until that is decided: it may be in the old chat.
pub fn moved(tx: &Tx<'_>, bot_id: i64, from: i64, to: i64) -> Result<(), StoreError> {
    if from == to {
        return Ok(());
    }
    let mut kept =
        tx.prepare_cached("INSERT OR REPLACE INTO moved_chats (bot_id, from_id, to_id) VALUES (?1, ?2, ?3)")?;
    kept.execute(params![bot_id, from, to])?;
    // First by the old number, then the number itself. Of jobs that ended without a circle nobody asks where they were.
    for rows in [
        "UPDATE jobs SET chat_id = ?3 WHERE active = 1 AND bot_id = ?1 AND chat_id = ?2
         AND state IN ('queued', 'rendering')",
        "UPDATE jobs SET chat_id = ?3 WHERE job_id IN (
             SELECT job_id FROM deliveries WHERE bot_id = ?1 AND chat_id = ?2
             AND phase NOT IN ('sending', 'reconciling'))",
        "UPDATE deliveries SET chat_id = ?3 WHERE bot_id = ?1 AND chat_id = ?2
         AND phase NOT IN ('sending', 'reconciling')",
    ] {
        tx.prepare_cached(rows)?.execute(params![bot_id, from, to])?;
    }
    Ok(())
}

/// The chats of this bot that have new numbers: old and new.
pub fn all_moved(conn: &Connection, bot_id: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT from_id, to_id FROM moved_chats WHERE bot_id = ?1")?;
    let rows = asked.query_map([bot_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
