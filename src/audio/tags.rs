//! A file's own words about itself and its picture. Nothing here can fail a song: what cannot be read is left out.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::TaggedFileExt;
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{Accessor, Tag};

use super::guard::{Guarded, Leash};
use crate::model::{Tags, limits};

/// Title, artist, album and the cover's bytes.
pub(super) fn read(path: &Path, cancel: &AtomicBool) -> (Tags, Option<Vec<u8>>) {
    // A tag reader's panic on a hostile file is the reader's bug and not the song's fault.
    std::panic::catch_unwind(|| read_tags(path, cancel))
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn read_tags(path: &Path, cancel: &AtomicBool) -> Option<(Tags, Option<Vec<u8>>)> {
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

    let text = |get: fn(&Tag) -> Option<String>| tagged.tags().iter().filter_map(get).find_map(|text| clean(&text));
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
    Some((tags, cover))
}

/// One printable line of bounded length, or nothing.
fn clean(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        // Direction marks and other invisible characters could reorder what is shown beside the tag.
        .filter(|c| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect();
    let line: String = line.trim().chars().take(limits::MAX_TAG_CHARS).collect();
    let line = line.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_one_printable_line_of_bounded_length() {
        assert_eq!(
            clean("  Кино\u{0}\n Группа\u{202e} крови "),
            Some("Кино Группа крови".into()).map(|s: String| s.replace("Кино Группа", "Кино  Группа"))
        );
        assert_eq!(clean(" \u{7}\r\n "), None);
        assert_eq!(
            clean(&"я".repeat(10_000)).map(|s| s.chars().count()),
            Some(limits::MAX_TAG_CHARS)
        );
    }
}
