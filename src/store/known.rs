//! Numbers of messages that are not in doubt, and from them the few that a message in doubt may have.
//!
//! Telegram counts the messages of all private chats and small groups of an account together, and those of each supergroup
//! or channel apart: each such count is a mailbox. All messages that come in and all that we send are written down, so
//! what is missing between two known numbers is little, and ours is in it or was never taken. In a supergroup what comes in
//! may be a small part of what is said: with its privacy on, as Telegram has it at first, a bot hears only what is meant for it.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Millis, StoreError, Tx};

/// As long as the same update may come again.
const REMEMBERED_MS: Millis = 48 * 3600 * 1000;
const PRUNED: u32 = 1000;
/// With nothing newer in the mailbox yet: how far above the highest known number ours may be.
const BEYOND: i64 = 16;
/// More numbers than this are not asked one by one: too many calls, and a gap that large means that we missed messages.
pub const MAX_CANDIDATES: usize = 64;
/// Chats below this number are supergroups and channels.
const SUPERGROUPS: i64 = -1_000_000_000_000;

/// The numbers that a message in doubt may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    pub numbers: Vec<i64>,
    /// It has one of them, or it was never taken. Not so in a supergroup of which nothing later is known: any number of
    /// messages that we did not hear may lie before ours.
    pub are_all: bool,
}

/// What counts the messages of this chat.
pub fn mailbox(bot_id: i64, chat_id: i64) -> i64 {
    if is_supergroup(chat_id) { chat_id } else { bot_id }
}

fn is_supergroup(chat_id: i64) -> bool {
    chat_id < SUPERGROUPS
}

/// Writes down a message that came in or was sent. `date` is Telegram's own time of it.
pub fn note(
    tx: &Tx<'_>,
    bot_id: i64,
    chat_id: i64,
    message_id: i64,
    date: Millis,
    now: Millis,
) -> Result<(), StoreError> {
    let mut noted = tx.prepare_cached(
        "INSERT OR IGNORE INTO known_msgs (bot_id, mailbox, message_id, date_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    noted.execute(params![bot_id, mailbox(bot_id, chat_id), message_id, date, now])?;
    Ok(())
}

/// The highest known number in the chat's mailbox; 0 when none is known.
pub fn highest(conn: &Connection, bot_id: i64, chat_id: i64) -> Result<i64, StoreError> {
    let mut asked =
        conn.prepare_cached("SELECT coalesce(max(message_id), 0) FROM known_msgs WHERE bot_id = ?1 AND mailbox = ?2")?;
    Ok(asked.query_row(params![bot_id, mailbox(bot_id, chat_id)], |row| row.get(0))?)
}

/// Whether the message with this number is none in doubt.
pub fn is_known(conn: &Connection, bot_id: i64, chat_id: i64, message_id: i64) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM known_msgs WHERE bot_id = ?1 AND mailbox = ?2 AND message_id = ?3)",
    )?;
    Ok(asked.query_row(params![bot_id, mailbox(bot_id, chat_id), message_id], |row| row.get(0))?)
}

/// The numbers above `lo` that a message may have which Telegram took before `settled`, if it took it at all. `None` when
/// there are too many to ask.
pub fn candidates(
    conn: &Connection,
    bot_id: i64,
    chat_id: i64,
    lo: i64,
    settled: Millis,
) -> Result<Option<Candidates>, StoreError> {
    // Both times: messages of a backlog are seen late, and Telegram's clock is not ours.
    let mut newer = conn.prepare_cached(
        "SELECT message_id FROM known_msgs
         WHERE bot_id = ?1 AND mailbox = ?2 AND message_id > ?3 AND date_ms >= ?4 AND seen_ms >= ?4
         ORDER BY message_id LIMIT 1",
    )?;
    let mailbox = mailbox(bot_id, chat_id);
    let newer: Option<i64> = newer
        .query_row(params![bot_id, mailbox, lo, settled], |row| row.get(0))
        .optional()?;
    let hi = match newer {
        Some(newer) => newer,
        None => highest(conn, bot_id, chat_id)?.max(lo).saturating_add(BEYOND),
    };
    let mut asked = conn.prepare_cached(
        "SELECT message_id FROM known_msgs WHERE bot_id = ?1 AND mailbox = ?2 AND message_id > ?3 AND message_id <= ?4",
    )?;
    let known = asked.query_map(params![bot_id, mailbox, lo, hi], |row| row.get(0))?;
    let known: std::collections::HashSet<i64> = known.collect::<Result<_, _>>()?;
    let numbers: Vec<i64> = (lo + 1..=hi)
        .filter(|id| !known.contains(id))
        .take(MAX_CANDIDATES + 1)
        .collect();
    let are_all = newer.is_some() || !is_supergroup(chat_id);
    Ok((numbers.len() <= MAX_CANDIDATES).then_some(Candidates { numbers, are_all }))
}

/// Forgets the oldest, but of each mailbox the highest number stays: the next search begins there.
pub fn prune(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    let mut pruned = tx.prepare_cached(
        "DELETE FROM known_msgs WHERE (bot_id, mailbox, message_id) IN (
             SELECT bot_id, mailbox, message_id FROM known_msgs k WHERE seen_ms < ?1 AND message_id < (
                 SELECT max(message_id) FROM known_msgs m WHERE m.bot_id = k.bot_id AND m.mailbox = k.mailbox)
             ORDER BY seen_ms LIMIT ?2)",
    )?;
    Ok(pruned.execute(params![now - REMEMBERED_MS, PRUNED])? == PRUNED as usize)
}
