//! An error of the media steps in, what the service tells of it out: whose fault, a name for the texts of the bot, a sentence.

use serde::{Deserialize, Serialize};

use super::protocol::{Files, Work};
use crate::audio::AudioError;
use crate::cover::CoverError;
use crate::deliver::DeliverError;
use crate::encode::EncodeError;
use crate::lyrics::LyricsError;
use crate::model::Fault;
use crate::pipeline::PipelineError;
use crate::render::RenderError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    pub blame: Blame,
    pub reason: Reason,
    /// English, without a path: what to do, where there is something to do.
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The file or what was asked for: another try changes nothing.
    Request,
    /// The machine, now.
    TryAgain,
    /// The program.
    Bug,
    /// It was told to stop.
    Cancelled,
}

/// What it was, for whoever speaks another language than [`Failure::sentence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    SongMissing,
    SongEmpty,
    SongUnreadable,
    NotASong,
    OnlyACover,
    UnknownCodec,
    SongDamaged,
    SongTooShort,
    StartBeyondEnd,
    TooLittleLeft,
    CoverMissing,
    CoverTooLarge,
    CoverDamaged,
    LyricsDamaged,
    LyricsWithoutTimes,
    /// A theme or a parameter that does not exist.
    Look,
    /// A size, a speed, a length out of bounds.
    Format,
    MomentOutside,
    TooFewBytes,
    DiskFull,
    Unwritable,
    Device,
    Encoder,
    Stopped,
    Mistake,
}

impl Failure {
    pub fn request(reason: Reason, sentence: impl Into<String>) -> Self {
        Self {
            blame: Blame::Request,
            reason,
            sentence: sentence.into(),
        }
    }

    /// A panic, or an answer that cannot be.
    pub fn mistake() -> Self {
        Self {
            blame: Blame::Bug,
            reason: Reason::Mistake,
            sentence: "the program made a mistake; it is in the log".to_owned(),
        }
    }

    fn of(fault: Fault, reason: Reason, sentence: String) -> Self {
        let blame = match (fault, reason) {
            (Fault::Request, _) => Blame::Request,
            (Fault::Cancelled, _) => Blame::Cancelled,
            (Fault::Machine, Reason::Mistake) => Blame::Bug,
            (Fault::Machine, _) => Blame::TryAgain,
        };
        Self {
            blame,
            reason,
            sentence,
        }
    }

    /// The same without the paths of the work: they are ours and mean nothing to a person.
    pub fn without_paths(mut self, work: &Work) -> Self {
        let (song, others) = match work {
            Work::Render { wanted, output, .. }
            | Work::Frame { wanted, output, .. }
            | Work::Screen { wanted, output }
            | Work::Features { wanted, output } => {
                let Files { song, cover, lyrics } = &wanted.files;
                let others = [Some(output), cover.as_ref(), lyrics.as_ref()];
                (Some(song), others)
            }
            Work::Key { wanted } => {
                let Files { song, cover, lyrics } = &wanted.files;
                (Some(song), [cover.as_ref(), lyrics.as_ref(), None])
            }
            Work::Probe { song, cover } => (Some(song), [cover.as_ref(), None, None]),
            Work::Survey { song, .. } => (Some(song), [None; 3]),
            Work::Cover { picture, output, .. } => (None, [Some(picture), Some(output), None]),
            Work::Mp3 { song, output, .. } => (Some(song), [Some(output), None, None]),
            Work::Lyrics { file } => (None, [Some(file), None, None]),
            Work::Check | Work::Confinement => (None, [None; 3]),
        };
        if let Some(song) = song {
            self.sentence = self.sentence.replace(&song.display().to_string(), "the song");
        }
        for path in others.into_iter().flatten() {
            self.sentence = self.sentence.replace(&format!(" {}", path.display()), "");
        }
        self
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        let reason = match &error {
            PipelineError::Audio(error) => return error.into(),
            PipelineError::Cover(error) => return error.into(),
            PipelineError::Encode(error) => encoder(error),
            PipelineError::Render(error) => device(error),
            PipelineError::Scene(_) => Reason::Look,
            PipelineError::Lyrics(LyricsError::NoStamps) => Reason::LyricsWithoutTimes,
            PipelineError::Lyrics(_) => Reason::LyricsDamaged,
            PipelineError::MomentOutside { .. } => Reason::MomentOutside,
            PipelineError::Cancelled => Reason::Stopped,
            PipelineError::Raw(_) => Reason::Unwritable,
            PipelineError::Thread { .. } => Reason::Mistake,
        };
        Self::of(error.fault(), reason, error.to_string())
    }
}

impl From<&AudioError> for Failure {
    fn from(error: &AudioError) -> Self {
        let reason = match error {
            AudioError::NotFound { .. } => Reason::SongMissing,
            AudioError::Empty { .. } => Reason::SongEmpty,
            AudioError::Unreadable { .. } => Reason::SongUnreadable,
            AudioError::NotAFile { .. } | AudioError::NotAudio { .. } => Reason::NotASong,
            AudioError::OnlyCover { .. } => Reason::OnlyACover,
            AudioError::Unsupported { .. } => Reason::UnknownCodec,
            AudioError::NothingDecodes { .. } => Reason::SongDamaged,
            AudioError::TooShort { .. } => Reason::SongTooShort,
            AudioError::StartBeyondEnd { .. } => Reason::StartBeyondEnd,
            AudioError::TooLittleLeft { .. } => Reason::TooLittleLeft,
            AudioError::Cancelled => Reason::Stopped,
        };
        Self::of(error.fault(), reason, error.to_string())
    }
}

impl From<&CoverError> for Failure {
    fn from(error: &CoverError) -> Self {
        let reason = match error {
            CoverError::Missing { .. } | CoverError::Folder { .. } | CoverError::Unreadable { .. } => {
                Reason::CoverMissing
            }
            CoverError::TooManyBytes { .. } | CoverError::TooManyPixels { .. } | CoverError::TooMuchMemory { .. } => {
                Reason::CoverTooLarge
            }
            CoverError::NotAFile { .. } | CoverError::NotAPicture | CoverError::Broken { .. } => Reason::CoverDamaged,
        };
        Self::of(error.fault(), reason, error.to_string())
    }
}

impl From<&DeliverError> for Failure {
    fn from(error: &DeliverError) -> Self {
        let (reason, sentence) = match error {
            DeliverError::DiskFull { .. } => (Reason::DiskFull, "the disk is full; try again later"),
            _ => (
                Reason::Unwritable,
                "what was made could not be written; try again later",
            ),
        };
        // The place is ours: whatever is wrong with it, it is not the asker's fault.
        Self::of(Fault::Machine, reason, sentence.to_owned())
    }
}

fn encoder(error: &EncodeError) -> Reason {
    match error {
        EncodeError::TooSmall { .. } => Reason::TooFewBytes,
        EncodeError::Cancelled => Reason::Stopped,
        _ => Reason::Encoder,
    }
}

fn device(error: &RenderError) -> Reason {
    match error {
        // Built-in themes compile on every driver they were tried on; one that does not is ours to mend.
        RenderError::Shader { .. } => Reason::Mistake,
        _ => Reason::Device,
    }
}
