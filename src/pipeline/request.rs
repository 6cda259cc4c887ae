//! What is asked of the pipeline: one value, complete, from which the circle follows.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{LyricsChoice, PipelineError, join, longest_from, spawn};
use crate::analysis::{Listener, Survey};
use crate::audio::{self, AudioError};
use crate::cover::Cover;
use crate::encode::EncoderChoice;
use crate::lyrics::Lyrics;
use crate::model::{Corners, Fragment, Tags, TrackFacts, VideoFormat, limits};
use crate::render::{Entry, shader_text};
use crate::scene::motion::Speed;
use crate::scene::params::ParamValues;
use crate::scene::theme::Theme;

/// Raised whenever the same request gives other frames than before: stored circles of older versions are then not reused.
const RENDERER_VERSION: u32 = 2;

#[derive(Clone, Debug)]
pub struct Request {
    pub song: PathBuf,
    pub cover: CoverChoice,
    /// Nothing is looked for in a theme that shows none.
    pub lyrics: LyricsChoice,
    pub fragment: FragmentChoice,
    pub theme: Theme,
    pub params: ParamValues,
    pub speed: Speed,
    pub format: VideoFormat,
    pub corners: Corners,
    /// In place of what the tags say.
    pub title: Option<String>,
    pub artist: Option<String>,
    pub encoder: EncoderChoice,
    /// How many cores encoding may fill; `None`: all this process may use. Changes no frame.
    pub cores: Option<usize>,
    /// 100,000 to [`limits::MAX_CIRCLE_BYTES`] or more.
    pub max_bytes: u64,
    pub seed: u64,
}

#[derive(Clone, Debug)]
pub enum CoverChoice {
    File(PathBuf),
    /// The song's own picture, else the built-in one.
    FromTags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FragmentChoice {
    /// From `start`, `length` long; with no length up to a minute. Ends where the song ends.
    From { start: Duration, length: Option<Duration> },
    /// The best fragment of this length.
    Auto { length: Duration },
}

impl FragmentChoice {
    /// What `--auto` takes when no length is asked for.
    pub const AUTO_LENGTH: Duration = Duration::from_secs(30);

    pub(super) fn resolve(
        self,
        song: &Path,
        facts: &TrackFacts,
        cancel: &AtomicBool,
    ) -> Result<Fragment, PipelineError> {
        match self {
            Self::From { start, length } => from(start, length, facts.duration),
            Self::Auto { length } => {
                let best = survey(song, cancel)?.highlights(length).into_iter().next();
                // A song too short or too uniform for a best fragment starts at its start.
                let start = best.map_or(Duration::ZERO, |best| Duration::from_secs_f64(best.start_secs));
                let length = best.map_or(length, |best| {
                    Duration::from_secs_f64(best.end_secs).saturating_sub(start)
                });
                from(start, Some(length), facts.duration)
            }
        }
    }
}

/// Stretches of sound that are decoded and not yet listened to.
const STRETCHES_AHEAD: usize = 64;

/// Hears the whole song: its tempo, its loudness, its best fragments.
pub fn survey(song: &Path, cancel: &AtomicBool) -> Result<Survey, PipelineError> {
    listen(song, cancel, &mut |_, _| {}).map(|(_, survey)| survey)
}

/// The same, and how long the song was. Decoding and listening take about as long, so each has a thread: `also` hears every
/// stretch too, on the one that decodes.
pub fn listen(
    song: &Path,
    cancel: &AtomicBool,
    also: &mut dyn FnMut(u32, &[[f32; 2]]),
) -> Result<(Duration, Survey), PipelineError> {
    thread::scope(|scope| {
        let (decoded, incoming) = sync_channel::<(u32, Vec<[f32; 2]>)>(STRETCHES_AHEAD);
        let listening = spawn(scope, "listen", move || {
            let mut listener = Listener::new();
            for (rate_hz, samples) in incoming {
                listener.hear(rate_hz, &samples);
            }
            listener.finish()
        });
        let length = audio::decode_all(song, cancel, &mut |rate_hz, samples| {
            also(rate_hz, samples);
            // Nobody listens any more only where the listener failed, which `join` tells.
            let _ = decoded.send((rate_hz, samples.to_vec()));
        });
        drop(decoded);
        let survey = join(listening, "listen");
        Ok((length?, survey?))
    })
}

fn from(start: Duration, length: Option<Duration>, song: Duration) -> Result<Fragment, PipelineError> {
    if start >= song {
        return Err(AudioError::StartBeyondEnd { start, length: song }.into());
    }
    let left = longest_from(start, song);
    if left < limits::MIN_FRAGMENT {
        return Err(AudioError::TooLittleLeft {
            start,
            left,
            length: song,
        }
        .into());
    }
    Ok(Fragment {
        start,
        length: length.map_or(left, |length| length.min(left)),
    })
}

/// Stands for the program and the theme that will draw a circle, in the cheap name of a request: it changes whenever either
/// would draw something else.
pub fn look_version(theme: &Theme) -> String {
    let theme = Sha256::digest(format!("{theme:?}"));
    let theme: String = theme.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{RENDERER_VERSION} {theme}")
}

/// A name for what the circle shows and plays: SHA-256 in hexadecimal over everything it follows from, known before anything
/// is decoded. The encoder is not part of it: whichever made it, it is the same circle.
pub(super) fn content_key(
    request: &Request,
    fragment: Fragment,
    cover: &Cover,
    tags: &Tags,
    lyrics: &Lyrics,
) -> Result<String, AudioError> {
    let mut hash = Sha256::new();
    let asked = format!(
        "musiccircles {RENDERER_VERSION}, {fragment:?}, {:?}, {:?}, {}, {}, {}, {:?}, {}, {:?}, {:?}, {:?}",
        request.theme.shader,
        request.params,
        request.speed,
        request.seed,
        request.max_bytes,
        request.format,
        request.corners,
        tags.title,
        tags.artist,
        lyrics.within(fragment)
    );
    // What the theme is joined with may change as well as the theme.
    for text in [
        asked,
        shader_text(&request.theme.shader, Entry::Bake),
        shader_text(&request.theme.shader, Entry::Nv12),
    ] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.update(&cover.rgba);
    let song = File::open(&request.song).and_then(|song| hash_file(&mut hash, song));
    song.map_err(|source| AudioError::from_io(&request.song, source))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn hash_file(hash: &mut Sha256, mut file: File) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => hash.update(&buffer[..read]),
        }
    }
}
