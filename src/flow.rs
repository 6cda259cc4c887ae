//! What moves between the steps. Each type is made by one step and only read by the next ones.

use std::path::PathBuf;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};

use crate::cover::Cover;
use crate::model::{Fps, FrameIndex, VideoFormat};

/// A song that lies on the disk. Made by `source`; the file belongs to whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    pub path: PathBuf,
    /// Of the file's bytes, in hexadecimal.
    pub sha256: String,
    pub size_bytes: u64,
    /// Told by its first bytes, whatever it was called: `mp3`, `m4a`...
    pub extension: &'static str,
    /// Only a piece of the song, about 30 seconds.
    pub preview_only: bool,
}

/// Decoded sound: 48 kHz stereo, nominal range -1 to 1 (decoded peaks may lie beyond).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pcm {
    /// One `[left, right]` pair per sample instant.
    pub samples: Vec<[f32; 2]>,
}

/// How many log-spaced spectrum bands a frame carries.
pub const BANDS: usize = 64;
/// How many points the loudness envelope of a fragment has, start to end.
pub const ENVELOPE_POINTS: usize = 1024;

/// What the music does, per video frame. Made by `analysis`, read by `scene`.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    pub fps: Fps,
    pub frames: Vec<FrameFeatures>,
    /// `None` when no steady beat was found.
    pub tempo_bpm: Option<f32>,
    /// Times of the beats from the start of the fragment, ascending.
    pub beats_secs: Vec<f32>,
    /// Loudness of the fragment from start to end, 0 (silent) to 1 (its loudest), [`ENVELOPE_POINTS`] long.
    pub envelope: Vec<f32>,
}

/// All values are 0 to 1, normalised to the fragment's own dynamics, so that a quiet quartet moves as a loud band does.
/// Silence gives zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameFeatures {
    /// Level of this frame's own stretch of sound, unsmoothed.
    pub rms: f32,
    /// Short-term loudness (BS.1770 weighting, smoothed), the slow breathing of the song.
    pub loudness: f32,
    pub bass: f32,
    pub mid: f32,
    pub treble: f32,
    /// 40 Hz to 16 kHz, log-spaced, attack within one frame, musical release.
    pub bands: [f32; BANDS],
    /// How strongly something starts in this frame: 1 on the hardest hits.
    pub onset: f32,
    /// 0 on a beat, rising to 1 just before the next; 0 throughout when there is no beat.
    pub beat_phase: f32,
}

impl FrameFeatures {
    /// A frame in which nothing is heard.
    pub const SILENT: Self = Self {
        rms: 0.0,
        loudness: 0.0,
        bass: 0.0,
        mid: 0.0,
        treble: 0.0,
        bands: [0.0; BANDS],
        onset: 0.0,
        beat_phase: 0.0,
    };
}

/// One frame as the shaders see it: `Moment` in `shaders/lib/moment.wgsl`, which documents the fields.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Moment {
    pub time_secs: f32,
    pub progress: f32,
    pub turn: f32,
    pub turn_cos: f32,
    pub turn_sin: f32,
    pub rms: f32,
    pub loudness: f32,
    pub bass: f32,
    pub mid: f32,
    pub treble: f32,
    pub onset: f32,
    pub beat_phase: f32,
    pub beat: f32,
    pub lift: f32,
    pub spark_age_secs: f32,
    pub spark_power: f32,
    pub spark_seed: f32,
    pub line: f32,
    pub line_age_secs: f32,
    pub line_sung: f32,
    pub bands: [f32; BANDS],
}

/// What holds for a whole circle, as the shaders see it: `Look` in `shaders/lib/moment.wgsl`, which documents the fields.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Look {
    pub size_px: f32,
    pub frames: f32,
    pub text_turns: f32,
    pub seed: f32,
    pub has_beat: f32,
    pub length_secs: f32,
    pub looped: f32,
    pub lines: f32,
    pub corners: f32,
    pub unused: [f32; 3],
    pub accent: [f32; 4],
    pub glow: [f32; 4],
    pub ink: [f32; 4],
    pub paper: [f32; 4],
    pub dark: [f32; 4],
}

/// A theme's WGSL: its own text, and what its manifest says of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThemeShader {
    pub name: String,
    pub source: String,
    /// The `Params` struct made from the manifest.
    pub params_struct: String,
    /// Bit n is set when part n moves only within a span of time, which its `Still.data` says.
    pub timed_parts: u32,
    /// Whether it is one of ours. A stranger's is guarded, see `render::guard`.
    pub trusted: bool,
}

/// A line of text drawn on a strip, to be bent around the label: one byte of coverage a pixel, rows top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct TextStrip {
    pub width: u32,
    pub height: u32,
    pub coverage: Vec<u8>,
    /// How much of a turn the strip takes; 0 when there is no text.
    pub turns: f32,
}

/// One line of a song's lyrics, until the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LyricLine {
    /// From the start of the song, or of the fragment where `Lyrics::within` made it: then a line that is already being
    /// sung begins before 0.
    pub start_ms: i64,
    /// When the next line begins; `None` for the last one.
    pub end_ms: Option<i64>,
    /// At most [`MAX_TAG_CHARS`](crate::model::limits::MAX_TAG_CHARS) characters; empty: a pause, in which nothing is lit.
    pub text: String,
    /// Ascending in time and place; empty where the file times only whole lines.
    pub words: Vec<WordStamp>,
}

/// When the part of a line that begins at a byte of its text is sung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordStamp {
    pub at_ms: i64,
    pub byte: usize,
}

/// The lines of a song's lyrics, each centred on a row of its own: one byte of coverage a pixel, rows top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct LyricSheet {
    pub width: u32,
    /// Of all lines together.
    pub height: u32,
    pub coverage: Vec<u8>,
    /// 0 when there are none; the sheet is then one pixel.
    pub lines: u32,
}

impl LyricSheet {
    /// No lyrics.
    pub fn empty() -> Self {
        Self {
            width: 1,
            height: 1,
            coverage: vec![0],
            lines: 0,
        }
    }
}

/// Everything the renderer needs for a circle: a pure value, and the same value gives the same frames.
#[derive(Clone, Debug)]
pub struct Scene {
    pub format: VideoFormat,
    pub shader: Arc<ThemeShader>,
    pub look: Look,
    /// The theme's parameters in the order and padding of `ThemeShader::params_struct`.
    pub params: Vec<f32>,
    /// One a frame.
    pub moments: Vec<Moment>,
    /// [`ENVELOPE_POINTS`] long.
    pub envelope: Vec<f32>,
    pub cover: Arc<Cover>,
    /// Side the cover is drawn in, in pixels; the renderer stores it at that size.
    pub cover_px: u32,
    /// How far the cover turns while the shutter is open, in radians; 0 where it does not turn.
    pub shutter_rad: f32,
    pub text: TextStrip,
    pub lyrics: LyricSheet,
}

/// Raw frames on their way from the renderer to one encoder.
#[derive(Debug)]
pub struct Nv12Batch {
    pub first: FrameIndex,
    pub frames: u32,
    /// `frames` NV12 pictures one after another, BT.709 limited range.
    pub bytes: Vec<u8>,
}

/// The finished file.
#[derive(Clone, Debug)]
pub struct Circle {
    /// A whole mp4.
    pub mp4: Vec<u8>,
    pub frames: u32,
    /// The frame of its strongest moment, NV12: for a picture of it.
    pub still: Vec<u8>,
}
