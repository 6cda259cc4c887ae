//! What the operator's page shows beside `stats`: how busy the last hour was, how long the parts of the work took, what
//! people like, what failed last, and one job's story. Nothing is written here.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::disk::CIRCLES;
use super::jobs::JobState;
use super::{Millis, StoreError, unsigned};
use crate::model::JobId;

/// Jobs looked at for their times, songs and themes: the newest of them, if there are very many.
const LOOKED_AT: u32 = 10_000;
const MINUTE_MS: Millis = 60_000;

/// Circles made in a minute that began at `minute`; minutes without any are left out.
pub fn circles_by_minute(conn: &Connection, since: Millis) -> Result<Vec<(Millis, u64)>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT changed_ms / ?2 * ?2 AS minute, count(*) FROM jobs
         WHERE changed_ms >= ?1 AND state IN ('sent', 'done') GROUP BY minute ORDER BY minute",
    )?;
    let rows = asked.query_map(params![since, MINUTE_MS], |row| {
        Ok((row.get(0)?, unsigned(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How long each part of making a circle took, in milliseconds, by the name of the part; of circles for chats and of those
/// that are fetched.
pub fn stage_times(conn: &Connection, since: Millis) -> Result<BTreeMap<String, Vec<f64>>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT stages, claimed_ms - created_ms FROM jobs
         WHERE changed_ms >= ?1 AND stages IS NOT NULL ORDER BY changed_ms DESC LIMIT ?2",
    )?;
    let rows = asked.query_and_then(params![since, LOOKED_AT], |row| {
        let stages: BTreeMap<String, f64> = serde_json::from_str(&row.get::<_, String>(0)?)?;
        Ok::<_, StoreError>((stages, row.get::<_, Option<Millis>>(1)?))
    })?;
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let (stages, waiting) = row?;
        let waiting = waiting.map(|ms| ("waiting".to_owned(), ms as f64));
        for (stage, ms) in stages.into_iter().chain(waiting) {
            times.entry(stage).or_default().push(ms);
        }
    }
    Ok(times)
}

/// Everything that was done since `?1`: by whom, whether it was a circle or a search, and on which day of UTC. Circles are those
/// that were made, for whomever; people are those of chats, because who came by HTTP is known by no number of their own.
const DONE: &str = "SELECT interaction_date / 86400000 AS day, user_id, 0 AS circle, interaction_type_id = 1 AS search
                    FROM interactions WHERE interaction_date >= ?1
                    UNION ALL
                    SELECT changed_ms / 86400000, iif(user_id > 0, user_id, NULL), 1, 0
                    FROM jobs WHERE changed_ms >= ?1 AND state IN ('sent', 'done')";

/// How much was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub people: u64,
    pub circles: u64,
    pub searches: u64,
}

pub fn busy(conn: &Connection, since: Millis) -> Result<Busy, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT count(DISTINCT user_id), coalesce(sum(circle), 0), coalesce(sum(search), 0) FROM ({DONE})"
    ))?;
    Ok(asked.query_row([since], |row| {
        Ok(Busy {
            people: unsigned(row.get(0)?),
            circles: unsigned(row.get(1)?),
            searches: unsigned(row.get(2)?),
        })
    })?)
}

/// The days on which something was done, `2026-11-20`, oldest first.
pub fn days(conn: &Connection, since: Millis) -> Result<Vec<(String, Busy)>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT strftime('%Y-%m-%d', day * 86400, 'unixepoch'), count(DISTINCT user_id), sum(circle), sum(search)
         FROM ({DONE}) GROUP BY day ORDER BY day"
    ))?;
    let rows = asked.query_map([since], |row| {
        let busy = Busy {
            people: unsigned(row.get(1)?),
            circles: unsigned(row.get(2)?),
            searches: unsigned(row.get(3)?),
        };
        Ok((row.get(0)?, busy))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What circles were made of since then: themes, and songs by what they are called; the most wanted first.
pub fn top_themes(conn: &Connection, since: Millis, limit: u32) -> Result<Vec<(String, u64)>, StoreError> {
    top(conn, "spec ->> '$.theme'", since, limit)
}

pub fn top_songs(conn: &Connection, since: Millis, limit: u32) -> Result<Vec<(String, u64)>, StoreError> {
    top(
        conn,
        "trim(coalesce(spec ->> '$.artist', '') || ' – ' || coalesce(spec ->> '$.title', ''), ' –')",
        since,
        limit,
    )
}

fn top(conn: &Connection, what: &str, since: Millis, limit: u32) -> Result<Vec<(String, u64)>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT {what} AS name, count(*) AS n FROM
             (SELECT spec, state FROM jobs WHERE changed_ms >= ?1 ORDER BY changed_ms DESC LIMIT ?3)
         WHERE name <> '' AND state IN ('sent', 'done') GROUP BY name ORDER BY n DESC, name LIMIT ?2"
    ))?;
    let rows = asked.query_map(params![since, limit, LOOKED_AT], |row| {
        Ok((row.get(0)?, unsigned(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A job as a line of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct JobLine {
    pub job: JobId,
    pub user_id: i64,
    pub state: JobState,
    pub theme: String,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub length_ms: u64,
    pub failure: Option<(String, String)>,
    pub created: Millis,
    pub changed: Millis,
}

const LINE: &str = "job_id, user_id, state, spec ->> '$.theme', spec ->> '$.title', spec ->> '$.artist', length_ms, \
                    failure_kind, failure_words, created_ms, changed_ms";

/// What is narrowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub user_id: Option<i64>,
    pub state: Option<JobState>,
    /// Numbered below this.
    pub before: Option<JobId>,
}

/// Jobs, the newest first.
pub fn jobs(conn: &Connection, wanted: Wanted, limit: u32) -> Result<Vec<JobLine>, StoreError> {
    // A condition that is not asked for is not in the statement, so that an index serves the ones that are.
    let user = wanted.user_id.map_or("?1 IS NULL", |_| "user_id = ?1");
    let state = wanted.state.map_or("?2 IS NULL", |_| "state = ?2");
    let mut asked = conn.prepare_cached(&format!(
        "SELECT {LINE} FROM jobs WHERE {user} AND {state} AND job_id < ?3 ORDER BY job_id DESC LIMIT ?4"
    ))?;
    let before = wanted.before.map_or(i64::MAX, |job| job.0);
    let given = params![wanted.user_id, wanted.state.map(JobState::name), before, limit];
    asked.query_and_then(given, line)?.collect()
}

/// The jobs that failed last.
pub fn last_troubles(conn: &Connection, since: Millis, limit: u32) -> Result<Vec<JobLine>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT {LINE} FROM jobs WHERE changed_ms >= ?1 AND state IN ('failed', 'set_aside', 'refused', 'unknown')
         ORDER BY changed_ms DESC LIMIT ?2"
    ))?;
    asked.query_and_then(params![since, limit], line)?.collect()
}

fn line(row: &Row<'_>) -> Result<JobLine, StoreError> {
    let failure: (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    Ok(JobLine {
        job: JobId(row.get(0)?),
        user_id: row.get(1)?,
        state: JobState::from_name(&row.get::<_, String>(2)?)?,
        theme: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        title: row.get(4)?,
        artist: row.get(5)?,
        length_ms: unsigned(row.get(6)?),
        failure: failure.0.zip(failure.1),
        created: row.get(9)?,
        changed: row.get(10)?,
    })
}

/// What became of a job, moment by moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    pub claimed: Option<Millis>,
    pub made: Option<Millis>,
    pub stages: BTreeMap<String, f64>,
    pub worker: Option<String>,
    pub attempts: u32,
    pub deaths: u32,
    pub interruptions: u32,
    /// Of the delivery, if there is one.
    pub delivery: Option<String>,
}

pub fn story(conn: &Connection, job: JobId) -> Result<Option<Story>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT claimed_ms, made_ms, coalesce(stages, '{}'), worker, attempts, deaths, interruptions, phase
         FROM jobs LEFT JOIN deliveries USING (job_id) WHERE job_id = ?1",
    )?;
    let mut rows = asked.query_and_then([job.0], |row| {
        Ok(Story {
            claimed: row.get(0)?,
            made: row.get(1)?,
            stages: serde_json::from_str(&row.get::<_, String>(2)?)?,
            worker: row.get(3)?,
            attempts: row.get(4)?,
            deaths: row.get(5)?,
            interruptions: row.get(6)?,
            delivery: row.get(7)?,
        })
    })?;
    rows.next().transpose()
}

/// Circles that were asked for since then and came, and how many of them were there already. One that was only sent, into its
/// maker's chat, has no fingerprint and was not asked for anew.
pub fn again(conn: &Connection, since: Millis) -> Result<(u64, u64), StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT count(*), count(*) FILTER (WHERE found) FROM
             (SELECT state, fingerprint, stages IS NULL AS found FROM jobs
              WHERE changed_ms >= ?1 ORDER BY changed_ms DESC LIMIT ?2)
         WHERE state IN ('sent', 'done') AND fingerprint IS NOT NULL",
    )?;
    Ok(asked.query_row(params![since, LOOKED_AT], |row| {
        Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
    })?)
}

/// Circles whose file is kept, and their bytes.
pub fn kept(conn: &Connection) -> Result<(u64, u64), StoreError> {
    // Whatever lies in their folder: '0' follows '/'.
    let mut asked = conn.prepare_cached(
        "SELECT count(*), coalesce(sum(bytes), 0) FROM files WHERE path >= ?1 || '/' AND path < ?1 || '0' AND kept = 1",
    )?;
    Ok(asked.query_row([CIRCLES], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))))?)
}

/// Size of the database.
pub fn database_bytes(conn: &Connection) -> Result<u64, StoreError> {
    let number = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(unsigned(number("page_count")? * number("page_size")?))
}
