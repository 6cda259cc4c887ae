//! How a connection is opened, and what must be true of it before anything is trusted to it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;

/// The first version without the fault that lost committed pages when a log was reset under a reader.
const FIRST_GOOD: i32 = 3_051_003;
/// A release that was taken back.
const WITHDRAWN: i32 = 3_052_000;
/// "Mcir": `file` and a curious person see whose database this is.
const APPLICATION_ID: i32 = 0x4d63_6972;
/// How long a connection waits for another one's lock. Ours never hold one long; a backup may.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept compiled by each connection: all of ours.
const STATEMENTS: usize = 128;
/// The log is cut back to this after a checkpoint.
const LOG_BYTES: i64 = 64 << 20;
/// A database up to this size is checked whole at every start: well under a second.
const CHECKED_WHOLE_BYTES: i64 = 64 << 20;
/// The tables whose loss would be a circle lost or sent twice.
const PROMISES: [&str; 5] = ["jobs", "deliveries", "dialogues", "files", "circles"];

/// Refuses a SQLite that may lose what it was given.
pub(super) fn version() -> Result<(), StoreError> {
    is_good(rusqlite::version_number())
}

fn is_good(number: i32) -> Result<(), StoreError> {
    if number >= FIRST_GOOD && number != WITHDRAWN {
        return Ok(());
    }
    let found = format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000);
    Err(StoreError::OldSqlite { found })
}

/// The one connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open(path)?;
    common(&conn)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // Every commit is on the disk before anybody is told of it.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 1000)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    // What is deleted is overwritten: a person who asked to be forgotten is.
    conn.pragma_update(None, "secure_delete", true)?;
    expect(&conn, "journal_mode", "wal")?;
    expect(&conn, "synchronous", "2")?;
    expect(&conn, "foreign_keys", "1")?;
    sound(&conn)?;
    Ok(conn)
}

/// One of those that only read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    common(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Refuses a database that is somebody else's.
pub(super) fn ours(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        Ok(())
    } else {
        Err(StoreError::NoRecord { path: path.to_owned() })
    }
}

fn common(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "foreign_keys", true)?;
    // A mapped file turns an I/O error into a signal, and was named as what made the log fault worse.
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// A setting is what the database says it is, not what it was told: a network folder refuses silently.
fn expect(conn: &Connection, setting: &'static str, wanted: &str) -> Result<(), StoreError> {
    let found: rusqlite::types::Value = conn.pragma_query_value(None, setting, |row| row.get(0))?;
    let found = match found {
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    if found == wanted {
        Ok(())
    } else {
        Err(StoreError::Setting { setting, found })
    }
}

/// Looks for damage. Ten years of interactions would take minutes to read, so of a large database only the tables that
/// promise something are looked at.
fn sound(conn: &Connection) -> Result<(), StoreError> {
    let pages: i64 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page_bytes: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let look = |table: &str| -> Result<(), StoreError> {
        let ask = format!("PRAGMA quick_check{table}");
        let first: String = conn.query_row(&ask, [], |row| row.get(0))?;
        if first == "ok" {
            Ok(())
        } else {
            Err(StoreError::Damaged { first })
        }
    };
    if pages * page_bytes <= CHECKED_WHOLE_BYTES {
        return look("");
    }
    PROMISES.iter().try_for_each(|table| look(&format!("('{table}')")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_lose_data_are_refused() {
        for bad in [3_040_001, 3_051_002, 3_052_000] {
            assert!(is_good(bad).is_err(), "{bad}");
        }
        for good in [3_051_003, 3_053_002, 3_054_001] {
            assert!(is_good(good).is_ok(), "{good}");
        }
        assert_eq!(
            is_good(3_051_002).unwrap_err().to_string(),
            "this build has SQLite 3.51.2, which can lose data; build it with 3.51.3 or newer (not 3.52.0)"
        );
        version().unwrap();
    }
}
