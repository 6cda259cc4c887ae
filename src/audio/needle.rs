//! The sound of a needle going down: a soft low thump, the click of the groove's edge and a breath of crackle, mixed into a
//! mastered fragment. Made from numbers, the same every time.

use crate::model::SAMPLE_RATE;

/// Peak of the thump in the finished circle, -24 dBFS. Music stands some 10 dB above it: it is felt rather than heard.
const PEAK: f32 = 0.063;
/// A loudspeaker's cone after a small push: a tone that dies away.
const THUMP_HZ: f32 = 52.0;
const THUMP_DECAY_SECS: f32 = 0.045;
/// The click comes with the touch, the crackle is what the lead-in groove has of dust.
const CLICK_DECAY_SECS: f32 = 0.0025;
const CRACKLE_SECS: f32 = 0.35;
/// Thump, click and crackle together, of the thump's own height.
const HIGHEST: f32 = 1.9;
/// Of the samples of the crackle, one in so many is a speck.
const SPECK_EVERY: u32 = 900;

/// Adds the sound at `at_secs`. Where the music leaves less room below `ceiling` it is fainter: nothing else gives way to it.
pub(super) fn put_down(samples: &mut [[f32; 2]], at_secs: f64, ceiling: f32) {
    let rate = SAMPLE_RATE as f32;
    let first = (at_secs * f64::from(SAMPLE_RATE)) as usize;
    let length = (CRACKLE_SECS * rate) as usize;
    let beside = samples.iter().skip(first).take(length).flatten();
    let loudest = beside.fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let level = PEAK.min((ceiling - loudest) / HIGHEST).max(0.0);
    let mut speck = [0.0_f32; 2];
    for (n, pair) in samples.iter_mut().skip(first).take(length).enumerate() {
        let t = n as f32 / rate;
        let thump = (std::f32::consts::TAU * THUMP_HZ * t).sin() * (-t / THUMP_DECAY_SECS).exp();
        let click = 0.5 * noise(n as u32) * (-t / CLICK_DECAY_SECS).exp();
        let fading = 1.0 - t / CRACKLE_SECS;
        for (side, sample) in (0..).zip(pair.iter_mut()) {
            let roll = mix(2 * n as u32 + side + 77_777);
            if roll.is_multiple_of(SPECK_EVERY) {
                speck[side as usize] = 0.35 * noise(roll);
            }
            *sample += level * (thump + click + fading * speck[side as usize]);
            speck[side as usize] *= 0.72;
        }
    }
}

/// -1 to 1, another value for every number.
fn noise(n: u32) -> f32 {
    (mix(n) >> 8) as f32 / 8_388_608.0 - 1.0
}

/// A well-mixed 32-bit hash (the finaliser of PCG, O'Neill 2014), as in `shaders/lib/noise.wgsl`.
fn mix(x: u32) -> u32 {
    let state = x.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}
