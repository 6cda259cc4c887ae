//! The card: one song, the part of it and the look that are chosen so far. What each button changes is here.

use serde::{Deserialize, Serialize};

use super::{Action, Preset, Rules, Song, ThemeSettings};
use crate::bot::recipe::{Recipe, TICK_MS};
use crate::bot::tap::Serial;
use crate::bot::times::Part;
use crate::model::limits::{MAX_FRAGMENT, MIN_FRAGMENT};
use crate::model::{Blob, Corners, JobSpec};

pub(super) const MAX_MS: u64 = MAX_FRAGMENT.as_millis() as u64;
pub(super) const MIN_MS: u64 = MIN_FRAGMENT.as_millis() as u64;
/// Speed of a record when nothing is said.
const SPEED: &str = "33.333";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub serial: Serial,
    pub song: Song,
    pub start_ms: u64,
    pub length_ms: u64,
    /// The person chose the part; until then the best one is taken when it is known.
    pub touched: bool,
    /// Of the preferred length, the best first; `None` until the song was heard.
    pub best: Option<Vec<(u64, u64)>>,
    #[serde(default)]
    pub lyrics_search: LyricsSearch,
    pub look: Look,
    pub cover: CoverChoice,
    pub own_cover: Option<Blob>,
    pub menu: Menu,
    pub picture: Picture,
    /// The still that is being drawn, by the update that asked for it: an older one would show another look.
    pub drawing: Option<Serial>,
    /// The part that is not wanted again.
    pub elsewhere: bool,
    pub message: Option<i64>,
    /// The picture in that message.
    pub shown: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub theme: String,
    pub speed: String,
    pub settings: ThemeSettings,
}

/// Whether the song's words were looked for: only once somebody wants a look that shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LyricsSearch {
    #[default]
    NotYet,
    /// `then_create`: the circle is wanted as soon as it is over.
    Running {
        then_create: bool,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CoverChoice {
    Own,
    /// The song's own, from its tags or its source.
    Song,
    Default,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Menu {
    Main,
    /// The next text is times.
    Typing,
    /// The nth theme is shown.
    Themes(usize),
    Covers,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Picture {
    Cover,
    Still(Blob),
}

impl Card {
    pub fn new(serial: Serial, song: Song, preset: Preset, own_cover: Option<Blob>, rules: &Rules<'_>) -> Self {
        let length_ms = u64::from(rules.prefs.length_secs) * 1000;
        let own_cover = own_cover.or(preset.own_cover);
        let theme = preset.theme.unwrap_or_else(|| rules.prefs.theme.clone());
        let at = rules.themes.iter().position(|name| *name == theme).unwrap_or(0);
        let (start_ms, length_ms) = preset.part.unwrap_or((0, length_ms));
        let mut card = Self {
            serial,
            start_ms,
            length_ms,
            touched: preset.part.is_some() && !preset.elsewhere,
            best: None,
            lyrics_search: LyricsSearch::NotYet,
            look: Look {
                theme,
                speed: preset.speed.unwrap_or_else(|| SPEED.to_owned()),
                settings: preset.settings,
            },
            cover: if own_cover.is_some() {
                CoverChoice::Own
            } else {
                CoverChoice::Song
            },
            own_cover,
            menu: if preset.gallery { Menu::Themes(at) } else { Menu::Main },
            picture: Picture::Cover,
            drawing: None,
            elsewhere: preset.elsewhere,
            message: None,
            shown: None,
            song,
        };
        card.set_part(start_ms, length_ms);
        card
    }

    pub fn files(&self) -> impl Iterator<Item = &Blob> {
        let still = match &self.picture {
            Picture::Still(still) => Some(still),
            Picture::Cover => None,
        };
        self.song.files().chain(&self.own_cover).chain(still)
    }

    pub fn part(&self) -> Part {
        Part {
            start_ms: self.start_ms,
            length_ms: self.length_ms,
            cut: false,
        }
    }

    pub fn end_ms(&self) -> u64 {
        self.start_ms + self.length_ms
    }

    /// The nearest part that lies in the song and may be a circle.
    pub fn set_part(&mut self, start_ms: u64, length_ms: u64) {
        let song_ms = self.song.duration_ms;
        let tick = |ms: u64| ms / TICK_MS * TICK_MS;
        self.start_ms = tick(start_ms.min(song_ms.saturating_sub(MIN_MS)));
        let left = song_ms - self.start_ms.min(song_ms);
        self.length_ms = tick(length_ms.clamp(MIN_MS, MAX_MS).min(left.max(MIN_MS)));
    }

    /// The best fragments are known now.
    pub fn heard(&mut self, best: Vec<(u64, u64)>) {
        let near = |part: &(u64, u64)| part.0.abs_diff(self.start_ms) < 5_000;
        let wanted = best.iter().find(|part| !self.elsewhere || !near(part)).copied();
        self.best = Some(best);
        if let Some((start_ms, length_ms)) = wanted.filter(|_| !self.touched) {
            self.set_part(start_ms, length_ms);
        }
        self.elsewhere = false;
    }

    /// The theme a still is drawn with: in the gallery the one on show.
    pub fn theme_on_show<'a>(&'a self, rules: &Rules<'a>) -> &'a str {
        match self.menu {
            Menu::Themes(at) => rules.themes.get(at).unwrap_or(&self.look.theme),
            _ => &self.look.theme,
        }
    }

    pub fn shows_lyrics(&self, rules: &Rules<'_>) -> bool {
        rules.lyric_themes.iter().any(|name| name == self.theme_on_show(rules))
    }

    /// The picture of the song that is chosen, for showing.
    pub fn cover_file<'a>(&'a self, rules: &Rules<'a>) -> &'a Blob {
        let song = self.song.source_cover.as_ref().or(self.song.tag_cover.as_ref());
        let chosen = match self.cover {
            CoverChoice::Own => self.own_cover.as_ref().or(song),
            CoverChoice::Song => song,
            CoverChoice::Default => None,
        };
        chosen.unwrap_or(rules.default_cover)
    }

    pub fn recipe(&self) -> Recipe {
        Recipe {
            song: self.song.reference(),
            start_ms: self.start_ms,
            length_ms: self.length_ms,
            theme: self.look.theme.clone(),
            speed: self.look.speed.clone(),
            settings: self.look.settings.clone(),
        }
    }

    /// Asks for the circle.
    pub fn submit(&self, rules: &Rules<'_>) -> Action {
        Action::Submit {
            serial: self.serial,
            spec: Box::new(self.spec(rules)),
            song: Box::new(self.song.clone()),
        }
    }

    /// What is asked of the renderer.
    pub fn spec(&self, rules: &Rules<'_>) -> JobSpec {
        let theme = self.theme_on_show(rules);
        let cover = match self.cover {
            CoverChoice::Own => self.own_cover.clone(),
            CoverChoice::Song => self.song.source_cover.clone(),
            CoverChoice::Default => Some(rules.default_cover.clone()),
        };
        JobSpec {
            song: self.song.file.clone(),
            cover,
            // Other looks do not follow from them.
            lyrics: self.song.lyrics.clone().filter(|_| self.shows_lyrics(rules)),
            start_ms: self.start_ms,
            length_ms: self.length_ms,
            theme: theme.to_owned(),
            // Settings belong to the theme they were made for.
            settings: if theme == self.look.theme {
                self.look.settings.clone()
            } else {
                ThemeSettings::new()
            },
            speed: self.look.speed.clone(),
            size_px: rules.size_px,
            fps: rules.fps,
            corners: Corners::Black,
            title: self.song.title.clone(),
            artist: self.song.artist.clone(),
            seed: 0,
            max_bytes: rules.max_circle_bytes,
        }
    }
}
