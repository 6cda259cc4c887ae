//! A look-ahead true-peak limiter: sound in, a curve of gains out, so that no peak *between* the samples passes the ceiling.
//! The gain falls over 5 ms before a peak and comes back slowly: nothing pumps, nothing is clipped. It thinks in blocks of
//! [`BLOCK`] samples; between two blocks the gain is a straight line.

use std::collections::VecDeque;

/// Samples per block: 0.17 ms, short against the attack.
pub(super) const BLOCK: usize = 8;
/// Blocks by which the gain is down before a peak and held after it: 2.5 ms each. Slow against any waveform it could distort,
/// too short to be heard as a fade.
const REACH: usize = 15;
/// Time constant of the way back: 150 ms.
const RELEASE_BLOCKS: f32 = 900.0;
/// Points of the interpolating filter on either side.
const TAPS: usize = 8;
/// No true peak lies much further above both its neighbouring samples than this in music (a sine at a quarter of the rate:
/// 3 dB): where the samples stay below, we do not look between them.
const BETWEEN: f32 = 0.6;

/// The loudest point of both channels in each block, as far as it lies above `floor`; 0 elsewhere. A peak between two blocks
/// belongs to both.
pub(super) fn true_peaks(samples: &[[f32; 2]], floor: f32) -> Vec<f32> {
    let phases = phases();
    let mut peaks = vec![0.0_f32; samples.len().div_ceil(BLOCK)];
    let loudness = |pair: &[f32; 2]| pair[0].abs().max(pair[1].abs());
    for block in 0..peaks.len() {
        let from = block * BLOCK;
        // One more than the block: its last sample's way to the next one.
        let part = &samples[from..(from + BLOCK + 1).min(samples.len())];
        let loudest = part.iter().map(loudness).fold(0.0, f32::max);
        if loudest < floor * BETWEEN {
            continue;
        }
        let mut peak = part.iter().take(BLOCK).map(loudness).fold(0.0, f32::max);
        let mut crossing = 0.0_f32;
        for (n, pair) in part.windows(2).enumerate() {
            if loudness(&pair[0]).max(loudness(&pair[1])) < floor * BETWEEN {
                continue;
            }
            let around = (from + n + 1)
                .checked_sub(TAPS)
                .and_then(|first| samples.get(first..first + 2 * TAPS));
            // At the very ends there is nothing to interpolate with.
            let between = around.map_or(0.0, |around| {
                phases
                    .iter()
                    .map(|phase| interpolate(around, phase))
                    .fold(0.0, f32::max)
            });
            peak = peak.max(between);
            if n + 1 == BLOCK {
                crossing = between;
            }
        }
        if peak > floor {
            peaks[block] = peaks[block].max(peak);
        }
        if let Some(next) = peaks.get_mut(block + 1).filter(|_| crossing > floor) {
            *next = next.max(crossing);
        }
    }
    peaks
}

/// Weights for samples of both channels in turn.
type Phase = [f32; 4 * TAPS];

/// The louder channel's amplitude at one point. Eight sums side by side: the compiler makes vector instructions of them.
fn interpolate(around: &[[f32; 2]], phase: &Phase) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (samples, weights) in around.as_flattened().chunks_exact(8).zip(phase.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += samples[lane] * weights[lane];
        }
    }
    let [left, right] = [0, 1].map(|side| sums[side] + sums[side + 2] + sums[side + 4] + sums[side + 6]);
    left.abs().max(right.abs())
}

/// Windowed-sinc filters for the points 1/4, 1/2 and 3/4 of the way to the next sample: four-fold oversampling, as
/// ITU-R BS.1770-4 (annex 2) asks for.
fn phases() -> [Phase; 3] {
    [0.25, 0.5, 0.75].map(|part: f64| {
        let weights: [f64; 2 * TAPS] = std::array::from_fn(|tap| {
            let x = tap as f64 - (TAPS - 1) as f64 - part;
            let sinc = (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x);
            let window = (std::f64::consts::FRAC_PI_2 * x / TAPS as f64).cos();
            sinc * window * window
        });
        let sum: f64 = weights.iter().sum();
        std::array::from_fn(|n| (weights[n / 2] / sum) as f32)
    })
}

/// The gains at the borders of all blocks (one more than there are blocks) that keep `peaks * gain` at or below `ceiling`.
/// `None` when nothing has to be done anywhere.
pub(super) fn limiting(peaks: &[f32], gain: f32, ceiling: f32) -> Option<Vec<f32>> {
    let limit = ceiling / gain;
    if peaks.iter().all(|&peak| peak <= limit) {
        return None;
    }
    let need = |block: usize| {
        peaks
            .get(block)
            .map_or(1.0, |&peak| if peak > limit { limit / peak } else { 1.0 })
    };
    // A border serves the blocks on both its sides.
    let mut held = hold_lowest(peaks.len() + 1, |border| {
        need(border).min(border.checked_sub(1).map_or(1.0, need))
    });
    let back = (-1.0 / RELEASE_BLOCKS).exp();
    let mut last = 1.0_f32;
    for gain in &mut held {
        last = gain.min(1.0 - (1.0 - last) * back);
        *gain = last;
    }
    // Two running means are a triangle: no corner in the gain, and still never above what the peak needs.
    Some(running_mean(&running_mean(&held, REACH / 2), REACH / 2))
}

/// Multiplies by `gain` and by the limiter's curve.
pub(super) fn apply(samples: &mut [[f32; 2]], gain: f32, curve: Option<&[f32]>) {
    let Some(curve) = curve else {
        samples.as_flattened_mut().iter_mut().for_each(|sample| *sample *= gain);
        return;
    };
    for (block, borders) in samples.chunks_mut(BLOCK).zip(curve.windows(2)) {
        let step = (borders[1] - borders[0]) / BLOCK as f32;
        for (n, pair) in block.iter_mut().enumerate() {
            let gain = gain * (borders[0] + step * n as f32);
            *pair = [pair[0] * gain, pair[1] * gain];
        }
    }
}

/// At each place the lowest value within [`REACH`] on both sides.
fn hold_lowest(len: usize, value: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut candidates: VecDeque<(usize, f32)> = VecDeque::new();
    let mut lowest = Vec::with_capacity(len);
    for ahead in 0..len + REACH {
        if ahead < len {
            let entering = value(ahead);
            while candidates.back().is_some_and(|&(_, kept)| kept >= entering) {
                candidates.pop_back();
            }
            candidates.push_back((ahead, entering));
        }
        let Some(at) = ahead.checked_sub(REACH) else { continue };
        while candidates.front().is_some_and(|&(place, _)| place + REACH < at) {
            candidates.pop_front();
        }
        lowest.push(candidates.front().map_or(1.0, |&(_, kept)| kept));
    }
    lowest
}

/// The mean of each place and `reach` places on both sides; beyond the ends the last value goes on.
fn running_mean(values: &[f32], reach: usize) -> Vec<f32> {
    let Some(last) = values.len().checked_sub(1) else {
        return Vec::new();
    };
    let at = |n: usize| f64::from(values[n.saturating_sub(reach).min(last)]);
    // Places are counted from `reach` before the first, so that none is negative.
    let mut sum: f64 = (0..=2 * reach).map(at).sum();
    (0..values.len())
        .map(|n| {
            let mean = (sum / (2 * reach + 1) as f64) as f32;
            sum += at(n + 2 * reach + 1) - at(n);
            mean
        })
        .collect()
}
