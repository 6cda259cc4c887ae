//! Songs on their way to the disk: a body or a file in, a new file with its hash out. What is not a song by its first bytes
//! (a page that asks for a password, an error in JSON) is refused; after any failure nothing is left on the disk.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use reqwest::Response;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::Kind;
use super::answer::failure;
use crate::source::error::SourceError;
use crate::source::service::Service;

/// What all kinds are told by.
const HEAD_BYTES: usize = 16;

/// A file that lies on the disk whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    pub size_bytes: u64,
    /// By its first bytes.
    pub extension: &'static str,
}

/// Hash, size and first bytes of what is being written.
#[derive(Default)]
struct Seen {
    hash: Sha256,
    size_bytes: u64,
    head: Vec<u8>,
}

impl Seen {
    fn piece(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.size_bytes += piece.len() as u64;
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..missing]);
    }

    fn saved(self, kind: Kind) -> Option<Saved> {
        Some(Saved {
            extension: kind(&self.head)?,
            sha256: self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            size_bytes: self.size_bytes,
        })
    }
}

/// Removes the file unless it was finished; also when the download is dropped in the middle.
struct Partial(Option<PathBuf>);

impl Partial {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // The sweep of temporary files takes what cannot be removed now.
            let _ = fs::remove_file(path);
        }
    }
}

pub(super) async fn body(
    service: Service,
    mut response: Response,
    into: &Path,
    max_bytes: u64,
    kind: Kind,
) -> Result<Saved, SourceError> {
    let too_large = SourceError::TooLarge {
        service,
        limit_bytes: max_bytes,
    };
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_large);
    }
    let mut file = tokio::fs::File::create_new(into).await.map_err(SourceError::disk)?;
    let partial = Partial(Some(into.to_owned()));
    let mut seen = Seen::default();
    while let Some(piece) = response.chunk().await.map_err(|error| failure(service, error))? {
        seen.piece(&piece);
        if seen.size_bytes > max_bytes {
            return Err(too_large);
        }
        if seen.head.len() == HEAD_BYTES && kind(&seen.head).is_none() {
            break;
        }
        file.write_all(&piece).await.map_err(SourceError::disk)?;
    }
    file.flush().await.map_err(SourceError::disk)?;
    let saved = seen.saved(kind).ok_or_else(|| SourceError::Garbled {
        service,
        what: "a file that is of another kind".into(),
    })?;
    partial.finish();
    Ok(saved)
}

/// A copy of an open file. Blocks on the disk.
pub fn copy_of(mut song: fs::File, into: &Path, max_bytes: u64, kind: Kind) -> Result<Saved, SourceError> {
    let service = Service::Library;
    let mut copy = fs::File::create_new(into).map_err(SourceError::disk)?;
    let partial = Partial(Some(into.to_owned()));
    let mut seen = Seen::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match song.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(SourceError::disk(error)),
        };
        seen.piece(&buffer[..read]);
        if seen.size_bytes > max_bytes {
            return Err(SourceError::TooLarge {
                service,
                limit_bytes: max_bytes,
            });
        }
        copy.write_all(&buffer[..read]).map_err(SourceError::disk)?;
    }
    let saved = seen.saved(kind).ok_or(SourceError::NotPlayable { service })?;
    partial.finish();
    Ok(saved)
}

/// What a file of sound begins with.
pub fn audio_extension(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'I', b'D', b'3', ..] => Some("mp3"),
        [b'f', b'L', b'a', b'C', ..] => Some("flac"),
        [b'O', b'g', b'g', b'S', ..] => Some("ogg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("wav"),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Some("aiff"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("m4a"),
        // ADTS has layer 0, which mp3 has not.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("aac"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Some("mp3"),
        _ => None,
    }
}

/// What a picture begins with.
pub fn picture_extension(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [0x89, b'P', b'N', b'G', ..] => Some("png"),
        [b'G', b'I', b'F', b'8', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => None,
    }
}
