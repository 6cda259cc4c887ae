//! The thread that keeps the index true: it looks at the whole folder once, then at what the system says has changed, and at
//! the whole folder again from time to time, for changes nobody told of (a network disk tells nothing).

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::scan::Scan;

/// A file is looked at when nothing has changed for this long: copying one makes many changes.
const QUIET: Duration = Duration::from_millis(300);
/// But no later than this after the first change.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// More changed places than this are faster to find by a look at everything.
const MAX_CHANGED: usize = 512;
/// How soon the thread hears that it shall stop.
const TICK: Duration = Duration::from_millis(200);

/// What an operator sees of the library.
#[derive(Clone, Copy, Debug, Default)]
pub struct LibraryStatus {
    pub songs: u64,
    /// A look at the whole folder is going on.
    pub scanning: bool,
    pub scanned_at: Option<SystemTime>,
    /// `false`: changes are found by the next full look only.
    pub watching: bool,
}

pub(super) struct Keeper {
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<LibraryStatus>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub fn start(scan: Scan, rescan: Duration) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let status = Arc::new(Mutex::new(LibraryStatus::default()));
        let work = Work {
            scan,
            rescan,
            stop: stop.clone(),
            status: status.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("library".into())
            .spawn(move || work.run())?;
        Ok(Self {
            stop,
            status,
            thread: Some(thread),
        })
    }

    pub fn status(&self) -> LibraryStatus {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its panic was told when it happened.
            let _ = thread.join();
        }
    }
}

struct Work {
    scan: Scan,
    rescan: Duration,
    stop: Arc<AtomicBool>,
    status: Arc<Mutex<LibraryStatus>>,
}

/// What the system told of.
enum Change {
    Paths(Vec<Vec<u8>>),
    /// Something was missed.
    Unknown,
}

impl Work {
    fn run(self) {
        let (tell, told) = sync_channel(MAX_CHANGED);
        let missed = Arc::new(AtomicBool::new(false));
        // Watched before the first look, so that nothing falls between the two.
        let watcher = self.watch(tell, missed.clone());
        self.update(|status| status.watching = watcher.is_some());
        while !self.stopped() {
            self.look_at_all();
            let next = Instant::now() + self.rescan;
            while !self.stopped() && Instant::now() < next && !missed.swap(false, Ordering::Relaxed) {
                match self.changes(&told, next) {
                    Change::Paths(paths) => paths.iter().for_each(|path| self.look_at(path)),
                    Change::Unknown => break,
                }
            }
        }
    }

    fn watch(&self, tell: SyncSender<Change>, missed: Arc<AtomicBool>) -> Option<RecommendedWatcher> {
        let root = self.scan.folder.root().to_owned();
        let below = root.clone();
        let heard = move |event: notify::Result<Event>| {
            let change = match event {
                Ok(event) if event.need_rescan() => Change::Unknown,
                // Reading a file, as we do, is no change.
                Ok(Event {
                    kind: EventKind::Access(how),
                    ..
                }) if how != AccessKind::Close(AccessMode::Write) => return,
                Ok(event) => {
                    let paths = event.paths.iter().filter_map(|path| path.strip_prefix(&below).ok());
                    Change::Paths(paths.map(|path| path.as_os_str().as_bytes().to_owned()).collect())
                }
                Err(_) => Change::Unknown,
            };
            if tell.try_send(change).is_err() {
                missed.store(true, Ordering::Relaxed);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(heard, config).and_then(|mut watcher| {
            watcher.watch(&root, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if watcher.is_err() {
            tracing::warn!("changes in the music library cannot be watched; they are found by the regular scan");
        }
        watcher.ok()
    }

    /// Waits for changes until `next`, and then for them to end; each place once.
    fn changes(&self, told: &Receiver<Change>, next: Instant) -> Change {
        let mut paths = BTreeSet::new();
        let mut first: Option<Instant> = None;
        loop {
            let wait = if first.is_some() { QUIET } else { TICK };
            let left = next.saturating_duration_since(Instant::now());
            let done = || Change::Paths(paths.iter().cloned().collect());
            match told.recv_timeout(wait.min(left)) {
                Ok(Change::Unknown) => return Change::Unknown,
                Ok(Change::Paths(changed)) => {
                    first.get_or_insert_with(Instant::now);
                    paths.extend(changed);
                    if paths.len() > MAX_CHANGED {
                        return Change::Unknown;
                    }
                    if first.is_some_and(|first| first.elapsed() > MAX_WAIT) {
                        return Change::Paths(paths.into_iter().collect());
                    }
                }
                Err(RecvTimeoutError::Timeout) => return done(),
                Err(RecvTimeoutError::Disconnected) => {
                    // No watcher: only time passes.
                    std::thread::sleep(TICK.min(left));
                    return done();
                }
            }
        }
    }

    fn look_at_all(&self) {
        self.update(|status| status.scanning = true);
        self.look_at(b"");
        self.update(|status| {
            status.scanning = false;
            status.scanned_at = Some(SystemTime::now());
        });
    }

    fn look_at(&self, path: &[u8]) {
        // The error says nothing of the folder; the next full look tries again.
        if self.scan.look(path, &self.stop).is_err() {
            tracing::warn!("the index of the music library could not be written");
        }
        if let Ok(songs) = self.scan.catalogue.count() {
            self.update(|status| status.songs = songs);
        }
    }

    fn update(&self, change: impl FnOnce(&mut LibraryStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
