//! The record: what it promises holds through many writers, kills, cut logs and full disks.

mod crash;
mod disk;
mod opening;
mod operators;
mod people;
mod writing;

use musiccircles::store::{Store, StoreError};

/// A table of the tests' own, beside the real ones.
fn numbers(store: &Store) -> Result<(), StoreError> {
    store.write(|tx| Ok(tx.execute_batch("CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)")?))
}

fn add(store: &Store, n: i64) -> Result<(), StoreError> {
    store.write(move |tx| Ok(tx.execute("INSERT INTO numbers VALUES (?1)", [n]).map(drop)?))
}

fn count(store: &Store) -> i64 {
    let asked = store.read(|conn| Ok(conn.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0))?));
    asked.unwrap()
}
