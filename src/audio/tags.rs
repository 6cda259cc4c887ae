//! A file's own words about itself and its picture. Nothing here can fail a song: what cannot be read is left out.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::TaggedFileExt;
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey, Tag};

use super::guard::{Guarded, Leash};
use crate::model::{Tags, clean_tag, limits};

/// Everything we look for in a file's tags.
#[derive(Default)]
pub(super) struct Found {
    pub tags: Tags,
    /// The cover's bytes.
    pub cover: Option<Vec<u8>>,
    pub lyrics: Option<String>,
}

pub(super) fn read(path: &Path, cancel: &AtomicBool) -> Found {
    // A tag reader's panic on a hostile file is the reader's bug and not the song's fault.
    std::panic::catch_unwind(|| read_tags(path, cancel))
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn read_tags(path: &Path, cancel: &AtomicBool) -> Option<Found> {
    let options = ParseOptions::new()
        .read_properties(false)
        .parsing_mode(ParsingMode::Relaxed);
    let file = File::open(path).ok()?;
    // The tag reader searches the whole of a file that is no song: 100 MB of random bytes took it five seconds.
    let leash = Leash::new(cancel);
    leash.tighten();
    let size_bytes = file.metadata().ok()?.len();
    let file = BufReader::new(Guarded::new(file, size_bytes, leash));
    let tagged = Probe::new(file).options(options).guess_file_type().ok()?.read().ok()?;

    let text = |get: fn(&Tag) -> Option<String>| tagged.tags().iter().filter_map(get).find_map(|text| clean_tag(&text));
    let tags = Tags {
        title: text(|tag| tag.title().map(|text| text.into_owned())),
        artist: text(|tag| tag.artist().map(|text| text.into_owned())),
        album: text(|tag| tag.album().map(|text| text.into_owned())),
    };
    let pictures = || tagged.tags().iter().flat_map(Tag::pictures);
    let cover = pictures()
        .find(|picture| picture.pic_type() == PictureType::CoverFront)
        .or_else(|| pictures().next())
        .filter(|picture| picture.data().len() as u64 <= limits::MAX_COVER_BYTES)
        .map(|picture| picture.data().to_vec())
        .filter(|bytes| !bytes.is_empty());
    // Tags of most kinds have one place for lyrics with times and another for lyrics without, and people use either.
    let lyrics = [ItemKey::Lyrics, ItemKey::UnsyncLyrics]
        .into_iter()
        .find_map(|key| tagged.tags().iter().find_map(|tag| tag.get_string(key)))
        .filter(|text| !text.is_empty() && text.len() as u64 <= limits::MAX_LYRICS_BYTES)
        .map(str::to_owned);
    Some(Found { tags, cover, lyrics })
}
