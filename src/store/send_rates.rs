//! What was sent lately and how long Telegram asked us to be quiet, so that a restart does not forget it: one value a bot. What
//! it means is the business of whoever sends.

use rusqlite::{Connection, OptionalExtension, params};

use super::{StoreError, Tx};

/// As it was kept, JSON.
pub fn load(conn: &Connection, bot_id: i64) -> Result<Option<String>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT saved FROM send_rates WHERE bot_id = ?1")?;
    Ok(asked.query_row([bot_id], |row| row.get(0)).optional()?)
}

pub fn keep(tx: &Tx<'_>, bot_id: i64, saved: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO send_rates (bot_id, saved) VALUES (?1, ?2)")?
        .execute(params![bot_id, saved])?;
    Ok(())
}
