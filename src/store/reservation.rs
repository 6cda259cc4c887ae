//! Room for a file that is being written, until it is whole and in its place.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::disk::{Disk, DiskError, remove_file};
use super::{StoreError, Tx, files};
use crate::model::Blob;
use crate::torture;

/// Room for one file, and a place to write it. Dropped without being kept, it leaves nothing behind.
pub struct Reservation {
    disk: Disk,
    name: PathBuf,
    path: PathBuf,
    bytes: u64,
    kept: bool,
    turn: Option<Turn>,
}

/// One of the few files of unknown length that arrive now; its end is the turn of the next one.
pub struct Turn {
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    pub(super) fn new(disk: Disk, name: PathBuf, bytes: u64) -> Self {
        Self {
            path: disk.full_path(&name),
            disk,
            name,
            bytes,
            kept: false,
            turn: None,
        }
    }

    /// Keeps the turn until the file is kept or gone.
    pub fn in_turn(mut self, turn: Turn) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Accounts for a file of so many bytes, if that is more than before. An error ends it.
    pub fn grow(mut self, bytes: u64) -> Result<Self, DiskError> {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 {
            let name = self.name.clone();
            self.disk.account(more, move |tx| files::grow(tx, &name, more))?;
            self.bytes = bytes;
        }
        Ok(self)
    }

    /// Where to write, in full.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file may not become larger than this.
    pub fn limit_bytes(&self) -> u64 {
        self.bytes
    }

    /// Names the written file by its content and keeps it as a blob, `also` in the same transaction.
    pub fn keep_blob<T: Send + 'static>(
        self,
        extension: &str,
        also: impl FnOnce(&Tx<'_>, &Blob) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<(Blob, T), DiskError> {
        let (sha256, bytes) = digest(File::open(&self.path)?)?;
        let blob = Blob {
            sha256,
            bytes,
            extension: extension.to_owned(),
        };
        let name = blob.path().ok_or(StoreError::Unreadable { what: "an extension" })?;
        let told = blob.clone();
        Ok((blob, self.keep(&name, move |tx| also(tx, &told))?))
    }

    /// Moves the written file to its name below the data folder; when this returns, file and row are on the disk. An error
    /// of `also` takes both back.
    pub fn keep<T: Send + 'static>(
        mut self,
        name: &Path,
        also: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, DiskError> {
        let shared = Arc::clone(&self.disk.shared);
        let place = shared.store.folder().join(name);
        let file = File::open(&self.path)?;
        let bytes = file.metadata()?.len();
        if bytes > self.bytes {
            return Err(DiskError::TooLarge {
                limit_bytes: self.bytes,
            });
        }
        torture::point("artifact.tmp");
        file.sync_all()?;
        let _placing = shared.placing.lock().unwrap_or_else(PoisonError::into_inner);
        fs::rename(&self.path, &place)?;
        if let Some(folder) = place.parent() {
            File::open(folder)?.sync_all()?;
        }
        torture::point("artifact.renamed_before_db");
        let (temporary, kept, now) = (self.name.clone(), name.to_owned(), shared.clock.now());
        let made = shared.store.write(move |tx| {
            files::keep(tx, &temporary, &kept, bytes, now)?;
            also(tx)
        });
        // A row that was not committed leaves a file that the drop cannot find any more; the next sweep does.
        self.kept = made.is_ok();
        Ok(made?)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let leftover = Leftover {
            disk: self.disk.clone(),
            name: std::mem::take(&mut self.name),
            path: std::mem::take(&mut self.path),
            _turn: self.turn.take(),
        };
        // It waits for the disk, and what runs on the runtime must not. A runtime that ends does not begin it but drops it: then
        // the file goes here and now.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(leftover))),
            Err(_) => drop(leftover),
        }
    }
}

/// A file that nobody kept. Dropping this removes it, and only then is it the next one's turn.
struct Leftover {
    disk: Disk,
    name: PathBuf,
    path: PathBuf,
    _turn: Option<Turn>,
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let removed = remove_file(&self.path).map_err(DiskError::from).and_then(|()| {
            let name = std::mem::take(&mut self.name);
            let store = &self.disk.shared.store;
            Ok(store.write(move |tx| files::remove(tx, &name).map(drop))?)
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "a temporary file is left to the sweep");
        }
    }
}

fn digest(mut file: File) -> io::Result<(String, u64)> {
    let (mut hash, mut buffer, mut bytes) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes,
    ))
}
