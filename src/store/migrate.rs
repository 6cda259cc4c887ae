//! The shape of the database, from nothing or from any older version to this one: numbered, forward only, each step whole or
//! not at all.

use rusqlite::{Connection, Transaction};
use rusqlite_migration::{Error, HookResult, M, MigrationDefinitionError, Migrations};

use super::error::StoreError;
use crate::torture;

fn all() -> Migrations<'static> {
    Migrations::new(vec![
        M::up_with_hook(include_str!("migrations/01_original.sql"), midway),
        M::up_with_hook(include_str!("migrations/02_service.sql"), midway),
        M::up_with_hook(include_str!("migrations/03_timings.sql"), midway),
        M::up_with_hook(include_str!("migrations/04_web.sql"), midway),
        M::up_with_hook(include_str!("migrations/05_operator.sql"), midway),
        M::up_with_hook(include_str!("migrations/06_corners.sql"), midway),
    ])
}

/// Before the step is committed.
fn midway(_: &Transaction<'_>) -> HookResult {
    torture::point("migrate.mid");
    Ok(())
}

pub(super) fn to_latest(conn: &mut Connection) -> Result<(), StoreError> {
    all().to_latest(conn).map_err(|error| match error {
        Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => StoreError::Newer,
        Error::RusqliteError { err, .. } => err.into(),
        other => StoreError::Migration {
            words: other.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_well_formed_and_a_newer_database_is_refused() {
        all().validate().unwrap();
        let mut conn = Connection::open_in_memory().unwrap();
        to_latest(&mut conn).unwrap();
        to_latest(&mut conn).unwrap();
        conn.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(to_latest(&mut conn), Err(StoreError::Newer)));
    }
}
