//! The files of the data folder, within one budget. A file is accounted for before its first byte is written, and of use
//! only when it is whole, on the disk, and its row says so.
//!
//! A file is written in `tmp/` and moved to its place. Whatever interrupts that leaves either nothing, or a file without a
//! row, or a row without a file; [`Disk::sweep`] removes both kinds. Circles and songs stay after their use, until their
//! bytes are needed for something newer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rand::Rng;
use tokio::sync::Semaphore;

pub use super::reservation::{Reservation, Turn};
use super::{Clock, Millis, Store, StoreError, Tx, files};
use crate::torture;

/// Songs, covers and lyrics by their content; circles by their content key; whatever is being written.
pub const BLOBS: &str = "blobs";
pub const CIRCLES: &str = "circles";
pub const TEMPORARY: &str = "tmp";
/// Nothing is written for longer than this; what was reserved before is left over.
const LONGEST_WRITE_MS: Millis = 3600 * 1000;
/// Files of unknown length that arrive at the same time: each is accounted for with the most it may become, and what is kept
/// must not go for bytes that never come.
const ARRIVALS: u64 = 8;
/// And all of them together take at most this part of the budget.
const ARRIVALS_SHARE: u64 = 2;
/// The most one of them may become, for that part.
const ARRIVAL_BYTES: u64 = 64 << 20;

#[derive(Clone, Copy, Debug)]
pub struct DiskLimits {
    /// All our files together.
    pub budget_bytes: u64,
    /// With less than this left on the disk nothing new is begun: the database must always be able to grow.
    pub min_free_bytes: u64,
}

impl Default for DiskLimits {
    fn default() -> Self {
        Self {
            budget_bytes: 2_000_000_000,
            min_free_bytes: 2 << 30,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the disk is nearly full; free some space, or nothing new can be made")]
    Low,
    #[error("all the space for songs and circles is in use; try again in a minute")]
    BudgetFull,
    #[error("the file became larger than was agreed, {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the file could not be written ({})", .0.kind())]
    Io(#[from] io::Error),
}

impl DiskError {
    /// Whether the same may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Low | Self::BudgetFull | Self::Io(_) => true,
            Self::TooLarge { .. } => false,
        }
    }
}

/// A handle, cheap to clone.
#[derive(Clone)]
pub struct Disk {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) store: Store,
    limits: DiskLimits,
    boot_id: String,
    pub(super) clock: Clock,
    /// Held while a file and its row are changed together, so that the sweep never sees one without the other.
    pub(super) placing: Mutex<()>,
    arrivals: Arc<Semaphore>,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub files: u32,
    pub rows: u32,
}

impl Disk {
    /// `boot_id` names this run of the program.
    pub fn new(store: Store, limits: DiskLimits, boot_id: &str, clock: Clock) -> Result<Self, DiskError> {
        for folder in [BLOBS, CIRCLES, TEMPORARY] {
            fs::create_dir_all(store.folder().join(folder))?;
        }
        let arrivals = (limits.budget_bytes / ARRIVALS_SHARE / ARRIVAL_BYTES).clamp(1, ARRIVALS);
        let disk = Self {
            shared: Arc::new(Shared {
                store,
                limits,
                boot_id: boot_id.to_owned(),
                clock,
                placing: Mutex::new(()),
                arrivals: Arc::new(Semaphore::new(arrivals as usize)),
            }),
        };
        disk.sweep()?;
        Ok(disk)
    }

    /// Whether something new may be begun.
    pub fn has_room(&self) -> Result<bool, DiskError> {
        Ok(self.free_bytes()? >= self.shared.limits.min_free_bytes)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(self.shared.store.folder())?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Accounts for a file of at most so many bytes; what was unused longest makes room.
    pub fn reserve(&self, extension: &str, bytes: u64) -> Result<Reservation, DiskError> {
        let Shared { boot_id, clock, .. } = &*self.shared;
        let name = PathBuf::from(format!("{TEMPORARY}/{:032x}.{extension}", rand::rng().random::<u128>()));
        let (path, boot_id, now) = (name.clone(), boot_id.clone(), clock.now());
        self.account(bytes, move |tx| files::reserve(tx, &path, bytes, &boot_id, now))?;
        Ok(Reservation::new(self.clone(), name, bytes))
    }

    /// Accounts for so many bytes more, by what `how` writes down.
    pub(super) fn account(
        &self,
        bytes: u64,
        how: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), DiskError> {
        let Shared { store, limits, .. } = &*self.shared;
        if self.free_bytes()?.saturating_sub(bytes) < limits.min_free_bytes {
            return Err(DiskError::Low);
        }
        let (budget, now) = (limits.budget_bytes, self.shared.clock.now());
        let evicted = store.write(move |tx| {
            let over = (files::total_bytes(tx)? + bytes).saturating_sub(budget);
            let Some(evicted) = files::evict(tx, over, now)? else {
                return Ok(None);
            };
            how(tx)?;
            Ok(Some(evicted))
        })?;
        self.delete(&evicted.ok_or(DiskError::BudgetFull)?)
    }

    /// Waits until a file whose length nobody knows may arrive; given to [`Reservation::in_turn`].
    pub async fn turn(&self) -> Turn {
        // Nobody closes it; should somebody, nobody need wait any more.
        let _permit = Arc::clone(&self.shared.arrivals).acquire_owned().await.ok();
        Turn { _permit }
    }

    /// Deletes files whose rows are gone, unless the same file was made again meanwhile.
    pub(crate) fn delete(&self, names: &[String]) -> Result<(), DiskError> {
        if names.is_empty() {
            return Ok(());
        }
        let Shared { store, placing, .. } = &*self.shared;
        let _placing = placing.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if !store.read(|conn| files::is_kept(conn, Path::new(name)))? {
                remove_file(&store.folder().join(name))?;
            }
            torture::point("cleanup.mid");
        }
        Ok(())
    }

    /// Removes files without a row, rows without a file, and whatever an earlier run left half written.
    pub fn sweep(&self) -> Result<Swept, DiskError> {
        let Shared {
            store,
            boot_id,
            clock,
            placing,
            ..
        } = &*self.shared;
        let _placing = placing.lock().unwrap_or_else(PoisonError::into_inner);
        // First the files, then the rows: a row is always there before its file.
        let mut found = std::collections::HashSet::new();
        for folder in [BLOBS, CIRCLES, TEMPORARY] {
            for entry in fs::read_dir(store.folder().join(folder))? {
                found.insert(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
            }
        }
        let rows = store.read(files::all)?;
        let oldest = clock.now() - LONGEST_WRITE_MS;
        let (mut lost, mut swept) = (Vec::new(), Swept::default());
        for row in rows {
            let left_over = !row.kept && (row.boot_id != *boot_id || row.used < oldest);
            let missing = row.kept && !found.contains(&row.path);
            if left_over || missing {
                lost.push(row.path);
            } else {
                found.remove(&row.path);
            }
        }
        for stray in &found {
            remove_file(&store.folder().join(stray))?;
            swept.files += 1;
        }
        swept.rows = lost.len() as u32;
        if !lost.is_empty() {
            store.write(move |tx| {
                lost.iter()
                    .try_for_each(|path| files::remove(tx, Path::new(path)).map(drop))
            })?;
        }
        Ok(swept)
    }

    /// Bytes of all files, and how many they may be.
    pub fn used_and_budget_bytes(&self) -> Result<(u64, u64), StoreError> {
        let used = self.shared.store.read(files::total_bytes)?;
        Ok((used, self.shared.limits.budget_bytes))
    }

    /// Bytes of all files, how many they may be, and how many are free on the disk.
    pub fn bytes(&self) -> Result<(u64, u64, u64), DiskError> {
        let (used, budget) = self.used_and_budget_bytes()?;
        Ok((used, budget, self.free_bytes()?))
    }

    /// Where a file lies that a row names.
    pub fn full_path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.shared.store.folder().join(name)
    }
}

pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
