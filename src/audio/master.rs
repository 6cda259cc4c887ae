//! Loudness: brings a fragment to -14 LUFS without letting any peak of the finished AAC clip, and fades its cuts.
//! Plain gain wherever that is enough; only then a limiter, and only so much of it as is not heard.

use ebur128::{EbuR128, Mode};

use super::limiter::{BLOCK, apply, limiting, true_peaks};
use super::needle;
use crate::flow::Pcm;
use crate::model::SAMPLE_RATE;

/// Integrated loudness of every circle, the level the large streaming services play at.
const TARGET_LUFS: f64 = -14.0;
/// The finished circle promises -1 dBTP *after* AAC, which adds peaks of its own: up to 1.5 dB on six songs and these tests'
/// sounds (FFmpeg 5.1's encoder, 128 kbit/s, `fast` coder; its default coder with TNS once added 2.7 dB in one frame).
const CEILING_DBTP: f64 = -3.0;
/// A very quiet recording keeps its calm, and its noise stays low.
const MAX_GAIN_DB: f64 = 20.0;
/// More limiting than this is heard, unless it is for a moment. A song that needs more stays quieter.
const MAX_REDUCTION_DB: f64 = 12.0;
/// A moment, all together: 50 ms. The crackle of an old record must not keep the music quiet.
const MOMENT_BLOCKS: usize = SAMPLE_RATE as usize / 20 / BLOCK;
/// Limiting costs loudness; gain is raised to make up for this much of it, in a few rounds.
const MAKE_UP_DB: f64 = 6.0;
const ROUNDS: usize = 6;
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

/// What happens where a fragment begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edges {
    /// Where the song was cut.
    pub fade_in: bool,
    pub fade_out: bool,
    /// When a needle is heard going down.
    pub needle_secs: Option<f64>,
}

/// Changes `pcm` in place: loudness to [`TARGET_LUFS`], peaks below [`CEILING_DBTP`], fades where the song was cut.
pub fn master(pcm: &mut Pcm, edges: Edges) -> Mastering {
    fade(&mut pcm.samples, edges.fade_in, edges.fade_out);
    let energies = block_energies(&pcm.samples);
    let ceiling = ratio(CEILING_DBTP);
    let Some(input_lufs) = integrated(&energies) else {
        if let Some(at_secs) = edges.needle_secs {
            needle::put_down(&mut pcm.samples, at_secs, ceiling);
        }
        return Mastering {
            input_lufs: None,
            gain_db: 0.0,
            true_peak_dbtp: decibels(peak(&pcm.samples)),
        };
    };
    let lasting_db = decibels(lasting_peak(&pcm.samples));
    let most_db = MAX_GAIN_DB.min(CEILING_DBTP + MAX_REDUCTION_DB - lasting_db);
    let plain_db = (TARGET_LUFS - input_lufs).min(most_db);
    let made_up_db = (plain_db + MAKE_UP_DB).min(most_db).max(plain_db);
    // Everything that could pass the ceiling with the most gain there may be.
    let peaks = true_peaks(&pcm.samples, ceiling / ratio(made_up_db));

    let mut gain_db = plain_db;
    let mut curve = limiting(&peaks, ratio(gain_db), ceiling);
    if curve.is_some() {
        let powers: Vec<f32> = pcm.samples.chunks(BLOCK).map(power).collect();
        for _ in 0..ROUNDS {
            let Some(borders) = &curve else { break };
            let missing_db = TARGET_LUFS - gain_db - loudness_limited(&energies, &powers, borders);
            let raised_db = (gain_db + missing_db).min(made_up_db);
            if missing_db < 0.1 || raised_db - gain_db < 0.05 {
                break;
            }
            gain_db = raised_db;
            curve = limiting(&peaks, ratio(gain_db), ceiling);
        }
    }
    apply(&mut pcm.samples, ratio(gain_db), curve.as_deref());
    if let Some(at_secs) = edges.needle_secs {
        needle::put_down(&mut pcm.samples, at_secs, ceiling);
    }
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

/// Integrated loudness by the two gates of BS.1770-4: -70 LUFS, then 10 below the mean of what passed. `None` for silence.
fn integrated(energies: &[f64]) -> Option<f64> {
    let mean_above = |gate: f64| {
        let passed = energies.iter().filter(|&&energy| energy > gate);
        let (sum, count) = passed.fold((0.0, 0_u32), |(sum, count), energy| (sum + energy, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    };
    let ungated = mean_above(energy(-70.0))?;
    mean_above(energy(-70.0).max(ungated / 10.0)).map(loudness)
}

/// The loudness that is left after limiting, before gain, without measuring anew: each block of 400 ms loses the part of its
/// energy that its samples lose.
fn loudness_limited(energies: &[f64], powers: &[f32], borders: &[f32]) -> f64 {
    let gains = borders.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
    let limited: Vec<f32> = powers
        .iter()
        .zip(gains)
        .map(|(power, gain)| power * gain * gain)
        .collect();
    let sums = |powers: &[f32]| -> Vec<f64> {
        powers
            .chunks_exact(STEP / BLOCK)
            .map(|step| f64::from(step.iter().sum::<f32>()))
            .collect()
    };
    let (before, after) = (sums(powers), sums(&limited));
    let limited = energies
        .iter()
        .zip(before.windows(4).zip(after.windows(4)))
        .map(|(energy, (before, after))| {
            let (before, after) = (before.iter().sum::<f64>(), after.iter().sum::<f64>());
            if before > 0.0 { energy * after / before } else { 0.0 }
        });
    integrated(&limited.collect::<Vec<_>>()).unwrap_or(TARGET_LUFS)
}

/// The level that is passed for longer than a moment.
fn lasting_peak(samples: &[[f32; 2]]) -> f32 {
    let mut peaks: Vec<f32> = samples.chunks(BLOCK).map(peak).collect();
    let Some(at) = peaks.len().checked_sub(1).map(|last| last.min(MOMENT_BLOCKS)) else {
        return 0.0;
    };
    *peaks.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1
}

/// Measures the true peak and takes away what little a moving gain may have left above the ceiling.
fn settle(samples: &mut [[f32; 2]], ceiling: f32) -> f64 {
    let loudest = peak(samples);
    let peak = true_peaks(samples, loudest * 0.999).into_iter().fold(loudest, f32::max);
    if peak <= ceiling {
        return decibels(peak);
    }
    apply(samples, ceiling / peak, None);
    decibels(ceiling)
}

fn peak(samples: &[[f32; 2]]) -> f32 {
    samples
        .as_flattened()
        .iter()
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

fn power(samples: &[[f32; 2]]) -> f32 {
    samples.as_flattened().iter().map(|sample| sample * sample).sum()
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
