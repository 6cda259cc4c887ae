//! A look-ahead true-peak limiter: sound in, one gain per sample out, so that no peak *between* the samples passes the
//! ceiling. The gain falls over [`ATTACK`] samples before a peak and comes back slowly: nothing pumps, nothing is clipped.

use std::collections::VecDeque;

/// Half the length of the smoothing, in samples: the gain takes 5 ms to fall (240 samples), slow against any waveform it
/// could distort, too short to be heard as a fade.
const ATTACK: usize = 120;
/// Time constant of the way back, in samples: 150 ms.
const RELEASE: f32 = 7200.0;
/// Points of the interpolating filter on either side.
const REACH: usize = 8;
/// No true peak lies further above its loudest sample than this in music (a sine at 12 kHz is 3 dB above): where the samples
/// stay below, we do not look between them.
const BETWEEN: f32 = 0.6;

/// The loudest point of both channels from each sample to the next, as far as it lies above `floor`; 0 elsewhere.
pub(super) fn true_peaks(samples: &[[f32; 2]], floor: f32) -> Vec<f32> {
    let phases = phases();
    let mut peaks = vec![0.0_f32; samples.len()];
    for at in 0..samples.len() {
        let next = samples.get(at + 1).unwrap_or(&[0.0; 2]);
        let loud = samples[at]
            .iter()
            .chain(next)
            .fold(0.0_f32, |loud, sample| loud.max(sample.abs()));
        if loud < floor * BETWEEN {
            continue;
        }
        let between = match at
            .checked_sub(REACH - 1)
            .and_then(|first| samples.get(first..first + 2 * REACH))
        {
            Some(around) => phases
                .iter()
                .map(|phase| interpolate(around, phase))
                .fold(0.0, f32::max),
            // At the very ends there is nothing to interpolate with.
            None => 0.0,
        };
        let peak = samples[at].iter().fold(between, |peak, sample| peak.max(sample.abs()));
        if peak > floor {
            peaks[at] = peak;
        }
    }
    peaks
}

fn interpolate(around: &[[f32; 2]], phase: &[f32; 2 * REACH]) -> f32 {
    let sum = around
        .iter()
        .zip(phase)
        .fold([0.0_f32; 2], |[left, right], (sample, weight)| {
            [left + sample[0] * weight, right + sample[1] * weight]
        });
    sum[0].abs().max(sum[1].abs())
}

/// Windowed-sinc filters for the points 1/4, 1/2 and 3/4 of the way to the next sample: four-fold oversampling, as
/// ITU-R BS.1770-4 (annex 2) asks for.
fn phases() -> [[f32; 2 * REACH]; 3] {
    [0.25, 0.5, 0.75].map(|part: f64| {
        let weights: [f64; 2 * REACH] = std::array::from_fn(|tap| {
            let x = tap as f64 - (REACH - 1) as f64 - part;
            let sinc = (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x);
            let window = (std::f64::consts::FRAC_PI_2 * x / REACH as f64).cos();
            sinc * window * window
        });
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| (weight / sum) as f32)
    })
}

/// The gain of every sample that keeps `peaks * gain` at or below `ceiling`; 1 where nothing has to be done.
/// `None` when nothing has to be done anywhere.
pub(super) fn limiting(peaks: &[f32], gain: f32, ceiling: f32) -> Option<Vec<f32>> {
    let limit = ceiling / gain;
    if peaks.iter().all(|&peak| peak <= limit) {
        return None;
    }
    // A peak belongs to the sample before it and the one after it.
    let needed = |n: usize| {
        let peak = peaks[n].max(if n > 0 { peaks[n - 1] } else { 0.0 });
        if peak > limit { limit / peak } else { 1.0 }
    };
    let mut held = hold_lowest(peaks.len(), needed);
    let back = (-1.0 / RELEASE).exp();
    let mut last = 1.0_f32;
    for gain in &mut held {
        last = gain.min(1.0 - (1.0 - last) * back);
        *gain = last;
    }
    // Two running means are a triangle: no corner in the gain, and still never above what the peak needs.
    Some(running_mean(&running_mean(&held, ATTACK / 2), ATTACK / 2))
}

/// At each place the lowest value within [`ATTACK`] on both sides.
fn hold_lowest(len: usize, value: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut candidates: VecDeque<(usize, f32)> = VecDeque::new();
    let mut lowest = Vec::with_capacity(len);
    for ahead in 0..len + ATTACK {
        if ahead < len {
            let entering = value(ahead);
            while candidates.back().is_some_and(|&(_, kept)| kept >= entering) {
                candidates.pop_back();
            }
            candidates.push_back((ahead, entering));
        }
        let Some(at) = ahead.checked_sub(ATTACK) else { continue };
        while candidates.front().is_some_and(|&(place, _)| place + ATTACK < at) {
            candidates.pop_front();
        }
        lowest.push(candidates.front().map_or(1.0, |&(_, kept)| kept));
    }
    lowest
}

/// The mean of each place and `reach` places on both sides; beyond the ends the last value goes on.
fn running_mean(values: &[f32], reach: usize) -> Vec<f32> {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let at = |n: isize| match usize::try_from(n) {
        Ok(n) => f64::from(*values.get(n).unwrap_or(&last)),
        Err(_) => f64::from(first),
    };
    let reach = reach as isize;
    let mut sum: f64 = (-reach..=reach).map(at).sum();
    let width = (2 * reach + 1) as f64;
    (0..values.len() as isize)
        .map(|n| {
            let mean = (sum / width) as f32;
            sum += at(n + reach + 1) - at(n - reach);
            mean
        })
        .collect()
}
