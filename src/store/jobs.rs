//! The rows of jobs: a job as it stands, and the list of those who wait. How a job changes is in `leases`.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Millis, StoreError, Tx, signed, unsigned};
use crate::model::{JobId, JobSpec};

/// Where a job stands. The words are those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    Queued,
    Rendering,
    /// The circle is made and waits to be sent.
    Rendered,
    /// Sent as far as we know, and not yet confirmed.
    Sending,
    Sent,
    /// Telegram will not take it: blocked, forbidden, gone.
    Refused,
    /// May have arrived or not, and the person decides.
    Unknown,
    /// Made, for somebody who fetches it themselves.
    Done,
    /// The request cannot be done, or was tried often enough.
    Failed,
    Cancelled,
    /// It killed its worker twice, and is not tried again.
    SetAside,
}

impl JobState {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Queued, "queued"),
        (Self::Rendering, "rendering"),
        (Self::Rendered, "rendered"),
        (Self::Sending, "sending"),
        (Self::Sent, "sent"),
        (Self::Refused, "refused"),
        (Self::Unknown, "unknown"),
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::SetAside, "set_aside"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, name)| name)
    }

    pub fn from_name(name: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.iter().find(|(_, known)| *known == name);
        known.map(|(state, _)| *state).ok_or(StoreError::Unreadable {
            what: "the state of a job",
        })
    }

    /// Nothing more happens to it by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Rendering | Self::Rendered | Self::Sending)
    }
}

/// The chat a circle is sent to, and by which bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub bot_id: i64,
    pub chat_id: i64,
}

/// Why a job ended without a circle. `kind` chooses the sentence a person reads; `words` are for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: String,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub job: JobId,
    pub user_id: i64,
    /// `None`: it is fetched.
    pub to: Option<Address>,
    /// What the asker keeps beside it, untouched by us.
    pub context: String,
    pub spec: JobSpec,
    pub fingerprint: Option<String>,
    pub state: JobState,
    pub attempts: u32,
    pub cancel_asked: bool,
    /// Known once it is rendered.
    pub content_key: Option<String>,
    pub failure: Option<Failure>,
    pub created: Millis,
    pub changed: Millis,
}

const COLUMNS: &str = "job_id, user_id, bot_id, chat_id, context, spec, fingerprint, state, attempts, cancel_asked, \
                       content_key, failure_kind, failure_words, created_ms, changed_ms";

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    let address: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
    let failure: (Option<String>, Option<String>) = (row.get(11)?, row.get(12)?);
    Ok(Job {
        job: JobId(row.get(0)?),
        user_id: row.get(1)?,
        to: address
            .0
            .zip(address.1)
            .map(|(bot_id, chat_id)| Address { bot_id, chat_id }),
        context: row.get(4)?,
        spec: serde_json::from_str(&row.get::<_, String>(5)?)?,
        fingerprint: row.get(6)?,
        state: JobState::from_name(&row.get::<_, String>(7)?)?,
        attempts: row.get(8)?,
        cancel_asked: row.get(9)?,
        content_key: row.get(10)?,
        failure: failure.0.zip(failure.1).map(|(kind, words)| Failure { kind, words }),
        created: row.get(13)?,
        changed: row.get(14)?,
    })
}

/// What is needed to write a job down.
pub struct NewJob<'a> {
    pub user_id: i64,
    pub to: Option<Address>,
    pub context: &'a str,
    pub spec: &'a JobSpec,
    pub dedupe_key: Option<&'a str>,
    pub origin: Option<&'a str>,
    pub fingerprint: Option<&'a str>,
}

/// Writes a job down as queued.
pub fn insert(tx: &Tx<'_>, new: &NewJob<'_>, now: Millis) -> Result<JobId, StoreError> {
    let mut added = tx.prepare_cached(
        "INSERT INTO jobs (user_id, bot_id, chat_id, context, spec, length_ms, dedupe_key, fingerprint, state,
                           not_before_ms, created_ms, changed_ms, origin)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', ?9, ?9, ?9, ?10)",
    )?;
    let job = added.insert(params![
        new.user_id,
        new.to.map(|to| to.bot_id),
        new.to.map(|to| to.chat_id),
        new.context,
        serde_json::to_string(new.spec)?,
        signed(new.spec.length_ms),
        new.dedupe_key,
        new.fingerprint,
        now,
        new.origin
    ])?;
    Ok(JobId(job))
}

pub fn get(conn: &Connection, job: JobId) -> Result<Option<Job>, StoreError> {
    let mut asked = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE job_id = ?1"))?;
    let mut rows = asked.query_and_then([job.0], read)?;
    rows.next().transpose()
}

/// The active job of this key: a second tap is the same job.
pub fn of_key(conn: &Connection, dedupe_key: &str) -> Result<Option<JobId>, StoreError> {
    let mut asked =
        conn.prepare_cached("SELECT job_id FROM jobs WHERE active = 1 AND dedupe_key = ?1 AND dedupe_key IS NOT NULL")?;
    Ok(asked.query_row([dedupe_key], |row| row.get(0).map(JobId)).optional()?)
}

/// What one job was asked for by is now answered by another: who asked finds the new one under the name they know.
pub fn hand_over_origin(tx: &Tx<'_>, from: JobId, to: JobId) -> Result<(), StoreError> {
    let mut asked = tx.prepare_cached("SELECT origin FROM jobs WHERE job_id = ?1")?;
    let origin: Option<String> = asked.query_row([from.0], |row| row.get(0)).optional()?.flatten();
    let mut set = tx.prepare_cached("UPDATE jobs SET origin = ?2 WHERE job_id = ?1")?;
    set.execute(params![from.0, None::<String>])?;
    set.execute(params![to.0, origin])?;
    Ok(())
}

/// The job that was asked for by this very request, whatever became of it.
pub fn of_origin(conn: &Connection, origin: &str) -> Result<Option<JobId>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT job_id FROM jobs WHERE origin = ?1")?;
    Ok(asked.query_row([origin], |row| row.get(0).map(JobId)).optional()?)
}

/// A person's jobs numbered below `before`, newest first.
pub fn of_user(conn: &Connection, user_id: i64, before: Option<JobId>, limit: u32) -> Result<Vec<Job>, StoreError> {
    let mut asked = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM jobs WHERE user_id = ?1 AND job_id < ?2 ORDER BY job_id DESC LIMIT ?3"
    ))?;
    let before = before.map_or(i64::MAX, |job| job.0);
    asked.query_and_then(params![user_id, before, limit], read)?.collect()
}

pub fn set_context(tx: &Tx<'_>, job: JobId, context: &str) -> Result<bool, StoreError> {
    let mut set = tx.prepare_cached("UPDATE jobs SET context = ?2 WHERE job_id = ?1")?;
    Ok(set.execute(params![job.0, context])? == 1)
}

/// A job in the line, with what decides when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub job: JobId,
    pub user_id: i64,
    pub length_ms: u64,
    /// When its user was last served or came into the line, counted in claims.
    pub served: i64,
    pub rendering: bool,
}

/// Everything that waits or is being rendered, oldest first.
pub fn line(conn: &Connection) -> Result<Vec<Waiting>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT job_id, user_id, length_ms, coalesce(served, 0), state = 'rendering'
         FROM jobs LEFT JOIN turns USING (user_id)
         WHERE active = 1 AND state IN ('queued', 'rendering') ORDER BY job_id",
    )?;
    let rows = asked.query_map([], |row| {
        Ok(Waiting {
            job: JobId(row.get(0)?),
            user_id: row.get(1)?,
            length_ms: unsigned(row.get(2)?),
            served: row.get(3)?,
            rendering: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The turn of this user's next job, counted in claims. Who has nothing in the line comes before whoever was served just now,
/// and after everybody who waits for longer: neither newcomers nor those who return may pass the others again and again.
pub fn turn(conn: &Connection, user_id: i64) -> Result<i64, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT max(coalesce((SELECT served FROM turns WHERE user_id = ?1), 0), CASE
             WHEN EXISTS (SELECT 1 FROM jobs WHERE user_id = ?1 AND active = 1 AND state = 'queued') THEN 0
             ELSE coalesce((SELECT max(served) FROM turns), 0) - 1 END)",
    )?;
    Ok(asked.query_row([user_id], |row| row.get(0))?)
}

/// The user stands in the line from now on.
pub fn take_turn(tx: &Tx<'_>, user_id: i64) -> Result<(), StoreError> {
    let turn = turn(tx, user_id)?;
    tx.prepare_cached("INSERT OR REPLACE INTO turns (user_id, served) VALUES (?1, ?2)")?
        .execute([user_id, turn])?;
    Ok(())
}

/// How many jobs stand where, of those that are not final, and of the final ones of the last while.
pub fn count_by_state(conn: &Connection, since: Millis) -> Result<Vec<(JobState, u64)>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT state, count(*) FROM jobs WHERE active = 1 OR changed_ms >= ?1 GROUP BY state ORDER BY state",
    )?;
    let rows = asked.query_and_then([since], |row| {
        Ok((JobState::from_name(&row.get::<_, String>(0)?)?, unsigned(row.get(1)?)))
    })?;
    rows.collect()
}

/// Jobs on their way to chats of this bot.
pub fn active_to(conn: &Connection, bot_id: i64) -> Result<Vec<JobId>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT job_id FROM jobs WHERE active = 1 AND bot_id = ?1 ORDER BY job_id")?;
    let rows = asked.query_map([bot_id], |row| row.get(0).map(JobId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Jobs to chats of this bot that ended since then, and nobody was told.
pub fn untold_to(conn: &Connection, bot_id: i64, since: Millis) -> Result<Vec<JobId>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT job_id FROM jobs WHERE active = 0 AND told = 0 AND bot_id = ?1 AND changed_ms >= ?2 ORDER BY changed_ms",
    )?;
    let rows = asked.query_map(params![bot_id, since], |row| row.get(0).map(JobId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn is_told(conn: &Connection, job: JobId) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached("SELECT told FROM jobs WHERE job_id = ?1")?;
    Ok(asked.query_row([job.0], |row| row.get(0)).optional()?.unwrap_or(true))
}

/// It was told that the job ended like this; how it ends after that is to be told anew.
pub fn set_told(tx: &Tx<'_>, job: JobId, state: JobState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE jobs SET told = 1 WHERE job_id = ?1 AND state = ?2")?
        .execute(params![job.0, state.name()])?;
    Ok(())
}

/// Jobs of a user that are not final.
pub fn active_of(conn: &Connection, user_id: i64) -> Result<u32, StoreError> {
    let mut asked = conn.prepare_cached("SELECT count(*) FROM jobs WHERE user_id = ?1 AND active = 1")?;
    Ok(asked.query_row([user_id], |row| row.get(0))?)
}

/// The circle of this job is there now.
pub fn made(tx: &Tx<'_>, job: JobId, content_key: &str, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE jobs SET content_key = ?2, made_ms = ?3 WHERE job_id = ?1")?
        .execute(params![job.0, content_key, now])?;
    Ok(())
}

/// How long each part of its making took, from what its maker told, JSON.
pub fn set_stages(tx: &Tx<'_>, job: JobId, facts: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE jobs SET stages = ?2 -> '$.stages' WHERE job_id = ?1")?
        .execute(params![job.0, facts])?;
    Ok(())
}

/// The same again with fewer bytes.
pub fn set_max_bytes(tx: &Tx<'_>, job: &Job, max_bytes: u64) -> Result<(), StoreError> {
    let spec = JobSpec {
        max_bytes,
        ..job.spec.clone()
    };
    // Another request: the fingerprint of the first one must not name its circle.
    tx.prepare_cached("UPDATE jobs SET spec = ?2, fingerprint = NULL WHERE job_id = ?1")?
        .execute(params![job.job.0, serde_json::to_string(&spec)?])?;
    Ok(())
}

/// Forgets jobs that ended before `before`; to be called again while it says `true`.
pub fn prune(tx: &Tx<'_>, before: Millis) -> Result<bool, StoreError> {
    const PRUNED: u32 = 1000;
    let mut pruned = tx.prepare_cached(
        "DELETE FROM jobs WHERE job_id IN (
             SELECT job_id FROM jobs WHERE changed_ms < ?1 AND active = 0 ORDER BY changed_ms LIMIT ?2)",
    )?;
    Ok(pruned.execute(params![before, PRUNED])? == PRUNED as usize)
}

/// Forgets whose turn was long ago: they are first in any case.
pub fn prune_turns(tx: &Tx<'_>) -> Result<(), StoreError> {
    const REMEMBERED: i64 = 10_000;
    tx.prepare_cached("DELETE FROM turns WHERE served < (SELECT max(served) FROM turns) - ?1")?
        .execute([REMEMBERED])?;
    Ok(())
}
