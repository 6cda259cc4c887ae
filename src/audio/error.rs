//! Why a song could not be probed or decoded. Each message is one sentence for the person who sent the file.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::Fault;
use crate::model::time::show_time;

#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    #[error("there is no file {}; check the name", .path.display())]
    NotFound { path: PathBuf },
    #[error("{} is a folder or a device and not a song; name a file", .path.display())]
    NotAFile { path: PathBuf },
    #[error("{} cannot be read; {}", .path.display(), advice(.source))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is empty; send a whole song", .path.display())]
    Empty { path: PathBuf },
    #[error(
        "{} is not a sound file we know; send mp3, m4a, ogg, opus, flac, wav or aiff", .path.display()
    )]
    NotAudio { path: PathBuf },
    #[error("{} holds a cover and no sound; send a file with the song in it", .path.display())]
    OnlyCover { path: PathBuf },
    #[error("{} is {what}, which we cannot decode; convert it to mp3, flac or stereo m4a", .path.display())]
    Unsupported { path: PathBuf, what: String },
    #[error("nothing in {} could be decoded, it seems damaged; send another copy", .path.display())]
    NothingDecodes { path: PathBuf },
    #[error(
        "{} has only {:.1} s of sound, at least {:.0} s is needed; send a longer song",
        .path.display(), .length.as_secs_f64(), crate::model::limits::MIN_FRAGMENT.as_secs_f64()
    )]
    TooShort { path: PathBuf, length: Duration },
    #[error("the fragment starts at {}, but the song ends at {}; choose an earlier start", show_time(*.start), show_time(*.length))]
    StartBeyondEnd { start: Duration, length: Duration },
    #[error(
        "only {:.1} s of sound follow {}, the song ends at {}; choose an earlier start",
        .left.as_secs_f64(), show_time(*.start), show_time(*.length)
    )]
    TooLittleLeft {
        start: Duration,
        left: Duration,
        length: Duration,
    },
    #[error("stopped while reading the song")]
    Cancelled,
}

impl AudioError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Cancelled => Fault::Cancelled,
            Self::Unreadable { source, .. } if !is_askers(source) => Fault::Machine,
            _ => Fault::Request,
        }
    }

    pub(super) fn rate(path: &Path, rate_hz: u32) -> Self {
        Self::Unsupported {
            path: path.into(),
            what: format!("sampled at {rate_hz} Hz"),
        }
    }

    /// What the operating system says of a file, in our words.
    pub fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Unreadable { path, source },
        }
    }
}

/// Whether another name or other permissions help; else the disk or the network failed.
fn is_askers(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, PermissionDenied};
    matches!(error.kind(), PermissionDenied | InvalidFilename | InvalidInput)
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "check its permissions",
        _ if is_askers(error) => "check its name",
        _ => "the disk or the network it lies on failed, so try again",
    }
}
