//! The bot put together: the service's parts in, a running bot out, and its end in order.

mod loops;
mod presence;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use teloxide::requests::Requester;
use teloxide::{ApiError, RequestError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::chats::Chats;
use super::desk::{Desk, House};
use super::messages::{Messages, explain};
use super::studio::Studio;
use super::update::Me;
use super::{rates, webhook};
use crate::deliver::telegram::{Client, Files, Patience, Settings, SettingsError, Token};
use crate::model::Blob;
use crate::queue::{Queue, QueueError, off_runtime};
use crate::source::Sources;
use crate::store::disk::DiskError;
use crate::store::{Clock, Store, files};
use crate::torture;
use crate::worker::Pool;

/// How long a call of the Bot API may take; a card's picture is half a megabyte.
const CALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
/// Between two attempts to hear who we are.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum BotError {
    #[error("the token does not look like one; copy it again from @BotFather")]
    Token,
    #[error("the address of the Bot API is wrong: {0}")]
    Address(#[from] SettingsError),
    #[error("the HTTP client cannot be started on this machine")]
    Client,
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("the default cover could not be kept ({0})")]
    Cover(#[from] DiskError),
    #[error("a part of the bot ended by a mistake of ours; please report what the log says of it")]
    Ended,
}

/// How updates come.
#[derive(Clone, Debug)]
pub enum Intake {
    Polling,
    Webhook { url: String, secret: SecretString },
}

/// What the bot is made of.
pub struct Parts {
    pub token: SecretString,
    pub api_url: String,
    pub intake: Intake,
    pub house: House,
    pub store: Store,
    pub queue: Queue,
    pub pool: Pool,
    pub sources: Option<Arc<Sources>>,
    pub clock: Clock,
}

/// A running bot.
pub struct Bot {
    desk: Arc<Desk>,
    secret: Option<(String, SecretString)>,
    ended: CancellationToken,
}

impl Bot {
    /// Comes back when Telegram has told who we are, or `stopping` is cancelled (`None`); a Telegram out of reach is waited for.
    pub async fn start(parts: Parts, stopping: CancellationToken) -> Result<Option<Self>, BotError> {
        let token = Token::parse(parts.token.expose_secret()).ok_or(BotError::Token)?;
        let bot = client(&parts)?;
        let sender = Client::new(Settings {
            api_url: parts.api_url.clone(),
            token: token.clone(),
            files: if parts.house.local_files {
                Files::ByPath
            } else {
                Files::Upload
            },
            patience: if parts.house.local_files {
                Patience::LOCAL
            } else {
                torture::hurried(Patience::CLOUD, Patience::HURRIED)
            },
        })?;
        let Some(me) = who_am_i(&bot, &stopping).await else {
            return Ok(None);
        };
        let default_cover = default_cover(&parts.queue).await?;
        let gate = rates::open(&parts.store, me.id).await;
        let chats = Chats::open(parts.queue.clone(), me.id).await?;
        let messages = Messages {
            bot,
            bot_id: me.id,
            gate,
            chats,
            store: parts.store.clone(),
            clock: parts.clock.clone(),
        };
        let desk = Arc::new(Desk {
            studio: Studio::new(parts.pool, parts.queue.disk().clone(), parts.store.clone()),
            me,
            house: parts.house,
            messages,
            store: parts.store,
            queue: parts.queue,
            sources: parts.sources,
            lanes: Default::default(),
            at_large: Default::default(),
            clock: parts.clock,
            default_cover,
            at_work: Default::default(),
            stopping,
            tasks: TaskTracker::new(),
            mail: Notify::new(),
        });
        let secret = match &parts.intake {
            Intake::Polling => None,
            Intake::Webhook { url, secret } => Some((presence::path(url), secret.clone())),
        };
        let ended = loops::start(&desk, sender, parts.intake);
        tracing::info!(bot = desk.me.username, "the bot is at work");
        Ok(Some(Self { desk, secret, ended }))
    }

    /// Comes back when a part of it has ended that has to run as long as the service: nobody would be heard any more.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// The route Telegram calls, where the bot is called.
    pub fn webhook(&self) -> Option<axum::Router> {
        let (path, secret) = self.secret.as_ref()?;
        Some(webhook::route(Arc::clone(&self.desk), path, secret.clone()))
    }

    /// Waits, once `stopping` was cancelled, for conversations in the middle of a word and circles in the middle of a send.
    /// `false`: some were cut off, and are gone on with after the next start.
    pub async fn stop(self, patience: Duration) -> bool {
        self.desk.tasks.close();
        let ended = tokio::time::timeout(patience, self.desk.tasks.wait()).await.is_ok();
        rates::write(&self.desk.store, self.desk.me.id, &self.desk.messages.gate).await;
        ended
    }
}

fn client(parts: &Parts) -> Result<teloxide::Bot, BotError> {
    let mut http = teloxide::net::default_reqwest_settings()
        .connect_timeout(CONNECT)
        .timeout(torture::hurried(CALL, CALL / 10));
    if parts.api_url.starts_with("http://") {
        // A Bot API server on this host or network: the system's proxy is for the world outside.
        http = http.no_proxy();
    }
    let http = http.build().map_err(|_| BotError::Client)?;
    let url = parts
        .api_url
        .parse()
        .map_err(|_| BotError::Address(SettingsError::Address))?;
    Ok(teloxide::Bot::with_client(parts.token.expose_secret().trim(), http).set_api_url(url))
}

async fn who_am_i(bot: &teloxide::Bot, stopping: &CancellationToken) -> Option<Me> {
    let mut pause = torture::hurried(PAUSE, PAUSE / 10);
    loop {
        let told = tokio::select! {
            told = bot.get_me() => told,
            () = stopping.cancelled() => return None,
        };
        match told {
            Ok(me) => {
                return Some(Me {
                    id: i64::try_from(me.user.id.0).unwrap_or(0),
                    username: me.user.username.clone().unwrap_or_default(),
                });
            }
            Err(RequestError::Api(ApiError::InvalidToken)) => {
                tracing::error!("Telegram does not know the token; copy it again from @BotFather and start again");
            }
            Err(error) => {
                tracing::warn!(error = %explain(error), "Telegram does not tell who we are; it is asked again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopping.cancelled() => return None,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The built-in cover as a file of ours, so that a card can hold it as any other.
async fn default_cover(queue: &Queue) -> Result<Blob, BotError> {
    let disk = queue.disk().clone();
    let store = queue.store().clone();
    let kept = off_runtime(move || {
        let bytes = crate::assets::DEFAULT_COVER;
        let blob = Blob {
            sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            bytes: bytes.len() as u64,
            extension: "png".into(),
        };
        // A full disk keeps nobody from starting again.
        if let Some(path) = blob.path()
            && store.read(|conn| files::is_kept(conn, &path))?
        {
            return Ok(blob);
        }
        let room = disk.reserve("png", bytes.len() as u64)?;
        std::fs::write(room.path(), bytes)?;
        let (blob, ()) = room.keep_blob("png", |tx, blob| match blob.path() {
            // Never let go: it is the bot's own.
            Some(path) => files::hold(tx, &path, "bot", 0),
            None => Ok(()),
        })?;
        Ok::<_, DiskError>(blob)
    });
    Ok(kept.await?)
}
