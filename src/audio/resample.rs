//! Any sample rate to 48 kHz, exactly in place: sample `n` of the output is the sound at `n / 48000` s, whatever the rate.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use crate::model::SAMPLE_RATE;

/// Rates outside of this are damage, not music.
pub(super) const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// Least length of the anti-aliasing filter, in input samples.
const FILTER_SAMPLES: usize = 1024;

/// How positions at a rate and at 48 kHz correspond: `block_in` samples last exactly as long as `block_out`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub rate_hz: u32,
    block_in: usize,
    block_out: usize,
    /// Length of the filter in blocks. Even, so that its middle falls on a sample: rubato's filter of odd length is half an
    /// input sample early.
    filter_blocks: usize,
}

impl Grid {
    pub fn new(rate_hz: u32) -> Self {
        let common = gcd(rate_hz, SAMPLE_RATE);
        let (block_in, block_out) = ((rate_hz / common) as usize, (SAMPLE_RATE / common) as usize);
        Self {
            rate_hz,
            block_in,
            block_out,
            filter_blocks: FILTER_SAMPLES.div_ceil(block_in).next_multiple_of(2),
        }
    }

    /// The input needed for output samples `from..from + len`: its first sample, how many, and how many output samples it
    /// yields before `from`. The filter reaches half its length to both sides.
    pub fn input_for(&self, from: usize, len: usize) -> (usize, usize, usize) {
        if self.rate_hz == SAMPLE_RATE {
            return (from, len, 0);
        }
        let first_block = (from / self.block_out).saturating_sub(self.filter_blocks);
        let last_block = (from + len).div_ceil(self.block_out) + self.filter_blocks;
        let first = first_block * self.block_in;
        (
            first,
            last_block * self.block_in - first,
            from - first_block * self.block_out,
        )
    }

    /// Whole output samples in `samples` input samples.
    pub fn output_len(&self, samples: u64) -> u64 {
        samples * self.block_out as u64 / self.block_in as u64
    }

    /// Resamples a stretch that starts on a block, so that its first output sample falls exactly on its first input sample.
    /// `None` when the rate is refused.
    pub fn resample(&self, input: Vec<[f32; 2]>) -> Option<Vec<[f32; 2]>> {
        if self.rate_hz == SAMPLE_RATE {
            return Some(input);
        }
        let (from, to) = (self.rate_hz as usize, SAMPLE_RATE as usize);
        let window = WindowFunction::BlackmanHarris2;
        let mut fft = Fft::<f32>::new_custom(
            from,
            to,
            self.filter_blocks * self.block_in,
            1,
            2,
            window,
            FixedSync::Both,
        )
        .ok()?;
        let mut output = vec![[0.0_f32; 2]; fft.process_all_needed_output_len(input.len())];
        let frames_out = output.len();
        let reader = InterleavedSlice::new(input.as_flattened(), 2, input.len()).ok()?;
        let mut writer = InterleavedSlice::new_mut(output.as_flattened_mut(), 2, frames_out).ok()?;
        let (_, written) = fft
            .process_all_into_buffer(&reader, &mut writer, input.len(), None)
            .ok()?;
        output.truncate(written);
        Some(output)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}
