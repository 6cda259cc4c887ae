//! What moves between the steps. Each type is made by one step and only read by the next ones.

use crate::model::{Fps, FrameIndex};

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
}
