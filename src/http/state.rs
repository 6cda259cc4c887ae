//! What every answer is made from: the service's parts, and what the HTTP side remembers.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::rate::Rates;
use super::remembered::Remembered;
use crate::config;
use crate::model::{Blob, JobSpec, SongFacts, VideoFormat};
use crate::queue::{Queue, off_runtime};
use crate::source::Sources;
use crate::store::{Clock, Millis, Store, StoreError};
use crate::worker::{Pool, Surveyed};

use super::admin::sessions::{self, Session};
use super::error::{Answer, ApiError};
use super::health::Probes;
use super::limits::{STILLS, SURVEYS};
use super::sessions::Sessions;
use super::telegram::MiniApp;

/// What the service is set to do.
#[derive(Clone, Debug)]
pub struct House {
    pub theme: String,
    pub format: VideoFormat,
    pub max_circle_bytes: u64,
    pub upload_bytes: u64,
    /// Names what would draw a theme today (`pipeline::look_version`).
    pub look_version: fn(&str) -> String,
    /// What the bot keeps beside a circle that goes to a person's chat.
    pub chat_context: fn(&ForChat<'_>) -> String,
}

/// A circle of the studio that its person wants in the chat with the bot.
pub struct ForChat<'a> {
    pub spec: &'a JobSpec,
    /// What is known of its song beside that.
    pub song: &'a SongFacts,
    pub user_id: i64,
    /// As Telegram tells it, `pt-br`.
    pub language: Option<&'a str>,
}

/// What operators may see and do, and who they are.
#[derive(Clone, Debug, Default)]
pub struct Operating {
    pub admin: config::Admin,
    /// Who gets codes from the bot.
    pub owners: Vec<i64>,
    /// Where the Bot API is, if there is a bot.
    pub telegram: Option<String>,
    /// As in the settings: what is in use and why is told beside it.
    pub adapter: String,
    pub encoder: String,
}

/// What the HTTP side is made of.
pub struct Parts {
    pub settings: config::Http,
    pub house: House,
    pub operating: Operating,
    pub store: Store,
    pub queue: Queue,
    pub pool: Pool,
    pub sources: Option<Arc<Sources>>,
    pub mini_app: Option<MiniApp>,
    pub clock: Clock,
    /// Ends what would go on for ever.
    pub stopping: CancellationToken,
}

pub struct Shared {
    pub settings: config::Http,
    pub house: House,
    pub operating: Operating,
    pub store: Store,
    pub queue: Queue,
    pub pool: Pool,
    pub sources: Option<Arc<Sources>>,
    pub clock: Clock,
    pub stopping: CancellationToken,
    pub rates: Rates,
    /// Of signing in.
    pub attempts: Rates,
    /// Held by who has a token hashed: each takes 19 MiB.
    pub hashing: Arc<Semaphore>,
    pub operators: Sessions<Session>,
    /// The studio inside Telegram, if there is a bot.
    pub mini_app: Option<MiniApp>,
    pub probes: Probes,
    pub began: Millis,
    /// What was counted for operators last, and when; held by who counts.
    pub numbers: tokio::sync::Mutex<Option<(Millis, serde_json::Value)>>,
    pub progress: Progress,
    /// By song and length of the wanted fragment.
    pub surveys: Remembered<(String, u64), Arc<Surveyed>>,
    /// Held by who hears a whole song, so that the same is not heard twice at once.
    pub hearing: tokio::sync::Mutex<()>,
    /// By the fingerprint of the request and the moment.
    pub stills: Remembered<(String, u64), Blob>,
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            house,
            operating,
            store,
            queue,
            pool,
            sources,
            mini_app,
            clock,
            stopping,
        } = parts;
        Self {
            rates: Rates::default(),
            attempts: Rates::default(),
            hashing: Arc::new(Semaphore::new(1)),
            operators: sessions::none_yet(),
            mini_app,
            probes: Probes::default(),
            began: clock.now(),
            numbers: tokio::sync::Mutex::default(),
            progress: Progress::default(),
            surveys: Remembered::new(SURVEYS),
            hearing: tokio::sync::Mutex::default(),
            stills: Remembered::new(STILLS),
            settings,
            house,
            operating,
            store,
            queue,
            pool,
            sources,
            clock,
            stopping,
        }
    }

    /// Asks or tells the record, off the runtime.
    pub async fn record<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let store = self.store.clone();
        Ok(off_runtime(move || work(&store)).await?)
    }

    /// The sources, if any is on.
    pub fn sources(&self) -> Answer<&Sources> {
        let on = self.sources.as_deref().filter(|sources| !sources.order().is_empty());
        on.ok_or_else(|| ApiError::not_found("no source of songs is configured here; send a file instead"))
    }
}
