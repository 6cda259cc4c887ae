//! How a job changes hands: claimed under a lease, kept alive, given back or ended, and only by whoever holds it now.
//!
//! The fence: a claim raises the job's epoch, and every later change names the epoch it was claimed under. A worker that was
//! thought dead and comes back changes nothing, however late.

use rusqlite::{OptionalExtension, params};

use super::jobs::{Failure, JobState};
use super::{Millis, StoreError, Tx, files};
use crate::model::JobId;
use crate::torture;

/// A job in somebody's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub job: JobId,
    pub epoch: i64,
}

/// Who claims.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    pub worker: &'a str,
    pub boot_id: &'a str,
}

/// Claims the job whose turn it is: of the user who was served or came longest ago, their oldest. Users who have `at_once` jobs being
/// rendered wait.
pub fn claim(
    tx: &Tx<'_>,
    by: Claimant<'_>,
    at_once: u32,
    lease: Millis,
    now: Millis,
) -> Result<Option<Held>, StoreError> {
    let mut asked = tx.prepare_cached(
        "WITH busy AS (SELECT user_id, count(*) AS n FROM jobs WHERE active = 1 AND state = 'rendering' GROUP BY user_id)
         SELECT j.job_id, j.user_id FROM jobs j LEFT JOIN turns t USING (user_id) LEFT JOIN busy b USING (user_id)
         WHERE j.active = 1 AND j.state = 'queued' AND j.not_before_ms <= ?1 AND coalesce(b.n, 0) < ?2
         ORDER BY coalesce(t.served, 0), j.job_id LIMIT 1",
    )?;
    let next = asked.query_row(params![now, at_once], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((job, user_id)): Option<(i64, i64)> = next.optional()? else {
        return Ok(None);
    };
    let mut taken = tx.prepare_cached(
        "UPDATE jobs SET state = 'rendering', epoch = epoch + 1, worker = ?2, boot_id = ?3, lease_ms = ?4, changed_ms = ?5,
                claimed_ms = ?5, stages = NULL
         WHERE job_id = ?1 AND state = 'queued' RETURNING epoch",
    )?;
    let epoch = taken.query_row(params![job, by.worker, by.boot_id, now + lease, now], |row| row.get(0))?;
    let mut served = tx.prepare_cached(
        "INSERT OR REPLACE INTO turns (user_id, served) SELECT ?1, coalesce(max(served), 0) + 1 FROM turns",
    )?;
    served.execute([user_id])?;
    Ok(Some(Held { job: JobId(job), epoch }))
}

/// Longer the lease; says whether the user asked to stop. `None`: the job is no longer ours.
pub fn heartbeat(tx: &Tx<'_>, held: Held, lease: Millis, now: Millis) -> Result<Option<bool>, StoreError> {
    let mut kept = tx.prepare_cached(
        "UPDATE jobs SET lease_ms = ?3 WHERE job_id = ?1 AND (epoch = ?2 OR ?4) AND state = 'rendering'
         RETURNING cancel_asked",
    )?;
    let asked = kept.query_row(params![held.job.0, held.epoch, now + lease, unfenced()], |row| {
        row.get(0)
    });
    Ok(asked.optional()?)
}

/// Moves a job on from rendering. `false`: it is no longer ours, and nothing was changed.
pub fn leave(
    tx: &Tx<'_>,
    held: Held,
    to: JobState,
    failure: Option<&Failure>,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut moved = tx.prepare_cached(
        "UPDATE jobs SET state = ?3, failure_kind = ?4, failure_words = ?5, changed_ms = ?6, lease_ms = NULL
         WHERE job_id = ?1 AND (epoch = ?2 OR ?7) AND state = 'rendering'",
    )?;
    let (kind, words) = (failure.map(|f| &f.kind), failure.map(|f| &f.words));
    let moved = moved.execute(params![held.job.0, held.epoch, to.name(), kind, words, now, unfenced()])? == 1;
    if moved && to.is_final() {
        files::release(tx, &holder(held.job))?;
    }
    Ok(moved)
}

/// What a job that is put back into the line is remembered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// It was not done, for a reason that may pass.
    Attempt,
    /// Its worker died of it, or beside it.
    Death,
    /// The whole service went down; nobody's fault.
    Interruption,
    /// It was put back on purpose.
    Nothing,
}

/// Puts a job back into the line, not to be claimed before `from`. `None`: it is no longer ours; else how often the same
/// happened to it by now.
pub fn put_back(tx: &Tx<'_>, held: Held, blame: Blame, from: Millis, now: Millis) -> Result<Option<u32>, StoreError> {
    let count = match blame {
        Blame::Attempt => "attempts",
        Blame::Death => "deaths",
        Blame::Interruption => "interruptions",
        Blame::Nothing => "0",
    };
    let counted = if count == "0" {
        String::new()
    } else {
        format!("{count} = {count} + 1,")
    };
    let mut put = tx.prepare_cached(&format!(
        "UPDATE jobs SET {counted} state = 'queued', lease_ms = NULL, not_before_ms = ?3, changed_ms = ?4
         WHERE job_id = ?1 AND (epoch = ?2 OR ?5) AND state = 'rendering' RETURNING {count}"
    ))?;
    let times = put.query_row(params![held.job.0, held.epoch, from, now, unfenced()], |row| row.get(0));
    Ok(times.optional()?)
}

/// Ends a job that is in nobody's hands.
pub fn end_waiting(
    tx: &Tx<'_>,
    job: JobId,
    from: JobState,
    to: JobState,
    failure: Option<&Failure>,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut ended = tx.prepare_cached(
        "UPDATE jobs SET state = ?3, failure_kind = ?4, failure_words = ?5, changed_ms = ?6
         WHERE job_id = ?1 AND state = ?2",
    )?;
    let (kind, words) = (failure.map(|f| &f.kind), failure.map(|f| &f.words));
    let ended = ended.execute(params![job.0, from.name(), to.name(), kind, words, now])? == 1;
    if ended && to.is_final() {
        files::release(tx, &holder(job))?;
    }
    Ok(ended)
}

/// Leases that ran out, or with `other_boots` those of every run of the program but this one.
pub fn dead(tx: &Tx<'_>, boot_id: &str, other_boots: bool, now: Millis) -> Result<Vec<Held>, StoreError> {
    let which = if other_boots {
        "boot_id IS NOT ?1"
    } else {
        "?1 IS NOT NULL AND lease_ms < ?2"
    };
    let mut asked = tx.prepare_cached(&format!(
        "SELECT job_id, epoch FROM jobs WHERE active = 1 AND state = 'rendering' AND {which} AND ?2 IS NOT NULL"
    ))?;
    let rows = asked.query_map(params![boot_id, now], |row| {
        Ok(Held {
            job: JobId(row.get(0)?),
            epoch: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Asks whoever renders it to stop.
pub fn ask_to_stop(tx: &Tx<'_>, job: JobId) -> Result<bool, StoreError> {
    let mut asked = tx.prepare_cached("UPDATE jobs SET cancel_asked = 1 WHERE job_id = ?1 AND state = 'rendering'")?;
    Ok(asked.execute([job.0])? == 1)
}

/// The name under which a job holds its files.
pub fn holder(job: JobId) -> String {
    format!("job:{job}")
}

/// The torture test's mistake of believing whoever comes.
fn unfenced() -> bool {
    torture::mistake("no_fencing")
}
