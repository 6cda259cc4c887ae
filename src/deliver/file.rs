//! Bytes in, a file out that appears under its name only when it is complete.
//!
//! An ordinary target is written to a file without a name in the same folder, synced, named and moved over the target;
//! until then nothing in the folder changes, and a failure leaves nothing behind, even when the program is killed.
//! A file that is replaced keeps its permissions.
//! `-` is standard output; pipes and devices are written straight.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use tempfile::NamedTempFile;
use thiserror::Error;

use super::unfinished::Unfinished;
use crate::model::Fault;

#[derive(Debug, Error)]
pub enum DeliverError {
    #[error("the folder {} does not exist; create it or choose another one for the output", folder.display())]
    NoFolder { folder: PathBuf },
    #[error("{} is a folder; give the output a file name", path.display())]
    IsFolder { path: PathBuf },
    #[error("{} may not be written; check its permissions or choose another place for the output", path.display())]
    NotWritable { path: PathBuf },
    #[error("the name {} is too long; give the output a shorter one", path.display())]
    NameTooLong { path: PathBuf },
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
            Self::NoFolder { .. } | Self::IsFolder { .. } | Self::NotWritable { .. } | Self::NameTooLong { .. } => {
                Fault::Request
            }
            Self::DiskFull { .. } | Self::Closed | Self::Write { .. } => Fault::Machine,
        }
    }

    /// Sorts what the system said into what a person can do about it.
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            // Some folders of the system answer "not found" to whoever wants to create a file in them.
            io::ErrorKind::NotFound if folder_of(&path).is_dir() => Self::NotWritable { path },
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoFolder {
                folder: folder_of(&path),
            },
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { path },
            io::ErrorKind::InvalidFilename => Self::NameTooLong { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Write { path, source },
        }
    }
}

/// Writes all of `bytes` at once; their number comes back.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<u64, DeliverError> {
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
    written_bytes: u64,
}

enum Sink {
    /// In the target's folder but not listed there: the system takes it back when it is closed, however that happens.
    Nameless { file: File, target: PathBuf },
    /// Where the file system knows no such files: a hidden name beside the target, removed when dropped.
    Beside { file: Part<File>, target: PathBuf },
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
                written_bytes: 0,
            })
            .map_err(|source| DeliverError::from_io(path, source))
    }

    /// The error of a failed [`Write`] on this output, in words.
    pub fn explain(&self, source: io::Error) -> DeliverError {
        DeliverError::from_io(&self.path, source)
    }

    /// Makes what was written durable and gives it its name. How many bytes there are comes back.
    pub fn finish(self) -> Result<u64, DeliverError> {
        let Self {
            path,
            sink,
            written_bytes,
        } = self;
        let finish = || match sink {
            Sink::Nameless { file, target } => {
                file.sync_all()?;
                // A file can only be named where there is none, and then moved over another.
                let named = beside(&target, |name| link(&file, name))?;
                persist(named, &target)
            }
            Sink::Beside { file, target } => {
                file.named.as_file().sync_all()?;
                persist(file, &target)
            }
            // Written without a buffer: every byte has arrived or failed.
            Sink::Straight(_) => Ok(()),
        };
        finish().map_err(|source| DeliverError::from_io(&path, source))?;
        Ok(written_bytes)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Beside { file, .. } => file.named.as_file().write(bytes)?,
            Sink::Nameless { file, .. } | Sink::Straight(file) => file.write(bytes)?,
        };
        self.written_bytes += written as u64;
        Ok(written)
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
    let (target, mode) = match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(facts) if !facts.is_file() => return OpenOptions::new().write(true).open(path).map(Sink::Straight),
        Ok(facts) => {
            // A file that may not be written is not replaced behind its owner's back.
            OpenOptions::new().write(true).open(path)?;
            // Through links: the file is replaced, the link to it stays.
            (fs::canonicalize(path)?, Some(facts.permissions().mode() & PERMISSIONS))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (path.to_owned(), None)
        }
        Err(error) => return Err(error),
    };
    if let Some(file) = nameless(&target, mode.unwrap_or(NEW_FILE)) {
        keep_mode(&file, mode);
        return Ok(Sink::Nameless { file, target });
    }
    let file = beside(&target, |name| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode.unwrap_or(NEW_FILE));
        options.open(name)
    })?;
    keep_mode(file.named.as_file(), mode);
    Ok(Sink::Beside { file, target })
}

/// As any program creates a file: everyone's permissions, less what the umask takes away.
const NEW_FILE: u32 = 0o666;
/// Reading, writing and executing; the other bits of a mode mean nothing for a circle.
const PERMISSIONS: u32 = 0o777;

/// Gives back what the umask took from a file that was made with the old one's mode. Where that is refused it may do less
/// than the old one did, never more.
fn keep_mode(file: &File, mode: Option<u32>) {
    if let Some(mode) = mode {
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
}

/// `None` also where it may not be written: then naming a file there fails as well, and says why.
fn nameless(target: &Path, mode: u32) -> Option<File> {
    // The way to name it leads through here.
    if !Path::new(OPEN_FILES).is_dir() {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::open(folder_of(target), flags, Mode::from_raw_mode(mode)).ok()?;
    Some(File::from(file))
}

/// Every open file of this process, under its number.
const OPEN_FILES: &str = "/proc/self/fd";

fn link(file: &File, name: &Path) -> io::Result<()> {
    let open = format!("{OPEN_FILES}/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, open, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// A file under a hidden name in the target's folder: removed when dropped, and when the program is ended before that.
struct Part<F> {
    named: NamedTempFile<F>,
    _noted: Unfinished,
}

fn beside<F>(target: &Path, mut make: impl FnMut(&Path) -> io::Result<F>) -> io::Result<Part<F>> {
    let mut names = tempfile::Builder::new();
    names.prefix(".musiccircles-").suffix(".part");
    let made = names.make_in(folder_of(target), |name| {
        let noted = Unfinished::note(name);
        make(name).map(|file| (file, noted))
    })?;
    let ((file, _noted), path) = made.into_parts();
    let named = NamedTempFile::from_parts(file, path);
    Ok(Part { named, _noted })
}

fn persist<F>(part: Part<F>, target: &Path) -> io::Result<()> {
    part.named.persist(target).map_err(|error| error.error)?;
    // The name is durable once its folder is; a file system that cannot sync a folder has the file anyway.
    let _ = File::open(folder_of(target)).and_then(|folder| folder.sync_all());
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
