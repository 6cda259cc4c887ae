//! A fragment of a song as 48 kHz stereo, to the sample: seeks, decodes a little ahead of the start (so that every codec
//! has settled), places blocks by their position, resamples, cuts.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::AudioError;
use super::resample::{Grid, RATES_HZ};
use super::song::{Block, Song, samples_at};
use crate::flow::Pcm;
use crate::model::time::{length_of, samples_in};
use crate::model::{Fragment, SAMPLE_RATE, limits};

/// Opus wants 80 ms (RFC 7845, 4.6), mp3 up to ten frames of bit reservoir (261 ms at 44.1 kHz), AAC and Vorbis one packet.
const PRE_ROLL: Duration = Duration::from_millis(300);

pub(super) fn decode(path: &Path, fragment: Fragment, cancel: &AtomicBool) -> Result<Pcm, AudioError> {
    let mut song = Song::open(path, cancel)?;
    let claimed = song.claimed_length();
    if let Some(length) = claimed
        && fragment.start >= length
    {
        return Err(AudioError::StartBeyondEnd {
            start: fragment.start,
            length: true_length(path, cancel, length)?,
        });
    }
    let from = samples_at(fragment.start.as_nanos() as i128, SAMPLE_RATE).max(0) as usize;
    let len = samples_in(fragment.length.min(limits::MAX_FRAGMENT));

    // What the headers say, which may be anything; without a word of theirs only the first packet tells.
    let rate_hz = song.rate_hz().unwrap_or(SAMPLE_RATE);
    if !RATES_HZ.contains(&rate_hz) {
        return Err(AudioError::rate(path, rate_hz));
    }
    let (first, ..) = Grid::new(rate_hz).input_for(from, len);
    let first_secs = first as f64 / f64::from(rate_hz);
    let pre_roll = Duration::from_secs_f64(first_secs).saturating_sub(PRE_ROLL);
    song.seek(pre_roll)?;
    let mut window = Window {
        from,
        len,
        claimed,
        stretch: None,
    };
    song.play(pre_roll, &mut |block| window.take(&block))?;
    let Some(stretch) = window.stretch else {
        // Nothing behind the start: either it lies beyond the end, or nothing in the file decodes.
        let mut song = Song::open(path, cancel)?;
        let mut end = Duration::ZERO;
        song.play(Duration::ZERO, &mut |block| {
            end = end_of(&block);
            ControlFlow::Continue(())
        })?;
        return Err(match end {
            Duration::ZERO => AudioError::NothingDecodes { path: path.into() },
            length => AudioError::StartBeyondEnd {
                start: fragment.start,
                length,
            },
        });
    };
    stretch.cut(path, fragment, from, len)
}

fn end_of(block: &Block<'_>) -> Duration {
    let end = (block.at + block.frames.len() as i64).max(0);
    Duration::from_secs_f64(end as f64 / f64::from(block.rate_hz))
}

/// The length to name in a message: a file that was cut off does not end where its header says.
fn true_length(path: &Path, cancel: &AtomicBool, claimed: Duration) -> Result<Duration, AudioError> {
    if Song::open(path, cancel)?.reaches(claimed)? {
        return Ok(claimed);
    }
    Ok(Song::open(path, cancel)?.walk_to_end()?.min(claimed))
}

/// What is wanted, and the decoded stretch once the song's real rate is known.
struct Window {
    from: usize,
    len: usize,
    claimed: Option<Duration>,
    stretch: Option<Stretch>,
}

/// Decoded sound at the song's own rate; `samples[0]` belongs to position `first`.
struct Stretch {
    grid: Grid,
    first: i64,
    wanted: usize,
    /// Output samples before the fragment's first.
    lead: usize,
    /// Where the music ends: encoder padding lies behind.
    music_end: i64,
    samples: Vec<[f32; 2]>,
    /// One past the last position that was decoded.
    end: i64,
}

impl Window {
    fn take(&mut self, block: &Block<'_>) -> ControlFlow<()> {
        let stretch = self.stretch.get_or_insert_with(|| {
            let grid = Grid::new(block.rate_hz);
            let (first, wanted, lead) = grid.input_for(self.from, self.len);
            let music_end = self
                .claimed
                .map_or(i64::MAX, |length| samples_at(length.as_nanos() as i128, block.rate_hz));
            Stretch {
                grid,
                first: first as i64,
                wanted,
                lead,
                music_end,
                samples: Vec::with_capacity(wanted),
                end: 0,
            }
        });
        // A song that changes its rate midway is two songs; the second is left out.
        if block.rate_hz == stretch.grid.rate_hz {
            stretch.place(block)
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Stretch {
    fn place(&mut self, block: &Block<'_>) -> ControlFlow<()> {
        let stop = self.music_end.min(self.first + self.wanted as i64);
        let from = block.at.max(self.first).max(0);
        let to = (block.at + block.frames.len() as i64).min(stop);
        self.end = self.end.max((block.at + block.frames.len() as i64).min(self.music_end));
        if from < to {
            let sound = &block.frames[(from - block.at) as usize..(to - block.at) as usize];
            let at = (from - self.first) as usize;
            // What was damaged stays silent, so that what follows keeps its time.
            let end = at + sound.len();
            if self.samples.len() < end {
                self.samples.resize(end, [0.0; 2]);
            }
            self.samples[at..end].copy_from_slice(sound);
        }
        if block.at >= stop {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn cut(self, path: &Path, fragment: Fragment, from: usize, len: usize) -> Result<Pcm, AudioError> {
        let end = self.grid.output_len(self.end.max(0) as u64) as usize;
        let (length, available) = (length_of(end), end.saturating_sub(from).min(len));
        let least = samples_in(limits::MIN_FRAGMENT).min(len);
        let rate_hz = self.grid.rate_hz;
        let mut samples = match available {
            0 if end < least => {
                return Err(AudioError::TooShort {
                    path: path.into(),
                    length,
                });
            }
            0 => {
                return Err(AudioError::StartBeyondEnd {
                    start: fragment.start,
                    length,
                });
            }
            short if short < least && end < least => {
                return Err(AudioError::TooShort {
                    path: path.into(),
                    length,
                });
            }
            short if short < least => {
                return Err(AudioError::TooLittleLeft {
                    start: fragment.start,
                    left: length_of(short),
                    length,
                });
            }
            _ => self
                .grid
                .resample(self.samples)
                .ok_or_else(|| AudioError::rate(path, rate_hz))?,
        };
        samples.drain(..self.lead.min(samples.len()));
        samples.resize(available, [0.0; 2]);
        samples.shrink_to_fit();
        Ok(Pcm { samples })
    }
}
