//! Sound to band powers: one short window or two per video frame for *when*, one long window per frame for *which* low tone.
//! A window long enough to tell 40 Hz from 44 Hz lasts 170 ms and would show a kick drum five frames early; so the short
//! windows give the power of each group of low bands, and the long one only shares it out among them.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::flow::BANDS;
use crate::model::SAMPLE_RATE;

/// 43 ms at 48 kHz: 23 Hz from bin to bin.
const SHORT: usize = 2048;
/// The long window reads the sound thinned eight-fold: 1024 samples are 171 ms, 5.9 Hz from bin to bin.
const LONG: usize = 1024;
const THIN: usize = 8;
const LOWEST_HZ: f64 = 40.0;
const HIGHEST_HZ: f64 = 16_000.0;
/// From here up every band is at least two bins of the short window wide.
const SPLIT_HZ: f64 = 600.0;
/// A burst as short as a short window looks this much weaker to the long one. What the long window sees even less of is what
/// the short one's wide skirts brought in from the next group.
const DILUTION: f32 = 8.0;
/// The low bands share the power of these groups, each at least three bins of the short window wide.
const GROUPS: usize = 3;

/// Powers of all bands in one window; a sine of amplitude `a` adds up to `a * a / 2`.
pub(super) type BandPowers = [f32; BANDS];

pub(super) struct Spectra {
    /// The strongest of each frame's windows, per band.
    pub frames: Vec<BandPowers>,
    /// K-weighted power (BS.1770) of each frame.
    pub weighted: Vec<f32>,
    /// Every short window's bands, in order; their centres are `hop` samples apart, the first at `hop / 2`.
    pub windows: Vec<BandPowers>,
    pub hop: usize,
}

/// Lower edge of band `band`; [`BANDS`] for the upper end.
pub(super) fn edge_hz(band: usize) -> f64 {
    LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(band as f64 / BANDS as f64)
}

pub(super) fn read(mono: &[f32], per_frame: usize, frames: usize) -> Spectra {
    // Centres at most 480 samples from any moment: there the window still weighs half.
    let per_window = if per_frame > 960 { 2 } else { 1 };
    let hop = per_frame / per_window;
    let low_bands = (0..BANDS).take_while(|&band| edge_hz(band + 1) <= SPLIT_HZ).count();
    let mut short = Windowed::new(SHORT, f64::from(SAMPLE_RATE));
    let short_bands: Vec<Span> = (0..BANDS)
        .map(|band| short.span(edge_hz(band), edge_hz(band + 1)))
        .collect();
    let groups: [(std::ops::Range<usize>, Span); GROUPS] = std::array::from_fn(|group| {
        let bands = low_bands * group / GROUPS..low_bands * (group + 1) / GROUPS;
        let span = short.span(edge_hz(bands.start), edge_hz(bands.end));
        (bands, span)
    });
    let mut long = Windowed::new(LONG, f64::from(SAMPLE_RATE) / THIN as f64);
    let long_bands: Vec<Span> = (0..low_bands)
        .map(|band| long.span(edge_hz(band), edge_hz(band + 1)))
        .collect();
    let weights = k_weights();
    let thinned = thin(mono);

    let mut spectra = Spectra {
        frames: Vec::with_capacity(frames),
        weighted: Vec::with_capacity(frames),
        windows: Vec::new(),
        hop,
    };
    for frame in 0..frames {
        let mut bands = [0.0_f32; BANDS];
        let mut group_powers = [0.0_f32; GROUPS];
        let mut weighted = 0.0_f32;
        for window in 0..per_window {
            short.look(mono, frame * per_frame + window * hop + hop / 2);
            let powers: BandPowers = std::array::from_fn(|band| short_bands[band].sum(&short.powers));
            bands
                .iter_mut()
                .zip(powers)
                .skip(low_bands)
                .for_each(|(band, power)| *band = band.max(power));
            for (strongest, (_, span)) in group_powers.iter_mut().zip(&groups) {
                *strongest = strongest.max(span.sum(&short.powers));
            }
            weighted += short
                .powers
                .iter()
                .zip(&weights)
                .map(|(power, weight)| power * weight)
                .sum::<f32>();
            spectra.windows.push(powers);
        }
        long.look(&thinned, (frame * per_frame + per_frame / 2) / THIN);
        for ((members, _), strongest) in groups.iter().zip(group_powers) {
            let shares: Vec<f32> = long_bands[members.clone()]
                .iter()
                .map(|span| span.sum(&long.powers))
                .collect();
            let whole: f32 = shares.iter().sum();
            if whole > 0.0 {
                bands[members.clone()]
                    .iter_mut()
                    .zip(shares)
                    .for_each(|(band, share)| *band = (strongest * share / whole).min(share * DILUTION));
            }
        }
        spectra.frames.push(bands);
        spectra.weighted.push(weighted / per_window as f32);
    }
    spectra
}

/// A Hann window and its transform.
struct Windowed {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Power of each bin of the last look.
    powers: Vec<f32>,
    bin_hz: f64,
}

impl Windowed {
    fn new(size: usize, rate_hz: f64) -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(size);
        let hann: Vec<f64> = (0..size)
            .map(|n| 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / size as f64).cos())
            .collect();
        // With this the powers of all bins add up to the mean square of the sound.
        let scale = (2.0 / (size as f64 * hann.iter().map(|w| w * w).sum::<f64>())).sqrt();
        Self {
            window: hann.iter().map(|w| (w * scale) as f32).collect(),
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            powers: vec![0.0; size / 2 + 1],
            bin_hz: rate_hz / size as f64,
            fft,
        }
    }

    /// Fills `powers` with the spectrum around `centre`; outside of the sound is silence.
    fn look(&mut self, sound: &[f32], centre: usize) {
        let half = self.window.len() / 2;
        let from = centre.saturating_sub(half).min(sound.len());
        let to = (centre + half).min(sound.len());
        let shift = half.saturating_sub(centre);
        self.input.fill(0.0);
        let part = &sound[from..to];
        for ((out, sample), weight) in self.input[shift..].iter_mut().zip(part).zip(&self.window[shift..]) {
            *out = sample * weight;
        }
        // The buffers come from the plan itself, so their lengths are right.
        let done = self
            .fft
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok());
        self.powers
            .iter_mut()
            .zip(&self.output)
            .for_each(|(power, bin)| *power = bin.norm_sqr());
    }

    /// The bins between two frequencies; a bin reaches half its distance to both sides and counts by the part inside.
    fn span(&self, from_hz: f64, to_hz: f64) -> Span {
        let (from, to) = (from_hz / self.bin_hz + 0.5, to_hz / self.bin_hz + 0.5);
        let last = (to.ceil() as usize).min(self.powers.len());
        let first = (from as usize).min(last);
        let weight = |bin: usize| ((bin as f64 + 1.0).min(to) - (bin as f64).max(from)).max(0.0) as f32;
        Span {
            first,
            weights: (first..last).map(weight).collect(),
        }
    }
}

struct Span {
    first: usize,
    weights: Vec<f32>,
}

impl Span {
    fn sum(&self, powers: &[f32]) -> f32 {
        self.weights
            .iter()
            .zip(&powers[self.first..])
            .map(|(weight, power)| weight * power)
            .sum()
    }
}

/// Every eighth sample behind a low-pass of 33 taps (Blackman, 1.5 kHz): what folds back lands above 600 Hz.
fn thin(mono: &[f32]) -> Vec<f32> {
    const REACH: usize = 16;
    let taps: [f64; 2 * REACH + 1] = std::array::from_fn(|tap| {
        let x = tap as f64 - REACH as f64;
        let cutoff = 1_500.0 / f64::from(SAMPLE_RATE);
        let sinc = if x == 0.0 {
            2.0 * cutoff
        } else {
            (TAU * cutoff * x).sin() / (TAU / 2.0 * x)
        };
        let turn = TAU * tap as f64 / (2 * REACH) as f64;
        sinc * (0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
    });
    let sum: f64 = taps.iter().sum();
    let taps = taps.map(|tap| (tap / sum) as f32);
    let mut padded = vec![0.0; REACH];
    padded.extend_from_slice(mono);
    padded.resize(padded.len() + REACH, 0.0);
    padded
        .windows(2 * REACH + 1)
        .step_by(THIN)
        .map(|part| part.iter().zip(&taps).map(|(s, tap)| s * tap).sum())
        .collect()
}

/// The squared response of the two K-weighting filters of BS.1770-4 (tables 1 and 2) at each bin of the short window.
fn k_weights() -> Vec<f32> {
    const SHELF: [[f64; 3]; 2] = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285],
        [1.0, -1.69065929318241, 0.73248077421585],
    ];
    const HIGH_PASS: [[f64; 3]; 2] = [[1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]];
    let square = |[a, b, c]: [f64; 3], turn: f64| {
        let (re, im) = (
            a + b * turn.cos() + c * (2.0 * turn).cos(),
            b * turn.sin() + c * (2.0 * turn).sin(),
        );
        re * re + im * im
    };
    (0..=SHORT / 2)
        .map(|bin| {
            let turn = TAU * bin as f64 / SHORT as f64;
            let gain = |[over, under]: [[f64; 3]; 2]| square(over, turn) / square(under, turn);
            (gain(SHELF) * gain(HIGH_PASS)) as f32
        })
        .collect()
}
