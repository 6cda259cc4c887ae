//! Keys of the HTTP API: who has one, and what they may do. A key itself is not kept, only its SHA-256: it has 256 random
//! bits, so that no slower hash would make it harder to find.

use rand::Rng;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::{Millis, StoreError, Tx};

/// So that a key found somewhere is known for what it is.
const PREFIX: &str = "mck_";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub key_id: i64,
    /// For the operator.
    pub name: String,
    pub requests_per_minute: u32,
    /// Counts as so many people in the line.
    pub people: u32,
}

/// What a key's row says beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    pub key: ApiKey,
    pub created: Millis,
    pub revoked: Option<Millis>,
}

/// SHA-256 of a key as its holder has it.
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Makes a key; it is told this once.
pub fn create(tx: &Tx<'_>, key: &ApiKey, now: Millis) -> Result<(i64, String), StoreError> {
    let secret: [u8; 32] = rand::rng().random();
    let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{PREFIX}{text}");
    let mut added = tx.prepare_cached(
        "INSERT INTO api_keys (name, hash, requests_per_minute, people, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let key_id = added.insert(params![key.name, hash(&text), key.requests_per_minute, key.people, now])?;
    Ok((key_id, text))
}

/// The key of this hash, unless it was revoked.
pub fn of_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT key_id, name, requests_per_minute, people FROM api_keys WHERE hash = ?1 AND revoked_ms IS NULL",
    )?;
    Ok(asked.query_row([hash], read).optional()?)
}

/// `false`: there is no such key, or it was revoked before.
pub fn revoke(tx: &Tx<'_>, key_id: i64, now: Millis) -> Result<bool, StoreError> {
    let mut revoked =
        tx.prepare_cached("UPDATE api_keys SET revoked_ms = ?2 WHERE key_id = ?1 AND revoked_ms IS NULL")?;
    Ok(revoked.execute(params![key_id, now])? == 1)
}

pub fn all(conn: &Connection) -> Result<Vec<KeyRow>, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT key_id, name, requests_per_minute, people, created_ms, revoked_ms FROM api_keys ORDER BY key_id",
    )?;
    let rows = asked.query_map([], |row| {
        Ok(KeyRow {
            key: read(row)?,
            created: row.get(4)?,
            revoked: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        key_id: row.get(0)?,
        name: row.get(1)?,
        requests_per_minute: row.get(2)?,
        people: row.get(3)?,
    })
}
