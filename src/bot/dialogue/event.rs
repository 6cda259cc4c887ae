//! What happens to a conversation, and what follows from it: the words both sides of [`step`](super::step) speak.

use serde::{Deserialize, Serialize};

use super::{Preset, Song};
use crate::bot::recipe::Recipe;
use crate::bot::tap::{CirclePress, Serial, SettingPress, Tap};
use crate::bot::texts::Line;
use crate::model::{Blob, Found, JobId, JobSpec};
use crate::source::Cursor;

/// A file somebody sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    pub file_id: String,
    /// 0 when Telegram does not tell.
    pub bytes: u64,
    /// What Telegram and the sender say of it.
    pub title: Option<String>,
    pub artist: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Start(Option<String>),
    Help,
    NewSong(Option<String>),
    History,
    Settings,
    Cancel,
    DeleteMe,
    Stats,
    Admin,
}

/// What happens: what a person does, and what came of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Text(String),
    Sound(Upload),
    Picture(Upload),
    /// A file of words.
    Lyrics(Upload),
    Command(Command),
    Tapped {
        query: String,
        message: i64,
        tap: Option<Tap>,
    },
    /// A button below a circle; `None`: nobody knows that circle any more.
    CircleTapped {
        query: String,
        job: Option<JobId>,
        press: CirclePress,
    },
    /// Something we cannot make a circle of: a sticker, a place.
    Other,

    Searched {
        serial: Serial,
        from: Cursor,
        results: Vec<Found>,
        next: Option<Cursor>,
        trouble: Option<Line>,
    },
    Got {
        serial: Serial,
        song: Box<Song>,
        preset: Preset,
    },
    Heard {
        sha256: String,
        best: Vec<(u64, u64)>,
    },
    GotPicture(Blob),
    GotLyrics(Blob),
    /// What the search for the words of this song came to.
    LyricsFound {
        sha256: String,
        lyrics: Option<Blob>,
    },
    /// The nth still of this card is ready.
    Drawn {
        serial: Serial,
        nth: Serial,
        still: Blob,
    },
    Failed {
        serial: Option<Serial>,
        line: Line,
    },
    Shown {
        what: What,
        serial: Serial,
        message: i64,
        picture: Option<String>,
    },
    /// Files the conversation speaks of were removed to make room.
    FilesGone,
}

impl Event {
    /// What also somebody who was blocked may do: have everything about them deleted.
    pub fn is_leaving(&self) -> bool {
        let tapped = matches!(
            self,
            Self::Tapped {
                tap: Some(Tap::Forget { .. }),
                ..
            }
        );
        tapped || matches!(self, Self::Command(Command::DeleteMe))
    }
}

/// The two messages that are kept up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    List,
    Card,
}

/// What follows. Every one may be done again: at worst something is shown twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Ends the waiting sign on a tapped button.
    Answer {
        query: String,
        line: Option<Line>,
        alert: bool,
    },
    Say(Line),
    /// Brings a message up to date with the talk.
    Show(What),
    Search {
        serial: Serial,
        query: String,
        from: Cursor,
    },
    Resolve {
        serial: Serial,
        link: String,
    },
    Fetch {
        serial: Serial,
        found: Box<Found>,
        preset: Preset,
    },
    Open {
        serial: Serial,
        recipe: Recipe,
    },
    /// The song of an earlier circle.
    Reopen {
        serial: Serial,
        job: JobId,
        how: Reopen,
    },
    Download {
        serial: Serial,
        upload: Upload,
    },
    DownloadPicture(Upload),
    DownloadLyrics(Upload),
    /// Looks for the words of a song.
    FindLyrics(Box<Song>),
    /// Finds the best fragments.
    Listen {
        song: Blob,
        length_ms: u64,
    },
    Draw {
        serial: Serial,
        nth: Serial,
        spec: Box<JobSpec>,
    },
    Submit {
        serial: Serial,
        spec: Box<JobSpec>,
        song: Box<Song>,
    },
    CancelJob {
        query: String,
        job: JobId,
    },
    CancelAll,
    SendAgain {
        query: String,
        job: JobId,
    },
    Retry {
        query: String,
        job: JobId,
    },
    Prefer {
        press: SettingPress,
    },
    ShowSettings {
        edit: Option<i64>,
    },
    ShowHistory,
    ShowStats,
    /// By which an owner enters the operator's page.
    ShowCode,
    AskForget,
    Forget,
    /// Takes the buttons off a message that has done its work.
    Close {
        message: i64,
        line: Line,
    },
}

impl Action {
    /// The song it brings, by the update that asked for it.
    pub fn fetches(&self) -> Option<Serial> {
        match self {
            Self::Resolve { serial, .. }
            | Self::Fetch { serial, .. }
            | Self::Open { serial, .. }
            | Self::Reopen { serial, .. }
            | Self::Download { serial, .. } => Some(*serial),
            _ => None,
        }
    }
}

/// What somebody wants to change about an earlier circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reopen {
    Same,
    AnotherMoment,
    AnotherLook,
}
