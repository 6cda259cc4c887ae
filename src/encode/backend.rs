//! Which encoder to use: the first that really opens and encodes a frame. In: a choice and a format; out: an [`Encoder`].
//!
//! A driver may offer NVENC and the card lack it (H100, A100), so presence is never believed: each candidate encodes one
//! frame of the very format asked for. A trial costs time, so its answer is kept: a success for the life of the process, a
//! failure for a minute, since a card may only have been busy.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::budget::{Lane, Rate};
use super::video::SegmentEncoder;
use super::{EncodeError, ffi};
use crate::model::{FrameIndex, VideoFormat};

/// How long an encoder that did not work is left alone: cards allow few sessions at once, and other programs end.
pub const FAILURE_KEPT: Duration = Duration::from_secs(60);

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EncoderChoice {
    #[default]
    Auto,
    Nvenc,
    Vaapi,
    X264,
}

/// What is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoder {
    Nvenc,
    Vaapi,
    X264,
}

/// What a successful trial tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialFacts {
    /// Opening and one frame.
    pub took: Duration,
    /// Size of that frame.
    pub frame_bytes: u64,
}

impl Encoder {
    /// In the order of preference.
    pub const ALL: [Self; 3] = [Self::Nvenc, Self::Vaapi, Self::X264];

    /// The name libavcodec knows it by.
    pub fn codec_name(self) -> &'static str {
        match self {
            Self::Nvenc => "h264_nvenc",
            Self::Vaapi => "h264_vaapi",
            Self::X264 => "libx264",
        }
    }

    /// Whether no content makes it spend more than its bucket holds. The tests prove it of x264; of every card's firmware
    /// nobody can promise it.
    pub fn keeps_its_bucket(self) -> bool {
        self == Self::X264
    }

    /// How many lanes to run side by side on `cores` cores.
    ///
    /// One libx264 thread per lane: lanes share nothing and need nothing of each other, while two threads on one stream
    /// took 7 % more core time for the same bytes; and a single-threaded encoder corrects its rate within the frame.
    /// A card encodes faster than it can be fed, and cheap cards allow few sessions.
    pub fn lanes_on(self, cores: usize) -> u32 {
        match self {
            Self::Nvenc | Self::Vaapi => 1,
            Self::X264 => u32::try_from(cores).unwrap_or(u32::MAX).max(1),
        }
    }
}

impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nvenc => "nvenc",
            Self::Vaapi => "vaapi",
            Self::X264 => "x264",
        })
    }
}

impl fmt::Display for EncoderChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Nvenc => Encoder::Nvenc.fmt(f),
            Self::Vaapi => Encoder::Vaapi.fmt(f),
            Self::X264 => Encoder::X264.fmt(f),
        }
    }
}

impl FromStr for EncoderChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "nvenc" => Ok(Self::Nvenc),
            "vaapi" => Ok(Self::Vaapi),
            "x264" => Ok(Self::X264),
            _ => Err("there is no such encoder; choose auto, nvenc, vaapi or x264".to_owned()),
        }
    }
}

/// The first encoder that works, or exactly the one asked for.
pub fn choose(choice: EncoderChoice, format: VideoFormat) -> Result<Encoder, EncodeError> {
    let only = match choice {
        EncoderChoice::Auto => return first_that_works(format),
        EncoderChoice::Nvenc => Encoder::Nvenc,
        EncoderChoice::Vaapi => Encoder::Vaapi,
        EncoderChoice::X264 => Encoder::X264,
    };
    match tried(only, format) {
        Ok(_) => Ok(only),
        Err(reason) => Err(EncodeError::Unavailable { encoder: only, reason }),
    }
}

fn first_that_works(format: VideoFormat) -> Result<Encoder, EncodeError> {
    let mut reasons = Vec::new();
    for encoder in Encoder::ALL {
        match tried(encoder, format) {
            Ok(_) => return Ok(encoder),
            Err(reason) => reasons.push(format!("{encoder}: {reason}")),
        }
    }
    Err(EncodeError::NoEncoder {
        reasons: reasons.join("; "),
    })
}

/// Why none of those before it was chosen; nothing where the first works.
pub fn passed_over(chosen: Encoder, format: VideoFormat) -> Vec<String> {
    let before = Encoder::ALL.into_iter().take_while(|encoder| *encoder != chosen);
    let reasons = before.filter_map(|encoder| Some(format!("{encoder}: {}", tried(encoder, format).err()?)));
    reasons.collect()
}

/// Every encoder with what came of trying it, for `doctor`.
pub fn try_all(format: VideoFormat) -> Vec<(Encoder, Result<TrialFacts, String>)> {
    Encoder::ALL
        .into_iter()
        .map(|encoder| (encoder, tried(encoder, format)))
        .collect()
}

/// What came of trying, and when a failure was seen.
#[derive(Default)]
pub struct Trials(HashMap<(Encoder, VideoFormat), (Instant, Result<TrialFacts, String>)>);

impl Trials {
    /// What is known at the time `now`, or what `trial` finds out.
    pub fn known_or(
        &mut self,
        encoder: Encoder,
        format: VideoFormat,
        now: Instant,
        trial: impl FnOnce() -> Result<TrialFacts, String>,
    ) -> Result<TrialFacts, String> {
        match self.0.get(&(encoder, format)) {
            Some((_, Ok(facts))) => return Ok(*facts),
            Some((seen, Err(reason))) if now.duration_since(*seen) < FAILURE_KEPT => return Err(reason.clone()),
            _ => {}
        }
        let result = trial();
        self.0.insert((encoder, format), (now, result.clone()));
        result
    }
}

fn tried(encoder: Encoder, format: VideoFormat) -> Result<TrialFacts, String> {
    static TRIALS: LazyLock<Mutex<Trials>> = LazyLock::new(Mutex::default);
    // The lock is held during the trial, so that two callers do not open the card twice. A trial that panicked left
    // the map as it was.
    let mut trials = TRIALS.lock().unwrap_or_else(PoisonError::into_inner);
    trials.known_or(encoder, format, Instant::now(), || trial(encoder, format))
}

fn trial(encoder: Encoder, format: VideoFormat) -> Result<TrialFacts, String> {
    ffi::keep_log_quiet();
    let began = Instant::now();
    let lane = Lane {
        first: FrameIndex(0),
        frames: 1,
        rate: Rate::for_trial(),
    };
    let grey = vec![0x80; format.size.nv12_bytes()];
    let encode = || {
        let mut segment = SegmentEncoder::open(format, encoder, &lane)?;
        segment.push(&grey)?;
        segment.finish()
    };
    match encode() {
        Ok(segment) => Ok(TrialFacts {
            took: began.elapsed(),
            frame_bytes: segment.bytes(),
        }),
        Err(EncodeError::Video { reason, .. }) => Err(reason),
        Err(other) => Err(other.to_string()),
    }
}
