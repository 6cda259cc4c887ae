//! One conversation as a pure value: [`Talk`] is where it stands, [`Event`] what happens, [`step`] what becomes of it and
//! which [`Action`]s follow. No clock, no network, no database.
//!
//! What is saved after every step is the [`Saved`] value: the talk, the last update taken in, and the actions that are not
//! done yet. So a restart at any moment loses nothing: actions left over are done again, and each of them may be.

mod card;
mod event;
mod list;
mod lyrics;
mod press;
mod saved;
mod song;
mod step;
mod taps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use card::{Card, CoverChoice, Look, LyricsSearch, Menu, Picture};
pub use event::{Action, Command, Event, Reopen, Upload, What};
pub use list::{List, PAGE};
pub use saved::{Pending, Saved, VERSION};
pub use song::{Preset, Song, SongSource};
pub use step::step;

use super::tap::{CardPress, Serial};
use super::texts::Lang;
use crate::model::Blob;

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
    /// The person was asked whether everything is to be forgotten; nobody else can answer that.
    #[serde(default)]
    pub forget_asked: bool,
    /// What the person's Telegram speaks; a preference goes before it.
    pub lang: Lang,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetching {
    pub serial: Serial,
    /// What is fetched, to tell a second tap on the same.
    pub what: String,
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

impl Talk {
    /// The chat is another now, and none of its messages are in it: they are shown anew.
    pub fn moved(&mut self) {
        (self.reply_to, self.thread) = (None, None);
        if let Some(list) = &mut self.list {
            list.message = None;
        }
        if let Some(card) = &mut self.card {
            (card.message, card.shown) = (None, None);
        }
    }

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
