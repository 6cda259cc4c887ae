//! Step 3: a fragment's sound in, what the music does in every video frame out ([`Features`]). And, for choosing a fragment
//! in the first place: a whole song heard once by a [`Listener`], its [`Survey`] out.
//!
//! ```text
//! Pcm -> spectrum (bands per window) -> level (0 to 1, smoothed)  -> Features
//!     \-> onset (what starts when)  \-> beat (tempo, phase)      /   \-> peaks (for a still)
//! ```
//!
//! Pure arithmetic in a fixed order: the same sound gives the same floats. Never: I/O, randomness, a look at the clock.

mod beat;
mod envelope;
mod level;
mod mono;
mod onset;
mod peak;
mod spectrum;
mod structure;
mod survey;

pub use peak::peaks;
pub use survey::{Highlight, Listener, Survey};

use crate::flow::{Features, FrameFeatures, Pcm};
use crate::model::{Fps, SAMPLE_RATE};
use mono::Mono;

/// Features of the first `frames` frames of `pcm`; frame `n` is about the sound from `n / fps` to `(n + 1) / fps`. Sound that
/// ends earlier is followed by silence.
pub fn analyse(pcm: &Pcm, fps: Fps, frames: u32) -> Features {
    let frames = frames as usize;
    let per_frame = (SAMPLE_RATE / fps.get()) as usize;
    let mut mix = Mono::default();
    mix.weigh(&pcm.samples, 0.0);
    let mono: Vec<f32> = pcm.samples.iter().map(|&pair| mix.mix(pair)).collect();
    let spectra = spectrum::read(&mono, per_frame, frames);

    let rms = level::rms(&pcm.samples, per_frame, frames);
    let loudness = level::loudness(&spectra, fps);
    let [bass, mid, treble] = level::thirds(&spectra, fps);
    let bands = level::bands(&spectra, fps);
    let onset = onset::strengths(&spectra, &mono, per_frame, frames);
    let beat = beat::find(&mono);
    let phases = beat.as_ref().map(|beat| beat::phases(beat, fps, frames));

    let frames = (0..frames).map(|n| FrameFeatures {
        rms: rms[n],
        loudness: loudness[n],
        bass: bass[n],
        mid: mid[n],
        treble: treble[n],
        bands: bands[n],
        onset: onset[n],
        beat_phase: phases.as_ref().map_or(0.0, |phases| phases[n]),
    });
    Features {
        fps,
        frames: frames.collect(),
        tempo_bpm: beat.as_ref().map(|beat| beat.tempo_bpm),
        beats_secs: beat.map_or_else(Vec::new, |beat| beat.times_secs),
        envelope: envelope::of(&pcm.samples),
    }
}
