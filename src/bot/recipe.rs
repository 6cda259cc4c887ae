//! A circle as a link: which song, which part of it, which look, in at most 64 characters that `t.me/<bot>?start=` takes.
//!
//! Base64 without padding over at most 48 bytes: a head (version and kind), the song (a source's track, or the content of a
//! file this service has), start and length in hundredths of a second, the theme, the speed, and as many of the theme's
//! settings as still fit.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{Blob, Source, TrackRef};
use crate::scene::params::ParamSpec;
use crate::scene::theme::{self, Theme};

const VERSION: u8 = 1;
/// 64 characters of base64.
const MAX_BYTES: usize = 48;
/// Times are kept to this.
pub const TICK_MS: u64 = 10;
/// Speeds a link can name; the first is what a circle has when nothing is said.
const SPEEDS: [&str; 4] = ["33.333", "45", "78", "beat"];
/// Kinds of sound files a link can name.
pub(super) const EXTENSIONS: [&str; 13] = [
    "mp3", "m4a", "aac", "ogg", "opus", "flac", "wav", "aiff", "mp4", "webm", "mka", "oga", "bin",
];

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SongRef {
    Track(TrackRef),
    /// A file that somebody sent.
    File(Blob),
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recipe {
    pub song: SongRef,
    pub start_ms: u64,
    pub length_ms: u64,
    pub theme: String,
    pub speed: String,
    pub settings: BTreeMap<String, String>,
}

impl Recipe {
    /// The parameter of the link. `None`: the song is of a kind no link can name.
    pub fn write(&self) -> Option<String> {
        let mut bytes = vec![VERSION];
        match &self.song {
            SongRef::Track(track) => write_track(track, &mut bytes),
            SongRef::File(blob) => write_file(blob, &mut bytes)?,
        }
        let ticks = |ms: u64, max: u64| ((ms + TICK_MS / 2) / TICK_MS).min(max) as u32;
        bytes.extend(&ticks(self.start_ms, 0xff_ffff).to_be_bytes()[1..]);
        bytes.extend(&ticks(self.length_ms, 0xffff).to_be_bytes()[2..]);
        bytes.extend(short_name(&self.theme).to_be_bytes());
        let speed = SPEEDS.iter().position(|speed| *speed == self.speed).unwrap_or(0);
        bytes.push(speed as u8);
        if let Ok(theme) = theme::find(&self.theme) {
            write_settings(theme, &self.settings, &mut bytes);
        }
        (bytes.len() <= MAX_BYTES).then(|| URL_SAFE_NO_PAD.encode(bytes))
    }

    /// `None`: this is no link of ours, or it was damaged on its way.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .filter(|bytes| bytes.len() <= MAX_BYTES)?;
        let mut rest = Bytes(&bytes);
        if rest.byte()? != VERSION {
            return None;
        }
        let song = read_song(&mut rest)?;
        let start = rest.number(3)?;
        let length = rest.number(2)?;
        let wanted = rest.number(2)? as u16;
        let theme = theme::built_in().iter().find(|theme| short_name(&theme.name) == wanted);
        let speed = SPEEDS.get(usize::from(rest.byte()?))?;
        // A theme that is gone: the song and the part are still worth opening.
        let settings = theme.map(|theme| read_settings(theme, &mut rest)).unwrap_or_default();
        Some(Self {
            song,
            start_ms: start * TICK_MS,
            length_ms: length * TICK_MS,
            theme: theme.map_or(theme::DEFAULT_THEME, |theme| &theme.name).to_owned(),
            speed: (*speed).to_owned(),
            settings,
        })
    }
}

/// The head of a song: a source's place in [`Source::ALL`] and how its number is written, or a file.
const FILE: u8 = 0xff;
const DECIMAL: u8 = 0;
const HEX: u8 = 1;
const PLAIN: u8 = 2;

fn write_track(track: &TrackRef, bytes: &mut Vec<u8>) {
    let source = Source::ALL
        .iter()
        .position(|source| *source == track.source())
        .unwrap_or(0) as u8;
    let id = track.id();
    let decimal = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
    let hex = u64::from_str_radix(id, 16)
        .ok()
        .filter(|number| format!("{number:016x}") == id);
    match (decimal, hex) {
        (Some(number), _) => {
            bytes.push(source << 4 | DECIMAL);
            let digits = number.to_be_bytes();
            let digits = &digits[digits.iter().position(|byte| *byte > 0).unwrap_or(7)..];
            bytes.push(digits.len() as u8);
            bytes.extend(digits);
        }
        (None, Some(number)) => {
            bytes.push(source << 4 | HEX);
            bytes.extend(number.to_be_bytes());
        }
        (None, None) => {
            bytes.push(source << 4 | PLAIN);
            bytes.push(id.len() as u8);
            bytes.extend(id.as_bytes());
        }
    }
}

fn write_file(blob: &Blob, bytes: &mut Vec<u8>) -> Option<()> {
    let extension = EXTENSIONS.iter().position(|known| *known == blob.extension)?;
    let pairs = blob.sha256.as_bytes().chunks(2);
    let sha256 = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let sha256: Vec<u8> = sha256.collect::<Option<_>>()?;
    bytes.push(FILE);
    bytes.push(extension as u8);
    bytes.extend(sha256);
    Some(())
}

fn read_song(rest: &mut Bytes<'_>) -> Option<SongRef> {
    let head = rest.byte()?;
    if head == FILE {
        let extension = *EXTENSIONS.get(usize::from(rest.byte()?))?;
        let sha256 = rest.take(32)?.iter().map(|byte| format!("{byte:02x}")).collect();
        return Some(SongRef::File(Blob {
            sha256,
            // Not part of a link; whoever opens it looks.
            bytes: 0,
            extension: extension.to_owned(),
        }));
    }
    let source = *Source::ALL.get(usize::from(head >> 4))?;
    let id = match head & 0x0f {
        DECIMAL => {
            let length = usize::from(rest.byte()?).min(9);
            rest.number(length).filter(|_| length <= 8)?.to_string()
        }
        HEX => format!("{:016x}", rest.number(8)?),
        PLAIN => {
            let length = usize::from(rest.byte()?);
            String::from_utf8(rest.take(length)?.to_vec()).ok()?
        }
        _ => return None,
    };
    TrackRef::new(source, id).map(SongRef::Track)
}

/// Each as its place among the theme's parameters and its value: a byte between the ends of its range, or a colour's three.
fn write_settings(theme: &Theme, settings: &BTreeMap<String, String>, bytes: &mut Vec<u8>) {
    for (place, (name, spec)) in theme.manifest.params.iter().enumerate().take(255) {
        let Some(value) = settings.get(name) else { continue };
        let encoded = match spec {
            ParamSpec::Bool { .. } => vec![u8::from(["on", "true", "yes", "1"].contains(&value.as_str()))],
            ParamSpec::Float { range, .. } => scaled(value, *range),
            ParamSpec::Int { range, .. } => scaled(value, range.map(|end| end as f32)),
            ParamSpec::Color { .. } => {
                let code = value
                    .strip_prefix('#')
                    .and_then(|code| u32::from_str_radix(code, 16).ok());
                code.map_or_else(Vec::new, |code| code.to_be_bytes()[1..].to_vec())
            }
        };
        if !encoded.is_empty() && bytes.len() + 1 + encoded.len() <= MAX_BYTES {
            bytes.push(place as u8);
            bytes.extend(encoded);
        }
    }
}

fn scaled(value: &str, [low, high]: [f32; 2]) -> Vec<u8> {
    let share = value
        .parse::<f32>()
        .map(|value| (value - low) / (high - low).max(f32::EPSILON));
    share.map_or_else(
        |_| Vec::new(),
        |share| vec![(share.clamp(0.0, 1.0) * 255.0).round() as u8],
    )
}

fn read_settings(theme: &Theme, rest: &mut Bytes<'_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    while let Some(place) = rest.byte() {
        let Some((name, spec)) = theme.manifest.params.iter().nth(usize::from(place)) else {
            break;
        };
        let between = |byte: u8, [low, high]: [f32; 2]| low + f32::from(byte) / 255.0 * (high - low);
        let value = match spec {
            ParamSpec::Bool { .. } => rest.byte().map(|byte| if byte > 0 { "on" } else { "off" }.to_owned()),
            ParamSpec::Float { range, .. } => rest.byte().map(|byte| format!("{:.3}", between(byte, *range))),
            ParamSpec::Int { range, .. } => {
                let range = range.map(|end| end as f32);
                rest.byte().map(|byte| format!("{:.0}", between(byte, range)))
            }
            ParamSpec::Color { .. } => rest.number(3).map(|code| format!("#{code:06x}")),
        };
        let Some(value) = value else { break };
        if spec.parse(name, &value).is_ok() {
            settings.insert(name.clone(), value);
        }
    }
    settings
}

/// Sixteen bits of FNV-1a: themes are few.
fn short_name(theme: &str) -> u16 {
    let hash = theme.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash >> 16) as u16 ^ hash as u16
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(
            self.take(bytes)?
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        )
    }
}
