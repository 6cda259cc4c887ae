//! Removing a person: every row that is theirs, a little at a time, and the names of the files that were theirs alone.

use std::path::Path;

use rusqlite::params;

use super::{StoreError, Tx, dialogues, files};
use crate::torture;

/// Rows removed in one transaction: short enough that nobody waits long behind it.
pub const CHUNK: u32 = 1000;

/// What one call removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Files whose rows are gone, to be deleted after the commit.
    pub files: Vec<String>,
    /// There is more; call again.
    pub more: bool,
}

/// Rows by user, removed as they are. Jobs take their deliveries along.
const BY_USER: [&str; 4] = [
    "DELETE FROM interactions WHERE interaction_id IN (SELECT interaction_id FROM interactions WHERE user_id = ?1 LIMIT ?2)",
    "DELETE FROM jobs WHERE job_id IN (SELECT job_id FROM jobs WHERE user_id = ?1 LIMIT ?2)",
    "DELETE FROM preferences WHERE user_id = ?1 AND ?2 > 0",
    "DELETE FROM turns WHERE user_id = ?1 AND ?2 > 0",
];

const AT_LAST: [&str; 2] = [
    // Its number stays, so that the same update again is known.
    "UPDATE inbox SET payload = NULL, user_id = NULL WHERE user_id = ?1",
    "DELETE FROM users WHERE user_id = ?1",
];

/// Removes some of what is known of a person. Jobs being rendered or sent go too: their workers find out at the next word.
/// Conversations and their updates go in the last call: after a loss of power in the middle they are what calls again.
pub fn some_of(tx: &Tx<'_>, user_id: i64) -> Result<Forgotten, StoreError> {
    let mut forgotten = Forgotten::default();
    let mut asked = tx.prepare_cached("SELECT job_id FROM jobs WHERE user_id = ?1 LIMIT ?2")?;
    let jobs = asked.query_map(params![user_id, CHUNK], |row| row.get::<_, i64>(0))?;
    for job in jobs.collect::<Result<Vec<_>, _>>()? {
        files::release(tx, &super::leases::holder(crate::model::JobId(job)))?;
    }
    for rows in BY_USER {
        let removed = tx.prepare_cached(rows)?.execute(params![user_id, CHUNK])?;
        forgotten.more |= removed == CHUNK as usize;
        torture::point("delete_me.mid");
    }
    circles_of(tx, user_id, &mut forgotten)?;
    dialogues::let_go(tx, user_id)?;
    files_of(tx, user_id, &mut forgotten)?;
    if !forgotten.more {
        dialogues::end_all(tx, user_id)?;
        for rows in AT_LAST {
            tx.prepare_cached(rows)?.execute([user_id])?;
        }
    }
    Ok(forgotten)
}

/// Circles that nobody else asked for are forgotten by all their names.
fn circles_of(tx: &Tx<'_>, user_id: i64, forgotten: &mut Forgotten) -> Result<(), StoreError> {
    let mut asked = tx.prepare_cached("SELECT content_key FROM circle_owners WHERE user_id = ?1 LIMIT ?2")?;
    let keys = asked.query_map(params![user_id, CHUNK], |row| row.get::<_, String>(0))?;
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    forgotten.more |= keys.len() == CHUNK as usize;
    for key in keys {
        tx.prepare_cached("DELETE FROM circle_owners WHERE content_key = ?1 AND user_id = ?2")?
            .execute(params![key, user_id])?;
        tx.prepare_cached(
            "DELETE FROM circles WHERE content_key = ?1
             AND NOT EXISTS (SELECT 1 FROM circle_owners WHERE content_key = ?1)",
        )?
        .execute([key])?;
    }
    Ok(())
}

/// Files that are nobody else's lose their rows.
fn files_of(tx: &Tx<'_>, user_id: i64, forgotten: &mut Forgotten) -> Result<(), StoreError> {
    let mut asked = tx.prepare_cached("SELECT path FROM file_owners WHERE user_id = ?1 LIMIT ?2")?;
    let paths = asked.query_map(params![user_id, CHUNK], |row| row.get::<_, String>(0))?;
    let paths = paths.collect::<Result<Vec<_>, _>>()?;
    forgotten.more |= paths.len() == CHUNK as usize;
    for path in paths {
        tx.prepare_cached("DELETE FROM file_owners WHERE path = ?1 AND user_id = ?2")?
            .execute(params![path, user_id])?;
        let mut others = tx.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM file_owners WHERE path = ?1)
                 OR EXISTS (SELECT 1 FROM file_holders WHERE path = ?1)",
        )?;
        if !others.query_row([&path], |row| row.get::<_, bool>(0))? {
            files::remove(tx, Path::new(&path))?;
            forgotten.files.push(path);
        }
    }
    Ok(())
}
