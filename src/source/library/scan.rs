//! One look at the folder or a part of it: what the index knows and what lies on the disk in, the difference written to the
//! index out. Only new and changed files are opened.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::ReadFacts;
use super::folder::Folder;
use crate::model::{TrackFacts, clean_tag};
use crate::store::catalogue::{Catalogue, CatalogueError};
use crate::store::library::{Scanned, Song, Stamp};

/// Names of files that may be songs; the rest is not opened.
const EXTENSIONS: [&str; 12] = [
    "mp3", "m4a", "m4b", "mp4", "aac", "ogg", "oga", "opus", "flac", "wav", "aif", "aiff",
];
/// Files looked at, so that a whole disk named by mistake ends somewhere.
const MAX_FILES: usize = 500_000;
/// Folders in folders.
const MAX_DEPTH: usize = 32;
/// Songs written to the index at once: seen soon, and few commits.
const BATCH: usize = 64;

pub(super) struct Scan {
    pub folder: Arc<Folder>,
    pub catalogue: Catalogue,
    pub read_facts: ReadFacts,
}

impl Scan {
    /// Brings the index up to date with a file or a folder, `below` the root; empty: with everything.
    pub fn look(&self, below: &[u8], stop: &AtomicBool) -> Result<(), CatalogueError> {
        let mut known = self.catalogue.stamps(below)?;
        let mut batch = Vec::with_capacity(BATCH);
        let mut waiting = vec![(below.to_owned(), 0_usize)];
        let mut files = 0;
        while let Some((path, depth)) = waiting.pop() {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            match self.entry(&path) {
                Ok(Entry::Folder(names)) if depth < MAX_DEPTH => {
                    waiting.extend(names.into_iter().map(|name| (joined(&path, &name), depth + 1)));
                }
                Ok(Entry::File(stamp)) if files < MAX_FILES => {
                    files += 1;
                    if known.remove(&path) != Some(stamp) {
                        batch.push(self.scanned(path, stamp, stop));
                    }
                    if batch.len() == BATCH && !stop.load(Ordering::Relaxed) {
                        self.catalogue.put(&batch)?;
                        batch.clear();
                    }
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound || path.is_empty() => {
                    // A folder that cannot be read now (a disk that is away) is not an empty one.
                    forget(&mut known, &path);
                }
                _ => {}
            }
        }
        // A file that was being read when we were told to stop only looks broken.
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.catalogue.put(&batch)?;
        let gone: Vec<Vec<u8>> = known.into_keys().collect();
        self.catalogue.remove(&gone)
    }

    fn entry(&self, below: &[u8]) -> io::Result<Entry> {
        let path = self.folder.root().join(OsStr::from_bytes(below));
        let facts = fs::symlink_metadata(&path)?;
        if facts.is_dir() {
            let names = fs::read_dir(&path)?.map(|entry| Ok(entry?.file_name().as_bytes().to_owned()));
            return Ok(Entry::Folder(names.collect::<io::Result<_>>()?));
        }
        // Links, pipes and devices are no songs.
        match facts.is_file() && facts.len() > 0 && may_be_song(below) {
            true => Ok(Entry::File(stamp(&facts))),
            false => Ok(Entry::Other),
        }
    }

    fn scanned(&self, path: Vec<u8>, stamp: Stamp, stop: &AtomicBool) -> Scanned {
        let facts = self.folder.checked_path(&path).ok();
        let facts = facts.and_then(|path| (self.read_facts)(&path, stop));
        Scanned {
            id: id_of(&path),
            song: facts.and_then(|facts| song(&path, facts)),
            path,
            stamp,
        }
    }
}

enum Entry {
    Folder(Vec<Vec<u8>>),
    File(Stamp),
    Other,
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    match folder {
        [] => name.to_owned(),
        folder => [folder, b"/", name].concat(),
    }
}

fn forget(known: &mut HashMap<Vec<u8>, Stamp>, unread: &[u8]) {
    known.retain(|path, _| !unread.is_empty() && path != unread && !path.starts_with(&joined(unread, b"")));
}

fn may_be_song(path: &[u8]) -> bool {
    let name = Path::new(OsStr::from_bytes(path));
    // Half-copied and hidden files of other systems begin with a dot.
    let hidden = name.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
    let extension = name.extension().map(|extension| extension.to_ascii_lowercase());
    !hidden && extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

fn stamp(facts: &Metadata) -> Stamp {
    let modified_ns = match facts.modified().map(|at| at.duration_since(UNIX_EPOCH)) {
        Ok(Ok(since)) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Ok(Err(before)) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    Stamp {
        size_bytes: facts.len(),
        modified_ns,
    }
}

/// The same file keeps its identifier, so links and stored circles find it after the index was made anew.
fn id_of(path: &[u8]) -> String {
    Sha256::digest(path)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn song(path: &[u8], facts: TrackFacts) -> Option<Song> {
    let (named_artist, named_title) = named(path);
    let tags = facts.tags;
    // An artist guessed from the file's name only goes with a title from there.
    let artist = match &tags.title {
        Some(_) => tags.artist,
        None => tags.artist.or(named_artist),
    };
    Some(Song {
        title: tags.title.or(named_title)?,
        artist,
        album: tags.album,
        duration_ms: u64::try_from(facts.duration.as_millis()).ok()?,
        has_cover: facts.cover.is_some(),
    })
}

/// Artist and title as files without tags are usually named: `07 - Artist - Title.mp3`.
fn named(path: &[u8]) -> (Option<String>, Option<String>) {
    let stem = Path::new(OsStr::from_bytes(path)).file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy().replace('_', " ");
    let bare = stem
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches([' ', '.', '-']);
    let bare = if bare.is_empty() { &stem } else { bare };
    match bare.split_once(" - ") {
        Some((artist, title)) => (clean_tag(artist), clean_tag(title)),
        None => (None, clean_tag(bare)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn songs_without_tags_are_called_as_their_files() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            named("a/07 - Кино - Группа крови.mp3".as_bytes()),
            (some("Кино"), some("Группа крови"))
        );
        assert_eq!(named(b"07. Song_of_mine.flac"), (None, some("Song of mine")));
        assert_eq!(named(b"1979.ogg"), (None, some("1979")));
        assert_eq!(named(b"bad\xff\nname.mp3"), (None, some("bad\u{fffd} name")));
    }

    #[test]
    fn only_names_of_songs_are_opened() {
        assert!(may_be_song(b"a/b.MP3") && may_be_song(b"x.y.flac"));
        for name in [&b"a/._b.mp3"[..], b"cover.jpg", b"mp3", b".mp3", b"a.mp3.part"] {
            assert!(!may_be_song(name), "{name:?}");
        }
    }
}
