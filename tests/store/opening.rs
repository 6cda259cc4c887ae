//! Opening the record: settings that hold, one program at a time, damage and newer versions told.

use std::fs;

use musiccircles::store::{Store, StoreError};

use super::{add, count, numbers};

#[test]
fn the_settings_are_those_that_keep_promises() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("new/data")).unwrap();
    let asked = |setting: &'static str| {
        let value = store.write(move |tx| Ok(tx.pragma_query_value(None, setting, |row| row.get::<_, i64>(0))?));
        value.unwrap()
    };
    assert_eq!(asked("synchronous"), 2);
    assert_eq!(asked("foreign_keys"), 1);
    assert_eq!(asked("mmap_size"), 0);
    assert_eq!(asked("trusted_schema"), 0);
    assert_eq!(asked("secure_delete"), 1);
    assert_eq!(asked("busy_timeout"), 5000);
    assert!(asked("user_version") >= 2);
    // Readers cannot write, whatever they try.
    let tried = store.read(|conn| Ok(conn.execute("DELETE FROM users", [])?));
    assert!(matches!(tried, Err(StoreError::ReadOnly)), "{tried:?}");
}

#[test]
fn a_second_program_on_the_same_folder_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let second = Store::open(folder.path()).err().unwrap();
    assert!(matches!(second, StoreError::InUse { .. }), "{second}");
    assert!(second.to_string().contains("stop that one"), "{second}");
    let handle = first.clone();
    drop(first);
    assert!(Store::open(folder.path()).is_err(), "a handle is left");
    drop(handle);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Store::open(&folder.path().join("file/data")).err().unwrap();
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
}

#[test]
fn damage_is_found_before_anything_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    numbers(&store).unwrap();
    (0..2000).for_each(|n| {
        store
            .write(move |tx| {
                Ok(tx
                    .execute("INSERT INTO users VALUES (?1, hex(randomblob(100)))", [n])
                    .map(drop)?)
            })
            .unwrap();
    });
    drop(store);
    let path = folder.path().join("musiccircles.db");
    let mut bytes = fs::read(&path).unwrap();
    // Past the schema: pages of rows, overwritten one in three.
    for page in bytes.chunks_mut(4096).skip(60).step_by(3) {
        page.fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();
    let error = Store::open(folder.path()).err().expect("damage was not noticed");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_disk_that_is_full_is_told_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    numbers(&store).unwrap();
    let pages: i64 = store
        .write(|tx| Ok(tx.pragma_query_value(None, "page_count", |row| row.get(0))?))
        .unwrap();
    let limit = move |pages: i64| {
        move |tx: &musiccircles::store::Tx<'_>| {
            Ok(tx.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
        }
    };
    store.write(limit(pages)).unwrap();
    let fill = |store: &Store| {
        store.write(|tx| {
            Ok(tx
                .execute("INSERT INTO users VALUES (NULL, hex(zeroblob(100000)))", [])
                .map(drop)?)
        })
    };
    let full = fill(&store).unwrap_err();
    assert!(matches!(full, StoreError::DiskFull) && full.is_passing(), "{full}");
    // What needs no more room goes on, and with room everything does.
    add(&store, 1).unwrap();
    store.write(limit(1_000_000)).unwrap();
    fill(&store).unwrap();
    add(&store, 2).unwrap();
    assert_eq!(count(&store), 2);
}

#[test]
fn a_database_that_may_not_be_written_is_told_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    numbers(&store).unwrap();
    let refused = store.write(|tx| {
        tx.pragma_update(None, "query_only", true)?;
        let tried = tx.execute("INSERT INTO numbers VALUES (1)", []);
        tx.pragma_update(None, "query_only", false)?;
        Ok(tried.map(drop)?)
    });
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::ReadOnly) && refused.is_passing(),
        "{refused}"
    );
    add(&store, 1).unwrap();
}
