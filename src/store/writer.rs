//! The one thread that writes. Work comes in as closures, as many as are waiting go into one transaction, and each caller
//! hears only after that transaction is on the disk.
//!
//! A piece of work that fails is undone alone, by its savepoint; the others are committed. When the commit itself fails,
//! all of them are undone and all of them hear why.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::Tx;
use super::check::BUSY_TIMEOUT;
use super::error::StoreError;
use crate::torture;

/// Pieces of work that may wait; who comes later waits to be let in.
const WAITING: usize = 1024;
/// Pieces of work in one transaction: enough for any crowd, and the first of them still hears within milliseconds.
const GROUP: usize = 256;
/// How long the log is waited for while others want to write.
const FLUSH_PATIENCE: Duration = Duration::from_millis(100);

/// Tells the caller, once it is known whether the transaction is on the disk.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Does the work, or hears why it cannot be done; says why it failed, if it did.
type Work = Box<dyn FnOnce(Result<&Connection, StoreError>) -> (Option<StoreError>, Answer) + Send>;

/// What the writer is asked for.
enum Ask {
    Work(Work),
    /// Write the log back, and say so.
    Flush(SyncSender<Result<(), StoreError>>),
}

/// Where the work is handed in.
pub(super) struct Writer {
    /// Taken away when the store closes.
    queue: Option<SyncSender<Ask>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

/// How often the disk was waited for, and for how much work.
#[derive(Debug, Default)]
struct Counts {
    commits: AtomicU64,
    works: AtomicU64,
}

impl Writer {
    pub(super) fn start(conn: Connection) -> Result<Self, StoreError> {
        let (queue, waiting) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let (shared, named) = (Arc::clone(&counts), thread::Builder::new().name("store".into()));
        let thread = named
            .spawn(move || run(&conn, &waiting, &shared))
            .map_err(|_| StoreError::Panicked)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            counts,
        })
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, hear) = sync_channel(1);
        let work: Work = Box::new(move |conn| {
            let careful =
                |conn| catch_unwind(AssertUnwindSafe(|| work(&Tx(conn)))).unwrap_or(Err(StoreError::Panicked));
            let made = conn.and_then(careful);
            let failed = made.as_ref().err().cloned();
            // Nobody hears it when the caller is gone; what was committed stays committed.
            let answer: Answer = Box::new(move |committed| drop(tell.send(committed.and(made))));
            (failed, answer)
        });
        self.ask(Ask::Work(work))?;
        hear.recv().map_err(|_| StoreError::Closed)?
    }

    pub(super) fn flush_log(&self) -> Result<(), StoreError> {
        let (tell, hear) = sync_channel(1);
        self.ask(Ask::Flush(tell))?;
        hear.recv().map_err(|_| StoreError::Closed)?
    }

    fn ask(&self, ask: Ask) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(ask).map_err(|_| StoreError::Closed)
    }

    /// Commits so far, and pieces of work in them.
    pub(super) fn counts(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.counts.commits), read(&self.counts.works))
    }
}

impl Drop for Writer {
    /// Everything handed in is still done.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It ends when its queue is closed; that it panicked is told nobody any more.
            let _ = thread.join();
        }
    }
}

fn run(conn: &Connection, waiting: &Receiver<Ask>, counts: &Counts) {
    let mut next = waiting.recv().ok();
    while let Some(ask) = next.take() {
        match ask {
            Ask::Flush(tell) => drop(tell.send(flush_soon(conn))),
            Ask::Work(first) => {
                // Whoever came while the disk was busy waits here, and goes into the next transaction together.
                let more = waiting.try_iter().map_while(|ask| match ask {
                    Ask::Work(work) => Some(work),
                    flush => {
                        next = Some(flush);
                        None
                    }
                });
                commit(conn, std::iter::once(first).chain(more).take(GROUP), counts);
            }
        }
        next = next.or_else(|| waiting.recv().ok());
    }
    if let Err(error) = flush(conn) {
        tracing::warn!(%error, "the log was not written back at the end; the next start reads it");
    }
}

/// Nobody's work waits long for a reader that holds the log, as a backup does.
fn flush_soon(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(FLUSH_PATIENCE)?;
    let flushed = flush(conn);
    conn.busy_timeout(BUSY_TIMEOUT)?;
    flushed
}

fn flush(conn: &Connection) -> Result<(), StoreError> {
    torture::point("checkpoint.mid");
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(StoreError::Busy) } else { Ok(()) }
}

/// One transaction, from its first savepoint to the last answer.
fn commit(conn: &Connection, group: impl Iterator<Item = Work>, counts: &Counts) {
    let began = conn.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from);
    let mut answers: Vec<Answer> = Vec::new();
    let mut undone = None;
    for work in group {
        let (failed, answer) = match &began {
            Ok(()) => run_one(conn, work),
            Err(error) => work(Err(error.clone())),
        };
        answers.push(answer);
        if failed.is_some() && conn.is_autocommit() {
            // The failure was of the kind that undoes everything, also what was done before it.
            undone = failed;
            break;
        }
    }
    let done = match undone.map_or(began, Err) {
        Err(error) => Err(error),
        Ok(()) => conn.execute_batch("COMMIT").map_err(StoreError::from),
    };
    if !conn.is_autocommit() {
        // A commit that failed leaves it open; one that cannot even be undone fails again at the next work.
        let _ = conn.execute_batch("ROLLBACK");
    }
    counts.commits.fetch_add(1, Ordering::Relaxed);
    counts.works.fetch_add(answers.len() as u64, Ordering::Relaxed);
    for answer in answers {
        answer(done.clone());
    }
}

/// Runs a piece of work under its own savepoint, and undoes it alone when it fails.
fn run_one(conn: &Connection, work: Work) -> (Option<StoreError>, Answer) {
    if let Err(error) = conn.execute_batch("SAVEPOINT work") {
        return work(Err(error.into()));
    }
    let (failed, answer) = work(Ok(conn));
    let end = match failed {
        None => "RELEASE work",
        Some(_) => "ROLLBACK TO work; RELEASE work",
    };
    match conn.execute_batch(end) {
        Err(error) if failed.is_none() => {
            let error = StoreError::from(error);
            let told = error.clone();
            (Some(error), Box::new(move |_| answer(Err(told))))
        }
        // A failure that took the transaction with it left no savepoint to go back to.
        _ => (failed, answer),
    }
}
