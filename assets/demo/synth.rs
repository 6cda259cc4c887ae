//! The instruments' parts: notes, oscillators, filters, echoes. Everything is plain arithmetic on 48 kHz samples.

use std::f32::consts::{PI, TAU};

pub const RATE: f32 = 48_000.0;

/// Left and right, as long as the song.
#[derive(Clone)]
pub struct Bus(pub Vec<[f32; 2]>);

impl Bus {
    pub fn silent(samples: usize) -> Self {
        Self(vec![[0.0; 2]; samples])
    }

    /// Adds `voice(i)` from `start_secs` on for `length_secs`; what falls off the end of the song is dropped.
    pub fn play(&mut self, start_secs: f32, length_secs: f32, mut voice: impl FnMut(f32) -> [f32; 2]) {
        let first = (start_secs * RATE).round() as usize;
        let count = (length_secs * RATE) as usize;
        for (i, out) in self.0.iter_mut().skip(first).take(count).enumerate() {
            let [left, right] = voice(i as f32 / RATE);
            out[0] += left;
            out[1] += right;
        }
    }

    /// Adds a finished sound from `start_secs` on.
    pub fn lay(&mut self, start_secs: f32, sound: &[[f32; 2]], gain: f32) {
        let first = (start_secs * RATE).round() as usize;
        for (out, sample) in self.0.iter_mut().skip(first).zip(sound) {
            out[0] += sample[0] * gain;
            out[1] += sample[1] * gain;
        }
    }

    pub fn add(&mut self, other: &Bus, gain: f32) {
        for (out, sample) in self.0.iter_mut().zip(&other.0) {
            out[0] += sample[0] * gain;
            out[1] += sample[1] * gain;
        }
    }

    /// Multiplies by a gain per sample.
    pub fn shape(&mut self, gain: impl Fn(usize) -> f32) {
        for (i, out) in self.0.iter_mut().enumerate() {
            let gain = gain(i);
            out[0] *= gain;
            out[1] *= gain;
        }
    }
}

/// `length_secs` of `voice`, for sounds that go to several buses.
pub fn sound(length_secs: f32, mut voice: impl FnMut(f32) -> [f32; 2]) -> Vec<[f32; 2]> {
    (0..(length_secs * RATE) as usize)
        .map(|i| voice(i as f32 / RATE))
        .collect()
}

/// `C4`, `F#3`, `Bb2`: its frequency in hertz, A4 being 440. The score is part of this program, so a name that is none is
/// a mistake in it, and stops it.
pub fn hertz(name: &str) -> f32 {
    let (letter, rest) = name.split_at(1);
    let step = match letter {
        "C" => 0,
        "D" => 2,
        "E" => 4,
        "F" => 5,
        "G" => 7,
        "A" => 9,
        "B" => 11,
        _ => panic!("no note is called {name}"),
    };
    let (bend, octave) = match rest.as_bytes()[0] {
        b'#' => (1, &rest[1..]),
        b'b' => (-1, &rest[1..]),
        _ => (0, rest),
    };
    let octave: i32 = octave.parse().expect("an octave number");
    440.0 * 2f32.powf((step + bend + 12 * octave - 57) as f32 / 12.0)
}

/// Numbers without a pattern, the same ones each time (xorshift).
#[derive(Clone)]
pub struct Dice(u32);

impl Dice {
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    /// -1 to 1.
    pub fn roll(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / (u32::MAX / 2) as f32 - 1.0
    }
}

/// A saw or square without the aliases of the naive ones (PolyBLEP).
pub struct Osc {
    phase: f32,
}

impl Osc {
    pub fn at(phase: f32) -> Self {
        Self {
            phase: phase.rem_euclid(1.0),
        }
    }

    fn step(&mut self, hz: f32) -> (f32, f32) {
        let (phase, step) = (self.phase, hz / RATE);
        self.phase = (phase + step).fract();
        (phase, step)
    }

    pub fn saw(&mut self, hz: f32) -> f32 {
        let (phase, step) = self.step(hz);
        2.0 * phase - 1.0 - corner(phase, step)
    }

    pub fn square(&mut self, hz: f32) -> f32 {
        let (phase, step) = self.step(hz);
        let level = if phase < 0.5 { 1.0 } else { -1.0 };
        level + corner(phase, step) - corner((phase + 0.5).fract(), step)
    }

    pub fn sine(&mut self, hz: f32) -> f32 {
        (TAU * self.step(hz).0).sin()
    }
}

/// What rounds off a jump at phase 0.
fn corner(phase: f32, step: f32) -> f32 {
    if phase < step {
        let t = phase / step;
        t + t - t * t - 1.0
    } else if phase > 1.0 - step {
        let t = (phase - 1.0) / step;
        t * t + t + t + 1.0
    } else {
        0.0
    }
}

/// Andrew Simper's state-variable filter: stays calm while its corner moves.
#[derive(Clone, Default)]
pub struct Filter {
    first: f32,
    second: f32,
}

pub struct Split {
    pub low: f32,
    pub band: f32,
    pub high: f32,
}

impl Filter {
    pub fn run(&mut self, input: f32, corner_hz: f32, resonance: f32) -> Split {
        let g = (PI * corner_hz.clamp(15.0, 20_000.0) / RATE).tan();
        let k = 2.0 - 2.0 * resonance;
        let a = 1.0 / (1.0 + g * (g + k));
        let over = input - self.second;
        let band = a * self.first + g * a * over;
        let low = self.second + g * band;
        self.first = 2.0 * band - self.first;
        self.second = 2.0 * low - self.second;
        Split {
            low,
            band,
            high: input - k * band - low,
        }
    }
}

/// Up over `attack`, then down to nothing with the time constant `decay`, cut softly at `length`. All in seconds.
pub fn pluck(t: f32, attack: f32, decay: f32, length: f32) -> f32 {
    (t / attack).min(1.0) * (-(t - attack).max(0.0) / decay).exp() * ((length - t) / 0.01).clamp(0.0, 1.0)
}

/// Up over `attack`, held, down over the last `release` seconds.
pub fn held(t: f32, attack: f32, release: f32, length: f32) -> f32 {
    let up = (t / attack).clamp(0.0, 1.0);
    let down = ((length - t) / release).clamp(0.0, 1.0);
    (up * PI / 2.0).sin() * (down * PI / 2.0).sin()
}

/// Equal-power pan, -1 left to 1 right.
pub fn pan(sample: f32, place: f32) -> [f32; 2] {
    let angle = (place + 1.0) * PI / 4.0;
    [sample * angle.cos(), sample * angle.sin()]
}

/// From `from` to `to` in equal ratios: how ears hear a sweep.
pub fn sweep(from: f32, to: f32, part: f32) -> f32 {
    from * (to / from).powf(part.clamp(0.0, 1.0))
}

/// A delay that throws each echo to the other side, a little duller each time.
pub fn ping_pong(input: &Bus, time_secs: f32, feedback: f32) -> Bus {
    let delay = (time_secs * RATE) as usize;
    let mut out = Bus::silent(input.0.len());
    let mut dull = [Filter::default(), Filter::default()];
    for i in delay..input.0.len() {
        let (fresh, echo) = (input.0[i - delay], out.0[i - delay]);
        let mono = (fresh[0] + fresh[1]) * 0.5;
        let left = dull[0].run(mono + feedback * echo[1], 3800.0, 0.0);
        let right = dull[1].run(feedback * echo[0], 3800.0, 0.0);
        out.0[i] = [left.low, right.low];
    }
    out
}

/// A hall: eight delay lines that feed each other through a Hadamard mix, treble fading first.
pub fn hall(input: &Bus, seconds: f32) -> Bus {
    const LINES: [usize; 8] = [1427, 1693, 1931, 2237, 2647, 3011, 3413, 3779];
    const BEFORE: usize = 960;
    let mut lines = LINES.map(|length| vec![0.0f32; length]);
    let fade = LINES.map(|length| 10f32.powf(-3.0 * length as f32 / RATE / seconds));
    let mut damped = [0.0f32; 8];
    let mut low_cut = [Filter::default(), Filter::default()];
    let mut out = Bus::silent(input.0.len());
    for i in 0..input.0.len() {
        let dry = if i >= BEFORE { input.0[i - BEFORE] } else { [0.0; 2] };
        let mut taps = [0.0f32; 8];
        for (line, tap) in taps.iter_mut().enumerate() {
            let heard = lines[line][i % LINES[line]];
            damped[line] += 0.45 * (heard - damped[line]);
            *tap = damped[line] * fade[line];
        }
        out.0[i] = [0, 1].map(|side| {
            let wet = taps[side] - taps[side + 2] + taps[side + 4] - taps[side + 6];
            low_cut[side].run(wet, 220.0, 0.0).high * 0.5
        });
        mix_hadamard(&mut taps);
        for (line, tap) in taps.iter().enumerate() {
            lines[line][i % LINES[line]] = tap + dry[line % 2] * 0.5;
        }
    }
    out
}

fn mix_hadamard(taps: &mut [f32; 8]) {
    for stride in [1, 2, 4] {
        for i in 0..8 {
            if i & stride == 0 {
                let (a, b) = (taps[i], taps[i + stride]);
                (taps[i], taps[i + stride]) = (a + b, a - b);
            }
        }
    }
    for tap in taps {
        *tap *= 0.353_553_4;
    }
}

/// Keeps every sample under `ceiling` by turning down 5 ms before a peak and coming back over 120 ms.
pub fn limit(bus: &mut Bus, ceiling: f32) {
    const AHEAD: usize = 240;
    let need: Vec<f32> = bus
        .0
        .iter()
        .map(|[left, right]| (ceiling / left.abs().max(right.abs()).max(1e-9)).min(1.0))
        .collect();
    let back = 1.0 - (-1.0 / (0.12 * RATE)).exp();
    let mut gain = 1.0f32;
    let mut gains = Vec::with_capacity(need.len());
    for i in 0..need.len() {
        let lowest = need[i..(i + AHEAD).min(need.len())].iter().copied().fold(1.0, f32::min);
        gain = lowest.min(gain + (1.0 - gain) * back);
        gains.push(gain);
    }
    // The steps down become ramps that end before the peak they are for.
    for (i, out) in bus.0.iter_mut().enumerate() {
        let span = &gains[i.saturating_sub(AHEAD - 1)..=i];
        let smooth = span.iter().sum::<f32>() / span.len() as f32;
        let gain = smooth.min(need[i]);
        *out = out.map(|sample| sample * gain);
    }
}
