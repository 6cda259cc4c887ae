//! How often we may send: Telegram's limits, counted in rows, so that a restart does not forget what was just sent.
//!
//! The windows are a tenth longer than Telegram's: what leaves here evenly arrives there unevenly.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Millis, StoreError, Tx};
use crate::torture::hurried;

/// Messages of a bot in [`SECOND_MS`].
const OVERALL: u32 = 30;
/// Messages to a chat in [`SECOND_MS`].
const CHAT: u32 = 1;
/// Messages to a group in [`MINUTE_MS`].
const GROUP: u32 = 20;
/// What the torture test's Telegram takes instead of the first two.
const HURRIED_OVERALL: u32 = 500;
const HURRIED_CHAT: u32 = 20;
const SECOND_MS: Millis = 1_100;
const MINUTE_MS: Millis = 66_000;
/// A pause asked for by Telegram is believed up to a day; anything longer is a mistake of somebody's clock.
const LONGEST_PAUSE_MS: Millis = 24 * 3600 * 1000;
/// In place of a chat, for a pause of the whole bot.
const ALL_CHATS: i64 = 0;

/// From when on a message may be sent to this chat: `now` or later.
pub fn free_at(conn: &Connection, bot_id: i64, chat_id: i64, now: Millis) -> Result<Millis, StoreError> {
    let mut paused = conn.prepare_cached(
        "SELECT coalesce(max(until_ms), 0) FROM send_pauses WHERE bot_id = ?1 AND chat_id IN (?2, ?3)",
    )?;
    let pause: Millis = paused.query_row(params![bot_id, chat_id, ALL_CHATS], |row| row.get(0))?;
    let chat = [(hurried(CHAT, HURRIED_CHAT), SECOND_MS), (GROUP, MINUTE_MS)];
    // Groups have negative numbers; in a private chat there is no limit by the minute.
    let chat = if chat_id < 0 { &chat[..] } else { &chat[..1] };
    let mut free = now.max(pause.min(now + LONGEST_PAUSE_MS));
    for (sends, window) in chat {
        free = free.max(nth_last(conn, bot_id, Some(chat_id), *sends, now)?.map_or(now, |at| at + window));
    }
    Ok(
        free.max(
            nth_last(conn, bot_id, None, hurried(OVERALL, HURRIED_OVERALL), now)?.map_or(now, |at| at + SECOND_MS),
        ),
    )
}

/// Writes down a message that is about to be sent. `Err` within `Ok` says when to ask again.
pub fn take(tx: &Tx<'_>, bot_id: i64, chat_id: i64, now: Millis) -> Result<Result<(), Millis>, StoreError> {
    let free = free_at(tx, bot_id, chat_id, now)?;
    if free > now {
        return Ok(Err(free));
    }
    // Rows of the future: the clock was set back.
    let mut old = tx.prepare_cached("DELETE FROM send_log WHERE bot_id = ?1 AND (sent_ms < ?2 OR sent_ms > ?3)")?;
    old.execute(params![bot_id, now - MINUTE_MS, now])?;
    let mut taken = tx.prepare_cached("INSERT INTO send_log (bot_id, chat_id, sent_ms) VALUES (?1, ?2, ?3)")?;
    taken.execute(params![bot_id, chat_id, now])?;
    Ok(Ok(()))
}

/// Telegram said `retry_after`: nothing more to this chat, or with `None` to any, until then.
pub fn pause(tx: &Tx<'_>, bot_id: i64, chat_id: Option<i64>, until: Millis, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM send_pauses WHERE until_ms < ?1")?
        .execute([now])?;
    let mut paused = tx.prepare_cached(
        "INSERT INTO send_pauses (bot_id, chat_id, until_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (bot_id, chat_id) DO UPDATE SET until_ms = max(until_ms, ?3)",
    )?;
    paused.execute(params![bot_id, chat_id.unwrap_or(ALL_CHATS), until])?;
    Ok(())
}

/// When the `n`th last message was sent, to this chat or to all.
fn nth_last(
    conn: &Connection,
    bot_id: i64,
    chat_id: Option<i64>,
    n: u32,
    now: Millis,
) -> Result<Option<Millis>, StoreError> {
    let narrowed = if chat_id.is_some() {
        "chat_id = ?2"
    } else {
        "?2 IS NULL"
    };
    let mut asked = conn.prepare_cached(&format!(
        "SELECT sent_ms FROM send_log WHERE bot_id = ?1 AND {narrowed} AND sent_ms <= ?3
         ORDER BY sent_ms DESC LIMIT 1 OFFSET ?4"
    ))?;
    Ok(asked
        .query_row(params![bot_id, chat_id, now, n - 1], |row| row.get(0))
        .optional()?)
}
