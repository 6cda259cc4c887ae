//! A `.lrc` file in, a song's timed lines out. Part of step 1: before any frame is drawn.
//!
//! LRC is a habit, not a standard: `[mm:ss.xx]` before each line. Read are stamps with one to three digits of fraction, after a
//! point or a colon; several stamps before a line; word stamps inside it, `<mm:ss.xx>` or `[mm:ss.xx]`; `[offset:+ms]`; all
//! other tags are passed over. Files come as UTF-8, UTF-16 or, the old Russian ones, Windows-1251. (The crate `lrc` 0.2
//! refuses a file for a stamp with milliseconds or for a bracket in a line.)

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, WINDOWS_1251, WINDOWS_1252};

use crate::flow::{LyricLine, WordStamp};
use crate::model::limits::{MAX_LYRIC_LINES, MAX_LYRICS_BYTES, MAX_TAG_CHARS};
use crate::model::{Fault, Fragment, is_shown};

/// The last line has no next one to end it: by then it is sung, however slow the song is.
const LAST_LINE_MS: i64 = 10_000;

/// The lines in the order they are sung; two never begin at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lyrics {
    pub lines: Vec<LyricLine>,
}

#[derive(Debug, thiserror::Error)]
pub enum LyricsError {
    #[error("there are no lyrics {}; check the file's name", path.display())]
    Missing { path: PathBuf },
    #[error("the lyrics {} are no file; name an .lrc file", path.display())]
    NotAFile { path: PathBuf },
    #[error("the lyrics {} cannot be read ({}); check that you may read the file", path.display(), source.kind())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the lyrics are larger than {} kB; an .lrc file holds one song's lines and nothing else", MAX_LYRICS_BYTES >> 10)]
    TooManyBytes,
    #[error("the lyrics have more than {MAX_LYRIC_LINES} lines; an .lrc file holds one song's lines and nothing else")]
    TooManyLines,
    #[error("the lyrics are no text; name an .lrc file")]
    NotText,
    #[error("the lyrics have no times; an .lrc file has one before each line, such as [00:12.50]")]
    NoStamps,
}

impl LyricsError {
    /// Lyrics are always the asker's: whatever is wrong with them, another file helps.
    pub fn fault(&self) -> Fault {
        Fault::Request
    }
}

impl Lyrics {
    /// The lines sung within the fragment, the one already running at its start included, in times from its start.
    pub fn within(&self, fragment: Fragment) -> Self {
        let start_ms = fragment.start.as_millis() as i64;
        let length_ms = fragment.length.as_millis() as i64;
        let moved = self.lines.iter().map(|line| LyricLine {
            start_ms: line.start_ms - start_ms,
            end_ms: line.end_ms.map(|end_ms| end_ms - start_ms),
            text: line.text.clone(),
            words: line
                .words
                .iter()
                .map(|word| WordStamp {
                    at_ms: word.at_ms - start_ms,
                    ..*word
                })
                .collect(),
        });
        let end_ms = |line: &LyricLine| line.end_ms.unwrap_or(line.start_ms.saturating_add(LAST_LINE_MS));
        let sounds = |line: &LyricLine| line.start_ms < length_ms && end_ms(line) > 0;
        Self {
            lines: moved.filter(sounds).collect(),
        }
    }

    /// Whether there is anything to be read.
    pub fn has_text(&self) -> bool {
        self.lines.iter().any(|line| !line.text.is_empty())
    }
}

/// Where the lyrics of a song lie when they lie beside it: `song.lrc` for `song.mp3`. `None` where there is no such file.
pub fn beside(song: &Path) -> Option<PathBuf> {
    let names = ["lrc", "LRC"].map(|extension| song.with_extension(extension));
    names.into_iter().find(|path| path.is_file() && path != song)
}

/// Reads the lyrics at `path`, a regular file: never more of it than [`MAX_LYRICS_BYTES`].
pub fn load_file(path: &Path) -> Result<Lyrics, LyricsError> {
    let unreadable = |source: std::io::Error| {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => LyricsError::Missing { path },
            _ => LyricsError::Unreadable { path, source },
        }
    };
    // Asked before opening: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(LyricsError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(MAX_LYRICS_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    load(&bytes)
}

/// Reads the bytes of an `.lrc` file.
pub fn load(bytes: &[u8]) -> Result<Lyrics, LyricsError> {
    if bytes.len() as u64 > MAX_LYRICS_BYTES {
        return Err(LyricsError::TooManyBytes);
    }
    parse(&decode(bytes)?)
}

/// Unicode by its mark or because it is; else an old one-byte encoding.
fn decode(bytes: &[u8]) -> Result<String, LyricsError> {
    let text = match (Encoding::for_bom(bytes), std::str::from_utf8(bytes)) {
        (Some((encoding, _)), _) => encoding.decode(bytes).0.into_owned(),
        (None, Ok(text)) => text.to_owned(),
        (None, Err(_)) if looks_cyrillic(bytes) => WINDOWS_1251.decode(bytes).0.into_owned(),
        (None, Err(_)) => WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    if text.contains('\0') {
        Err(LyricsError::NotText)
    } else {
        Ok(text)
    }
}

/// Russian words are runs of bytes beyond ASCII; in Western European ones such a letter stands alone.
fn looks_cyrillic(bytes: &[u8]) -> bool {
    let beyond = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let pairs = bytes
        .windows(2)
        .filter(|pair| !pair[0].is_ascii() && !pair[1].is_ascii());
    pairs.count() * 2 >= beyond
}

/// Reads the text of an `.lrc` file.
pub fn parse(text: &str) -> Result<Lyrics, LyricsError> {
    let mut lines = Vec::new();
    let mut offset_ms = 0;
    for line in text.lines() {
        let (stamps, rest) = leading_tags(line, &mut offset_ms);
        if lines.len() + stamps.len() > MAX_LYRIC_LINES {
            return Err(LyricsError::TooManyLines);
        }
        let (text, words) = read_words(rest);
        for &start_ms in &stamps {
            // Word stamps are moments of the song: they say nothing of the line's other repetitions.
            let words = if stamps.len() == 1 { words.clone() } else { Vec::new() };
            lines.push(LyricLine {
                start_ms,
                end_ms: None,
                text: text.clone(),
                words,
            });
        }
    }
    if lines.is_empty() {
        return Err(LyricsError::NoStamps);
    }
    lines.sort_by_key(|line| line.start_ms);
    // Of lines for the same moment (the song and its translation) the first one with words is sung.
    lines.dedup_by(|later, kept| {
        let same = later.start_ms == kept.start_ms;
        if same && kept.text.is_empty() {
            std::mem::swap(later, kept);
        }
        same
    });
    let starts: Vec<_> = lines.iter().map(|line| line.start_ms).skip(1).collect();
    for (line, next_ms) in lines.iter_mut().zip(starts) {
        line.end_ms = Some(next_ms);
    }
    for line in &mut lines {
        // A positive offset shows the lines sooner.
        line.start_ms -= offset_ms;
        line.end_ms = line.end_ms.map(|end_ms| end_ms - offset_ms);
        line.words.iter_mut().for_each(|word| word.at_ms -= offset_ms);
        keep_ascending(&mut line.words, line.start_ms, line.end_ms);
    }
    Ok(Lyrics { lines })
}

/// The stamps at the start of a line, in milliseconds, and what follows them. Takes note of an offset.
fn leading_tags<'t>(line: &'t str, offset_ms: &mut i64) -> (Vec<i64>, &'t str) {
    /// Lyrics are a few seconds off at most; a larger offset is a mistake.
    const MAX_OFFSET_MS: i64 = 600_000;
    let mut stamps = Vec::new();
    let mut rest = line.trim_start_matches('\u{feff}').trim();
    while let Some((tag, after)) = rest.strip_prefix('[').and_then(|tagged| tagged.split_once(']')) {
        if let Some(stamp_ms) = stamp(tag) {
            stamps.push(stamp_ms);
        } else if let Some((key, value)) = tag.split_once(':')
            && stamps.is_empty()
        {
            let value = value.trim().trim_start_matches('+').parse().ok();
            if let Some(value) = value.filter(|_| key.trim().eq_ignore_ascii_case("offset")) {
                *offset_ms = i64::clamp(value, -MAX_OFFSET_MS, MAX_OFFSET_MS);
            }
        } else {
            break;
        }
        rest = after.trim_start();
    }
    (stamps, rest)
}

/// `mm:ss`, `mm:ss.x` to `mm:ss.xxx`, the same with a colon for the point, and `h:mm:ss.xx`, in milliseconds.
fn stamp(text: &str) -> Option<i64> {
    let number = |digits: &str, most: usize| {
        let good = (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (clock, fraction) = match text.trim().split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text.trim(), None),
    };
    let fields: Vec<_> = clock.split(':').collect();
    let (hours, minutes, secs, fraction) = match (fields.as_slice(), fraction) {
        (&[minutes, secs], fraction) => ("0", minutes, secs, fraction.unwrap_or("0")),
        (&[hours, minutes, secs], Some(fraction)) => (hours, minutes, secs, fraction),
        (&[minutes, secs, fraction], None) => ("0", minutes, secs, fraction),
        _ => return None,
    };
    let secs = number(secs, 2).filter(|&secs| secs < 60)?;
    let clock_secs = number(hours, 2)? * 3600 + number(minutes, 3)? * 60 + secs;
    // One digit counts tenths, two hundredths, three milliseconds.
    let fraction_ms = number(fraction, 3)? * [100, 10, 1][fraction.len() - 1];
    Some(clock_secs * 1000 + fraction_ms)
}

/// A line's text without the stamps inside it, and those stamps.
fn read_words(mut rest: &str) -> (String, Vec<WordStamp>) {
    let mut text = String::new();
    let mut words = Vec::new();
    let mut chars = 0;
    while let Some(letter) = rest.chars().next() {
        if let Some((at_ms, after)) = inner_stamp(rest) {
            words.push(WordStamp {
                at_ms,
                byte: text.len(),
            });
            rest = after;
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        let letter = if letter.is_whitespace() { ' ' } else { letter };
        let doubled = letter == ' ' && (text.is_empty() || text.ends_with(' '));
        if is_shown(letter) && !doubled && chars < MAX_TAG_CHARS {
            text.push(letter);
            chars += 1;
        }
    }
    text.truncate(text.trim_end().len());
    words.retain(|word| word.byte <= text.len());
    (text, words)
}

/// A word stamp at the very start of `text`, and what follows it.
fn inner_stamp(text: &str) -> Option<(i64, &str)> {
    let close = match text.as_bytes().first()? {
        b'<' => '>',
        b'[' => ']',
        _ => return None,
    };
    let (tag, after) = text[1..].split_once(close)?;
    Some((stamp(tag)?, after))
}

/// Drops word stamps that go back in time or lie outside the line.
fn keep_ascending(words: &mut Vec<WordStamp>, start_ms: i64, end_ms: Option<i64>) {
    let mut last_ms = start_ms;
    words.retain(|word| {
        let good = word.at_ms >= last_ms && end_ms.is_none_or(|end_ms| word.at_ms <= end_ms);
        if good {
            last_ms = word.at_ms;
        }
        good
    });
}
