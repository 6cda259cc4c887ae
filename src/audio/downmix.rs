//! Any speaker layout to stereo, by the coefficients of ITU-R BS.775-3 (table 2): centre and surrounds at -3 dB, the
//! low-frequency channel left out. The sum is scaled so that full scale everywhere stays full scale: no clipping later.

use symphonia::core::audio::{Channels, Position};

/// One gain pair `[to left, to right]` per decoded channel, in the decoder's order of channels.
pub(super) struct Downmix {
    gains: Vec<[f32; 2]>,
}

const MINUS_3_DB: f32 = std::f32::consts::FRAC_1_SQRT_2;

impl Downmix {
    pub fn new(channels: &Channels) -> Self {
        let count = channels.count();
        let positions = match channels {
            Channels::Positioned(positions) => Some(*positions),
            // Unnamed channels are taken to be in the order of a WAVE file.
            _ => u32::try_from(count).ok().and_then(Position::from_wave_channel_count),
        };
        let mut gains: Vec<[f32; 2]> = match (count, positions) {
            (1, _) => vec![[1.0, 1.0]],
            (2, _) => vec![[1.0, 0.0], [0.0, 1.0]],
            (_, Some(positions)) => positions.iter().map(gain).collect(),
            (_, None) => vec![[MINUS_3_DB, MINUS_3_DB]; count],
        };
        gains.resize(count, [0.0, 0.0]);
        let loudest = [0, 1].map(|side| gains.iter().map(|gain| gain[side]).sum::<f32>());
        let scale = 1.0 / loudest[0].max(loudest[1]).max(1.0);
        for gain in gains.iter_mut().flatten() {
            *gain *= scale;
        }
        Self { gains }
    }

    /// Appends the stereo mix of interleaved `samples`.
    pub fn mix(&self, samples: &[f32], out: &mut Vec<[f32; 2]>) {
        match self.gains.as_slice() {
            [_] => out.extend(samples.iter().map(|&s| [finite(s); 2])),
            [_, _] => out.extend(samples.chunks_exact(2).map(|pair| [finite(pair[0]), finite(pair[1])])),
            [] => {}
            gains => out.extend(samples.chunks_exact(gains.len()).map(|frame| {
                frame
                    .iter()
                    .zip(gains)
                    .fold([0.0, 0.0], |[left, right], (&sample, gain)| {
                        let sample = finite(sample);
                        [left + sample * gain[0], right + sample * gain[1]]
                    })
            })),
        }
    }
}

/// A damaged float file may hold anything; one NaN would silence every later sum. +-8 is 18 dB over full scale.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-8.0, 8.0)
    } else {
        0.0
    }
}

fn gain(position: Position) -> [f32; 2] {
    let left = Position::REAR_LEFT
        | Position::SIDE_LEFT
        | Position::FRONT_LEFT_CENTER
        | Position::FRONT_LEFT_WIDE
        | Position::TOP_FRONT_LEFT
        | Position::TOP_REAR_LEFT
        | Position::TOP_SIDE_LEFT;
    let right = Position::REAR_RIGHT
        | Position::SIDE_RIGHT
        | Position::FRONT_RIGHT_CENTER
        | Position::FRONT_RIGHT_WIDE
        | Position::TOP_FRONT_RIGHT
        | Position::TOP_REAR_RIGHT
        | Position::TOP_SIDE_RIGHT;
    match position {
        Position::FRONT_LEFT => [1.0, 0.0],
        Position::FRONT_RIGHT => [0.0, 1.0],
        Position::FRONT_CENTER => [MINUS_3_DB, MINUS_3_DB],
        Position::LFE1 | Position::LFE2 => [0.0, 0.0],
        p if left.contains(p) => [MINUS_3_DB, 0.0],
        p if right.contains(p) => [0.0, MINUS_3_DB],
        // Behind or above the middle: -3 dB for being a surround, -3 dB for being in both.
        _ => [0.5, 0.5],
    }
}
