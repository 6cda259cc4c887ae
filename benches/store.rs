//! How long an entry of the log takes until it is on the disk: alone, and with ten people at once.

use std::thread;
use std::time::{Duration, Instant};

use criterion::Criterion;
use musiccircles::store::Store;
use musiccircles::store::people::{self, InteractionKind};

/// People at once, and entries of each.
const WRITERS: i64 = 10;
const EACH: i64 = 200;

pub fn benches(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let store = Store::open(folder.path()).expect("a new database");
    let mut group = c.benchmark_group("store");
    group.sample_size(20);
    group.bench_function("log_entry_alone", |b| b.iter(|| log(&store, 7)));
    group.bench_function("log_2000_entries_of_10_writers", |b| b.iter(|| crowd(&store)));
    group.bench_function("list_of_one_person", |b| {
        b.iter(|| {
            store
                .read(|conn| people::interactions(conn, Some(7), Some(0), 100))
                .expect("a list")
        });
    });
    group.finish();
    let mut took = crowd(&store);
    took.sort();
    let at = |percent: usize| took[took.len() * percent / 100 - 1];
    println!(
        "log entry of {WRITERS} writers: p50 {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        at(100)
    );
}

fn log(store: &Store, user: i64) {
    let logged = store.write(move |tx| people::log(tx, user, Some("kim"), InteractionKind::Search, 1_800_000_000_000));
    logged.expect("an entry");
}

/// How long each entry took.
fn crowd(store: &Store) -> Vec<Duration> {
    let entry = |user| {
        let began = Instant::now();
        log(store, user);
        began.elapsed()
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || (0..EACH).map(|n| entry(writer * EACH + n)).collect::<Vec<_>>()))
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("a writer"))
            .collect()
    })
}
