//! From the desk's tracks to the finished stereo sound: ducking, echo, hall, the record's stop, the master.

use crate::score::STEP;
use crate::song::{Desk, STOP_SECS};
use crate::synth::*;

impl Desk {
    pub fn mix(mut self) -> Bus {
        let duck = duck(&self.kicks_secs, self.kick.0.len());
        self.music.shape(|i| duck[i]);
        self.bass.shape(|i| duck[i] * 0.85 + 0.15 * duck[i] * duck[i]);
        let echo = ping_pong(&self.to_echo, 3.0 * STEP, 0.42);
        self.to_hall.add(&echo, 0.25);
        let mut hall = hall(&self.to_hall, 2.1);
        hall.shape(|i| 0.35 + 0.65 * duck[i]);

        let mut out = self.kick;
        out.add(&self.drums, 0.95);
        out.add(&self.bass, 1.0);
        out.add(&self.music, 1.0);
        out.add(&self.lead, 0.85);
        out.add(&self.noise, 1.0);
        out.add(&echo, 0.75);
        out.add(&hall, 1.1);
        stop_record(&mut out);
        master(&mut out);
        out
    }
}

/// How far the rest steps back when the kick strikes: the pump of this kind of music.
fn duck(kicks_secs: &[f32], samples: usize) -> Vec<f32> {
    let mut gains = vec![1.0f32; samples];
    for &at in kicks_secs {
        let first = (at * RATE) as usize;
        for (i, gain) in gains.iter_mut().skip(first).take((0.3 * RATE) as usize).enumerate() {
            let t = i as f32 / RATE;
            *gain = gain.min((0.22 + 0.78 * (t / 0.26).powf(1.4)).min(1.0));
        }
    }
    gains
}

/// From [`STOP_SECS`] on the record slows down to rest, and the pitch with it.
fn stop_record(bus: &mut Bus) {
    let first = (STOP_SECS * RATE) as usize;
    let rest: Vec<[f32; 2]> = bus.0[first..].to_vec();
    let braking = 2.0f32;
    for (i, out) in bus.0[first..].iter_mut().enumerate() {
        let t = (i as f32 / RATE).min(braking);
        // Speed 1 falling evenly to 0: the place is its integral.
        let place = (t - t * t / (2.0 * braking)) * RATE;
        let (whole, part) = (place as usize, place.fract());
        let (a, b) = (rest[whole.min(rest.len() - 1)], rest[(whole + 1).min(rest.len() - 1)]);
        let fade = ((1.0 - t / braking) * 3.0).min(1.0);
        *out = [0, 1].map(|side| (a[side] + (b[side] - a[side]) * part) * fade);
    }
}

/// Rumble out, a little warmth, the peaks under -2 dB: an encoder adds a little.
fn master(bus: &mut Bus) {
    let mut filters = [Filter::default(), Filter::default()];
    for out in &mut bus.0 {
        for (side, sample) in out.iter_mut().enumerate() {
            let clean = filters[side].run(*sample, 26.0, 0.3).high;
            *sample = (clean * 0.72).tanh();
        }
    }
    limit(bus, 0.80);
}
