//! Powers to values from 0 to 1, against the fragment's own dynamics, with the attack of one frame and a musical release.
//! Every reference has a floor: the noise of a silent room stays near 0 instead of being blown up to a storm.

use super::spectrum::{BandPowers, Spectra, edge_hz};
use crate::flow::BANDS;
use crate::model::Fps;

/// Treble holds less power than bass in all music; 2 dB per octave about 1 kHz makes it visible without turning hiss into it.
const TILT_DB_PER_OCTAVE: f64 = 2.0;
/// A band shows this much below its reference.
const RANGE_DB: f32 = 40.0;
/// A band may be weaker than the strongest by this much and still be judged by its own strength half-way.
const OWN_RANGE_DB: f32 = 24.0;
/// The lowest reference of one band, and of the sound as a whole, in dB of full scale.
const BAND_FLOOR_DB: f32 = -45.0;
const LEVEL_FLOOR_DB: f32 = -45.0;
/// Of bass, mid and treble, what is weaker than the strongest by more than this is background and stays small.
const THIRD_RANGE_DB: f32 = 28.0;
/// The slow breathing: how much of the past and future is in it, and the range it covers.
const BREATH_SECS: f64 = 1.5;
const BREATH_RANGE_DB: f32 = 24.0;
/// Where bass ends and treble begins.
const BASS_HZ: f64 = 150.0;
const TREBLE_HZ: f64 = 2_500.0;

/// Root mean square of each frame's own samples.
pub(super) fn rms(samples: &[[f32; 2]], per_frame: usize, frames: usize) -> Vec<f32> {
    let mut levels: Vec<f32> = samples
        .chunks(per_frame)
        .take(frames)
        .map(|frame| {
            let power: f64 = frame.iter().flatten().map(|&sample| f64::from(sample * sample)).sum();
            (power / (2 * per_frame) as f64).sqrt() as f32
        })
        .collect();
    levels.resize(frames, 0.0);
    against(&levels, nearly_highest(&levels))
}

/// BS.1770-weighted level over about a second, centred: it is where the ear is, not behind it.
pub(super) fn loudness(spectra: &Spectra, fps: Fps) -> Vec<f32> {
    let reach = (BREATH_SECS / 2.0 * f64::from(fps.get())) as usize;
    let weights: Vec<f64> = (0..=2 * reach)
        .map(|n| {
            (std::f64::consts::PI * (n as f64 + 1.0) / (2 * reach + 2) as f64)
                .sin()
                .powi(2)
        })
        .collect();
    let powers = &spectra.weighted;
    let smoothed: Vec<f32> = (0..powers.len())
        .map(|n| {
            let inside = n.saturating_sub(reach)..(n + reach + 1).min(powers.len());
            let (sum, weight) = inside.fold((0.0, 0.0), |(sum, weight), at| {
                let w = weights[at + reach - n];
                (sum + w * f64::from(powers[at]), weight + w)
            });
            decibels((sum / weight) as f32)
        })
        .collect();
    let loudest = smoothed.iter().copied().fold(LEVEL_FLOOR_DB, f32::max);
    smoothed
        .into_iter()
        .map(|level| (1.0 + (level - loudest) / BREATH_RANGE_DB).clamp(0.0, 1.0))
        .collect()
}

/// Bass, mid and treble, by amplitude.
pub(super) fn thirds(spectra: &Spectra, fps: Fps) -> [Vec<f32>; 3] {
    let band_at = |hz: f64| (0..BANDS).find(|&band| edge_hz(band) >= hz).unwrap_or(BANDS);
    let (mid, treble) = (band_at(BASS_HZ), band_at(TREBLE_HZ));
    let amplitudes = [0..mid, mid..treble, treble..BANDS].map(|bands| -> Vec<f32> {
        spectra
            .frames
            .iter()
            .map(|frame| frame[bands.clone()].iter().sum::<f32>().sqrt())
            .collect()
    });
    let highest = amplitudes.each_ref().map(|levels| nearly_highest(levels));
    let lowest = highest.iter().copied().fold(0.0, f32::max) * 10.0_f32.powf(-THIRD_RANGE_DB / 20.0);
    let mut thirds = [0, 1, 2].map(|third| against(&amplitudes[third], highest[third].max(lowest)));
    for (levels, release_secs) in thirds.iter_mut().zip([0.14, 0.12, 0.10]) {
        let keep = kept_per_frame(release_secs, fps);
        let mut last = 0.0_f32;
        for level in levels {
            last = level.max(last * keep);
            *level = last;
        }
    }
    thirds
}

pub(super) fn bands(spectra: &Spectra, fps: Fps) -> Vec<BandPowers> {
    let tilt: [f32; BANDS] = std::array::from_fn(|band| {
        let centre_hz = (edge_hz(band) * edge_hz(band + 1)).sqrt();
        (TILT_DB_PER_OCTAVE * (centre_hz / 1_000.0).log2()) as f32
    });
    let mut frames: Vec<BandPowers> = spectra
        .frames
        .iter()
        .map(|frame| std::array::from_fn(|band| decibels(frame[band]) + tilt[band]))
        .collect();

    let own: [f32; BANDS] =
        std::array::from_fn(|band| percentile(frames.iter().map(|frame| frame[band]).collect(), 0.98));
    let strongest = own.iter().copied().fold(f32::MIN, f32::max);
    let reference = own.map(|own| (strongest + (own - strongest).max(-OWN_RANGE_DB) * 0.5).max(BAND_FLOOR_DB));
    // Low tones ring longer than cymbals do.
    let keep: [f32; BANDS] = std::array::from_fn(|band| kept_per_frame(0.16 - 0.07 * band as f64 / BANDS as f64, fps));

    let mut last = [0.0_f32; BANDS];
    for frame in &mut frames {
        for band in 0..BANDS {
            let height = (1.0 + (frame[band] - reference[band]) / RANGE_DB).clamp(0.0, 1.0);
            // The exponent draws strong and weak apart: decibels alone look flat.
            last[band] = (height * height.sqrt()).max(last[band] * keep[band]);
            frame[band] = last[band];
        }
    }
    frames
}

/// The reference of amplitudes: nearly their highest (a single crash must not dwarf the rest), or the floor if all is quiet.
fn nearly_highest(levels: &[f32]) -> f32 {
    percentile(levels.to_vec(), 0.98).max(10.0_f32.powf(LEVEL_FLOOR_DB / 20.0))
}

fn against(levels: &[f32], reference: f32) -> Vec<f32> {
    levels.iter().map(|level| (level / reference).min(1.0)).collect()
}

/// The value that `part` of all values lie below.
pub(super) fn percentile(mut values: Vec<f32>, part: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

fn kept_per_frame(release_secs: f64, fps: Fps) -> f32 {
    (-1.0 / (release_secs * f64::from(fps.get()))).exp() as f32
}

fn decibels(power: f32) -> f32 {
    10.0 * (power + 1e-12).log10()
}
