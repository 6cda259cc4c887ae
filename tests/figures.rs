//! The figures of the README: each measured by a run through the real program, printed, and held to its goal. `make figures`
//! builds for release and runs them one at a time; they mean nothing beside other work.

mod crash;
mod crowd;
mod hurry;

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lofty::config::WriteOptions;
use lofty::file::{AudioFile, TaggedFileExt};
use lofty::tag::Accessor;

use crate::support::telegram::{Entry, Telegram, What};

/// A song with its cover in its tags: what people send.
const DEMO: &[u8] = include_bytes!("../assets/demo/demo.mp3");
const DEMO_SECS: u64 = 86;
/// Telegram allows one message a second in a chat; who acts sooner waits for that and not for us.
const BREATH: Duration = Duration::from_millis(1_100);
/// Nobody waits longer, however busy the machine.
const WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A debug build only tries whether the figures can be taken.
const SLACK: f64 = if cfg!(debug_assertions) { 10.0 } else { 1.0 };
const CREATE: &str = "▶️ Создать кружок";

/// As the ledger counts.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// Waits until each of these chats was sent something of this kind after entry `from`; when that was, by chat.
fn arrivals(telegram: &Telegram, from: usize, kind: &str, chats: &[i64], within: Duration) -> BTreeMap<i64, u64> {
    let until = Instant::now() + within;
    let (mut found, mut seen) = (BTreeMap::new(), from);
    loop {
        let news = telegram.ledger_since(seen);
        seen += news.len();
        for entry in news
            .iter()
            .filter(|entry| is_sent(entry, kind) && chats.contains(&entry.chat))
        {
            found.entry(entry.chat).or_insert(entry.at_ms);
        }
        if found.len() == chats.len() {
            return found;
        }
        assert!(
            Instant::now() < until,
            "{} of {} got a {kind} within {within:?}",
            found.len(),
            chats.len()
        );
        thread::sleep(LOOK_EVERY);
    }
}

/// The same for one chat.
fn arrival(telegram: &Telegram, from: usize, kind: &str, chat: i64, within: Duration) -> u64 {
    arrivals(telegram, from, kind, &[chat], within)[&chat]
}

fn is_sent(entry: &Entry, kind: &str) -> bool {
    entry.what == What::Sent && entry.kind == kind
}

/// Where the ledger ends now.
fn end(telegram: &Telegram) -> usize {
    telegram.ledger().len()
}

/// One figure: its samples in milliseconds.
struct Figure {
    name: String,
    sorted_ms: Vec<f64>,
}

impl Figure {
    fn of(name: &str, samples_ms: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted_ms: Vec<f64> = samples_ms.into_iter().collect();
        sorted_ms.sort_unstable_by(f64::total_cmp);
        let figure = Self {
            name: name.to_owned(),
            sorted_ms,
        };
        println!(
            "{name}: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, longest {:.0} ms ({} samples)",
            figure.share(0.5),
            figure.share(0.95),
            figure.share(0.99),
            figure.share(1.0),
            figure.sorted_ms.len()
        );
        figure
    }

    /// The smallest sample that so many are not above.
    fn share(&self, share: f64) -> f64 {
        let count = (self.sorted_ms.len() as f64 * share).ceil() as usize;
        self.sorted_ms[count.max(1) - 1]
    }

    fn at_most(&self, share: f64, goal_ms: f64) {
        let (found, bound_ms) = (self.share(share), goal_ms * SLACK);
        assert!(
            found <= bound_ms,
            "{}: {found:.0} ms, more than {bound_ms} ms",
            self.name
        );
    }
}

/// Under what the figures were taken.
fn conditions() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("{cores} cores, load before {}, {build} build", load.trim());
}

/// A library of songs that differ in their names alone: `Song000`, `Song001`...
fn fill_library(folder: &Path, count: usize) {
    for nth in 0..count {
        let path = folder.join(format!("{nth:03}.mp3"));
        std::fs::write(&path, DEMO).unwrap();
        let mut song = lofty::read_from_path(&path).unwrap();
        song.primary_tag_mut().unwrap().set_title(format!("Song{nth:03}"));
        song.save_to_path(&path, WriteOptions::default()).unwrap();
    }
}
