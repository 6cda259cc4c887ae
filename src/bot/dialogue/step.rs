//! The one function of a conversation: where it stands and what happens in, where it stands then and what follows out.

use super::{Action, Card, Command, CoverChoice, Event, Fetching, Menu, Picture, Rules, Song, Talk, Upload, What};
use crate::bot::recipe::Recipe;
use crate::bot::tap::Serial;
use crate::bot::texts::Line;
use crate::bot::times::{self, TimesError, Wanted};
use crate::model::limits::MAX_LYRICS_BYTES;
use crate::source::link;

/// A name longer than this is no name.
const MAX_QUERY_CHARS: usize = 200;

pub fn step(mut talk: Talk, event: Event, rules: &Rules<'_>) -> (Talk, Vec<Action>) {
    let actions = talk.take(event, rules);
    (talk, actions)
}

impl Talk {
    fn take(&mut self, event: Event, rules: &Rules<'_>) -> Vec<Action> {
        match event {
            Event::Text(text) => self.text(&text, rules),
            Event::Sound(upload) => self.sound(upload, rules),
            Event::Picture(upload) if is_too_large(&upload, rules) => vec![too_large(rules)],
            Event::Picture(upload) => vec![Action::DownloadPicture(upload)],
            Event::Lyrics(upload) if upload.bytes > MAX_LYRICS_BYTES => vec![say("lyrics-broken")],
            Event::Lyrics(upload) => vec![Action::DownloadLyrics(upload)],
            Event::Command(command) => self.command(command, rules),
            Event::Tapped { query, message, tap } => self.tapped(query, message, tap, rules),
            Event::CircleTapped { query, job, press } => self.circle_tapped(query, job, press, rules),
            Event::Other => vec![say("send-a-song")],
            Event::Searched {
                serial,
                from,
                results,
                next,
                trouble,
            } => self.searched(serial, from, results, next, trouble),
            Event::Got { serial, song, preset } => {
                if !self.is_fetching(serial) {
                    return vec![];
                }
                self.fetching = None;
                let length_ms = u64::from(rules.prefs.length_secs) * 1000;
                let (file, gallery) = (song.file.clone(), preset.gallery);
                let song = Song {
                    lyrics: self.lyrics.take().or(song.lyrics),
                    ..*song
                };
                self.card = Some(Card::new(serial, song, preset, self.picture.take(), rules));
                let mut actions = vec![Action::Show(What::Card)];
                if gallery {
                    actions.extend(self.draw(rules));
                }
                actions.push(Action::Listen { song: file, length_ms });
                actions.extend(self.find_lyrics(rules));
                actions
            }
            Event::Heard { sha256, best } => match &mut self.card {
                Some(card) if card.song.file.sha256 == sha256 => {
                    card.heard(best);
                    vec![Action::Show(What::Card)]
                }
                _ => vec![],
            },
            Event::GotPicture(picture) => self.got_picture(picture),
            Event::GotLyrics(lyrics) => self.got_lyrics(lyrics, rules),
            Event::LyricsFound { sha256, lyrics } => self.lyrics_found(&sha256, lyrics, rules),
            Event::Drawn { serial, nth, still } => match &mut self.card {
                Some(card) if card.serial == serial && card.drawing == Some(nth) => {
                    (card.picture, card.drawing) = (Picture::Still(still), None);
                    vec![Action::Show(What::Card)]
                }
                _ => vec![],
            },
            Event::Failed { serial, line } => {
                match serial {
                    // Nobody waits for it any more.
                    Some(serial) if !self.is_fetching(serial) => return vec![],
                    Some(_) => self.fetching = None,
                    None => {}
                }
                vec![Action::Say(line)]
            }
            Event::Shown {
                what,
                serial,
                message,
                picture,
            } => {
                self.shown(what, serial, message, picture);
                vec![]
            }
            Event::FilesGone => {
                *self = Self {
                    reply_to: self.reply_to,
                    thread: self.thread,
                    lang: self.lang,
                    ..Self::default()
                };
                vec![say("files-gone")]
            }
        }
    }

    fn text(&mut self, text: &str, rules: &Rules<'_>) -> Vec<Action> {
        let text = text.trim();
        let link = link::find(text);
        if let Some(card) = &mut self.card {
            let typing = card.menu == Menu::Typing;
            match times::parse(text) {
                Some(wanted) if typing || Wanted::is_plain(text) => return set_times(card, wanted),
                // Digits were meant as times, words are the next song.
                None if typing && text.contains(|c: char| c.is_ascii_digit()) && link.is_none() => {
                    return vec![say("times-unclear")];
                }
                _ => card.menu = Menu::Main,
            }
        }
        if text.is_empty() {
            return vec![say("send-a-song")];
        }
        if let Some(link) = link {
            let serial = self.begin(rules, link);
            let link = link.to_owned();
            return vec![Action::Resolve { serial, link }];
        }
        if text.chars().count() > MAX_QUERY_CHARS {
            return vec![say("query-too-long")];
        }
        self.search(text, rules)
    }

    fn sound(&mut self, upload: Upload, rules: &Rules<'_>) -> Vec<Action> {
        if is_too_large(&upload, rules) {
            return vec![too_large(rules)];
        }
        let serial = self.begin(rules, &upload.file_id);
        vec![Action::Download { serial, upload }]
    }

    fn command(&mut self, command: Command, rules: &Rules<'_>) -> Vec<Action> {
        match command {
            Command::Start(None) => vec![say("welcome")],
            Command::Start(Some(parameter)) => match Recipe::read(&parameter) {
                Some(recipe) => {
                    let serial = self.begin(rules, &parameter);
                    vec![Action::Open { serial, recipe }]
                }
                None => vec![say("recipe-unreadable")],
            },
            Command::Help => vec![say("help")],
            Command::NewSong(None) => {
                self.forget_song();
                vec![say("ask-song")]
            }
            Command::NewSong(Some(name)) => {
                self.forget_song();
                self.text(&name, rules)
            }
            Command::History => vec![Action::ShowHistory],
            Command::Settings => vec![Action::ShowSettings { edit: None }],
            Command::Cancel => {
                self.fetching = None;
                if let Some(list) = &mut self.list {
                    list.asked = None;
                }
                if let Some(card) = &mut self.card {
                    card.menu = Menu::Main;
                }
                vec![Action::CancelAll]
            }
            Command::DeleteMe => {
                self.forget_asked = true;
                vec![Action::AskForget]
            }
            Command::Stats if rules.is_owner => vec![Action::ShowStats],
            Command::Admin if rules.is_owner => vec![Action::ShowCode],
            Command::Stats | Command::Admin => vec![say("unknown-command")],
        }
    }

    /// Somebody sent a picture: for this song, or for the one that is on its way or comes next.
    fn got_picture(&mut self, picture: crate::model::Blob) -> Vec<Action> {
        let coming = self.fetching.is_some();
        match self.card.as_mut().filter(|_| !coming) {
            Some(card) => {
                card.own_cover = Some(picture);
                (card.cover, card.menu) = (CoverChoice::Own, Menu::Main);
                (card.picture, card.drawing) = (Picture::Cover, None);
                vec![Action::Show(What::Card), say("cover-set")]
            }
            None => {
                self.picture = Some(picture);
                vec![say("cover-kept")]
            }
        }
    }

    fn shown(&mut self, what: What, serial: Serial, message: i64, picture: Option<String>) {
        match (what, &mut self.card, &mut self.list) {
            (What::Card, Some(card), _) if card.serial == serial => {
                card.message = Some(message).filter(|message| *message != 0);
                card.shown = picture;
            }
            (What::List, _, Some(list)) if list.serial == serial => {
                list.message = Some(message).filter(|message| *message != 0);
            }
            _ => {}
        }
    }

    /// A song is on its way; whatever was before it no longer is.
    pub(super) fn begin(&mut self, rules: &Rules<'_>, what: &str) -> Serial {
        self.fetching = Some(Fetching {
            serial: rules.serial,
            what: what.to_owned(),
        });
        rules.serial
    }

    pub(super) fn is_fetching(&self, serial: Serial) -> bool {
        self.fetching.as_ref().is_some_and(|fetching| fetching.serial == serial)
    }

    /// The same is on its way already: a second tap.
    pub(super) fn is_fetching_what(&self, what: &str) -> bool {
        self.fetching.as_ref().is_some_and(|fetching| fetching.what == what)
    }

    pub(super) fn forget_song(&mut self) {
        (self.card, self.list, self.fetching, self.lyrics) = (None, None, None, None);
    }
}

fn set_times(card: &mut Card, wanted: Wanted) -> Vec<Action> {
    match wanted.apply(card.part(), card.song.duration_ms) {
        Ok(part) => {
            card.set_part(part.start_ms, part.length_ms);
            (card.touched, card.menu) = (true, Menu::Main);
            let mut actions = vec![Action::Show(What::Card)];
            if part.cut {
                actions.push(say("times-cut"));
            }
            actions
        }
        Err(TimesError::BeyondEnd) => vec![Action::Say(
            Line::new("times-beyond").with("length", clock(card.song.duration_ms)),
        )],
        Err(TimesError::EndBeforeStart) => vec![say("times-backwards")],
    }
}

/// `m:ss`, with tenths only where there are some.
pub fn clock(ms: u64) -> String {
    crate::model::time::show_time(std::time::Duration::from_millis(ms))
}

fn is_too_large(upload: &Upload, rules: &Rules<'_>) -> bool {
    upload.bytes > rules.upload_bytes
}

fn too_large(rules: &Rules<'_>) -> Action {
    let limit = i64::try_from(rules.upload_bytes >> 20).unwrap_or(i64::MAX);
    Action::Say(Line::new("upload-too-large").with("megabytes", limit))
}

pub(super) fn say(key: &'static str) -> Action {
    Action::Say(Line::new(key))
}
