//! Paths that must not outlive the program. Whoever holds one removes it when done; should the program be ended in the
//! middle of its work, [`remove_all`] does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static PATHS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Keeps a path on the list.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// A file or a folder, best before it is made.
    pub fn note(path: &Path) -> Self {
        PATHS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|path| *path != self.0);
    }
}

/// The last thing before the process exits: nothing can be noted, and so nothing made, any more.
pub fn remove_all() {
    let paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
    for path in paths.iter() {
        // What is gone already is as good.
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    }
    // Never unlocked again.
    std::mem::forget(paths);
}
