//! Who uses the service, what they did, and what they prefer: the original tables, and one of ours.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Millis, StoreError, Tx, unsigned};

/// Rows in one answer, whatever was asked for.
pub const PAGE: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InteractionKind {
    Search,
    Circle,
}

impl InteractionKind {
    /// As the original table has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "Поиск песни",
            Self::Circle => "Создание видео",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Search, Self::Circle]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    fn id(self) -> i64 {
        match self {
            Self::Search => 1,
            Self::Circle => 2,
        }
    }

    fn from_id(id: i64) -> Result<Self, StoreError> {
        let known = [Self::Search, Self::Circle].into_iter().find(|kind| kind.id() == id);
        known.ok_or(StoreError::Unreadable {
            what: "the kind of an interaction",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub user_id: i64,
    pub username: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    pub interaction_id: i64,
    pub user_id: i64,
    pub username: Option<String>,
    pub kind: InteractionKind,
    pub date: Millis,
}

/// Keeps the newest name of a person.
pub fn remember(tx: &Tx<'_>, user_id: i64, username: Option<&str>) -> Result<(), StoreError> {
    let mut known = tx.prepare_cached(
        "INSERT INTO users (user_id, username) VALUES (?1, ?2)
         ON CONFLICT (user_id) DO UPDATE SET username = ?2 WHERE ?2 IS NOT NULL AND username IS NOT ?2",
    )?;
    known.execute(params![user_id, username])?;
    Ok(())
}

pub fn user(conn: &Connection, user_id: i64) -> Result<Option<User>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT user_id, username FROM users WHERE user_id = ?1")?;
    let found = asked.query_row([user_id], |row| {
        Ok(User {
            user_id: row.get(0)?,
            username: row.get(1)?,
        })
    });
    Ok(found.optional()?)
}

/// Writes down what a person did, and the person.
pub fn log(
    tx: &Tx<'_>,
    user_id: i64,
    username: Option<&str>,
    kind: InteractionKind,
    date: Millis,
) -> Result<Interaction, StoreError> {
    remember(tx, user_id, username)?;
    let mut added = tx.prepare_cached(
        "INSERT INTO interactions (user_id, interaction_type_id, interaction_date) VALUES (?1, ?2, ?3)",
    )?;
    let interaction_id = added.insert(params![user_id, kind.id(), date])?;
    Ok(Interaction {
        interaction_id,
        user_id,
        username: user(tx, user_id)?.and_then(|user| user.username),
        kind,
        date,
    })
}

/// Interactions numbered above `after`, or the newest there are; oldest first, at most [`PAGE`]; of one person or of everybody.
pub fn interactions(
    conn: &Connection,
    of: Option<i64>,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Interaction>, StoreError> {
    let narrowed = if of.is_some() {
        "i.user_id = ?1 AND"
    } else {
        "?1 IS NULL AND"
    };
    let order = if after.is_some() { "ASC" } else { "DESC" };
    let mut asked = conn.prepare_cached(&format!(
        "SELECT i.interaction_id, i.user_id, u.username, i.interaction_type_id, i.interaction_date
         FROM interactions i JOIN users u USING (user_id)
         WHERE {narrowed} i.interaction_id > ?2 ORDER BY i.interaction_id {order} LIMIT ?3"
    ))?;
    let numbered_above = after.unwrap_or(i64::MIN);
    let rows = asked.query_and_then(params![of, numbered_above, limit.min(PAGE)], |row: &Row<'_>| {
        Ok::<_, StoreError>(Interaction {
            interaction_id: row.get(0)?,
            user_id: row.get(1)?,
            username: row.get(2)?,
            kind: InteractionKind::from_id(row.get(3)?)?,
            date: row.get(4)?,
        })
    })?;
    let mut rows: Vec<Interaction> = rows.collect::<Result<_, _>>()?;
    if after.is_none() {
        rows.reverse();
    }
    Ok(rows)
}

/// What happened between two moments: how many of a kind, and by how many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub interactions: u64,
    pub people: u64,
}

/// `from` counts, `until` does not.
pub fn count(conn: &Connection, kind: InteractionKind, from: Millis, until: Millis) -> Result<Count, StoreError> {
    let mut asked = conn.prepare_cached(
        "SELECT count(*), count(DISTINCT user_id) FROM interactions
         WHERE interaction_date >= ?2 AND interaction_date < ?3 AND interaction_type_id = ?1",
    )?;
    Ok(asked.query_row(params![kind.id(), from, until], |row| {
        Ok(Count {
            interactions: unsigned(row.get(0)?),
            people: unsigned(row.get(1)?),
        })
    })?)
}

/// Sets a preference, or with `None` takes it back.
pub fn prefer(tx: &Tx<'_>, user_id: i64, name: &str, value: Option<&str>) -> Result<(), StoreError> {
    match value {
        Some(value) => tx
            .prepare_cached("INSERT OR REPLACE INTO preferences (user_id, name, value) VALUES (?1, ?2, ?3)")?
            .execute(params![user_id, name, value])?,
        None => tx
            .prepare_cached("DELETE FROM preferences WHERE user_id = ?1 AND name = ?2")?
            .execute(params![user_id, name])?,
    };
    Ok(())
}

pub fn preference(conn: &Connection, user_id: i64, name: &str) -> Result<Option<String>, StoreError> {
    let mut asked = conn.prepare_cached("SELECT value FROM preferences WHERE user_id = ?1 AND name = ?2")?;
    Ok(asked.query_row(params![user_id, name], |row| row.get(0)).optional()?)
}
