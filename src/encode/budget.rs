//! The bit budget: how many bytes the file may have -> how many bits each lane may spend. Pure.
//!
//! One pass and no second try: the bound is kept while encoding, by a leaky bucket (the decoder buffer model of H.264,
//! which x264 enforces and cards promise to). A lane may spend what its bucket holds at the start and what flows in
//! meanwhile, so the sum over the lanes, the sound and the container stays under the limit whatever the frames show. Easy
//! frames cost less than that: quality is capped too (see `options`).

use super::{EncodeError, Encoder};
use crate::model::{FrameIndex, SAMPLE_RATE, VideoFormat};

/// Longest distance of key frames, seconds. Each group of pictures starts with a key frame and needs nothing before it.
pub const GOP_SECS: u32 = 2;
/// The sound's bit rate.
pub const AUDIO_BITS_PER_SEC: u32 = 128_000;
/// What the sound may take at most: `audio` steers its encoder below this line. Left alone, FFmpeg's encoder reached
/// 129.7 kbit/s on a minute of noise bursts, 129.2 on music.
pub const AUDIO_MAX_BITS_PER_SEC: u32 = 132_000;
/// Samples in one packet of AAC.
pub const AUDIO_PACKET_SAMPLES: usize = 1024;
/// One packet of stereo AAC-LC never exceeds 6144 bits per channel: the decoder buffer of ISO 14496-3.
pub const AUDIO_PACKET_MAX_BYTES: u64 = 2 * 6144 / 8;
/// H.264 level 3.1, High profile: 14,000 kbit/s times 1.25, for both the rate and the buffer (table A-1).
const LEVEL_MAX_BITS: u64 = 17_500_000;
/// The bucket holds one second of the rate, less in short lanes: a large bucket lets a key frame be good, but what it
/// holds at the start is paid once per lane.
const BUCKET_SECS: f64 = 1.0;
const BUCKET_SHARE_OF_LANE: f64 = 0.25;
/// x264's bucket is nine tenths full when it starts (its default, set explicitly in `options`).
pub const BUCKET_START: f64 = 0.9;
/// Held back per lane for frames an encoder has taken but not given out yet, see [`Rate::line_bytes`].
const LANE_RESERVE: f64 = 0.02;
/// Full buckets held back besides where nobody can promise that the bucket is kept: one for a frame that breaks it, one
/// for repeating the frame before, which an encoder may use to refine it. 3 % of a minute.
const SURPRISES: f64 = 2.0;
/// The fewest bytes per frame and 16x16 macroblock x264 needs for white noise, bytes. With 30 kbit/s at 640x640 and
/// 30 fps (125 bytes for 1600 blocks) it still held its bucket; doubled, so that there is something to see.
const MIN_BYTES_PER_BLOCK: f64 = 2.0 * 125.0 / 1600.0;
/// Boxes of both tracks without their tables, tags of the longest kind we write (4 bytes a character) and some air.
const CONTAINER_FIXED_BYTES: u64 = 8 * 1024;
/// `stsz`: four bytes for every packet.
const CONTAINER_PACKET_BYTES: u64 = 4;
/// `stco` and `stsc` for the chunks of one second of both tracks, and `stss` for its key frames (see `mux`).
const CONTAINER_SECOND_BYTES: u64 = 2 * 2 * (4 + 12) + 8;
/// Start codes of three bytes become lengths of four; a frame is one slice, so only parameter sets and SEI count.
const CONTAINER_KEY_FRAME_BYTES: u64 = 4;

/// The quality at which a busy minute of 640x640 at 30 fps just fills 8,000,000 bytes, see `options`.
const FULL_MINUTE_QUALITY: u8 = 25;
/// Bits per pixel such a minute has.
const FULL_MINUTE_BITS_PER_PIXEL: f64 = 0.075;
/// Better than this nobody sees, and it only takes longer to send.
const BEST_QUALITY: u8 = 21;
/// x264 halves its rate for about this much quality.
const QUALITY_PER_OCTAVE: f64 = 4.0;

/// How far an encoder looks ahead; each frame of it takes 2 MB of memory, in every lane.
const LOOKAHEAD_FRAMES: u32 = 20;
/// With many lanes less, so that a circle stays under 400 MB; at 640x640 it costs 0.002 to 0.004 of SSIM.
const MANY_LANES: u32 = 6;
const MANY_LANES_LOOKAHEAD_FRAMES: u32 = 5;

/// How fast a lane may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Flows into the bucket.
    pub bits_per_sec: u64,
    /// The bucket.
    pub bucket_bits: u64,
    /// The lane stays under this even if its encoder ignores the rate: frames are held then, see `video`. Only a frame
    /// larger than the bucket and than all before it, in a lane already full, breaks it, and `mux` refuses the file.
    pub max_bytes: u64,
    /// The most a frame is expected to take from an encoder that may ignore its bucket; the line leaves room for two.
    /// 0: it keeps the bucket.
    pub surprise_bytes: u64,
    /// What an easy picture is content with, on x264's scale of `crf`: lower is better and larger. The same in all lanes,
    /// because it leaves a trace in the parameter sets.
    pub quality: u8,
    /// How many frames the encoder looks ahead.
    pub lookahead_frames: u32,
}

/// A contiguous part of the circle for one encoder: whole groups of pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    pub first: FrameIndex,
    pub frames: u32,
    pub rate: Rate,
}

impl Rate {
    /// For trying an encoder with one frame.
    pub(super) fn for_trial() -> Self {
        Self {
            bits_per_sec: 1_000_000,
            bucket_bits: 1_000_000,
            max_bytes: 1_000_000,
            surprise_bytes: 0,
            quality: FULL_MINUTE_QUALITY,
            lookahead_frames: LOOKAHEAD_FRAMES,
        }
    }

    /// The rate at which `frames` frames cannot exceed `max_bytes`.
    fn within(
        max_bytes: u64,
        frames: u32,
        format: VideoFormat,
        encoder: Encoder,
        quality: u8,
        lookahead_frames: u32,
    ) -> Self {
        let secs = f64::from(frames) / f64::from(format.fps.get());
        let bucket_secs = BUCKET_SECS.min(secs * BUCKET_SHARE_OF_LANE);
        let bits = max_bytes as f64 * 8.0 * (1.0 - LANE_RESERVE);
        let surprises = if encoder.keeps_its_bucket() { 0.0 } else { SURPRISES };
        let bits_per_sec = (bits / (secs + (BUCKET_START + surprises) * bucket_secs)).min(LEVEL_MAX_BITS as f64);
        let bucket_bits = ((bits_per_sec * bucket_secs) as u64).min(LEVEL_MAX_BITS);
        Self {
            bits_per_sec: bits_per_sec as u64,
            bucket_bits,
            max_bytes,
            surprise_bytes: if encoder.keeps_its_bucket() { 0 } else { bucket_bits / 8 },
            quality,
            lookahead_frames,
        }
    }

    /// What a lane may have spent on its first `done` frames: the bucket's line plus the reserve. It ends two surprises
    /// under the lane's limit.
    pub fn line_bytes(&self, done: u32, fps: u32) -> u64 {
        let flowed = self.bits_per_sec as f64 * f64::from(done) / f64::from(fps);
        let line = (flowed + BUCKET_START * self.bucket_bits as f64) / 8.0 + LANE_RESERVE * self.max_bytes as f64;
        (line as u64).min(self.max_bytes)
    }
}

/// Small pictures and short circles have more bits per pixel than the fullest circle, and detail that deserves them.
fn quality_for(bytes: u64, frames: u32, format: VideoFormat) -> u8 {
    let pixels = f64::from(format.size.px()).powi(2) * f64::from(frames);
    let octaves = (bytes as f64 * 8.0 / pixels / FULL_MINUTE_BITS_PER_PIXEL)
        .log2()
        .max(0.0);
    let better = (octaves * QUALITY_PER_OCTAVE).round() as u8;
    FULL_MINUTE_QUALITY.saturating_sub(better).max(BEST_QUALITY)
}

/// Frames in one group of pictures.
pub fn gop_frames(format: VideoFormat) -> u32 {
    GOP_SECS * format.fps.get()
}

/// What a frame takes at least: below it even white noise does not fit into the bucket. A frame that repeats the one
/// before took 13 to 131 bytes at 640x640 (x264), a black key frame 737.
pub fn least_frame_bytes(format: VideoFormat) -> u64 {
    let blocks = f64::from(format.size.px().div_ceil(16).pow(2));
    (blocks * MIN_BYTES_PER_BLOCK).ceil() as u64
}

/// The most the sound can take.
pub fn audio_max_bytes(samples: usize) -> u64 {
    let steady = samples as u64 * u64::from(AUDIO_MAX_BITS_PER_SEC) / 8 / u64::from(SAMPLE_RATE);
    // The encoder is steered from packet to packet: the last one may still be as large as packets get.
    steady + 2 * AUDIO_PACKET_MAX_BYTES
}

/// The most everything around the packets can take.
pub fn container_max_bytes(frames: u32, format: VideoFormat, samples: usize) -> u64 {
    let packets = u64::from(frames) + audio_packets(samples);
    let secs = u64::from(frames.div_ceil(format.fps.get())) + 1;
    let keys = u64::from(frames.div_ceil(gop_frames(format)));
    CONTAINER_FIXED_BYTES
        + packets * CONTAINER_PACKET_BYTES
        + secs * CONTAINER_SECOND_BYTES
        + keys * CONTAINER_KEY_FRAME_BYTES
}

/// One more than the samples fill: the encoder starts with a packet of delay.
pub fn audio_packets(samples: usize) -> u64 {
    samples.div_ceil(AUDIO_PACKET_SAMPLES) as u64 + 1
}

/// Splits `frames` frames over at most `lanes` lanes of `encoder` and the bytes the picture may take over their frames.
pub fn plan_lanes(
    format: VideoFormat,
    frames: u32,
    samples: usize,
    max_bytes: u64,
    encoder: Encoder,
    lanes: u32,
) -> Result<Vec<Lane>, EncodeError> {
    let frames = frames.max(1);
    // What is held back for surprises, in the shortest lane not quite half, leaves this much all the same.
    let doubled = if encoder.keeps_its_bucket() { 1 } else { 2 };
    let least = least_frame_bytes(format) * u64::from(frames) * doubled;
    let around = audio_max_bytes(samples) + container_max_bytes(frames, format, samples);
    if max_bytes < around + least {
        return Err(EncodeError::TooSmall {
            max_bytes,
            minimum_bytes: around + least,
        });
    }
    let for_picture = max_bytes - around;

    let gop = gop_frames(format);
    let gops = frames.div_ceil(gop);
    // No more lanes than end at the same time: 30 groups on 16 cores take as long in 15 lanes of two, with less memory.
    let lanes = gops.div_ceil(gops.div_ceil(lanes.max(1)));
    let lookahead_frames = if lanes > MANY_LANES {
        MANY_LANES_LOOKAHEAD_FRAMES
    } else {
        LOOKAHEAD_FRAMES
    };
    let quality = quality_for(for_picture, frames, format);
    let lane = |i: u32| {
        // Whole groups, spread evenly; the last lane takes the incomplete group.
        let first = (gops * i / lanes) * gop;
        let end = ((gops * (i + 1) / lanes) * gop).min(frames);
        let bytes = for_picture * u64::from(end - first) / u64::from(frames);
        Lane {
            first: FrameIndex(first),
            frames: end - first,
            rate: Rate::within(bytes, end - first, format, encoder, quality, lookahead_frames),
        }
    };
    Ok((0..lanes).map(lane).collect())
}
