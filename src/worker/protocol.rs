//! What supervisor and child say to each other: one JSON object a line, orders on the child's input, words on its output.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::model::job::JobSpec;
use crate::pipeline::StagesMs;

/// Raised whenever a line changes its meaning. Parent and child are the same file on disk, so a difference is an error.
pub const VERSION: u32 = 3;

/// The number of a piece of work, ascending within one child.
pub type Number = u64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// The first line.
    Setup(Setup),
    Work {
        number: Number,
        work: Box<Work>,
    },
    Cancel {
        number: Number,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    pub version: u32,
    /// As on the command line.
    pub adapter: String,
    pub encoder: String,
    /// Cores this child may fill.
    pub cores: usize,
    /// Working folder, and where unfinished files lie.
    pub folder: PathBuf,
    pub memory_bytes: u64,
}

/// All paths are absolute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// A circle, written to `output`, and a small JPEG of its strongest moment, written to `still`.
    Render {
        wanted: Wanted,
        output: PathBuf,
        still: Option<PathBuf>,
    },
    /// One moment of it as a PNG.
    Frame {
        wanted: Wanted,
        at_ms: u64,
        output: PathBuf,
    },
    /// What a browser needs to draw the circle itself, see `render::pack_for_screen`.
    Screen { wanted: Wanted, output: PathBuf },
    /// What the music does in each of its frames, as JSON.
    Features { wanted: Wanted, output: PathBuf },
    /// Only the name the circle will have.
    Key { wanted: Wanted },
    /// What a song says of itself; its cover goes to `cover` as a square PNG.
    Probe { song: PathBuf, cover: Option<PathBuf> },
    /// What a song is like when it is heard; highlights of this length.
    Survey { song: PathBuf, length_ms: u64 },
    /// Someone's picture as a square PNG, or a JPEG, that any program may open.
    Cover {
        picture: PathBuf,
        output: PathBuf,
        jpeg: bool,
    },
    /// A song, or a part of it, as an mp3; without a length to its end.
    Mp3 {
        song: PathBuf,
        start_ms: u64,
        length_ms: Option<u64>,
        output: PathBuf,
    },
    /// Whether somebody's words are lyrics that can be shown.
    Lyrics { file: PathBuf },
    /// Draws the frame that proves the device.
    Check,
    /// Tries what must not succeed.
    Confinement,
}

/// A circle and where its files lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    pub spec: JobSpec,
    pub files: Files,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    pub song: PathBuf,
    pub cover: Option<PathBuf>,
    pub lyrics: Option<PathBuf>,
}

impl Files {
    /// Where the data folder keeps them; `None` when a blob has no name we could have given.
    pub fn of(spec: &JobSpec, data: &Path) -> Option<Self> {
        let path = |blob: &crate::model::job::Blob| blob.path().map(|path| data.join(path));
        let named = |blob: &Option<_>| match blob {
            Some(blob) => path(blob).map(Some),
            None => Some(None),
        };
        Some(Self {
            song: path(&spec.song)?,
            cover: named(&spec.cover)?,
            lyrics: named(&spec.lyrics)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// Ready for work.
    Hello {
        version: u32,
        adapter: String,
        encoder: String,
        /// Why not another encoder, where the choice was the program's.
        passed_over: Vec<String>,
        /// Mean luma of the frame that was drawn, 16 to 235.
        brightness: f32,
    },
    /// Never will be.
    Refused {
        sentence: String,
    },
    Step {
        number: Number,
        step: Step,
    },
    Done {
        number: Number,
        answer: Box<Answer>,
    },
    Failed {
        number: Number,
        failure: Failure,
    },
}

/// How far a piece of work has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub stage: Stage,
    /// Frames; seconds of sound while listening.
    pub done: u32,
    /// 0 when unknown.
    pub of: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waiting for a worker.
    #[default]
    Waiting,
    /// Decoding and analysing.
    Reading,
    /// Hearing the whole song.
    Listening,
    /// Drawing and encoding.
    Drawing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Circle(Rendered),
    Frame(Drawn),
    Screen { bytes: u64 },
    Features { bytes: u64 },
    Key { key: String },
    Song(Song),
    Survey(Surveyed),
    Cover { bytes: u64 },
    Mp3 { bytes: u64 },
    Lyrics { lines: u32 },
    Check { brightness: f32 },
    Confinement(Freedom),
}

/// A circle that lies complete under the name that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// Content key: the same key, the same circle.
    pub key: String,
    pub bytes: u64,
    /// Of the still, where one was asked for and could be written.
    pub still_bytes: Option<u64>,
    pub frames: u32,
    pub length_ms: u64,
    pub adapter: String,
    pub encoder: String,
    pub stages: StagesMs,
}

/// A picture that lies complete under the name that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Of the circle it is a moment of.
    pub key: String,
    pub bytes: u64,
    pub stages: StagesMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Song {
    pub length_ms: u64,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub codec: String,
    /// Its tags hold words with their times.
    pub has_lyrics: bool,
    /// Bytes of the picture that was written; `None` when the song has none that can be read, or none was asked for.
    pub cover_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surveyed {
    pub length_ms: u64,
    pub tempo_bpm: Option<f32>,
    pub integrated_lufs: Option<f64>,
    /// The best first.
    pub highlights: Vec<Highlight>,
    /// Peaks of equal stretches from start to end, 0 to 255.
    pub waveform: Vec<u8>,
    /// From the song's start; none without a steady beat.
    pub beats_ms: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Highlight {
    pub start_ms: u64,
    pub end_ms: u64,
    /// 0 to 1, within one song.
    pub score: f64,
}

/// What a confined child found that it may do: all of it should be `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freedom {
    pub connects: bool,
    pub listens: bool,
    pub sends_datagrams: bool,
    pub opens_local_sockets: bool,
    pub runs_programs: bool,
    pub raises_its_limits: bool,
    pub kills_others: bool,
}

/// As it goes over the pipe.
pub fn line(message: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    Ok(bytes)
}
