//! A whole song, heard once from start to end in a small, bounded memory: its tempo, its loudness, and the fragments worth a
//! circle. For `--auto` and `probe`.

use std::sync::Arc;
use std::time::Duration;

use ebur128::{EbuR128, Mode};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use taktus::Ear;

use super::beat::{self, Beat};
use super::mono::Mono;
use super::structure::{self, CHROMA, Cell, TIMBRE};
use crate::model::limits;

/// How much sound one cell of the song's structure stands for.
pub(super) const CELL_SECS: f64 = 0.5;
/// How far back the choice of one channel looks: longer than any note, so that it seldom changes within a song.
const MONO_SECS: f64 = 3.0;

/// A fragment worth hearing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Highlight {
    pub start_secs: f64,
    pub end_secs: f64,
    /// 0 to 1, within one song: repeated, loud and freshly begun.
    pub score: f64,
}

/// What a song is like as a whole.
pub struct Survey {
    pub length: Duration,
    /// `None` when there is no steady beat.
    pub tempo_bpm: Option<f32>,
    /// `None` for silence.
    pub integrated_lufs: Option<f64>,
    beats_secs: Vec<f32>,
    cells: Vec<Cell>,
}

impl Survey {
    /// Times of the beats, ascending; none where there is no steady beat.
    pub fn beats_secs(&self) -> &[f32] {
        &self.beats_secs
    }

    /// At most three fragments of `wanted` length or, to end on a beat, a little less; the best first, none overlapping.
    pub fn highlights(&self, wanted: Duration) -> Vec<Highlight> {
        let wanted = wanted.clamp(limits::MIN_FRAGMENT, limits::MAX_FRAGMENT);
        structure::highlights(
            &self.cells,
            &self.beats_secs,
            self.length.as_secs_f64(),
            wanted.as_secs_f64(),
        )
    }
}

/// Hears a song block by block.
#[derive(Default)]
pub struct Listener {
    open: Option<Open>,
}

/// What listening needs, once the rate is known.
struct Open {
    rate_hz: u32,
    heard: u64,
    meter: Option<EbuR128>,
    ear: Ear,
    onsets: Vec<f32>,
    mono: Mono,
    bins: Bins,
    waiting: Vec<f32>,
    cell: Cell,
    cells: Vec<Cell>,
}

impl Listener {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next stretch of the song. The rate is that of the first stretch; sound of another rate is not heard.
    pub fn hear(&mut self, rate_hz: u32, samples: &[[f32; 2]]) {
        let open = self.open.get_or_insert_with(|| Open::new(rate_hz));
        let room = limits::MAX_TRACK.as_secs() * u64::from(open.rate_hz) - open.heard;
        if rate_hz == open.rate_hz {
            open.hear(&samples[..samples.len().min(usize::try_from(room).unwrap_or(usize::MAX))]);
        }
    }

    pub fn finish(self) -> Survey {
        let Some(open) = self.open else {
            return Survey {
                length: Duration::ZERO,
                tempo_bpm: None,
                integrated_lufs: None,
                beats_secs: Vec::new(),
                cells: Vec::new(),
            };
        };
        let length_secs = open.heard as f64 / f64::from(open.rate_hz);
        let beat = beat::of_onsets(&open.onsets, length_secs);
        let lufs = open
            .meter
            .and_then(|meter| meter.loudness_global().ok())
            .filter(|lufs| lufs.is_finite());
        let mut cells = open.cells;
        if open.cell.windows > 0.0 {
            cells.push(open.cell);
        }
        Survey {
            length: Duration::from_secs_f64(length_secs),
            tempo_bpm: beat.as_ref().map(|beat: &Beat| beat.tempo_bpm),
            integrated_lufs: lufs,
            beats_secs: beat.map_or_else(Vec::new, |beat| beat.times_secs),
            cells,
        }
    }
}

impl Open {
    fn new(rate_hz: u32) -> Self {
        let rate_hz = rate_hz.clamp(8_000, 192_000);
        Self {
            rate_hz,
            heard: 0,
            meter: EbuR128::new(2, rate_hz, Mode::I | Mode::HISTOGRAM).ok(),
            ear: Ear::new(rate_hz),
            onsets: Vec::new(),
            mono: Mono::default(),
            bins: Bins::new(rate_hz),
            waiting: Vec::new(),
            cell: Cell::default(),
            cells: Vec::new(),
        }
    }

    fn hear(&mut self, samples: &[[f32; 2]]) {
        if let Some(meter) = &mut self.meter {
            // Wrong only for a wrong number of samples, which pairs cannot be.
            let _ = meter.add_frames_f32(samples.as_flattened());
        }
        let kept = (-(samples.len() as f64) / (MONO_SECS * f64::from(self.rate_hz))).exp();
        self.mono.weigh(samples, kept);
        let mono = samples.iter().map(|&pair| self.mono.mix(pair));
        let (ear, onsets) = (&mut self.ear, &mut self.onsets);
        self.waiting
            .extend(mono.inspect(|&sample| onsets.extend(ear.hear(sample))));
        let hop = self.bins.size / 2;
        let mut from = 0;
        while let Some(window) = self.waiting.get(from..from + self.bins.size) {
            self.bins.look(window, &mut self.cell);
            from += hop;
            let windows_per_cell = CELL_SECS * f64::from(self.rate_hz) / hop as f64;
            // Cells hold whole windows; the total keeps them from drifting against the clock.
            if (self.cells.len() + 1) as f64 * windows_per_cell <= self.bins.seen as f64 {
                self.cells.push(std::mem::take(&mut self.cell));
            }
        }
        self.waiting.drain(..from);
        self.heard += samples.len() as u64;
    }
}

/// One window's spectrum, summed into pitch classes and bands.
struct Bins {
    size: usize,
    seen: u64,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Pitch class and band of each bin.
    place: Vec<(Option<u8>, Option<u8>)>,
}

impl Bins {
    fn new(rate_hz: u32) -> Self {
        // About 0.17 s: semitones are told apart from 100 Hz on.
        let size = (rate_hz as usize / 6).next_power_of_two();
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(size);
        let place = |bin: usize| {
            let hz = bin as f64 * f64::from(rate_hz) / size as f64;
            let class = (100.0..2_000.0)
                .contains(&hz)
                .then(|| (12.0 * (hz / 440.0).log2()).round().rem_euclid(12.0) as u8);
            let band = (60.0..12_000.0)
                .contains(&hz)
                .then(|| ((hz / 60.0).log2() / 200.0_f64.log2() * TIMBRE as f64) as u8);
            (
                class.map(|class| class % CHROMA as u8),
                band.map(|band| band.min(TIMBRE as u8 - 1)),
            )
        };
        Self {
            window: (0..size)
                .map(|n| 0.5 - 0.5 * (std::f32::consts::TAU * (n as f32 + 0.5) / size as f32).cos())
                .collect(),
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            place: (0..=size / 2).map(place).collect(),
            size,
            seen: 0,
            fft,
        }
    }

    fn look(&mut self, sound: &[f32], cell: &mut Cell) {
        self.input
            .iter_mut()
            .zip(sound)
            .zip(&self.window)
            .for_each(|((out, sample), weight)| *out = sample * weight);
        // The buffers come from the plan itself, so their lengths are right.
        let done = self
            .fft
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok());
        let mut bands = [0.0_f32; TIMBRE];
        for (bin, place) in self.output.iter().zip(&self.place) {
            let power = bin.norm_sqr();
            if let Some(class) = place.0 {
                cell.chroma[usize::from(class)] += power.sqrt();
            }
            if let Some(band) = place.1 {
                bands[usize::from(band)] += power;
            }
        }
        let scale = 1.0 / (self.size as f32 * self.size as f32);
        cell.timbre
            .iter_mut()
            .zip(bands)
            .for_each(|(sum, power)| *sum += (power * scale + 1e-10).ln());
        cell.power += sound.iter().map(|s| s * s).sum::<f32>() / self.size as f32;
        cell.windows += 1.0;
        self.seen += 1;
    }
}
