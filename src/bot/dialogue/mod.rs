//! One conversation as a pure value: [`Talk`] is where it stands, [`Event`] what happens, [`step`] what becomes of it and
//! which [`Action`]s follow. No clock, no network, no database.
//!
//! What is saved after every step is the [`Saved`] value: the talk, the last update taken in, and the actions that are not
//! done yet. So a restart at any moment loses nothing: actions left over are done again, and each of them may be.

mod card;
mod lyrics;
mod song;
mod step;
mod taps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use card::{Card, CoverChoice, Look, LyricsSearch, Menu, Picture};
pub use song::{Preset, Song, SongSource};
pub use step::step;

use super::recipe::Recipe;
use super::tap::{CardPress, CirclePress, Serial, SettingPress, Tap};
use super::texts::{Lang, Line};
use crate::model::{Blob, Found, JobId, JobSpec};
use crate::source::Cursor;

/// Raised when an older [`Saved`] can no longer be read; such a conversation begins anew.
pub const VERSION: u32 = 1;
/// Songs on a page of results.
pub const PAGE: usize = 5;

/// A conversation as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    pub talk: Talk,
    /// The number of the last update whose step is in `talk`.
    pub seen: i64,
    pub pending: Vec<Pending>,
    /// The last number given to a pending action.
    pub given: u64,
}

/// An action that is not done yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub number: u64,
    /// The update it follows from, which is not done before it.
    pub of: i64,
    pub action: Action,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// What was found for the last name.
    pub list: Option<List>,
    pub card: Option<Card>,
    /// A picture that waits for the next song.
    pub picture: Option<Blob>,
    /// Words that wait for the next song.
    pub lyrics: Option<Blob>,
    /// The song on its way: what comes of an older wish is dropped.
    pub fetching: Option<Fetching>,
    /// In a group: the message that is answered, and the topic.
    pub reply_to: Option<i64>,
    pub thread: Option<i32>,
    /// What the person's Telegram speaks; a preference goes before it.
    pub lang: Lang,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetching {
    pub serial: Serial,
    /// What is fetched, to tell a second tap on the same.
    pub what: String,
}

/// Results of a search, a page of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List {
    pub serial: Serial,
    pub query: String,
    /// Where each page up to this one begins.
    pub starts: Vec<Cursor>,
    pub results: Vec<Found>,
    pub next: Option<Cursor>,
    /// The message that shows it.
    pub message: Option<i64>,
}

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
    /// A still of this card is ready.
    Drawn {
        serial: Serial,
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

/// What somebody wants to change about an earlier circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reopen {
    Same,
    AnotherMoment,
    AnotherLook,
}

/// What a person prefers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefs {
    pub lang: Lang,
    pub length_secs: u8,
    pub theme: String,
}

/// What holds for everybody, and what is known of the one who speaks.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// A number that no earlier list or card of this conversation has.
    pub serial: Serial,
    pub prefs: &'a Prefs,
    /// Names of the themes, in the order of the gallery.
    pub themes: &'a [String],
    /// Those of them that show a song's words.
    pub lyric_themes: &'a [String],
    /// There is somebody to ask for words.
    pub knows_lyrics: bool,
    /// What a song without a picture shows.
    pub default_cover: &'a Blob,
    pub size_px: u32,
    pub fps: u32,
    pub max_circle_bytes: u64,
    pub upload_bytes: u64,
    pub is_owner: bool,
}

impl Saved {
    /// Reads what was kept; a form that is not ours any more is a new conversation.
    pub fn read(version: u32, json: &str) -> Self {
        let read = (version == VERSION).then(|| serde_json::from_str(json).ok()).flatten();
        read.unwrap_or_default()
    }

    /// Takes one event in; the new actions are numbered and wait.
    pub fn take(&mut self, of: i64, event: Event, rules: &Rules<'_>) -> Vec<Pending> {
        let (talk, actions) = step(std::mem::take(&mut self.talk), event, rules);
        self.talk = talk;
        let numbered = actions.into_iter().map(|action| {
            self.given += 1;
            Pending {
                number: self.given,
                of,
                action,
            }
        });
        let numbered: Vec<_> = numbered.collect();
        self.pending.extend(numbered.iter().cloned());
        numbered
    }

    pub fn is_done(&self, of: i64) -> bool {
        of <= self.seen && self.pending.iter().all(|pending| pending.of != of)
    }
}

impl Talk {
    /// The files it speaks of: they are kept as long as it does.
    pub fn files(&self) -> Vec<&Blob> {
        let card = self.card.iter().flat_map(Card::files);
        card.chain(&self.picture).chain(&self.lyrics).collect()
    }
}

/// Settings of a theme as they are kept.
pub type ThemeSettings = BTreeMap<String, String>;

/// The presses that only change the card.
pub(super) fn changes_card(press: CardPress) -> bool {
    !matches!(press, CardPress::Create | CardPress::NewSong)
}
