//! The service put together: a checked configuration in, every part built once, started and stopped in order.
//!
//! ```text
//! store -> queue -> workers -> sources -> http -> bot          started in this order
//! ```
//!
//! Told to stop, nothing new is begun: updates wait in the inbox, renders go back into the line, and a circle in the middle of
//! being sent is sent to its end. What is cut off all the same is gone on with after the next start.

mod makers;

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::audio;
use crate::bot::desk::CLOUD_FILE_BYTES;
use crate::bot::{Bot, BotError, House, Intake, JobContext, Parts};
use crate::config::{Config, SourceName};
use crate::http;
use crate::model::Source;
use crate::pipeline::look_version;
use crate::queue::delivery::Timing;
use crate::queue::{Queue, QueueError, QueueLimits, QueueSettings, off_runtime};
use crate::scene::theme;
use crate::source::settings::{Itunes, Library, Open, Yandex};
use crate::source::{self, SourceError, Sources};
use crate::store::catalogue::Catalogue;
use crate::store::disk::DiskLimits;
use crate::store::{Clock, Store, StoreError};
use crate::telemetry::{figures, manager};
use crate::torture;
use crate::worker::{self, Pool};

/// A render that is nearly done may end, when we are told to stop.
const RENDER_GRACE: Duration = Duration::from_secs(5);
/// A circle on its way and a conversation in the middle of a word; together with the rest below the 75 seconds that service
/// managers are told to wait.
const SEND_GRACE: Duration = Duration::from_secs(60);
/// Whoever is in the middle of an HTTP request may finish it.
const LAST_GRACE: Duration = Duration::from_secs(5);
/// How long the torture test waits before a circle that may have arrived is looked for.
const HURRIED: Timing = Timing {
    quiet_ms: 300,
    again_ms: [300, 600],
    first_pause_ms: 100,
    longest_pause_ms: 1_000,
    ..Timing::DEFAULT
};
/// The library's index, beside the record.
const INDEX: &str = "library.db";

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Bot(#[from] BotError),
    #[error("the index of the music library cannot be opened in the data folder; check the rights of that folder")]
    Index,
    #[error("the music folder {} cannot be read ({}); make it, or correct sources.library.path", path.display(), source.kind())]
    Music {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("a part of the program failed (figures); please report this")]
    Figures,
    #[error("the workers cannot be started: {0}")]
    Workers(std::io::Error),
    #[error("{address} cannot be listened on ({}); stop what uses it, or change http.listen", source.kind())]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
}

/// Runs the service until `stop` comes, and then to its end.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), AppError> {
    figures::install().map_err(|_| AppError::Figures)?;
    let stopping = CancellationToken::new();
    // First: who cannot listen has done nothing yet.
    let listeners = listen(&config).await?;
    let (store, queue) = record(&config).await?;
    let settings = worker::Settings::of(&config).map_err(AppError::Workers)?;
    let pool = Pool::start(settings);
    let sources = Arc::new(sources(&config)?);
    let tasks = TaskTracker::new();
    makers::start(&tasks, &queue, &pool, config.render.workers, &stopping);
    let web = web_parts(&config, &store, &queue, &pool, &sources, &stopping);
    let parts = parts(&config, store, queue, pool.clone(), sources);
    let webhook = http::Later::default();
    serve(
        listeners,
        http::router(web, Arc::clone(&webhook)),
        &config,
        &stopping,
        &tasks,
    );
    manager::ready();
    let watchdog = tokio::spawn(stay_alive());
    let bot = match parts {
        Some(parts) => {
            tokio::pin!(stop);
            tokio::select! {
                started = Bot::start(parts, stopping.clone()) => {
                    let bot = started?;
                    if let Some(bot) = &bot {
                        if let Some(route) = bot.webhook() {
                            // Set once: there is one bot.
                            let _ = webhook.set(http::before_files(route));
                        }
                        tokio::select! {
                            () = stop => {}
                            () = bot.ended() => {}
                        }
                    }
                    bot
                }
                () = &mut stop => None,
            }
        }
        None => {
            tracing::info!("no telegram.token: everything but the bot runs");
            stop.await;
            None
        }
    };
    let has_ended = bot.as_ref().is_some_and(Bot::has_ended);
    tracing::info!("stopping");
    manager::stopping();
    stopping.cancel();
    let renders = pool.stop(RENDER_GRACE);
    let sends = async {
        match bot {
            Some(bot) => bot.stop(SEND_GRACE).await,
            None => true,
        }
    };
    let ((), sent) = tokio::join!(renders, sends);
    tasks.close();
    let ended = timeout(LAST_GRACE, tasks.wait()).await.is_ok();
    watchdog.abort();
    tracing::info!(all_sent = sent, all_ended = ended, "stopped");
    match has_ended {
        true => Err(BotError::Ended.into()),
        false => Ok(()),
    }
}

/// Says again and again that the runtime still runs things: one that hangs is ended and started again.
async fn stay_alive() {
    let Some(every) = manager::alive_every() else {
        return;
    };
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        manager::alive();
    }
}

async fn record(config: &Config) -> Result<(Store, Queue), AppError> {
    let (folder, limits, disk) = (config.data.dir.clone(), config.limits.clone(), config.data.clone());
    let workers = u32::try_from(config.render.workers).unwrap_or(u32::MAX);
    let opened = off_runtime(move || {
        let store = Store::open(&folder)?;
        let settings = QueueSettings {
            limits: QueueLimits {
                per_user_rendering: limits.per_user_rendering,
                per_user_waiting: limits.per_user_waiting,
                queue_seconds: u32::try_from(limits.queue.as_secs()).unwrap_or(u32::MAX),
                workers,
            },
            disk: DiskLimits {
                budget_bytes: disk.budget_bytes,
                min_free_bytes: disk.min_free_bytes,
            },
            timing: torture::hurried(Timing::DEFAULT, HURRIED),
            ..QueueSettings::default()
        };
        let queue = Queue::start(store.clone(), settings)?;
        Ok::<_, QueueError>((store, queue))
    });
    Ok(opened.await?)
}

fn web_parts(
    config: &Config,
    store: &Store,
    queue: &Queue,
    pool: &Pool,
    sources: &Arc<Sources>,
    stopping: &CancellationToken,
) -> http::Parts {
    http::Parts {
        settings: config.http.clone(),
        house: http::House {
            theme: config.render.theme.clone(),
            format: config.render.format,
            max_circle_bytes: config.render.max_bytes,
            upload_bytes: config.limits.upload_bytes,
            look_version: look_version_of,
            chat_context: context_of_studio,
        },
        operating: http::Operating {
            admin: config.admin.clone(),
            owners: config.telegram.owners.clone(),
            telegram: config
                .telegram
                .token
                .as_ref()
                .map(|_| config.telegram.api_url.to_string()),
            adapter: config.render.adapter.to_string(),
            encoder: config.render.encoder.to_string(),
        },
        store: store.clone(),
        queue: queue.clone(),
        pool: pool.clone(),
        sources: Some(Arc::clone(sources)),
        mini_app: config
            .telegram
            .token
            .as_ref()
            .and_then(|token| http::MiniApp::new(token, config.telegram.public_key)),
        clock: Clock::System,
        stopping: stopping.clone(),
    }
}

/// A circle of the studio is to the bot as one of its own.
fn context_of_studio(circle: &http::ForChat<'_>) -> String {
    let context = JobContext::of_studio(circle.spec, circle.song, circle.user_id, circle.language);
    serde_json::to_string(&context).unwrap_or_default()
}

/// What would draw a theme today.
fn look_version_of(name: &str) -> String {
    theme::find(name).map(look_version).unwrap_or_default()
}

fn parts(config: &Config, store: Store, queue: Queue, pool: Pool, sources: Arc<Sources>) -> Option<Parts> {
    let telegram = &config.telegram;
    let house = House {
        themes: theme::names().into_iter().map(str::to_owned).collect(),
        lyric_themes: theme::built_in()
            .iter()
            .filter(|theme| theme.manifest.lyrics.is_some())
            .map(|theme| theme.name.clone())
            .collect(),
        theme: config.render.theme.clone(),
        format: config.render.format,
        max_circle_bytes: config.render.max_bytes,
        upload_bytes: match telegram.local_files {
            true => config.limits.upload_bytes,
            false => config.limits.upload_bytes.min(CLOUD_FILE_BYTES),
        },
        local_files: telegram.local_files,
        owners: telegram.owners.clone(),
        studio_url: telegram.studio_url.clone(),
        look_version: look_version_of,
    };
    Some(Parts {
        token: telegram.token.clone()?,
        api_url: telegram.api_url.to_string(),
        intake: match &telegram.intake {
            crate::config::Intake::Polling => Intake::Polling,
            crate::config::Intake::Webhook { url, secret } => Intake::Webhook {
                url: url.to_string(),
                secret: secret.clone(),
            },
        },
        house,
        store,
        queue,
        pool,
        sources: Some(sources),
        clock: Clock::System,
    })
}

fn sources(config: &Config) -> Result<Sources, AppError> {
    let given = &config.sources;
    let open = |service: &Option<crate::config::Service>, own: &str| {
        service.as_ref().map(|service| Open {
            base_url: elsewhere(&service.base_url, own),
        })
    };
    let settings = source::Settings {
        order: given.order.iter().map(|name| of_name(*name)).collect(),
        library: given.library.as_ref().map(|library| Library {
            folder: library.path.clone(),
            rescan: Library::RESCAN,
        }),
        yandex: given.yandex.as_ref().map(|yandex| Yandex {
            token: yandex.token.expose_secret().to_owned().into(),
            base_url: elsewhere(&yandex.base_url, "api.music.yandex.net"),
            max_kbits: Yandex::MAX_KBITS,
        }),
        deezer: open(&given.deezer, "api.deezer.com"),
        itunes: given.itunes.as_ref().map(|itunes| Itunes {
            base_url: elsewhere(&itunes.base_url, "itunes.apple.com"),
            ..Itunes::default()
        }),
        odesli: open(&given.odesli, "api.song.link"),
        musicbrainz: given.musicbrainz.as_ref().map(|both| Open {
            base_url: elsewhere(&both.base_url, "musicbrainz.org"),
        }),
        cover_archive: given.musicbrainz.as_ref().map(|both| Open {
            base_url: elsewhere(&both.covers_url, "coverartarchive.org"),
        }),
        lrclib: open(&given.lrclib, "lrclib.net"),
        contact: given.contact.clone(),
    };
    let index = match &settings.library {
        Some(library) => {
            std::fs::read_dir(&library.folder).map_err(|source| AppError::Music {
                path: library.folder.clone(),
                source,
            })?;
            let catalogue = Catalogue::open(&config.data.dir.join(INDEX)).map_err(|_| AppError::Index)?;
            // The operator's own files: not a stranger's.
            let read: source::ReadFacts = Arc::new(|path, cancel| audio::probe(path, cancel).ok());
            Some((catalogue, read))
        }
        None => None,
    };
    Ok(Sources::start(&settings, index)?)
}

/// An address other than the service's own. Its own is no exception to where we go.
fn elsewhere(url: &Url, own_host: &str) -> Option<String> {
    let own = url.scheme() == "https" && url.host_str() == Some(own_host) && url.port().is_none();
    (!own).then(|| url.to_string())
}

fn of_name(name: SourceName) -> Source {
    match name {
        SourceName::Library => Source::Library,
        SourceName::Yandex => Source::Yandex,
        SourceName::Deezer => Source::Deezer,
        SourceName::Itunes => Source::Itunes,
    }
}

async fn listen(config: &Config) -> Result<Vec<TcpListener>, AppError> {
    let mut listeners = Vec::new();
    for &address in &config.http.listen {
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|source| AppError::Listen { address, source })?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn serve(
    listeners: Vec<TcpListener>,
    router: axum::Router,
    config: &Config,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) {
    let doors = Arc::new(http::Doors::new(&config.http));
    for listener in listeners {
        // Port 0 has become one by now.
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "open http://{address} in a browser");
        }
        tasks.spawn(http::serve(
            listener,
            router.clone(),
            Arc::clone(&doors),
            stopping.clone(),
        ));
    }
}
