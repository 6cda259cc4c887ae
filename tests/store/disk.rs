//! Files within their budget: accounted for before, whole after, and nothing left over in between.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use musiccircles::model::Blob;
use musiccircles::store::disk::{Disk, DiskError, DiskLimits};
use musiccircles::store::{Clock, Store, files};

struct Room {
    folder: tempfile::TempDir,
    store: Store,
    disk: Disk,
    now: Arc<AtomicI64>,
}

fn room(budget_bytes: u64) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let now = Arc::new(AtomicI64::new(1_000_000));
    let limits = DiskLimits {
        budget_bytes,
        min_free_bytes: 0,
    };
    let disk = Disk::new(store.clone(), limits, "this boot", Clock::Manual(Arc::clone(&now))).unwrap();
    Room {
        folder,
        store,
        disk,
        now,
    }
}

impl Room {
    fn blob(&self, text: &str) -> Result<Blob, DiskError> {
        self.now.fetch_add(1, Ordering::Relaxed);
        let place = self.disk.reserve("mp3", text.len() as u64)?;
        fs::write(place.path(), text).unwrap();
        Ok(place.keep_blob("mp3", |_, _| Ok(()))?.0)
    }

    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in ["blobs", "circles", "tmp"] {
            for entry in fs::read_dir(self.folder.path().join(folder)).unwrap() {
                found.push(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
            }
        }
        found.sort();
        found
    }

    fn has(&self, blob: &Blob) -> bool {
        self.disk.full_path(blob.path().unwrap()).exists()
    }
}

#[test]
fn the_longest_unused_makes_room_and_what_is_held_stays() {
    let room = room(100);
    let [first, second, third] = ["a", "b", "c"].map(|letter| room.blob(&letter.repeat(30)).unwrap());
    let (path, later) = (first.path().unwrap(), room.now.load(Ordering::Relaxed) + 5);
    room.store
        .write(move |tx| files::hold(tx, &path, "job:1", later))
        .unwrap();
    let fourth = room.blob(&"d".repeat(30)).unwrap();
    assert!(room.has(&first) && !room.has(&second) && room.has(&third) && room.has(&fourth));
    assert_eq!(room.disk.used_and_budget_bytes().unwrap(), (90, 100));
    // The same content again is the same file; while it was written it needed room of its own.
    assert_eq!(room.blob(&"d".repeat(30)).unwrap(), fourth);
    assert_eq!((room.files().len(), room.has(&third)), (2, false));
    let full = room.disk.reserve("mp3", 80).err().unwrap();
    assert!(matches!(full, DiskError::BudgetFull) && full.is_passing());
    assert_eq!(room.files().len(), 2, "nothing is evicted in vain");
    room.store.write(|tx| files::release(tx, "job:1")).unwrap();
    room.disk.reserve("mp3", 80).unwrap();
}

#[test]
fn what_is_not_kept_leaves_nothing() {
    let room = room(1000);
    let place = room.disk.reserve("mp3", 10).unwrap();
    fs::write(place.path(), "half").unwrap();
    assert_eq!(room.disk.used_and_budget_bytes().unwrap().0, 10);
    drop(place);
    let place = room.disk.reserve("mp3", 10).unwrap();
    fs::write(place.path(), "more than was agreed").unwrap();
    let large = place.keep_blob("mp3", |_, _| Ok(())).unwrap_err();
    assert!(matches!(large, DiskError::TooLarge { .. }), "{large}");
    assert_eq!(
        (room.files().len(), room.disk.used_and_budget_bytes().unwrap().0),
        (0, 0)
    );
}

#[test]
fn a_sweep_removes_what_has_no_other_half() {
    let room = room(1000);
    let (kept, lost) = (room.blob("kept").unwrap(), room.blob("lost").unwrap());
    fs::write(room.folder.path().join("blobs/stray.mp3"), "x").unwrap();
    fs::write(room.folder.path().join("tmp/stray"), "x").unwrap();
    fs::remove_file(room.disk.full_path(lost.path().unwrap())).unwrap();
    let writing = room.disk.reserve("mp4", 10).unwrap();
    fs::write(writing.path(), "now").unwrap();
    let swept = room.disk.sweep().unwrap();
    assert_eq!((swept.files, swept.rows), (2, 1));
    assert!(room.has(&kept) && writing.path().exists());
    let of_lost = lost.path().unwrap();
    assert!(!room.store.read(|conn| files::is_kept(conn, &of_lost)).unwrap());
    // Another run of the program: what was being written is left over.
    std::mem::forget(writing);
    let limits = DiskLimits {
        budget_bytes: 1000,
        min_free_bytes: 0,
    };
    Disk::new(room.store.clone(), limits, "next boot", Clock::System).unwrap();
    assert!(room.files().is_empty() || room.files().len() == 1, "{:?}", room.files());
    let rows = room.store.read(files::all).unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    room.disk.sweep().unwrap();
    assert_eq!(room.files(), [kept.path().unwrap().to_str().unwrap()]);
}

#[test]
fn a_nearly_full_disk_takes_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let limits = DiskLimits {
        budget_bytes: 1000,
        min_free_bytes: u64::MAX / 2,
    };
    let disk = Disk::new(store, limits, "boot", Clock::System).unwrap();
    assert!(!disk.has_room().unwrap());
    assert!(matches!(disk.reserve("mp3", 1).err().unwrap(), DiskError::Low));
}

#[test]
fn a_failed_row_takes_the_file_back_at_the_next_sweep() {
    let room = room(1000);
    let place = room.disk.reserve("mp4", 10).unwrap();
    fs::write(place.path(), "circle").unwrap();
    let failed = place.keep(Path::new("circles/x.mp4"), |_| {
        Err::<(), _>(musiccircles::store::StoreError::Busy)
    });
    assert!(failed.is_err());
    room.disk.sweep().unwrap();
    assert!(room.files().is_empty(), "{:?}", room.files());
    assert_eq!(room.disk.used_and_budget_bytes().unwrap().0, 0);
}

#[test]
fn who_left_their_conversation_makes_room_for_others() {
    const RESTED_MS: i64 = 10 * 60 * 1000;
    let room = room(100);
    let [left, fresh, both] = ["a", "b", "c"].map(|letter| room.blob(&letter.repeat(30)).unwrap());
    let later = |ms| room.now.fetch_add(ms, Ordering::Relaxed);
    let hold = |blob: &Blob, holder: &'static str| {
        let (path, now) = (blob.path().unwrap(), room.now.load(Ordering::Relaxed));
        room.store.write(move |tx| files::hold(tx, &path, holder, now)).unwrap();
    };
    hold(&left, "dialogue:1:2:3");
    hold(&both, "dialogue:1:2:3");
    hold(&both, "job:1");
    later(RESTED_MS - 100);
    hold(&fresh, "dialogue:1:4:4");
    let full = room.disk.reserve("mp3", 30).err().unwrap();
    assert!(matches!(full, DiskError::BudgetFull), "nobody left yet");
    later(200);
    let new = room.blob(&"d".repeat(30)).unwrap();
    assert!(!room.has(&left) && room.has(&fresh) && room.has(&both) && room.has(&new));
    // What is still not enough takes nothing.
    let before = room.files();
    assert!(matches!(room.disk.reserve("mp3", 50), Err(DiskError::BudgetFull)));
    assert_eq!(room.files(), before);
    room.disk.sweep().unwrap();
    assert_eq!(room.files(), before);
}

/// All of them at their largest are twice the budget, and what comes is a few bytes.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_unknown_length_wait_their_turn_and_nothing_is_removed_for_them() {
    const MOST: u64 = 64 << 20;
    let room = room(1_000_000_000);
    let circle = room.blob("a circle that somebody may ask for again").unwrap();
    let arrivals = (0..32).map(|_| {
        let disk = room.disk.clone();
        tokio::spawn(async move {
            let turn = disk.turn().await;
            let place = tokio::task::spawn_blocking(move || disk.reserve("part", MOST));
            let place = place.await.unwrap()?.in_turn(turn);
            tokio::time::sleep(Duration::from_millis(400)).await;
            fs::write(place.path(), "a short song").unwrap();
            let kept = tokio::task::spawn_blocking(move || place.keep_blob("mp3", |_, _| Ok(())));
            kept.await.unwrap().map(drop)
        })
    });
    for arrival in arrivals.collect::<Vec<_>>() {
        arrival.await.unwrap().unwrap();
    }
    assert!(room.has(&circle));
}

#[test]
fn room_grows_with_the_file_and_makes_room_only_then() {
    let room = room(100);
    let old = room.blob(&"o".repeat(60)).unwrap();
    let place = room.disk.reserve("part", 10).unwrap().grow(40).unwrap();
    assert_eq!((place.limit_bytes(), room.has(&old)), (40, true));
    let place = place.grow(90).unwrap();
    assert!(!room.has(&old), "now its bytes are needed");
    let full = place.grow(101).err().unwrap();
    assert!(matches!(full, DiskError::BudgetFull), "{full}");
    assert_eq!(room.disk.used_and_budget_bytes().unwrap().0, 0, "and it is gone itself");
}

/// A runtime that ends hands what it drops to threads that take nothing any more.
#[test]
fn what_is_not_kept_goes_with_the_runtime_too() {
    let room = room(1000);
    let place = room.disk.reserve("part", 10).unwrap();
    fs::write(place.path(), "half").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _inside = handle.enter();
    drop(place);
    assert_eq!(
        (room.files(), room.disk.used_and_budget_bytes().unwrap().0),
        (Vec::new(), 0)
    );
}

/// Nothing else runs on this runtime while something blocks it.
#[tokio::test]
async fn what_is_not_kept_goes_without_blocking_the_runtime() {
    let room = room(1000);
    let place = room.disk.reserve("part", 10).unwrap();
    fs::write(place.path(), "half").unwrap();
    let (store, (writes, begun)) = (room.store.clone(), std::sync::mpsc::channel());
    let slow = std::thread::spawn(move || {
        store.write(move |_| {
            writes.send(()).unwrap();
            std::thread::sleep(Duration::from_secs(1));
            Ok(())
        })
    });
    begun.recv().unwrap();
    let began = Instant::now();
    drop(place);
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    slow.join().unwrap().unwrap();
    while room.disk.used_and_budget_bytes().unwrap().0 > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is never cleaned up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(room.files().is_empty());
}
