//! Running means of what was measured: the newest counts most, and a restart forgets nothing.

use rusqlite::{Connection, OptionalExtension, params};

use super::{StoreError, Tx};

/// What the newest value adds: after ten values of a changed machine the mean is 90 % of the way there.
const NEWEST: f64 = 0.2;

pub fn mean(conn: &Connection, name: &str) -> Result<Option<f64>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT value FROM measures WHERE name = ?1")?;
    Ok(asked.query_row([name], |row| row.get(0)).optional()?)
}

pub fn add(tx: &Tx<'_>, name: &str, value: f64) -> Result<(), StoreError> {
    let mut added = tx.prepare_cached(
        "INSERT INTO measures (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = value + ?3 * (?2 - value)",
    )?;
    added.execute(params![name, value, NEWEST])?;
    Ok(())
}
