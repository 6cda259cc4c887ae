//! A copy of the record made while it is in use, a record put back from one, and a look for damage. The files below the data
//! folder are no part of it: songs are fetched again, circles drawn again.
//!
//! A record that is put back stands at an earlier time. What was in the line then has usually been made and sent since, and
//! nobody can tell any more; so nothing of it is carried out again: a circle asked for twice is better than one sent twice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::{DATABASE, check, lock, migrate};

/// Damage is told by its first lines; one is enough to want a backup.
const FINDINGS: u32 = 20;
/// How often, and how long in between, to ask again for a database whose writer is busy.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// What belongs to a database and to no other: left beside a new one, it would be read into it.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Copies the record of this folder into one file that is whole, also while a service writes to it, and returns its size in
/// bytes. A file of that name is replaced only when the copy is checked and on the disk.
pub fn backup(folder: &Path, to: &Path) -> Result<u64, StoreError> {
    check::version()?;
    let from = own(folder)?;
    let unfinished = beside(to, ".unfinished");
    let made = copy(&from, &unfinished).and_then(|()| sound(&unfinished));
    let placed = made.and_then(|()| place(&unfinished, to));
    if placed.is_err() {
        // What failed is told; that its rest is left would tell nothing more.
        let _ = fs::remove_file(&unfinished);
    }
    placed
}

/// Puts a backup in the place of this folder's record, and returns where the record that was there lies now. Refused while a
/// service runs on the folder, and for anything that is not a sound record of this version or an older one.
pub fn restore(folder: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    check::version()?;
    fs::create_dir_all(folder).map_err(|source| explain(folder, source))?;
    let _lock = lock(folder)?;
    let incoming = folder.join(format!("{DATABASE}.incoming"));
    let readied = ready(from, &incoming).map_err(|error| match error {
        // What was given, not what is there.
        StoreError::Damaged { first } if first.contains("not a database") => {
            StoreError::NoRecord { path: from.to_owned() }
        }
        StoreError::Damaged { first } => StoreError::DamagedBackup {
            path: from.to_owned(),
            first,
        },
        error => error,
    });
    if readied.is_err() {
        let _ = fs::remove_file(&incoming);
    }
    readied?;
    let own = folder.join(DATABASE);
    let kept = set_aside(&own)?;
    place(&incoming, &own)?;
    Ok(kept)
}

/// What is wrong with the record of this folder; nothing, as a rule. Reads all of it.
pub fn findings(folder: &Path) -> Result<Vec<String>, StoreError> {
    match look(folder) {
        // So much that it cannot even be asked.
        Err(StoreError::Damaged { first }) => Ok(vec![first]),
        found => found,
    }
}

fn look(folder: &Path) -> Result<Vec<String>, StoreError> {
    check::version()?;
    let conn = own(folder)?;
    let mut found = Vec::new();
    let mut asked = conn.prepare(&format!("PRAGMA integrity_check({FINDINGS})"))?;
    let lines = asked.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        found.extend(Some(line?).filter(|line| line != "ok"));
    }
    let mut asked = conn.prepare("SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1")?;
    let lines = asked.query_map([], |row| {
        let (table, rows): (String, i64) = (row.get(0)?, row.get(1)?);
        Ok(format!("{rows} rows of {table} name what is not there"))
    })?;
    for line in lines {
        found.push(line?);
    }
    Ok(found)
}

/// The record of this folder, for reading.
fn own(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(DATABASE);
    if !path.exists() {
        return Err(StoreError::NoneYet {
            folder: folder.to_owned(),
        });
    }
    open(&path)
}

/// A record, for reading.
fn open(path: &Path) -> Result<Connection, StoreError> {
    if !path.is_file() {
        return Err(StoreError::NoRecord { path: path.to_owned() });
    }
    let conn = check::open_reader(path)?;
    check::ours(&conn, path)?;
    Ok(conn)
}

/// In one step, and so from one moment: the writer goes on meanwhile, in its log.
fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let _ = fs::remove_file(to);
    let mut into = Connection::open(to).map_err(|_| StoreError::Unwritable { path: to.to_owned() })?;
    let backup = Backup::new(from, &mut into)?;
    for _ in 0..ATTEMPTS {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(StoreError::Busy)
}

/// Whether what was copied can be relied on; a copy with one damaged page is none.
fn sound(path: &Path) -> Result<(), StoreError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // One file, which whoever opens it next needs no log for.
    conn.pragma_update(None, "journal_mode", "DELETE")?;
    let first: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if first == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged { first })
    }
}

/// A backup, copied, checked, brought to this version, and with nothing in it that would be done a second time.
fn ready(from: &Path, incoming: &Path) -> Result<(), StoreError> {
    copy(&open(from)?, incoming)?;
    sound(incoming)?;
    let mut conn = Connection::open(incoming)?;
    migrate::to_latest(&mut conn)?;
    let end = conn.transaction()?;
    end.execute("UPDATE inbox SET payload = NULL WHERE payload IS NOT NULL", [])?;
    end.execute(
        "DELETE FROM deliveries WHERE job_id IN (SELECT job_id FROM jobs WHERE active = 1)",
        [],
    )?;
    end.execute(
        "DELETE FROM file_holders WHERE holder IN (SELECT 'job:' || job_id FROM jobs WHERE active = 1)",
        [],
    )?;
    end.execute("UPDATE jobs SET state = 'cancelled', told = 1 WHERE active = 1", [])?;
    end.commit()?;
    Ok(())
}

/// The record that is there, out of the way and out of use; under a name that no earlier one has.
fn set_aside(own: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !own.exists() {
        return Ok(None);
    }
    let mut number = 1;
    let kept = loop {
        let kept = beside(own, &format!(".before-restore-{number}"));
        if !kept.exists() {
            break kept;
        }
        number += 1;
    };
    // Its log goes with it, under the name by which it is found again.
    for companion in COMPANIONS {
        let log = beside(own, companion);
        if log.exists() {
            fs::rename(&log, beside(&kept, companion)).map_err(|source| explain(&log, source))?;
        }
    }
    fs::rename(own, &kept).map_err(|source| explain(own, source))?;
    Ok(Some(kept))
}

/// Under its name, once it is on the disk. Returns its size.
fn place(unfinished: &Path, to: &Path) -> Result<u64, StoreError> {
    let placed = || {
        let file = File::open(unfinished)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(unfinished, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(bytes)
    };
    placed().map_err(|source| explain(to, source))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn explain(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}
