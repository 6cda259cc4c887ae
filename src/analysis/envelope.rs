//! The fragment's loudness from start to end, for the grooves.

use crate::flow::ENVELOPE_POINTS;

/// Below this the whole fragment counts as silent: -60 dB of full scale.
const SILENCE: f64 = 0.001;
/// Perceived loudness grows with about this power of the amplitude (Stevens).
const SENSATION: f64 = 0.6;

pub(super) fn of(samples: &[[f32; 2]]) -> Vec<f32> {
    let levels: Vec<f64> = (0..ENVELOPE_POINTS)
        .map(|point| {
            let from = samples.len() * point / ENVELOPE_POINTS;
            let to = (samples.len() * (point + 1) / ENVELOPE_POINTS)
                .max(from + 1)
                .min(samples.len());
            let part = &samples[from.min(to)..to];
            let power: f64 = part.iter().flatten().map(|&sample| f64::from(sample * sample)).sum();
            (power / (2 * part.len()).max(1) as f64).sqrt()
        })
        .collect();
    let highest = levels.iter().copied().fold(0.0, f64::max);
    if highest < SILENCE {
        return vec![0.0; ENVELOPE_POINTS];
    }
    levels
        .into_iter()
        .map(|level| (level / highest).powf(SENSATION) as f32)
        .collect()
}
