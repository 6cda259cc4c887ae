//! Bytes in, a file out that appears under its name only when it is complete.
//!
//! An ordinary target is written to a temporary file beside it, synced and renamed; until then nothing under the name
//! changes, and a failure leaves nothing behind. `-` is standard output; pipes and devices are written straight.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;

use crate::model::Fault;

#[derive(Debug, Error)]
pub enum DeliverError {
    #[error("the folder {} does not exist; create it or choose another one for the output", folder.display())]
    NoFolder { folder: PathBuf },
    #[error("{} is a folder; give the output a file name", path.display())]
    IsFolder { path: PathBuf },
    #[error("{} may not be written; check its permissions or choose another place for the output", path.display())]
    NotWritable { path: PathBuf },
    #[error("the disk of {} is full; free some space and try again", path.display())]
    DiskFull { path: PathBuf },
    #[error("whoever read the output stopped reading")]
    Closed,
    #[error("writing {} failed ({source})", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl DeliverError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoFolder { .. } | Self::IsFolder { .. } | Self::NotWritable { .. } => Fault::Request,
            Self::DiskFull { .. } | Self::Closed | Self::Write { .. } => Fault::Machine,
        }
    }

    /// Sorts what the system said into what a person can do about it.
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoFolder {
                folder: folder_of(&path),
            },
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Write { path, source },
        }
    }
}

/// Writes all of `bytes` at once.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DeliverError> {
    let mut output = Output::create(path)?;
    output
        .write_all(bytes)
        .map_err(|source| DeliverError::from_io(path, source))?;
    output.finish()
}

/// Whether the target can be written, before the work that fills it. Leaves nothing behind, and does not open pipes and
/// devices, whose other end would notice.
pub fn check(path: &Path) -> Result<(), DeliverError> {
    let straight = path == Path::new("-") || fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir());
    if straight {
        Ok(())
    } else {
        Output::create(path).map(drop)
    }
}

/// A target being written piece by piece. Dropped without [`Output::finish`] it leaves nothing under the name.
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    /// Removed when dropped, unless renamed to `target`.
    Beside { file: NamedTempFile, target: PathBuf },
    /// Standard output, a device or a named pipe: there is nothing to rename.
    Straight(File),
}

impl Output {
    /// Fails before anything is rendered if nothing can be written there.
    pub fn create(path: &Path) -> Result<Self, DeliverError> {
        open(path)
            .map(|sink| Self {
                path: path.to_owned(),
                sink,
            })
            .map_err(|source| DeliverError::from_io(path, source))
    }

    /// The error of a failed [`Write`] on this output, in words.
    pub fn explain(&self, source: io::Error) -> DeliverError {
        DeliverError::from_io(&self.path, source)
    }

    /// Makes what was written durable and gives it its name.
    pub fn finish(self) -> Result<(), DeliverError> {
        let Self { path, sink } = self;
        let finish = || match sink {
            Sink::Beside { file, target } => {
                file.as_file().sync_all()?;
                file.persist(&target).map_err(|error| error.error)?;
                // The name is durable once its folder is; a file system that cannot sync a folder has the file anyway.
                let _ = File::open(folder_of(&target)).and_then(|folder| folder.sync_all());
                Ok(())
            }
            // Written without a buffer: every byte has arrived or failed.
            Sink::Straight(_) => Ok(()),
        };
        finish().map_err(|source| DeliverError::from_io(&path, source))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Beside { file, .. } => file.write(bytes),
            Sink::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Sink> {
    if path == Path::new("-") {
        // The descriptor itself: `io::stdout` looks for line ends, and there are none in a video.
        return Ok(Sink::Straight(File::from(io::stdout().as_fd().try_clone_to_owned()?)));
    }
    let target = match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(facts) if !facts.is_file() => return OpenOptions::new().write(true).open(path).map(Sink::Straight),
        Ok(_) => {
            // A file that may not be written is not replaced behind its owner's back.
            OpenOptions::new().write(true).open(path)?;
            // Through links: the file is replaced, the link to it stays.
            fs::canonicalize(path)?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            path.to_owned()
        }
        Err(error) => return Err(error),
    };
    let file = tempfile::Builder::new()
        .prefix(".musiccircles-")
        .suffix(".part")
        .make_in(folder_of(&target), |name| {
            // As any program creates a file: everyone's permissions, less what the umask takes away.
            OpenOptions::new().write(true).create_new(true).mode(0o666).open(name)
        })?;
    Ok(Sink::Beside { file, target })
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
