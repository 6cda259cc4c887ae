//! Where each conversation stands: one JSON value a person and chat, so that a restart interrupts nobody.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Millis, StoreError, Tx, files};

/// A conversation nobody continued for so long is begun anew; its files are let go.
pub const ABANDONED_MS: Millis = 30 * 24 * 3600 * 1000;
/// Conversations let go in one transaction.
const PRUNED: u32 = 200;

/// Who talks where, to which bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DialogueKey {
    pub bot_id: i64,
    pub chat_id: i64,
    pub user_id: i64,
}

impl DialogueKey {
    /// As [`let_go`] spells it.
    fn holder(&self) -> String {
        format!("dialogue:{}:{}:{}", self.bot_id, self.chat_id, self.user_id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// The form of `state`.
    pub version: u32,
    /// JSON.
    pub state: String,
    pub updated: Millis,
}

/// Saves a conversation, and holds the files it speaks of (paths below the data folder) instead of those it spoke of before.
/// `false`: one of the files is gone, and nothing was saved.
pub fn save(
    tx: &Tx<'_>,
    key: DialogueKey,
    version: u32,
    state: &str,
    held: &[impl AsRef<Path>],
    now: Millis,
) -> Result<bool, StoreError> {
    if !held.iter().try_fold(true, |all, path| {
        Ok::<_, StoreError>(all && files::is_kept(tx, path.as_ref())?)
    })? {
        return Ok(false);
    }
    let holder = key.holder();
    files::release(tx, &holder)?;
    for path in held {
        files::hold(tx, path.as_ref(), &holder, now)?;
        files::own(tx, path.as_ref(), key.user_id)?;
    }
    let mut saved = tx.prepare_cached(
        "INSERT OR REPLACE INTO dialogues (bot_id, chat_id, user_id, version, state, updated_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    saved.execute(params![key.bot_id, key.chat_id, key.user_id, version, state, now])?;
    Ok(true)
}

pub fn load(conn: &Connection, key: DialogueKey) -> Result<Option<Dialogue>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT version, state, updated_ms FROM dialogues WHERE bot_id = ?1 AND chat_id = ?2 AND user_id = ?3",
    )?;
    let found = asked.query_row(params![key.bot_id, key.chat_id, key.user_id], |row| {
        Ok(Dialogue {
            version: row.get(0)?,
            state: row.get(1)?,
            updated: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

/// Ends a conversation and lets its files go.
pub fn end(tx: &Tx<'_>, key: DialogueKey) -> Result<(), StoreError> {
    files::release(tx, &key.holder())?;
    let mut ended = tx.prepare_cached("DELETE FROM dialogues WHERE bot_id = ?1 AND chat_id = ?2 AND user_id = ?3")?;
    ended.execute(params![key.bot_id, key.chat_id, key.user_id])?;
    Ok(())
}

/// Ends conversations nobody continued; to be called again while it says `true`.
pub fn prune(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    let old = of(tx, "updated_ms < ?1", now - ABANDONED_MS)?;
    for key in &old {
        end(tx, *key)?;
    }
    Ok(old.len() == PRUNED as usize)
}

/// Lets the files go that one person's conversations speak of.
pub(super) fn let_go(tx: &Tx<'_>, user_id: i64) -> Result<(), StoreError> {
    let mut released = tx.prepare_cached(
        "DELETE FROM file_holders WHERE holder IN (
             SELECT 'dialogue:' || bot_id || ':' || chat_id || ':' || user_id FROM dialogues WHERE user_id = ?1)",
    )?;
    released.execute([user_id])?;
    Ok(())
}

/// Ends all conversations of one person whose files are let go.
pub(super) fn end_all(tx: &Tx<'_>, user_id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM dialogues WHERE user_id = ?1")?
        .execute([user_id])?;
    Ok(())
}

fn of(conn: &Connection, which: &str, value: i64) -> Result<Vec<DialogueKey>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT bot_id, chat_id, user_id FROM dialogues WHERE {which} LIMIT {PRUNED}"
    ))?;
    let rows = asked.query_map([value], |row| {
        Ok(DialogueKey {
            bot_id: row.get(0)?,
            chat_id: row.get(1)?,
            user_id: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
