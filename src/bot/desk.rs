//! What all conversations share: the parts of the service they call, and what holds for all of them. Built once.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::at_large::AtLarge;
use super::dialogue::{Prefs, Rules, Song, SongSource};
use super::lanes::Lanes;
use super::messages::{Messages, Place};
use super::studio::Studio;
use super::tap::{LENGTHS_SECS, Serial, SettingPress};
use super::texts::Lang;
use super::update::Me;
use crate::model::{Blob, JobSpec, SongFacts, VideoFormat};
use crate::queue::{Queue, off_runtime};
use crate::source::Sources;
use crate::store::{Clock, Store, StoreError, operators, people};

/// Telegram's cloud gives a bot no larger file; a local server gives any.
pub const CLOUD_FILE_BYTES: u64 = 20 << 20;

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct House {
    pub themes: Vec<String>,
    /// Those of them that show a song's words.
    pub lyric_themes: Vec<String>,
    pub theme: String,
    pub format: VideoFormat,
    pub max_circle_bytes: u64,
    pub upload_bytes: u64,
    /// The Bot API server runs on this machine: its files are read from disk.
    pub local_files: bool,
    pub owners: Vec<i64>,
    /// Opened by the menu beside what people write.
    pub studio_url: Option<Url>,
    /// Stands for the look of this program in the names of requests.
    pub look_version: fn(&str) -> String,
}

pub struct Desk {
    pub me: Me,
    pub house: House,
    pub messages: Messages,
    pub store: Store,
    pub queue: Queue,
    pub sources: Option<Arc<Sources>>,
    pub studio: Studio,
    pub lanes: Lanes,
    pub at_large: AtLarge,
    pub clock: Clock,
    /// Shown for songs without a picture.
    pub default_cover: Blob,
    /// Rows of the inbox that are being worked on, by their numbers.
    pub at_work: std::sync::Mutex<std::collections::HashSet<i64>>,
    /// Cancelled when the service ends.
    pub stopping: CancellationToken,
    /// Conversations at work, circles on their way: waited for at the end.
    pub tasks: TaskTracker,
    /// There is something in the inbox.
    pub mail: Notify,
}

/// What a job keeps for us: where its status is shown, and the song, to begin from it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobContext {
    pub song: Song,
    pub lang: Lang,
    /// Where it was asked for: the messages below are in this chat.
    pub chat: i64,
    pub thread: Option<i32>,
    pub reply_to: Option<i64>,
    /// The message with the job's status.
    pub status: Option<i64>,
}

impl JobContext {
    /// Of a circle that was made in the studio and goes to this person's chat with the bot. `language` is as Telegram tells it.
    pub fn of_studio(spec: &JobSpec, song: &SongFacts, user_id: i64, language: Option<&str>) -> Self {
        Self {
            song: Song {
                file: spec.song.clone(),
                source: song.track.clone().map_or(SongSource::Upload, SongSource::Track),
                title: spec.title.clone(),
                artist: spec.artist.clone(),
                duration_ms: song.duration_ms,
                preview_only: false,
                tag_cover: None,
                source_cover: spec.cover.clone(),
                lyrics: spec.lyrics.clone(),
                tag_lyrics: false,
            },
            lang: Lang::of_telegram(language),
            chat: user_id,
            thread: None,
            reply_to: None,
            status: None,
        }
    }

    /// Where its circle goes. In another chat than it was asked for there is nothing to reply to, and no topic.
    pub fn place(&self, chat: i64) -> Place {
        let here = chat == self.chat;
        Place {
            chat,
            thread: self.thread.filter(|_| here),
            reply_to: self.reply_to.filter(|_| here),
        }
    }

    /// The message with its status, if that is in this chat.
    pub fn status_in(&self, chat: i64) -> Option<i64> {
        self.status.filter(|_| chat == self.chat)
    }
}

const LANG: &str = "lang";
const LENGTH: &str = "length_secs";
const THEME: &str = "theme";
/// Half a minute shows a verse or a chorus, and leaves bytes for the picture.
const LENGTH_SECS: u8 = 30;

impl Desk {
    /// Runs what touches the record where it holds nobody up.
    pub async fn record<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        off_runtime(move || work(&store)).await
    }

    /// What a person prefers; `spoken` is what their Telegram speaks. Without the record: the usual.
    pub async fn prefs(&self, user: i64, spoken: Lang) -> Prefs {
        let read = self.record(move |store| {
            store.read(|conn| {
                let ask = |name| people::preference(conn, user, name);
                Ok((ask(LANG)?, ask(LENGTH)?, ask(THEME)?))
            })
        });
        let (lang, length, theme) = read.await.unwrap_or_default();
        let length = length.and_then(|secs| secs.parse().ok());
        Prefs {
            lang: lang.and_then(|code| Lang::from_code(&code)).unwrap_or(spoken),
            length_secs: length.filter(|secs| LENGTHS_SECS.contains(secs)).unwrap_or(LENGTH_SECS),
            theme: theme
                .filter(|theme| self.house.themes.contains(theme))
                .unwrap_or_else(|| self.house.theme.clone()),
        }
    }

    /// Whether the operator blocked this person. Without the record nobody is.
    pub async fn is_blocked(&self, user: i64) -> bool {
        let asked = self.record(move |store| store.read(|conn| operators::is_blocked(conn, user)));
        asked.await.unwrap_or(false)
    }

    pub async fn prefer(&self, user: i64, now: &Prefs, press: SettingPress) -> Result<(), StoreError> {
        let (name, value) = match press {
            SettingPress::Russian => (LANG, "ru".to_owned()),
            SettingPress::English => (LANG, "en".to_owned()),
            SettingPress::Length(secs) => (LENGTH, secs.to_string()),
            SettingPress::NextTheme => {
                let themes = &self.house.themes;
                let at = themes.iter().position(|theme| *theme == now.theme).unwrap_or(0);
                let next = themes.get((at + 1) % themes.len().max(1));
                (THEME, next.cloned().unwrap_or_else(|| now.theme.clone()))
            }
        };
        let preferred = self.record(move |store| store.write(move |tx| people::prefer(tx, user, name, Some(&value))));
        preferred.await
    }

    pub fn rules<'a>(&'a self, serial: Serial, user: i64, prefs: &'a Prefs) -> Rules<'a> {
        Rules {
            serial,
            prefs,
            themes: &self.house.themes,
            lyric_themes: &self.house.lyric_themes,
            knows_lyrics: self.sources.as_ref().is_some_and(|sources| sources.knows_lyrics()),
            default_cover: &self.default_cover,
            size_px: self.house.format.size.px(),
            fps: self.house.format.fps.get(),
            max_circle_bytes: self.house.max_circle_bytes,
            upload_bytes: self.house.upload_bytes,
            is_owner: self.house.owners.contains(&user),
        }
    }

    /// Where a file of ours lies.
    pub fn path(&self, blob: &Blob) -> Option<PathBuf> {
        Some(self.store.folder().join(blob.path()?))
    }

    /// A file of a Bot API server on this machine, by the path it told.
    pub fn local_file(&self, told: &str) -> Option<PathBuf> {
        Some(PathBuf::from(told)).filter(|path| self.house.local_files && path.is_absolute())
    }

    /// Where a file is fetched from. It holds the token: never to be shown.
    pub fn file_url(&self, told: &str) -> String {
        let bot = &self.messages.bot;
        let base = bot.api_url();
        format!("{}/file/bot{}/{told}", base.as_str().trim_end_matches('/'), bot.token())
    }

    pub async fn bytes(&self, blob: &Blob) -> Option<Vec<u8>> {
        tokio::fs::read(self.path(blob)?).await.ok()
    }
}
