//! Loudness: brings a fragment to -14 LUFS without letting any peak of the finished AAC clip, and fades its cuts.
//! Plain gain wherever that is enough; only then a limiter, and never more of it than [`MAX_REDUCTION_DB`].

use ebur128::{EbuR128, Mode};

use super::limiter::{limiting, true_peaks};
use crate::flow::Pcm;
use crate::model::SAMPLE_RATE;

/// Integrated loudness of every circle, the level the large streaming services play at.
const TARGET_LUFS: f64 = -14.0;
/// The finished circle promises -1 dBTP *after* AAC, which adds peaks of its own.
const CEILING_DBTP: f64 = -2.5;
/// A very quiet recording keeps its calm, and its noise stays low.
const MAX_GAIN_DB: f64 = 20.0;
/// More limiting than this is heard. A song that needs more stays quieter.
const MAX_REDUCTION_DB: f64 = 12.0;
/// 20 ms.
const FADE_SAMPLES: usize = SAMPLE_RATE as usize / 50;
/// Loudness is counted in steps of 100 ms, four to a block (BS.1770).
const STEP: usize = SAMPLE_RATE as usize / 10;

/// What was done to a fragment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mastering {
    /// Integrated loudness before; `None` for silence.
    pub input_lufs: Option<f64>,
    pub gain_db: f64,
    /// The highest true peak after mastering and before encoding; negative infinity for silence.
    pub true_peak_dbtp: f64,
}

/// Changes `pcm` in place: loudness to [`TARGET_LUFS`], peaks below [`CEILING_DBTP`], fades where the song was cut.
pub fn master(pcm: &mut Pcm, fade_in: bool, fade_out: bool) -> Mastering {
    fade(&mut pcm.samples, fade_in, fade_out);
    let blocks = block_energies(&pcm.samples);
    let highest = pcm
        .samples
        .iter()
        .flatten()
        .fold(0.0_f32, |highest, sample| highest.max(sample.abs()));
    let Some(input_lufs) = integrated(&blocks).filter(|_| highest > 0.0) else {
        return Mastering {
            input_lufs: None,
            gain_db: 0.0,
            true_peak_dbtp: f64::NEG_INFINITY,
        };
    };

    let ceiling = ratio(CEILING_DBTP);
    let most_db = MAX_GAIN_DB.min(CEILING_DBTP + MAX_REDUCTION_DB - decibels(highest));
    let mut gain_db = (TARGET_LUFS - input_lufs).min(most_db);
    // Limiting may ask for up to 3 dB more gain later: look at everything that could then pass the ceiling.
    let peaks = true_peaks(&pcm.samples, ceiling / ratio((gain_db + 3.0).min(most_db)));
    let mut limits = limiting(&peaks, ratio(gain_db), ceiling);
    for _ in 0..4 {
        let Some(gains) = &limits else { break };
        let missing = TARGET_LUFS - loudness_limited(&pcm.samples, &blocks, gains, gain_db);
        let raised = (gain_db + missing).min(most_db).min(TARGET_LUFS - input_lufs + 3.0);
        if missing < 0.1 || raised - gain_db < 0.05 {
            break;
        }
        gain_db = raised;
        limits = limiting(&peaks, ratio(gain_db), ceiling);
    }
    apply(&mut pcm.samples, ratio(gain_db), limits.as_deref());
    Mastering {
        input_lufs: Some(input_lufs),
        gain_db,
        true_peak_dbtp: settle(&mut pcm.samples, ceiling),
    }
}

/// Raised-cosine fades, at most half the sound long.
fn fade(samples: &mut [[f32; 2]], fade_in: bool, fade_out: bool) {
    let length = FADE_SAMPLES.min(samples.len() / 2);
    let curve = |n: usize| 0.5 - 0.5 * (std::f32::consts::PI * (n as f32 + 0.5) / length as f32).cos();
    if fade_in {
        samples
            .iter_mut()
            .take(length)
            .enumerate()
            .for_each(|(n, pair)| *pair = pair.map(|s| s * curve(n)));
    }
    if fade_out {
        samples
            .iter_mut()
            .rev()
            .take(length)
            .enumerate()
            .for_each(|(n, pair)| *pair = pair.map(|s| s * curve(n)));
    }
}

/// The K-weighted energy of each block of 400 ms, one every 100 ms.
fn block_energies(samples: &[[f32; 2]]) -> Vec<f64> {
    let Ok(mut meter) = EbuR128::new(2, SAMPLE_RATE, Mode::M) else {
        return Vec::new();
    };
    let steps = samples.chunks_exact(STEP).enumerate();
    steps
        .filter_map(|(step, chunk)| {
            meter.add_frames_f32(chunk.as_flattened()).ok()?;
            let lufs = (step >= 3).then(|| meter.loudness_momentary().ok()).flatten()?;
            Some(if lufs.is_finite() { energy(lufs) } else { 0.0 })
        })
        .collect()
}

/// Integrated loudness by the two gates of BS.1770-4: -70 LUFS, then 10 below the mean of what passed.
fn integrated(blocks: &[f64]) -> Option<f64> {
    let mean_above = |gate: f64| {
        let (sum, count) = blocks
            .iter()
            .filter(|&&block| block > gate)
            .fold((0.0, 0_u32), |(sum, count), block| (sum + block, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    };
    let ungated = mean_above(energy(-70.0))?;
    mean_above(energy(-70.0).max(ungated / 10.0)).map(loudness)
}

/// What the loudness will be after gain and limiting, without measuring anew: each block loses what its samples lose.
fn loudness_limited(samples: &[[f32; 2]], blocks: &[f64], gains: &[f32], gain_db: f64) -> f64 {
    let steps: Vec<(f64, f64)> = samples
        .chunks_exact(STEP)
        .zip(gains.chunks_exact(STEP))
        .map(|(samples, gains)| {
            samples
                .iter()
                .zip(gains)
                .fold((0.0, 0.0), |(before, after), ([left, right], gain)| {
                    let power = f64::from(left * left + right * right);
                    (before + power, after + power * f64::from(gain * gain))
                })
        })
        .collect();
    let limited: Vec<f64> = blocks
        .iter()
        .zip(steps.windows(4))
        .map(|(block, steps)| {
            let (before, after) = steps
                .iter()
                .fold((0.0, 0.0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
            if before > 0.0 { block * after / before } else { 0.0 }
        })
        .collect();
    integrated(&limited).map_or(TARGET_LUFS, |lufs| lufs + gain_db)
}

fn apply(samples: &mut [[f32; 2]], gain: f32, limits: Option<&[f32]>) {
    match limits {
        None => samples.iter_mut().flatten().for_each(|sample| *sample *= gain),
        Some(limits) => {
            for (pair, limit) in samples.iter_mut().zip(limits) {
                *pair = pair.map(|sample| sample * gain * limit);
            }
        }
    }
}

/// Measures the true peak and takes away what little a changing gain may have left above the ceiling.
fn settle(samples: &mut [[f32; 2]], ceiling: f32) -> f64 {
    let loudest = samples
        .iter()
        .flatten()
        .fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    let peak = true_peaks(samples, loudest * 0.999).into_iter().fold(loudest, f32::max);
    if peak <= ceiling {
        return decibels(peak);
    }
    apply(samples, ceiling / peak, None);
    decibels(ceiling)
}

fn energy(lufs: f64) -> f64 {
    10.0_f64.powf((lufs + 0.691) / 10.0)
}

fn loudness(energy: f64) -> f64 {
    10.0 * energy.log10() - 0.691
}

fn ratio(db: f64) -> f32 {
    10.0_f64.powf(db / 20.0) as f32
}

fn decibels(ratio: f32) -> f64 {
    20.0 * f64::from(ratio).log10()
}
