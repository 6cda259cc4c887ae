//! Where everything stands in a frame: the angle of the disc, and the features as the shaders take them.

use crate::flow::{Features, FrameFeatures, Moment};
use crate::model::FrameIndex;

/// 33 1/3: an LP.
pub const DEFAULT_RPM: f64 = 100.0 / 3.0;
/// The slowest and the fastest speed records were made for.
pub const RPM_RANGE: std::ops::RangeInclusive<f64> = 16.0..=78.0;

/// One moment a frame.
pub fn moments(features: &Features, rpm: f64) -> Vec<Moment> {
    let frames = features.frames.len() as f32;
    (0..)
        .zip(&features.frames)
        .map(|(n, heard)| moment(FrameIndex(n), heard, features, rpm, frames))
        .collect()
}

fn moment(index: FrameIndex, heard: &FrameFeatures, features: &Features, rpm: f64, frames: f32) -> Moment {
    let time_secs = index.time_secs(features.fps);
    let turn = turns_at(time_secs, rpm).fract();
    let angle_rad = turn * std::f64::consts::TAU;
    Moment {
        time_secs: time_secs as f32,
        progress: index.0 as f32 / frames,
        turn: turn as f32,
        turn_cos: angle_rad.cos() as f32,
        turn_sin: angle_rad.sin() as f32,
        rms: heard.rms,
        loudness: heard.loudness,
        bass: heard.bass,
        mid: heard.mid,
        treble: heard.treble,
        onset: heard.onset,
        beat_phase: heard.beat_phase,
        bands: heard.bands,
    }
}

/// How often the disc has gone round after `time_secs`, clockwise.
pub fn turns_at(time_secs: f64, rpm: f64) -> f64 {
    time_secs * rpm / 60.0
}
