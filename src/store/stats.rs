//! What an operator asks for: what was done by day, what fails and why, how long each part takes. Nothing is written here.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::jobs::JobState;
use super::{Millis, StoreError, unsigned};

/// Jobs looked at for their times: the newest of them, if there are very many.
const LOOKED_AT: u32 = 10_000;
/// Kinds of errors told apart.
const KINDS: u32 = 20;

/// A day of UTC on which something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// `2026-11-20`.
    pub date: String,
    pub people: u64,
    pub circles: u64,
    pub searches: u64,
}

/// The days from `since` on, oldest first.
pub fn days(conn: &Connection, since: Millis) -> Result<Vec<Day>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT strftime('%Y-%m-%d', interaction_date / 86400000 * 86400, 'unixepoch') AS day, count(DISTINCT user_id),
                sum(interaction_type_id = 2), sum(interaction_type_id = 1)
         FROM interactions WHERE interaction_date >= ?1 GROUP BY day ORDER BY day",
    )?;
    let rows = asked.query_map([since], |row| {
        Ok(Day {
            date: row.get(0)?,
            people: unsigned(row.get(1)?),
            circles: unsigned(row.get(2)?),
            searches: unsigned(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Jobs that ended the same unhappy way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub state: JobState,
    /// Of the failure or the refusal; empty where the state says it all.
    pub kind: String,
    pub count: u64,
}

/// What went wrong since then, the most frequent first.
pub fn troubles(conn: &Connection, since: Millis) -> Result<Vec<Trouble>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT j.state, coalesce(j.failure_kind, d.machine ->> '$.phase.Refused.why', '') AS kind, count(*) AS n
         FROM jobs j LEFT JOIN deliveries d USING (job_id)
         WHERE j.changed_ms >= ?1 AND j.state IN ('failed', 'set_aside', 'refused', 'unknown')
         GROUP BY j.state, kind ORDER BY n DESC, j.state, kind LIMIT ?2",
    )?;
    let rows = asked.query_and_then(params![since, KINDS], |row| {
        Ok(Trouble {
            state: JobState::from_name(&row.get::<_, String>(0)?)?,
            kind: row.get(1)?,
            count: unsigned(row.get(2)?),
        })
    })?;
    rows.collect()
}

/// How a circle that was sent came about. All times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passage {
    /// From the order to the chat.
    pub whole: f64,
    /// From the order to its turn; `None` where it needed none, or where that was not written down yet.
    pub waiting: Option<f64>,
    /// From the finished circle to the chat.
    pub sending: Option<f64>,
    /// By stage; empty where the circle was there already.
    pub stages: BTreeMap<String, f64>,
}

/// The newest of those sent since then.
pub fn passages(conn: &Connection, since: Millis) -> Result<Vec<Passage>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT changed_ms - created_ms, claimed_ms - created_ms, changed_ms - made_ms, coalesce(stages, '{}') FROM
             (SELECT * FROM jobs WHERE changed_ms >= ?1 ORDER BY changed_ms DESC LIMIT ?2)
         WHERE state = 'sent'",
    )?;
    let rows = asked.query_and_then(params![since, LOOKED_AT], |row| {
        let ms = |ms: Millis| ms as f64;
        Ok(Passage {
            whole: ms(row.get(0)?),
            waiting: row.get::<_, Option<Millis>>(1)?.map(ms),
            sending: row.get::<_, Option<Millis>>(2)?.map(ms),
            stages: serde_json::from_str(&row.get::<_, String>(3)?)?,
        })
    })?;
    rows.collect()
}

/// Since when the one who waits longest has been waiting.
pub fn waiting_since(conn: &Connection) -> Result<Option<Millis>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT min(created_ms) FROM jobs WHERE active = 1 AND state = 'queued'")?;
    Ok(asked.query_row([], |row| row.get(0))?)
}
