//! Where the music lies inside a coded stream, for the two formats whose demuxer does not tell: the edit list (or iTunes'
//! own note) of an mp4, and whether an mp3's first frame gives its length. Reads a few bounded stretches of the file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

/// The index of an mp4 of six hours takes about 8 MB; more than this is no song.
const MAX_INDEX_BYTES: u64 = 64 << 20;
/// As far as the demuxer itself looks for a first frame.
const MAX_JUNK_BYTES: u64 = 1 << 20;
/// That many frames in a row with the same rate are no accident; two are, in a few megabytes of random bytes.
const CHAIN_FRAMES: usize = 4;

/// What an mp4 says of one track: the moment in the coded stream where the music starts, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Edit {
    pub start_ns: i64,
    pub length: Option<Duration>,
}

/// The edit of track `track_id`; the default when the file has none or is damaged.
pub(super) fn mp4_edit(file: &mut File, track_id: u32) -> Edit {
    read_index(file)
        .and_then(|moov| edit_of(&moov, track_id))
        .unwrap_or_default()
}

fn read_index(file: &mut File) -> Option<Vec<u8>> {
    let mut at = 0;
    // A hostile file may hold a million empty atoms.
    for _ in 0..1_000 {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let (mut size, mut header) = (u64::from(u32_at(&head, 0)?), 8);
        if size == 1 {
            file.read_exact(&mut head[8..]).ok()?;
            (size, header) = (u64_at(&head, 8)?, 16);
        }
        if &head[4..8] == b"moov" {
            let mut moov = Vec::new();
            file.take(size.checked_sub(header)?.min(MAX_INDEX_BYTES))
                .read_to_end(&mut moov)
                .ok()?;
            return Some(moov);
        }
        at = at.checked_add(size.max(header))?;
    }
    None
}

fn edit_of(moov: &[u8], track_id: u32) -> Option<Edit> {
    let movie_scale = child(moov, b"mvhd").and_then(|mvhd| u32_at(mvhd, if wide(mvhd) { 20 } else { 12 }))?;
    let trak = atoms(moov)
        .filter(|(kind, _)| kind == b"trak")
        .map(|(_, trak)| trak)
        .find(|trak| {
            let id = child(trak, b"tkhd").and_then(|tkhd| u32_at(tkhd, if wide(tkhd) { 20 } else { 12 }));
            id == Some(track_id)
        })?;
    let mdhd = child(child(trak, b"mdia")?, b"mdhd")?;
    let media_scale = u32_at(mdhd, if wide(mdhd) { 20 } else { 12 })?;

    let listed = child(trak, b"edts")
        .and_then(|edts| child(edts, b"elst"))
        .and_then(|elst| {
            let (size, entries) = (if wide(elst) { 20 } else { 12 }, elst.get(8..)?);
            let mut silence_ns = 0;
            // Empty edits at the start delay the music; the first real one says where it begins. Later ones are for video cuts.
            for entry in entries.chunks_exact(size).take((u32_at(elst, 4)? as usize).min(16)) {
                let (length, start) = match size {
                    20 => (u64_at(entry, 0)?, u64_at(entry, 8)? as i64),
                    _ => (u64::from(u32_at(entry, 0)?), i64::from(u32_at(entry, 4)? as i32)),
                };
                let length_ns = nanos(length, movie_scale)?;
                if start < 0 {
                    silence_ns += i64::try_from(length_ns).ok()?;
                    continue;
                }
                let start_ns = i64::try_from(nanos(start as u64, media_scale)?).ok()? - silence_ns;
                return Some(Edit {
                    start_ns,
                    length: (length > 0).then(|| Duration::from_nanos(length_ns)),
                });
            }
            None
        });
    match listed {
        Some(edit) if edit.start_ns != 0 => Some(edit),
        other => itunes_note(moov, media_scale).or(other),
    }
}

/// `iTunSMPB`: hexadecimal words: zero, encoder delay, padding, length in samples.
fn itunes_note(moov: &[u8], media_scale: u32) -> Option<Edit> {
    let name = moov.windows(8).position(|window| window == b"iTunSMPB")?;
    let after = moov.get(name + 8..(name + 256).min(moov.len()))?;
    let data = after.windows(4).position(|window| window == b"data")?;
    let text: String = after
        .get(data + 12..)?
        .iter()
        .take_while(|b| b.is_ascii_graphic() || **b == b' ')
        .map(|&b| char::from(b))
        .collect();
    let mut words = text
        .split_ascii_whitespace()
        .map(|word| u64::from_str_radix(word, 16).ok());
    let (delay, length) = (words.nth(1)??, words.nth(1)??);
    // More than two seconds of delay is no encoder's.
    let start_ns = i64::try_from(nanos(delay, media_scale).filter(|&ns| ns < 2_000_000_000)?).ok()?;
    Some(Edit {
        start_ns,
        length: (length > 0)
            .then(|| nanos(length, media_scale).map(Duration::from_nanos))
            .flatten(),
    })
}

/// Whether an atom with a version byte is of the 64-bit kind.
fn wide(atom: &[u8]) -> bool {
    atom.first() == Some(&1)
}

fn nanos(ticks: u64, per_second: u32) -> Option<u64> {
    let nanos = (u128::from(ticks) * 1_000_000_000).checked_div(u128::from(per_second))?;
    u64::try_from(nanos).ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// The atoms directly inside `bytes`, as kind and content; ends at the first that does not fit.
fn atoms(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = u32_at(bytes, 0)? as usize;
        let kind = bytes.get(4..8)?.try_into().ok()?;
        let content = bytes.get(8..size)?;
        bytes = &bytes[size..];
        Some((kind, content))
    })
}

fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    atoms(bytes)
        .find(|(found, _)| found == kind)
        .map(|(_, content)| content)
}

/// What the start of an mp3 tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mp3Start {
    /// No run of frames: bytes that only look like mp3 here and there.
    Noise,
    /// Frames, but nothing that says how many.
    Plain,
    /// A Xing, Info or VBRI frame whose count agrees with the size of the file.
    Counted,
}

pub(super) fn mp3_start(file: &mut File, size_bytes: u64) -> Mp3Start {
    let Some((start, bytes)) = read_start(file) else {
        return Mp3Start::Noise;
    };
    let whole = start + bytes.len() as u64 >= size_bytes;
    let Some((at, frame)) =
        (0..bytes.len().saturating_sub(4)).find_map(|at| chain(&bytes, at, whole).map(|frame| (at, frame)))
    else {
        return Mp3Start::Noise;
    };
    let Some(first) = bytes.get(at..(at + frame.bytes).min(bytes.len())) else {
        return Mp3Start::Plain;
    };
    let claimed_bytes = match first.get(frame.xing_at..frame.xing_at + 4) {
        Some(b"Xing" | b"Info") => match u32_at(first, frame.xing_at + 4) {
            // Flag 1: a count of frames follows. Flag 2: then a count of bytes.
            Some(flags) if flags & 3 == 3 => u32_at(first, frame.xing_at + 12),
            _ => None,
        },
        _ if first.get(36..40) == Some(b"VBRI") => u32_at(first, 46),
        _ => None,
    };
    match claimed_bytes {
        // A tag at the end may make the file longer; a file that is shorter was cut off.
        Some(claimed) if start + at as u64 + u64::from(claimed) <= size_bytes + 4096 => Mp3Start::Counted,
        _ => Mp3Start::Plain,
    }
}

/// The stretch after any ID3v2 tags, and where it begins.
fn read_start(file: &mut File) -> Option<(u64, Vec<u8>)> {
    let mut at = 0;
    for _ in 0..8 {
        let mut head = [0; 10];
        file.seek(SeekFrom::Start(at)).ok()?;
        if file.read_exact(&mut head).is_err() || &head[..3] != b"ID3" {
            break;
        }
        at += 10
            + head[6..]
                .iter()
                .fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7f));
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at)).ok()?;
    file.take(MAX_JUNK_BYTES).read_to_end(&mut bytes).ok()?;
    Some((at, bytes))
}

#[derive(Clone, Copy, PartialEq)]
struct FrameShape {
    bytes: usize,
    /// Version, layer and rate: the same in every frame of a stream.
    kind: u32,
    /// Where a Xing tag stands: after header and side information.
    xing_at: usize,
}

/// The frame at `at`, if a run of frames of one kind starts there.
fn chain(bytes: &[u8], at: usize, whole: bool) -> Option<FrameShape> {
    let first = shape(bytes, at)?;
    let mut next = at + first.bytes;
    for _ in 1..CHAIN_FRAMES {
        // The end of the file ends a run as well as a frame does.
        if whole && next + 4 > bytes.len() {
            break;
        }
        let frame = shape(bytes, next).filter(|frame| frame.kind == first.kind)?;
        next += frame.bytes;
    }
    Some(first)
}

/// Reads an MPEG audio header of layers II and III (ISO 11172-3, 13818-3 and the 2.5 extension).
fn shape(bytes: &[u8], at: usize) -> Option<FrameShape> {
    let header = u32_at(bytes, at)?;
    let (version, layer) = (header >> 19 & 3, header >> 17 & 3);
    let (bitrate, rate) = ((header >> 12 & 15) as usize, (header >> 10 & 3) as usize);
    if header >> 21 != 0x7ff || version == 1 || !matches!(layer, 1 | 2) || matches!(bitrate, 0 | 15) || rate == 3 {
        return None;
    }
    const KBITS_1_3: [usize; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBITS_1_2: [usize; 14] = [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    const KBITS_2: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let (mpeg1, layer3) = (version == 3, layer == 1);
    let kbits = match (mpeg1, layer3) {
        (true, true) => KBITS_1_3,
        (true, false) => KBITS_1_2,
        (false, _) => KBITS_2,
    }[bitrate - 1];
    let rate_hz = [44_100, 48_000, 32_000][rate] / [4, 1, 2, 1][version as usize];
    let samples = if mpeg1 || !layer3 { 1152 } else { 576 };
    let padding = (header >> 9 & 1) as usize;
    let mono = header >> 6 & 3 == 3;
    let side_info = match (mpeg1, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    Some(FrameShape {
        bytes: samples / 8 * kbits * 1000 / rate_hz + padding,
        kind: header & 0xfffe_0c00,
        xing_at: 4 + side_info,
    })
}
