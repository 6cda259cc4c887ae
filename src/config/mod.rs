//! Settings: `musiccircles.toml` and the environment in, checked values out.
//!
//! ```text
//! file, MUSICCIRCLES__SECTION__KEY -> merge -> raw (as written) -> check (as used) -> Config
//! ```
//!
//! Every key has a default, so that the service starts with no file and no token. Unknown keys and bad values are errors
//! that name the key and say what is expected, and never what was given: it may be a secret. The annotated example,
//! `assets/musiccircles.example.toml`, is the reference; a test holds it against the defaults.

mod check;
mod error;
mod merge;
mod raw;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use error::ConfigError;

use crate::encode::EncoderChoice;
use crate::model::VideoFormat;
use crate::render::AdapterChoice;
use crate::telemetry::logs::Format as LogFormat;

/// Read when no other file is named, if it is there.
pub const DEFAULT_FILE: &str = "musiccircles.toml";
/// Begins the name of every variable that is a setting, and of no other.
pub const PREFIX: &str = "MUSICCIRCLES__";
/// The bot's token as every hosting service calls it: `telegram.token`.
pub const TOKEN_VARIABLE: &str = "TELEGRAM_BOT_TOKEN";
/// By which Telegram signs who opened a Mini App (Ed25519). Source: core.telegram.org/bots/webapps, production.
pub const TELEGRAM_KEY: [u8; 32] = [
    0xe7, 0xbf, 0x03, 0xa2, 0xfa, 0x46, 0x02, 0xaf, 0x45, 0x80, 0x70, 0x3d, 0x88, 0xdd, 0xa5, 0xbb, 0x59, 0xf3, 0x2e,
    0xd8, 0xb0, 0x2a, 0x56, 0xc1, 0x87, 0xfe, 0x7d, 0x34, 0xca, 0xed, 0x24, 0x2d,
];

#[derive(Clone, Debug)]
pub struct Config {
    pub http: Http,
    pub admin: Admin,
    pub log: Log,
    pub data: Data,
    pub telegram: Telegram,
    pub sources: Sources,
    pub render: Render,
    pub limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// At least one.
    pub listen: Vec<SocketAddr>,
    /// Whether who has no key may use the API and the studio.
    pub anonymous: bool,
    /// Of one address without a key.
    pub requests_per_minute: u32,
    /// Open at the same time.
    pub connections: usize,
    /// Pages of other sites that may use the API from a browser; `*` is all of them.
    pub cors_origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// To whom the limits of an address do not apply.
    pub unlimited: Vec<IpAddr>,
}

/// Who may sign in to the operator's page beside the owners, by a token of which only the hash is known here.
#[derive(Clone, Debug, Default)]
pub struct Admin {
    pub token_hash: Option<SecretString>,
    /// Of those who look and change nothing.
    pub viewer_token_hash: Option<SecretString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    /// `None`: standard error.
    pub dir: Option<PathBuf>,
    /// Files kept, one a day.
    pub days: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Database, songs, circles, temporary files.
    pub dir: PathBuf,
    /// What all files below `dir` but the database may take.
    pub budget_bytes: u64,
    /// With less than this free on the disk no job is taken.
    pub min_free_bytes: u64,
}

#[derive(Clone, Debug)]
pub struct Telegram {
    /// Without it the bot waits for one.
    pub token: Option<SecretString>,
    pub api_url: Url,
    /// The Bot API server runs on this machine with `--local`: its files are read from disk.
    pub local_files: bool,
    /// People who may ask for `/stats`.
    pub owners: Vec<i64>,
    /// Where Telegram finds the studio; the bot's menu opens it.
    pub studio_url: Option<Url>,
    pub public_key: [u8; 32],
    pub intake: Intake,
}

/// How updates come.
#[derive(Clone, Debug)]
pub enum Intake {
    Polling,
    Webhook { url: Url, secret: SecretString },
}

/// Where songs are looked for. `None`: not configured, so not asked.
#[derive(Clone, Debug)]
pub struct Sources {
    /// No source twice.
    pub order: Vec<SourceName>,
    /// How services can reach the operator.
    pub contact: Option<String>,
    pub library: Option<Library>,
    pub yandex: Option<Yandex>,
    pub deezer: Option<Service>,
    pub itunes: Option<Service>,
    pub odesli: Option<Service>,
    pub musicbrainz: Option<MusicBrainz>,
    pub lrclib: Option<Service>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceName {
    Library,
    Yandex,
    Deezer,
    Itunes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    pub path: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Yandex {
    pub token: SecretString,
    pub base_url: Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub base_url: Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MusicBrainz {
    pub base_url: Url,
    /// The Cover Art Archive.
    pub covers_url: Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Render {
    pub adapter: AdapterChoice,
    pub encoder: EncoderChoice,
    /// What a circle is made in unless its owner chose otherwise.
    pub format: VideoFormat,
    /// A built-in theme.
    pub theme: String,
    pub max_bytes: u64,
    /// Circles made at the same time.
    pub workers: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs of one person rendered at the same time.
    pub per_user_rendering: u32,
    /// Jobs one person may have waiting beside those being rendered.
    pub per_user_waiting: u32,
    /// A job that would wait longer is not taken.
    pub queue: Duration,
    /// The largest file taken from a person.
    pub upload_bytes: u64,
    /// Wall-clock time one circle may take.
    pub job: Duration,
    /// Private memory of one worker process.
    pub worker_memory_bytes: u64,
}

impl Config {
    /// From `file`, else from [`DEFAULT_FILE`] if there is one, and over it what `environment` says.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        check::config(merge::read(file, environment)?)
    }

    /// As [`load`](Self::load), from the environment of this process.
    pub fn load_here(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load(file, std::env::vars_os())
    }
}
