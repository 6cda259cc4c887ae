//! What operators did stays written, and codes are what they promise.

use musiccircles::store::operators::{self, CODE_MS, Operator};
use musiccircles::store::{Store, StoreError};

fn by() -> Operator {
    Operator {
        who: "owner 42".to_owned(),
        address: "192.0.2.1".to_owned(),
    }
}

#[test]
fn the_audit_is_only_added_to_whatever_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.write(|tx| operators::note(tx, &by(), "drain", "on", 5)).unwrap();
    let attempts = [
        "UPDATE audit SET who = 'nobody'",
        "UPDATE audit SET about = 'off' WHERE audit_id = 1",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit VALUES (1, 6, 'x', 'x', 'x', 'x')",
    ];
    for attempt in attempts {
        let tried = store.write(move |tx| Ok(tx.execute(attempt, [])?));
        assert!(matches!(tried, Err(StoreError::Sqlite(_))), "{attempt}: {tried:?}");
    }
    let rows = store.read(|conn| operators::audit(conn, None)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0].by, &*rows[0].action, &*rows[0].about, rows[0].at),
        (&by(), "drain", "on", 5)
    );
}

#[test]
fn what_fails_is_not_written_down_as_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let failed = store.write(|tx| {
        operators::note(tx, &by(), "block", "user 7", 1)?;
        operators::block(tx, 7, "", 1)?;
        Err::<(), _>(StoreError::Forgotten)
    });
    assert!(failed.is_err());
    let left = store.read(|conn| Ok((operators::audit(conn, None)?, operators::is_blocked(conn, 7)?)));
    assert_eq!(left.unwrap(), (vec![], false));
}

#[test]
fn a_code_is_used_up_by_its_first_use_and_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let code = store.write(|tx| operators::new_code(tx, 42, 1000)).unwrap();
    let used = |code: &str, now| {
        let code = code.to_owned();
        store.write(move |tx| operators::use_code(tx, &code, now)).unwrap()
    };
    assert_eq!(used("", 1001), None);
    assert_eq!(used(&code, 1000 + CODE_MS), None);
    assert_eq!(used(&code, 1001), None, "it was forgotten when it was too old");
    let code = store.write(|tx| operators::new_code(tx, 42, 1000)).unwrap();
    assert_eq!(used(&code, 999 + CODE_MS), Some(42));
    assert_eq!(used(&code, 999 + CODE_MS), None);
}
