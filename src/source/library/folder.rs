//! The folder itself: paths below it in, open files out. No symbolic link is followed on the way, so nothing outside of the
//! folder is ever read, whatever lies in it and whoever changes it meanwhile.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};

pub(super) struct Folder {
    /// Without links.
    root: PathBuf,
}

impl Folder {
    /// The folder's own path may be a link: the operator wrote it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A regular file, for reading.
    pub fn file(&self, below: &[u8]) -> io::Result<File> {
        let refused = || io::Error::from(io::ErrorKind::InvalidInput);
        let mut names = below.split(|&byte| byte == b'/').peekable();
        let mut at = File::open(&self.root)?;
        while let Some(name) = names.next() {
            if matches!(name, b"" | b"." | b"..") || name.contains(&0) {
                return Err(refused());
            }
            // A pipe must not keep us waiting for its other end.
            let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            if names.peek().is_some() {
                flags |= OFlags::DIRECTORY;
            }
            at = openat(&at, OsStr::from_bytes(name), flags, Mode::empty())?.into();
        }
        match at.metadata()?.is_file() {
            true => Ok(at),
            false => Err(refused()),
        }
    }

    /// The path of a file for those who open it themselves.
    pub fn checked_path(&self, below: &[u8]) -> io::Result<PathBuf> {
        let path = self.root.join(OsStr::from_bytes(below));
        match fs::canonicalize(&path)? == path {
            true => Ok(path),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
