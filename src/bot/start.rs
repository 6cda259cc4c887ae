//! The bot put together: the service's parts in, a running bot out, and its end in order.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use teloxide::RequestError;
use teloxide::requests::Requester;
use teloxide::types::{AllowedUpdate, BotCommand};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::{Desk, House};
use super::messages::{Messages, explain};
use super::studio::Studio;
use super::texts::{Lang, Line};
use super::update::Me;
use super::{intake, outbox, router, status, webhook};
use crate::deliver::telegram::{Client, Files, Gate, Limiter, Patience, Saved, Settings, SettingsError, Token};
use crate::model::Blob;
use crate::queue::{Queue, QueueError, off_runtime};
use crate::source::Sources;
use crate::store::disk::DiskError;
use crate::store::{Clock, Store, files, people};
use crate::torture;
use crate::worker::Pool;

/// How long a call of the Bot API may take; a card's picture is half a megabyte.
const CALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
/// Between two attempts to hear who we are.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often the rates are written down: what is lost with a crash is at most this much of the last minute.
const SAVE_RATES_EVERY: Duration = Duration::from_secs(2);
/// The bot's own preference that holds them.
const RATES: &str = "rates";

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
        let gate = Arc::new(rates(&parts.store, me.id).await);
        let messages = Messages {
            bot,
            bot_id: me.id,
            gate,
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
            clock: parts.clock,
            default_cover,
            at_work: Default::default(),
            stopping,
            tasks: TaskTracker::new(),
            mail: Notify::new(),
        });
        let secret = match &parts.intake {
            Intake::Polling => None,
            Intake::Webhook { url, secret } => Some((path(url), secret.clone())),
        };
        let sender = Arc::new(sender);
        let tasks = &desk.tasks;
        tasks.spawn(status::watch_all(Arc::clone(&desk)));
        tasks.spawn(outbox::send_all(Arc::clone(&desk), Arc::clone(&sender)));
        tasks.spawn(outbox::look_for_all(Arc::clone(&desk), sender));
        tasks.spawn(router::run(Arc::clone(&desk)));
        tasks.spawn(save_rates(Arc::clone(&desk)));
        tasks.spawn(hear(Arc::clone(&desk), parts.intake));
        tracing::info!(bot = desk.me.username, "the bot is at work");
        Ok(Some(Self { desk, secret }))
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
        write_rates(&self.desk).await;
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
            Err(error) => {
                tracing::error!(error = %explain(error), "Telegram does not tell who we are; is the token right?");
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

/// Where Telegram calls us.
fn path(url: &str) -> String {
    format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default())
}

/// Settles with Telegram how updates come, then lets them come. A Telegram out of reach is asked until it is settled: nobody
/// would hear of us otherwise.
async fn hear(desk: Arc<Desk>, intake: Intake) {
    let mut pause = PAUSE;
    while let Err(error) = settle(&desk, &intake).await {
        tracing::error!(error = %explain(error), "how updates come could not be settled with Telegram; trying again");
        tokio::select! {
            () = tokio::time::sleep(torture::hurried(pause, PAUSE / 10)) => {}
            () = desk.stopping.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    tracing::info!("updates come");
    let polled = async {
        if matches!(intake, Intake::Polling) {
            intake::poll(Arc::clone(&desk)).await;
        }
    };
    let commands = async {
        tokio::select! {
            () = set_commands(&desk) => {}
            () = desk.stopping.cancelled() => {}
        }
    };
    tokio::join!(polled, commands);
}

/// Polling and webhook exclude each other at Telegram.
async fn settle(desk: &Desk, intake: &Intake) -> Result<(), RequestError> {
    use teloxide::payloads::SetWebhookSetters;
    let bot = &desk.messages.bot;
    let Intake::Webhook { url, secret } = intake else {
        return bot.delete_webhook().await.map(drop);
    };
    // The configuration has parsed it before.
    let Ok(url) = url.parse() else { return Ok(()) };
    let allowed = [
        AllowedUpdate::Message,
        AllowedUpdate::CallbackQuery,
        AllowedUpdate::InlineQuery,
        AllowedUpdate::MyChatMember,
    ];
    let asked = bot.set_webhook(url).secret_token(secret.expose_secret().to_owned());
    asked.allowed_updates(allowed).await.map(drop)
}

const COMMANDS: [&str; 6] = ["newsong", "history", "settings", "cancel", "help", "delete_me"];

async fn set_commands(desk: &Desk) {
    use teloxide::payloads::SetMyCommandsSetters;
    for lang in Lang::ALL {
        let commands = COMMANDS.map(|name| {
            let key = format!("command-{}", name.replace('_', "-"));
            BotCommand::new(name, Line::new(key).plain(lang))
        });
        let asked = desk.messages.bot.set_my_commands(commands);
        let told = match lang {
            // For everybody else.
            Lang::En => asked.await,
            Lang::Ru => asked.language_code(lang.code()).await,
        };
        if let Err(error) = told {
            tracing::warn!(error = %explain(error), "the list of commands was not taken");
        }
    }
}

async fn rates(store: &Store, bot_id: i64) -> Gate {
    let store = store.clone();
    let read = off_runtime(move || store.read(|conn| people::preference(conn, bot_id, RATES))).await;
    let saved = read
        .ok()
        .flatten()
        .and_then(|json| serde_json::from_str::<Saved>(&json).ok());
    saved.map_or_else(|| Gate::new(Limiter::new()), |saved| Gate::restore(&saved))
}

async fn save_rates(desk: Arc<Desk>) {
    let mut last = Saved::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(SAVE_RATES_EVERY) => {}
            () = desk.stopping.cancelled() => return,
        }
        let now = desk.messages.gate.save();
        if now != last {
            write_rates(&desk).await;
            last = now;
        }
    }
}

async fn write_rates(desk: &Desk) {
    let Ok(json) = serde_json::to_string(&desk.messages.gate.save()) else {
        return;
    };
    let bot_id = desk.me.id;
    let written = desk.record(move |store| store.write(move |tx| people::prefer(tx, bot_id, RATES, Some(&json))));
    if let Err(error) = written.await {
        tracing::warn!(%error, "the rates of sending were not written down");
    }
}
