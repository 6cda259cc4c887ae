//! Backups: made while the service writes, put back only whole, and nothing in them carried out a second time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use musiccircles::queue::Todo;
use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, StoreError, backup, people};

use super::desk::{Desk, OPEN, next_parcel};
use crate::support::command;

fn people_of(folder: &Path) -> i64 {
    let store = Store::open(folder).unwrap();
    let asked = store.read(|conn| Ok(conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?));
    asked.unwrap()
}

fn copy_of(desk: &Desk, name: &str) -> PathBuf {
    let to = desk.folder.path().join(name);
    backup::backup(desk.folder.path(), &to).unwrap();
    to
}

#[test]
fn a_backup_under_load_holds_what_was_promised_before_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (promised, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = thread::spawn({
        let (promised, stop) = (Arc::clone(&promised), Arc::clone(&stop));
        move || {
            for user in 1.. {
                store.write(move |tx| people::remember(tx, user, Some("kim"))).unwrap();
                promised.store(user, Ordering::Release);
                if stop.load(Ordering::Acquire) {
                    return;
                }
            }
        }
    });
    let mut found = Vec::new();
    for round in 0..5 {
        while promised.load(Ordering::Acquire) < 20 * (round + 1) {
            thread::yield_now();
        }
        let (before, to) = (promised.load(Ordering::Acquire), folder.path().join("copy"));
        backup::backup(folder.path(), &to).unwrap();
        found.push((before, to));
        let restored = tempfile::tempdir().unwrap();
        backup::restore(restored.path(), &found.last().unwrap().1).unwrap();
        let held = people_of(restored.path());
        assert!(held >= before, "{held} of {before}");
        // The writer was at most in the middle of one more.
        assert!(held <= promised.load(Ordering::Acquire) + 1);
    }
    stop.store(true, Ordering::Release);
    writer.join().unwrap();
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("unfinished")),
        "{left:?}"
    );
}

#[test]
fn what_was_in_the_line_is_not_made_or_sent_again() {
    let desk = Desk::new(OPEN);
    let sent_later = desk.rendered(1, 1);
    let waits = desk.queued(2, 2);
    let copy = copy_of(&desk, "copy");
    let restored = tempfile::tempdir().unwrap();
    assert_eq!(backup::restore(restored.path(), &copy).unwrap(), None);
    let queue = super::desk::start(restored.path(), OPEN, Default::default());
    for job in [sent_later, waits] {
        assert_eq!(queue.job(job).unwrap().unwrap().state, JobState::Cancelled);
    }
    assert!(queue.claim("worker").unwrap().is_none());
    assert!(matches!(next_parcel(&queue), Todo::Wait(None)));
    // The one that goes on is not touched by its copy.
    assert_eq!(desk.state(waits), JobState::Queued);
}

#[test]
fn the_record_before_is_kept_and_a_service_in_the_way_is_named() {
    let desk = Desk::new(OPEN);
    let copy = copy_of(&desk, "copy");
    let folder = Arc::clone(&desk.folder);
    let refused = backup::restore(folder.path(), &copy).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    desk.queue
        .store()
        .write(|tx| people::remember(tx, 7, Some("after")))
        .unwrap();
    drop(desk);
    let kept = backup::restore(folder.path(), &copy).unwrap().unwrap();
    assert_eq!(people_of(folder.path()), 0);
    // And back again.
    let again = backup::restore(folder.path(), &kept).unwrap().unwrap();
    assert_ne!(again, kept);
    assert_eq!(people_of(folder.path()), 1);
}

#[test]
fn what_is_no_sound_backup_changes_nothing() {
    let desk = Desk::new(OPEN);
    for user in 0..2000 {
        desk.queue
            .store()
            .write(move |tx| people::remember(tx, user, Some("a name of some length")))
            .unwrap();
    }
    let copy = copy_of(&desk, "copy");
    let folder = Arc::clone(&desk.folder);
    drop(desk);
    let whole = fs::read(&copy).unwrap();
    let mut holed = whole.clone();
    let middle = holed.len() / 2 / 4096 * 4096;
    holed[middle..middle + 8192].fill(0xa5);
    let bad = [
        ("text", b"not a database at all, however long it may be".to_vec()),
        ("empty", Vec::new()),
        ("torn", whole[..whole.len() / 2].to_vec()),
        ("holed", holed),
    ];
    for (name, bytes) in bad {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let refused = backup::restore(folder.path(), &path).unwrap_err();
        assert!(
            matches!(refused, StoreError::NoRecord { .. } | StoreError::DamagedBackup { .. }),
            "{name}: {refused}"
        );
        let told = refused.to_string();
        assert!(
            told.starts_with(path.to_str().unwrap()),
            "it names another file: {told}"
        );
        assert_eq!(people_of(folder.path()), 2000, "{name}");
    }
    assert!(matches!(
        backup::restore(folder.path(), &folder.path().join("nowhere")).unwrap_err(),
        StoreError::NoRecord { .. }
    ));
    assert!(!folder.path().join("musiccircles.db.incoming").exists());
}

#[test]
fn damage_is_found_and_told() {
    let desk = Desk::new(OPEN);
    for user in 0..2000 {
        desk.queue
            .store()
            .write(move |tx| people::remember(tx, user, Some("a name of some length")))
            .unwrap();
    }
    assert_eq!(backup::findings(desk.folder.path()).unwrap(), Vec::<String>::new());
    let folder = Arc::clone(&desk.folder);
    drop(desk);
    let path = folder.path().join("musiccircles.db");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() / 4096 * 4096 - 4096;
    bytes[last..last + 4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert_ne!(backup::findings(folder.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn an_operator_backs_up_checks_and_restores_by_command() {
    let desk = command::Desk::new();
    drop(Store::open(&desk.path("data")).unwrap());
    let worked = |line: &str, words: &str| {
        let done = desk.type_in(line);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(done.stderr.contains(words), "{}", done.stderr);
    };
    let elsewhere = command::Desk::new().type_in("db check");
    assert_eq!(elsewhere.code, 2, "{}", elsewhere.stderr);
    assert!(
        elsewhere.stderr.contains("there is no record in"),
        "{}",
        elsewhere.stderr
    );
    worked("db backup -o copy.db", "copy.db holds the record");
    worked("db check", "the record is sound");
    worked("db restore copy.db", "before-restore-1");
    let refused = desk.type_in("db restore nowhere.db");
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("nowhere.db is no database of MusicCircles"),
        "{}",
        refused.stderr
    );
    desk.file("song.mp3", &[7; 9000]);
    let refused = desk.type_in("db restore song.mp3");
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("song.mp3 is no database"), "{}", refused.stderr);
    let refused = desk.type_in("db backup -o nowhere/copy.db");
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}
