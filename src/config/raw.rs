//! The settings as written: a file and the environment merged, every key known, every value of the right kind. Whether a
//! value can be used is `check`'s to say. The defaults of all keys are here.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;

use config::{Environment, File, FileFormat};
use secrecy::SecretString;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{ConfigError, DEFAULT_FILE, PREFIX, TOKEN_VARIABLE};
use crate::model::limits::MAX_CIRCLE_BYTES;
use crate::scene::theme::DEFAULT_THEME;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raw {
    pub http: Http,
    pub data: Data,
    pub telegram: Telegram,
    pub sources: Sources,
    pub render: Render,
    pub limits: Limits,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    pub listen: List,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    pub dir: String,
    pub budget_bytes: u64,
    pub min_free_bytes: u64,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telegram {
    pub token: Option<SecretString>,
    pub api_url: String,
    pub local_files: bool,
    pub owners: List,
    pub mode: String,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sources {
    pub order: List,
    pub library: Library,
    pub yandex: Yandex,
    pub deezer: Option<Service>,
    pub itunes: Option<Service>,
    pub odesli: Option<Service>,
    pub musicbrainz: Option<MusicBrainz>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Library {
    pub path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Yandex {
    pub token: Option<SecretString>,
    pub base_url: Option<String>,
}

/// A service that needs nothing but to be named.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    pub base_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MusicBrainz {
    pub base_url: Option<String>,
    pub covers_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Render {
    pub adapter: String,
    pub encoder: String,
    pub size: u64,
    pub fps: u64,
    pub theme: String,
    pub max_bytes: u64,
    pub workers: u64,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub per_user_waiting: u64,
    pub queue_seconds: u64,
    pub upload_bytes: u64,
    pub job_seconds: u64,
    pub worker_memory_bytes: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: List::of(&["127.0.0.1:8080"]),
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self {
            dir: "./data".to_owned(),
            budget_bytes: 2_000_000_000,
            min_free_bytes: 2 << 30,
        }
    }
}

impl Default for Telegram {
    fn default() -> Self {
        Self {
            token: None,
            api_url: "https://api.telegram.org".to_owned(),
            local_files: false,
            owners: List(Vec::new()),
            mode: "polling".to_owned(),
            webhook_url: None,
            webhook_secret: None,
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            order: List::of(&["library", "yandex", "deezer", "itunes"]),
            library: Library::default(),
            yandex: Yandex::default(),
            deezer: None,
            itunes: None,
            odesli: None,
            musicbrainz: None,
        }
    }
}

impl Default for Render {
    fn default() -> Self {
        Self {
            adapter: "auto".to_owned(),
            encoder: "auto".to_owned(),
            size: 640,
            fps: 30,
            theme: DEFAULT_THEME.to_owned(),
            max_bytes: MAX_CIRCLE_BYTES,
            workers: 1,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_user_waiting: 3,
            queue_seconds: 60,
            // What Telegram's own servers hand to a bot.
            upload_bytes: 20 << 20,
            job_seconds: 120,
            worker_memory_bytes: 2 << 30,
        }
    }
}

/// A list of texts or whole numbers; in a variable they are separated by commas.
#[derive(Debug, PartialEq, Eq)]
pub struct List(pub Vec<String>);

impl List {
    fn of(texts: &[&str]) -> Self {
        Self(texts.iter().map(|&text| text.to_owned()).collect())
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = List;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<List, E> {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(List(items.map(str::to_owned).collect()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<List, E> {
                Ok(List(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<List, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = input.next_element::<String>()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }
        input.deserialize_any(Items)
    }
}

/// Merges the file and the environment.
pub fn read(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Raw, ConfigError> {
    let text = match file {
        Some(path) => text_of(path)?,
        None => match text_of(Path::new(DEFAULT_FILE)) {
            Err(ConfigError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        },
    };
    let variables = Environment::with_prefix(PREFIX.trim_end_matches('_'))
        .separator("__")
        .source(Some(variables(environment)?));
    let merged = config::Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .add_source(variables)
        .build();
    let raw = merged.and_then(config::Config::try_deserialize);
    raw.map_err(explain)
}

/// The file's text, and it is TOML: the parser's own sentence would show the line, and with it a token.
fn text_of(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let parsed: Result<toml::Table, _> = text.parse();
    let Err(error) = parsed else {
        return Ok(text);
    };
    let before = error.span().and_then(|place| text.get(..place.start)).unwrap_or("");
    Err(ConfigError::Syntax {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        reason: error.message().to_owned(),
    })
}

/// Our variables alone. The token's short name counts where the long one is not set.
fn variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigError> {
    let mut ours = HashMap::new();
    let mut token = None;
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        let is_token = name == TOKEN_VARIABLE;
        if !is_token && !name.starts_with(PREFIX) {
            continue;
        }
        let value = value
            .into_string()
            .map_err(|_| ConfigError::NotText { name: name.to_owned() })?;
        if is_token {
            token = Some(value);
        } else {
            ours.insert(name.to_owned(), value);
        }
    }
    if let Some(token) = token {
        ours.entry(format!("{PREFIX}TELEGRAM__TOKEN")).or_insert(token);
    }
    Ok(ours)
}

/// The same without the value that was given.
fn explain(error: config::ConfigError) -> ConfigError {
    match error {
        config::ConfigError::Type {
            expected,
            key: Some(key),
            ..
        } => ConfigError::bad(&key, expected),
        config::ConfigError::At {
            error, key: Some(key), ..
        } => unknown(&error.to_string(), &key)
            .unwrap_or_else(|| ConfigError::bad(&key, "a section with settings of its own")),
        config::ConfigError::Message(text) => unknown(&text, "").unwrap_or(ConfigError::Other),
        _ => ConfigError::Other,
    }
}

/// Reads serde's sentence, "unknown field `tokn`, expected one of `token`, `mode`", said of the table `at`.
fn unknown(sentence: &str, at: &str) -> Option<ConfigError> {
    let rest = sentence.strip_prefix("unknown field `")?;
    let (name, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    let table = at.strip_suffix(name).unwrap_or(at).trim_end_matches('.');
    let dot = if table.is_empty() { "" } else { "." };
    Some(ConfigError::Unknown {
        key: format!("{table}{dot}{name}"),
        known: known.collect(),
    })
}
