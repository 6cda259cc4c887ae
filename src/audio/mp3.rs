//! What the start of an mp3 tells: that it is one (random bytes look like a frame now and then), and whether a Xing, Info or
//! VBRI frame gives its length. Reads at most a megabyte behind the tags.

use std::io::{Read, Seek, SeekFrom};

/// As far as the demuxer itself looks for a first frame.
const MAX_JUNK_BYTES: u64 = 1 << 20;
/// That many frames in a row with the same rate are no accident; two are, in a few megabytes of random bytes.
const CHAIN_FRAMES: usize = 4;

/// What the start of an mp3 tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// No run of frames: bytes that only look like mp3 here and there.
    Noise,
    /// Frames, but nothing that says how many, nor how much silence encoder and decoder put in front (the decoder's own part is
    /// 529 samples, the encoder's is anyone's guess): such a song starts that much late, the same wherever a fragment starts.
    Plain,
    /// A Xing, Info or VBRI frame whose count agrees with the size of the file.
    Counted,
}

pub(super) fn start(file: &mut (impl Read + Seek), size_bytes: u64) -> Start {
    let Some((start, bytes)) = read_start(file) else {
        return Start::Noise;
    };
    let whole = start + bytes.len() as u64 >= size_bytes;
    let Some((at, frame)) =
        (0..bytes.len().saturating_sub(4)).find_map(|at| chain(&bytes, at, whole).map(|frame| (at, frame)))
    else {
        return Start::Noise;
    };
    let Some(first) = bytes.get(at..(at + frame.bytes).min(bytes.len())) else {
        return Start::Plain;
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
        Some(claimed) if start + at as u64 + u64::from(claimed) <= size_bytes + 4096 => Start::Counted,
        _ => Start::Plain,
    }
}

/// The stretch after any ID3v2 tags, and where it begins.
fn read_start(file: &mut (impl Read + Seek)) -> Option<(u64, Vec<u8>)> {
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
    file.by_ref().take(MAX_JUNK_BYTES).read_to_end(&mut bytes).ok()?;
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

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
