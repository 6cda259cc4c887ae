//! Step 2: a sound file in, 48 kHz stereo out, and what the file says of itself. Knows symphonia, lofty and rubato, which
//! nothing else in the program does, and ebur128. What symphonia cannot decode goes to `last_resort` (AAC of all kinds, by
//! libavcodec) and `surround_opus`, which have the shape of its own decoders: one way for every format.
//!
//! ```text
//! file -> song (demux, decode, place) -> downmix -> fragment (seek, resample, cut) -> Pcm -> master (loudness, peaks)
//! ```
//!
//! Never: a panic, an endless search or unbounded memory, whatever the bytes are.

mod adts;
mod downmix;
mod error;
mod fragment;
mod guard;
mod last_resort;
mod limiter;
mod master;
mod mp3;
mod mp4;
mod needle;
mod open;
mod resample;
mod song;
mod surround_opus;
mod tags;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use error::AudioError;
pub use master::{Edges, Mastering, master};

use crate::flow::Pcm;
use crate::model::{Fragment, TrackFacts, limits};
use song::{Song, samples_at};

/// What the file says of itself. Quick: at most the packet headers are read, nothing is decoded.
pub fn probe(path: &Path, cancel: &AtomicBool) -> Result<TrackFacts, AudioError> {
    let mut song = Song::open(path, cancel)?;
    let duration = match song.claimed_length() {
        // The count in an mp3's first frame was already compared with the file's size.
        Some(length) if matches!(song.codec().as_str(), "mp1" | "mp2" | "mp3") || song.reaches(length)? => length,
        claimed => Song::open(path, cancel)?
            .walk_to_end()?
            .min(claimed.unwrap_or(Duration::MAX)),
    };
    if duration.is_zero() {
        return Err(AudioError::NothingDecodes { path: path.into() });
    }
    if duration < limits::MIN_FRAGMENT {
        return Err(AudioError::TooShort {
            path: path.into(),
            length: duration,
        });
    }
    let tags::Found { tags, cover, lyrics } = tags::read(path, cancel);
    Ok(TrackFacts {
        duration,
        tags,
        cover,
        lyrics,
        codec: song.codec(),
        sample_rate: song.rate_hz().unwrap_or(0),
        channels: song.channels().unwrap_or(0) as u32,
    })
}

/// The fragment as 48 kHz stereo; its first sample is the sound at `fragment.start`. Shorter where the song ends earlier.
pub fn decode(path: &Path, fragment: Fragment, cancel: &AtomicBool) -> Result<Pcm, AudioError> {
    fragment::decode(path, fragment, cancel)
}

/// Plays the whole song, at most [`limits::MAX_TRACK`], to `hear`: its rate in Hz and the next stretch of stereo samples,
/// without gaps, at the song's own rate (the same all through). A song of six hours does not fit into memory, so nothing is
/// kept here. Returns how long the song was.
pub fn decode_all(
    path: &Path,
    cancel: &AtomicBool,
    hear: &mut dyn FnMut(u32, &[[f32; 2]]),
) -> Result<Duration, AudioError> {
    let mut song = Song::open(path, cancel)?;
    let claimed = song.claimed_length().unwrap_or(Duration::MAX).min(limits::MAX_TRACK);
    let (mut rate_hz, mut heard) = (0, 0_i64);
    song.play(Duration::ZERO, &mut |block| {
        if rate_hz == 0 {
            rate_hz = block.rate_hz;
        }
        let stop = samples_at(claimed.as_nanos().min(limits::MAX_TRACK.as_nanos()) as i128, rate_hz);
        if block.rate_hz != rate_hz || heard >= stop {
            return if heard >= stop {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            };
        }
        // Damage is heard as silence of the same length.
        const SILENCE: [[f32; 2]; 1024] = [[0.0; 2]; 1024];
        while heard < block.at.min(stop) {
            let gap = (block.at.min(stop) - heard).min(SILENCE.len() as i64);
            hear(rate_hz, &SILENCE[..gap as usize]);
            heard += gap;
        }
        let (from, to) = ((heard - block.at).max(0) as usize, (stop - block.at).max(0) as usize);
        if let Some(sound) = block.frames.get(from..to.min(block.frames.len())) {
            hear(rate_hz, sound);
            heard += sound.len() as i64;
        }
        ControlFlow::Continue(())
    })?;
    let length = Duration::from_secs_f64(heard as f64 / f64::from(rate_hz.max(1)));
    match heard {
        0 => Err(AudioError::NothingDecodes { path: path.into() }),
        _ if length < limits::MIN_FRAGMENT => Err(AudioError::TooShort {
            path: path.into(),
            length,
        }),
        _ => Ok(length),
    }
}

/// One call into a demuxer or a decoder: its panic on a hostile file is a damaged file to us. Our own panics are not caught
/// here: the file is not to blame for them.
fn contained<T>(path: &Path, call: impl FnOnce() -> T) -> Result<T, AudioError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| AudioError::NothingDecodes { path: path.into() })
}
