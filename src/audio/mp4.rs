//! What an mp4 says beyond its packets, which the demuxer does not tell: where in the coded stream the music starts and how
//! long it is (the edit list, or iTunes' own note), and whether its sound was cut off. Reads a few bounded stretches.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use super::song::Edit;

/// The index of an mp4 of six hours takes about 8 MB; more than this is no song.
const MAX_INDEX_BYTES: u64 = 64 << 20;
/// The edit of track `track_id`; the default when the file has none or is damaged.
pub(super) fn edit(file: &mut (impl Read + Seek), track_id: u32) -> Edit {
    read_index(file)
        .and_then(|moov| edit_in(&moov, track_id))
        .unwrap_or_default()
}

/// An atom of the file itself: kind, where it starts, where its content starts and where it ends.
struct TopAtom {
    kind: [u8; 4],
    start: u64,
    content: u64,
    end: u64,
}

/// The first atom `wanted` accepts. A hostile file may hold a million empty ones: we stop at a thousand.
fn find_top_atom(file: &mut (impl Read + Seek), wanted: impl Fn(&TopAtom) -> bool) -> Option<TopAtom> {
    let mut start = 0;
    for _ in 0..1_000 {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(start)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let (mut size, mut header) = (u64::from(u32_at(&head, 0)?), 8);
        if size == 1 {
            file.read_exact(&mut head[8..]).ok()?;
            (size, header) = (u64_at(&head, 8)?, 16);
        }
        let kind = head[4..8].try_into().ok()?;
        let end = start.checked_add(size.max(header))?;
        let atom = TopAtom {
            kind,
            start,
            content: start + header,
            end,
        };
        if wanted(&atom) {
            return Some(atom);
        }
        start = end;
    }
    None
}

fn read_index(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let moov = find_top_atom(file, |atom| &atom.kind == b"moov")?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(moov.content)).ok()?;
    file.by_ref()
        .take((moov.end - moov.content).min(MAX_INDEX_BYTES))
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// Whether the file is an mp4 of any kind.
pub(super) fn is_mp4(file: &mut (impl Read + Seek)) -> bool {
    let mut head = [0; 8];
    file.rewind().is_ok() && file.read_exact(&mut head).is_ok() && &head[4..] == b"ftyp"
}

/// The place of the size of an mp4's sound, if the file ends before it does. The demuxer passes over such an atom; with a
/// size of zero, which means "to the end of the file", it plays what is there.
pub(super) fn broken_off_sound(file: &mut (impl Read + Seek), size_bytes: u64) -> Option<u64> {
    let sound = is_mp4(file)
        .then(|| find_top_atom(file, |atom| &atom.kind == b"mdat" && atom.end > size_bytes))
        .flatten();
    file.rewind().ok()?;
    sound.map(|atom| atom.start)
}

fn edit_in(moov: &[u8], track_id: u32) -> Option<Edit> {
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
