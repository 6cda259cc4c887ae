//! Those who run the service: what they did, for good; the codes by which the bot lets its owners in; whom they blocked.

use rand::Rng;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{Millis, StoreError, Tx};

/// How long a code is of use.
pub const CODE_MS: Millis = 5 * 60 * 1000;
/// Rows in one answer.
const PAGE: u32 = 200;
/// Letters of a code, of five bits each: 80 bits, which nobody guesses in five minutes. Without those that look alike.
const LETTERS: [u8; 32] = *b"abcdefghjkmnpqrstuvwxyz023456789";
const CODE_LETTERS: usize = 16;

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub who: String,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub audit_id: i64,
    pub at: Millis,
    pub by: Operator,
    pub action: String,
    pub about: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub user_id: i64,
    pub since: Millis,
    pub why: String,
}

/// Writes down what is done, in the transaction that does it.
pub fn note(tx: &Tx<'_>, by: &Operator, action: &str, about: &str, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO audit (at_ms, who, address, action, about) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![now, by.who, by.address, action, about])?;
    Ok(())
}

/// What was done before the row `before`, newest first.
pub fn audit(conn: &Connection, before: Option<i64>) -> Result<Vec<AuditRow>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT audit_id, at_ms, who, address, action, about FROM audit
         WHERE audit_id < ?1 ORDER BY audit_id DESC LIMIT ?2",
    )?;
    let rows = asked.query_map(params![before.unwrap_or(i64::MAX), PAGE], |row| {
        Ok(AuditRow {
            audit_id: row.get(0)?,
            at: row.get(1)?,
            by: Operator {
                who: row.get(2)?,
                address: row.get(3)?,
            },
            action: row.get(4)?,
            about: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A new code for an owner, told this once; an earlier one is void.
pub fn new_code(tx: &Tx<'_>, owner_id: i64, now: Millis) -> Result<String, StoreError> {
    let mut random = rand::rng();
    let letters = (0..CODE_LETTERS).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    let code: String = letters.collect();
    tx.prepare_cached("INSERT OR REPLACE INTO sign_in_codes (owner_id, hash, expires_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![owner_id, hash(&code), now + CODE_MS])?;
    Ok(code)
}

/// Whose code this is. It is void from then on, and so are those that are too old.
pub fn use_code(tx: &Tx<'_>, code: &str, now: Millis) -> Result<Option<i64>, StoreError> {
    tx.prepare_cached("DELETE FROM sign_in_codes WHERE expires_ms <= ?1")?
        .execute([now])?;
    let mut used = tx.prepare_cached("DELETE FROM sign_in_codes WHERE hash = ?1 RETURNING owner_id")?;
    Ok(used.query_row([hash(code)], |row| row.get(0)).optional()?)
}

/// People copy codes with spaces and capitals. What is looked up is a hash, so that how long it takes tells nothing.
fn hash(code: &str) -> [u8; 32] {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    Sha256::digest(letters.collect::<String>().to_lowercase()).into()
}

pub fn block(tx: &Tx<'_>, user_id: i64, why: &str, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO blocked (user_id, since_ms, why) VALUES (?1, ?2, ?3)")?
        .execute(params![user_id, now, why])?;
    Ok(())
}

/// `false`: nobody of this number was blocked.
pub fn unblock(tx: &Tx<'_>, user_id: i64) -> Result<bool, StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM blocked WHERE user_id = ?1")?
        .execute([user_id])?;
    Ok(removed == 1)
}

pub fn is_blocked(conn: &Connection, user_id: i64) -> Result<bool, StoreError> {
    let mut asked = conn.prepare_cached("SELECT 1 FROM blocked WHERE user_id = ?1")?;
    Ok(asked.exists([user_id])?)
}

/// The newest first.
pub fn blocked(conn: &Connection) -> Result<Vec<Blocked>, StoreError> {
    let mut asked =
        conn.prepare_cached("SELECT user_id, since_ms, why FROM blocked ORDER BY since_ms DESC, user_id LIMIT ?1")?;
    let rows = asked.query_map([PAGE], |row| {
        Ok(Blocked {
            user_id: row.get(0)?,
            since: row.get(1)?,
            why: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A small write and what it reads back: whether the record can be written now.
pub fn pulse(tx: &Tx<'_>, now: Millis) -> Result<bool, StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO measures (name, value) VALUES ('pulse_ms', ?1)")?
        .execute([now])?;
    let mut asked = tx.prepare_cached("SELECT value = ?1 FROM measures WHERE name = 'pulse_ms'")?;
    Ok(asked.query_row([now], |row| row.get(0))?)
}
