//! The settings as written: every key there is, its kind and its default. Whether a value can be used is `check`'s to say.

use std::fmt;

use secrecy::SecretString;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::TELEGRAM_KEY;
use crate::model::limits::MAX_CIRCLE_BYTES;
use crate::scene::theme::DEFAULT_THEME;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raw {
    pub http: Http,
    pub admin: Admin,
    pub log: Log,
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
    pub anonymous: bool,
    pub requests_per_minute: u64,
    pub connections: u64,
    pub cors_origins: List,
    pub trusted_proxies: List,
    pub unlimited: List,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    pub token_hash: Option<SecretString>,
    pub viewer_token_hash: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: String,
    pub dir: Option<String>,
    pub days: u64,
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
    pub studio_url: Option<String>,
    pub public_key: String,
    pub mode: String,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sources {
    pub order: List,
    pub contact: Option<String>,
    pub library: Library,
    pub yandex: Yandex,
    pub deezer: Option<Service>,
    pub itunes: Option<Service>,
    pub odesli: Option<Service>,
    pub musicbrainz: Option<MusicBrainz>,
    pub lrclib: Option<Service>,
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
    pub per_user_rendering: u64,
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
            anonymous: true,
            requests_per_minute: 600,
            connections: 1000,
            cors_origins: List(Vec::new()),
            trusted_proxies: List(Vec::new()),
            unlimited: List(Vec::new()),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: "text".to_owned(),
            dir: None,
            days: 14,
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
            studio_url: None,
            public_key: TELEGRAM_KEY.iter().map(|byte| format!("{byte:02x}")).collect(),
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
            contact: None,
            library: Library::default(),
            yandex: Yandex::default(),
            deezer: None,
            itunes: None,
            odesli: None,
            musicbrainz: None,
            lrclib: None,
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
            per_user_rendering: 1,
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
