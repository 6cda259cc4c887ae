//! The rows of deliveries: the outbox. What a delivery's state means and how it changes is the queue's; here it is a JSON
//! value beside the few columns that are searched for.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::jobs::{Address, JobState};
use super::{Millis, StoreError, Tx};
use crate::model::JobId;

/// In the buttons below a circle: by it the circle is known again.
pub type Marker = [u8; 8];

/// What of a delivery's state is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Searched {
    pub phase: &'static str,
    /// When it wants to be looked at; `None` while it waits for somebody else.
    pub wake: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub job: JobId,
    pub to: Address,
    pub marker: Marker,
    /// JSON.
    pub machine: String,
    /// The highest message number known when the intent was last written.
    pub lo_msg_id: i64,
    pub message_id: Option<i64>,
}

const COLUMNS: &str = "job_id, bot_id, chat_id, marker, machine, coalesce(lo_msg_id, 0), message_id";

fn read(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    Ok(DeliveryRow {
        job: JobId(row.get(0)?),
        to: Address {
            bot_id: row.get(1)?,
            chat_id: row.get(2)?,
        },
        marker: row.get(3)?,
        machine: row.get(4)?,
        lo_msg_id: row.get(5)?,
        message_id: row.get(6)?,
    })
}

/// A delivery of a circle that is ready. A job has one, however often it is rendered.
pub fn insert(
    tx: &Tx<'_>,
    job: JobId,
    to: Address,
    marker: Marker,
    machine: &str,
    searched: Searched,
    now: Millis,
) -> Result<(), StoreError> {
    let mut added = tx.prepare_cached(
        "INSERT INTO deliveries (job_id, bot_id, chat_id, marker, machine, phase, wake_ms, created_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    added.execute(params![
        job.0,
        to.bot_id,
        to.chat_id,
        marker,
        machine,
        searched.phase,
        searched.wake,
        now
    ])?;
    Ok(())
}

pub fn get(conn: &Connection, job: JobId) -> Result<Option<DeliveryRow>, StoreError> {
    let mut asked = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE job_id = ?1"))?;
    Ok(asked.query_row([job.0], read).optional()?)
}

pub fn of_marker(conn: &Connection, marker: Marker) -> Result<Option<DeliveryRow>, StoreError> {
    let mut asked = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE marker = ?1"))?;
    Ok(asked.query_row([marker], read).optional()?)
}

pub fn save(tx: &Tx<'_>, job: JobId, machine: &str, searched: Searched) -> Result<(), StoreError> {
    let mut saved =
        tx.prepare_cached("UPDATE deliveries SET machine = ?2, phase = ?3, wake_ms = ?4 WHERE job_id = ?1")?;
    saved.execute(params![job.0, machine, searched.phase, searched.wake])?;
    Ok(())
}

/// Where the search for this message would begin.
pub fn set_lo(tx: &Tx<'_>, job: JobId, lo_msg_id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE deliveries SET lo_msg_id = ?2 WHERE job_id = ?1")?
        .execute(params![job.0, lo_msg_id])?;
    Ok(())
}

pub fn set_message(tx: &Tx<'_>, job: JobId, message_id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE deliveries SET message_id = ?2 WHERE job_id = ?1")?
        .execute(params![job.0, message_id])?;
    Ok(())
}

/// Deliveries of this phase that want to be looked at, the longest waiting first.
pub fn due(conn: &Connection, phase: &str, now: Millis, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries WHERE phase = ?1 AND wake_ms <= ?2
         AND phase IN ('ready', 'sending', 'reconciling')
         ORDER BY wake_ms, job_id LIMIT ?3"
    ))?;
    let rows = asked.query_map(params![phase, now, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deliveries that may be sent now, one a chat, the longest waiting first; none in a chat where one is open.
pub fn ready(conn: &Connection, now: Millis, limit: u32) -> Result<Vec<(JobId, Address)>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT job_id, bot_id, chat_id, min(wake_ms) AS wake FROM deliveries d
         WHERE phase = 'ready' AND wake_ms <= ?1 AND NOT EXISTS (
             SELECT 1 FROM deliveries o WHERE o.bot_id = d.bot_id AND o.chat_id = d.chat_id
             AND o.phase IN ('sending', 'reconciling'))
         GROUP BY bot_id, chat_id ORDER BY wake, job_id LIMIT ?2",
    )?;
    let rows = asked.query_map(params![now, limit], |row| {
        let to = Address {
            bot_id: row.get(1)?,
            chat_id: row.get(2)?,
        };
        Ok((JobId(row.get(0)?), to))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a message of ours is on its way to this chat, or in doubt there.
pub fn is_open(conn: &Connection, to: Address) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM deliveries
         WHERE bot_id = ?1 AND chat_id = ?2 AND phase IN ('sending', 'reconciling'))",
    )?;
    Ok(asked.query_row(params![to.bot_id, to.chat_id], |row| row.get(0))?)
}

/// All deliveries whose answer nobody waits for any more: asked once, at the start.
pub fn cut_off(conn: &Connection) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut asked = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE phase = 'sending'"))?;
    let rows = asked.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the next delivery wants to be looked at that does not yet.
pub fn next_wake(conn: &Connection, now: Millis) -> Result<Option<Millis>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT min(wake_ms) FROM deliveries WHERE phase IN ('ready', 'reconciling') AND wake_ms > ?1",
    )?;
    Ok(asked.query_row([now], |row| row.get(0))?)
}

/// Lets the job follow its delivery.
pub fn move_job(tx: &Tx<'_>, job: JobId, to: JobState, now: Millis) -> Result<(), StoreError> {
    let mut moved = tx.prepare_cached(
        "UPDATE jobs SET state = ?2, changed_ms = ?3, told = 0
         WHERE job_id = ?1 AND state <> ?2 AND state IN ('rendered', 'sending', 'unknown')",
    )?;
    moved.execute(params![job.0, to.name(), now])?;
    Ok(())
}

/// It is not to be sent any more.
pub fn remove(tx: &Tx<'_>, job: JobId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM deliveries WHERE job_id = ?1")?
        .execute([job.0])?;
    Ok(())
}
