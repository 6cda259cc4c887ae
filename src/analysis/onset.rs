//! What starts when: spectral flux on compressed bands finds that something starts, a look at the samples themselves finds
//! in which frame. A frame without a start has 0; holding and fading is the scene's business.

use super::level::percentile;
use super::spectrum::{BandPowers, Spectra};
use crate::flow::BANDS;
use crate::model::SAMPLE_RATE;

/// Bands are compared with what they were this many windows ago: a window and the one after overlap too much.
const BACK: usize = 2;
/// Around a start nothing else starts for this long: 50 ms.
const APART_SAMPLES: usize = SAMPLE_RATE as usize / 20;
/// The flux is judged against its mean over this long on both sides.
const AROUND_SAMPLES: usize = SAMPLE_RATE as usize;
/// Mean growth per band (in nepers of compressed power) of a hit that counts as full even if nothing harder comes: keeps the
/// small starts of a steady noise small.
const FULL_GROWTH: f32 = 0.5;
/// What the bands of steady noise grow by, up and down, beyond 1.3 times their mean.
const STEADY_GROWTH: f32 = 0.1;
/// Bands this far below the strongest do not count: -50 dB.
const COMPRESSION_FLOOR: f32 = 1e-5;
/// ... nor below this power: -80 dB of full scale.
const POWER_FLOOR: f32 = 1e-8;

/// Strength from 0 to 1 per frame.
pub(super) fn strengths(spectra: &Spectra, mono: &[f32], per_frame: usize, frames: usize) -> Vec<f32> {
    let flux = flux(&spectra.windows);
    let around = AROUND_SAMPLES / spectra.hop;
    let above: Vec<f32> = flux
        .iter()
        .zip(running_mean(&flux, around))
        .map(|(flux, mean)| flux - 1.3 * mean - STEADY_GROWTH)
        .collect();
    let apart = (APART_SAMPLES / spectra.hop).max(1);
    let peaks: Vec<(usize, f32)> = (0..above.len())
        .filter(|&n| {
            let near = n.saturating_sub(apart)..(n + apart + 1).min(above.len());
            above[n] > 0.0
                && near
                    .clone()
                    .all(|m| above[m] < above[n] || m == n || (m > n && above[m] == above[n]))
        })
        .map(|n| (n, above[n]))
        .collect();
    let full = percentile(peaks.iter().map(|peak| peak.1).collect(), 0.9).max(FULL_GROWTH);

    let mut strengths = vec![0.0_f32; frames];
    for (window, height) in peaks {
        let strength = (height / full).min(1.0);
        let centre = window * spectra.hop + spectra.hop / 2;
        if let Some(at) = strengths
            .get_mut(attack(mono, centre) / per_frame)
            .filter(|_| strength > 0.05)
        {
            *at = at.max(strength);
        }
    }
    strengths
}

/// Mean growth of all bands from one window to another, each against its strongest neighbour before: a tone that only slides
/// to the next band does not start.
fn flux(windows: &[BandPowers]) -> Vec<f32> {
    let strongest = windows.iter().flatten().copied().fold(0.0, f32::max);
    let floor = (strongest * COMPRESSION_FLOOR).max(POWER_FLOOR);
    let compressed: Vec<BandPowers> = windows
        .iter()
        .map(|window| window.map(|power| (1.0 + power / floor).ln()))
        .collect();
    let quiet = [0.0; BANDS];
    (0..compressed.len())
        .map(|n| {
            let before = n.checked_sub(BACK).map_or(&quiet, |back| &compressed[back]);
            let growth = |band: usize| {
                let neighbours = band.saturating_sub(1)..(band + 2).min(BANDS);
                let highest = before[neighbours].iter().copied().fold(0.0, f32::max);
                (compressed[n][band] - highest).max(0.0)
            };
            (0..BANDS).map(growth).sum::<f32>() / BANDS as f32
        })
        .collect()
}

fn running_mean(values: &[f32], reach: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64];
    for value in values {
        sums.push(sums[sums.len() - 1] + f64::from(*value));
    }
    (0..values.len())
        .map(|n| {
            let (from, to) = (n.saturating_sub(reach), (n + reach + 1).min(values.len()));
            ((sums[to] - sums[from]) / (to - from) as f64) as f32
        })
        .collect()
}

/// The sample where the sound rises most around `centre`: the steepest step of energy between blocks, then the first sample
/// that reaches half of what follows.
fn attack(mono: &[f32], centre: usize) -> usize {
    const BLOCK: usize = 64;
    const BEFORE: usize = 6;
    const AFTER: usize = 3;
    const REACH: usize = 1_600;
    let first = centre.saturating_sub(REACH) / BLOCK;
    let last = ((centre + REACH) / BLOCK).min(mono.len() / BLOCK);
    if first + AFTER >= last {
        return centre.min(mono.len().saturating_sub(1));
    }
    let energy = |block: usize| -> f32 { mono[block * BLOCK..(block + 1) * BLOCK].iter().map(|s| s * s).sum() };
    let energies: Vec<f32> = (first.saturating_sub(BEFORE)..last).map(energy).collect();
    let skipped = first - first.saturating_sub(BEFORE);
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    let rise = |at: usize| {
        let before = &energies[at.saturating_sub(BEFORE)..at];
        let before = before.iter().sum::<f32>() / before.len().max(1) as f32;
        let after = energies[at..(at + AFTER).min(energies.len())].iter().sum::<f32>() / AFTER as f32;
        // Between equal steps, the louder one: a tick before the drum is not the drum.
        (after + 0.003 * loudest).ln() - (before + 0.003 * loudest).ln()
    };
    let steepest = (skipped..energies.len())
        .max_by(|&a, &b| rise(a).total_cmp(&rise(b)))
        .unwrap_or(skipped);
    let from = (first - skipped + steepest) * BLOCK;
    let part = &mono[from..(from + AFTER * BLOCK).min(mono.len())];
    let half = part.iter().fold(0.0_f32, |peak, s| peak.max(s.abs())) * 0.5;
    from + part.iter().position(|s| s.abs() >= half).unwrap_or(0)
}
