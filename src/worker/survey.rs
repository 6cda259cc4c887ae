//! A song in, what hearing the whole of it tells out: tempo, loudness, best fragments, waveform. One pass, bounded memory.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::limits::{BEATS, WAVEFORM_POINTS};
use super::protocol::{Highlight, Surveyed};
use crate::pipeline::{self, PipelineError};

/// `heard` is told now and then how far it has got.
pub fn survey(
    song: &Path,
    wanted: Duration,
    cancel: &AtomicBool,
    heard: &dyn Fn(Duration),
) -> Result<Surveyed, PipelineError> {
    let mut peaks = Peaks::new();
    let mut samples_heard = 0;
    let (length, survey) = pipeline::listen(song, cancel, &mut |rate_hz, samples| {
        peaks.hear(samples);
        samples_heard += samples.len() as u64;
        heard(Duration::from_secs(samples_heard / u64::from(rate_hz.max(1))));
    })?;
    let ms = |secs: f64| (secs * 1000.0).round() as u64;
    let highlights = survey.highlights(wanted).into_iter().map(|best| Highlight {
        start_ms: ms(best.start_secs),
        end_ms: ms(best.end_secs),
        score: best.score,
    });
    Ok(Surveyed {
        length_ms: length.as_millis() as u64,
        tempo_bpm: survey.tempo_bpm,
        integrated_lufs: survey.integrated_lufs.filter(|lufs| lufs.is_finite()),
        highlights: highlights.collect(),
        waveform: peaks.finish(),
        beats_ms: survey
            .beats_secs()
            .iter()
            .take(BEATS)
            .map(|&secs| ms(f64::from(secs)) as u32)
            .collect(),
    })
}

/// Peaks of equal stretches of a song whose length is known only at its end: when there are twice as many as wanted, pairs are
/// joined and the stretches grow to twice their length.
struct Peaks {
    peaks: Vec<f32>,
    /// Samples in a stretch, and how many of the last one were heard.
    stretch: usize,
    into_last: usize,
}

impl Peaks {
    fn new() -> Self {
        Self {
            peaks: Vec::with_capacity(2 * WAVEFORM_POINTS),
            stretch: 256,
            into_last: 256,
        }
    }

    fn hear(&mut self, mut samples: &[[f32; 2]]) {
        while !samples.is_empty() {
            if self.into_last == self.stretch {
                if self.peaks.len() == 2 * WAVEFORM_POINTS {
                    self.peaks = self
                        .peaks
                        .chunks(2)
                        .map(|pair| pair.iter().copied().fold(0.0, f32::max))
                        .collect();
                    self.stretch *= 2;
                }
                self.peaks.push(0.0);
                self.into_last = 0;
            }
            let (now, later) = samples.split_at(samples.len().min(self.stretch - self.into_last));
            let peak = now.iter().flatten().fold(0.0, |peak: f32, s| peak.max(s.abs()));
            if let Some(last) = self.peaks.last_mut() {
                *last = last.max(peak);
            }
            self.into_last += now.len();
            samples = later;
        }
    }

    /// [`WAVEFORM_POINTS`] of them, fewer for a song of a second or two.
    fn finish(self) -> Vec<u8> {
        let points = self.peaks.len().min(WAVEFORM_POINTS);
        let at = |n: usize| n * self.peaks.len() / points.max(1);
        let peak = |n: usize| self.peaks[at(n)..at(n + 1)].iter().copied().fold(0.0, f32::max);
        (0..points).map(|n| (peak(n).min(1.0) * 255.0).round() as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waveform_shows_where_a_song_is_loud_whatever_its_length() {
        for samples in [1_000, 200_000, 10_000_000] {
            let mut peaks = Peaks::new();
            let quiet = vec![[0.1, -0.1]; samples / 2];
            let loud = vec![[0.2, -1.5]; samples / 2];
            for part in [&quiet, &loud] {
                part.chunks(1_152).for_each(|block| peaks.hear(block));
            }
            let waveform = peaks.finish();
            assert!((1..=WAVEFORM_POINTS).contains(&waveform.len()));
            let quarter = waveform.len() / 4;
            if samples > 1_000 {
                assert!(waveform.len() > WAVEFORM_POINTS / 2);
                assert_eq!((waveform[quarter], waveform[3 * quarter]), (26, 255));
            }
        }
    }
}
