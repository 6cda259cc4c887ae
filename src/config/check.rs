//! Raw settings in, checked ones out: addresses parsed, numbers within their bounds, what belongs together complete.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::raw::{self, List, Raw};
use super::{
    Admin, Config, ConfigError, Data, Http, Intake, Library, Limits, Log, LogFormat, MusicBrainz, Render, Service,
    SourceName, Sources, Telegram, Yandex,
};
use crate::model::limits::{MAX_CIRCLE_BYTES, MIN_CIRCLE_BYTES};
use crate::model::{Fps, Size, VideoFormat};
use crate::scene::theme;

/// Addresses listened on: the three ports of the original services and a few more.
const MAX_LISTEN: usize = 16;
const MAX_OWNERS: usize = 100;
/// Of a header that services write into their logs.
const MAX_CONTACT_CHARS: usize = 200;
/// Proxies, friends, sites: lists that a person writes.
const MAX_NAMED: usize = 100;
/// A page of the studio is a dozen requests.
const REQUESTS_PER_MINUTE: RangeInclusive<u64> = 30..=1_000_000;
const CONNECTIONS: RangeInclusive<u64> = 16..=100_000;
/// Telegram's bounds of a webhook's secret: 1 to 256; fewer than 16 letters could be guessed.
const WEBHOOK_SECRET_CHARS: RangeInclusive<usize> = 16..=256;
/// A gigabyte holds a hundred circles and their songs; a petabyte is a typing mistake.
const BUDGET_BYTES: RangeInclusive<u64> = 100_000_000..=1_000_000_000_000_000;
/// 2000 MB is what a local Bot API server hands out.
const UPLOAD_BYTES: RangeInclusive<u64> = 100_000..=2_000 << 20;
/// lavapipe and one circle take about 300 MB.
const WORKER_MEMORY_BYTES: RangeInclusive<u64> = 512 << 20..=256 << 30;
/// More workers than this on one machine only wait for each other.
const WORKERS: RangeInclusive<u64> = 1..=64;
const JOB_SECONDS: RangeInclusive<u64> = 5..=3600;
const QUEUE_SECONDS: RangeInclusive<u64> = 1..=86_400;
/// Log files kept, one a day.
const LOG_DAYS: RangeInclusive<u64> = 1..=3650;
/// As many as there can be workers.
const PER_USER_RENDERING: RangeInclusive<u64> = 1..=64;
const PER_USER_WAITING: RangeInclusive<u64> = 1..=100;

pub fn config(raw: Raw) -> Result<Config, ConfigError> {
    let checked = each(raw)?;
    // A file needs room for itself, and for the song that comes of it.
    if checked.limits.upload_bytes > checked.data.budget_bytes / 2 {
        let expected = "at most half of data.budget_bytes; lower it, or raise that one";
        return Err(ConfigError::bad("limits.upload_bytes", expected));
    }
    Ok(checked)
}

/// Each by itself.
fn each(raw: Raw) -> Result<Config, ConfigError> {
    Ok(Config {
        http: http(&raw.http)?,
        admin: Admin {
            token_hash: hash("admin.token_hash", raw.admin.token_hash)?,
            viewer_token_hash: hash("admin.viewer_token_hash", raw.admin.viewer_token_hash)?,
        },
        log: log(&raw.log)?,
        data: Data {
            dir: folder("data.dir", &raw.data.dir)?,
            budget_bytes: number("data.budget_bytes", raw.data.budget_bytes, BUDGET_BYTES)?,
            min_free_bytes: number("data.min_free_bytes", raw.data.min_free_bytes, 0..=*BUDGET_BYTES.end())?,
        },
        telegram: telegram(raw.telegram)?,
        sources: sources(raw.sources)?,
        render: render(raw.render)?,
        limits: limits(&raw.limits)?,
    })
}

fn http(raw: &raw::Http) -> Result<Http, ConfigError> {
    let per_minute = number("http.requests_per_minute", raw.requests_per_minute, REQUESTS_PER_MINUTE)?;
    let connections = number("http.connections", raw.connections, CONNECTIONS)?;
    Ok(Http {
        listen: listen(&raw.listen)?,
        anonymous: raw.anonymous,
        requests_per_minute: per_minute as u32,
        connections: connections as usize,
        cors_origins: origins(&raw.cors_origins)?,
        trusted_proxies: addresses("http.trusted_proxies", &raw.trusted_proxies)?,
        unlimited: addresses("http.unlimited", &raw.unlimited)?,
    })
}

/// As `musiccircles admin-token` prints it; whether it is well made is tried by the one crate that can.
fn hash(key: &str, raw: Option<SecretString>) -> Result<Option<SecretString>, ConfigError> {
    let hash = given(raw);
    let fits =
        |hash: &SecretString| hash.expose_secret().starts_with("$argon2id$") && hash.expose_secret().len() <= 200;
    match hash {
        Some(hash) if !fits(&hash) => Err(ConfigError::bad(
            key,
            "a line that `musiccircles admin-token` prints, beginning with $argon2id$",
        )),
        hash => Ok(hash),
    }
}

fn log(raw: &raw::Log) -> Result<Log, ConfigError> {
    let folder = raw.dir.as_deref().filter(|dir| !dir.is_empty());
    Ok(Log {
        format: match raw.format.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => return Err(ConfigError::bad("log.format", "\"text\" or \"json\"")),
        },
        dir: folder.map(|dir| self::folder("log.dir", dir)).transpose()?,
        days: number("log.days", raw.days, LOG_DAYS)? as usize,
    })
}

fn addresses(key: &str, raw: &List) -> Result<Vec<IpAddr>, ConfigError> {
    let addresses: Option<Vec<IpAddr>> = raw.0.iter().map(|text| text.parse().ok()).collect();
    addresses
        .filter(|addresses| addresses.len() <= MAX_NAMED)
        .ok_or_else(|| {
            ConfigError::bad(
                key,
                "IP addresses without ports, like \"127.0.0.1\" or \"::1\", at most 100",
            )
        })
}

/// As browsers write them: scheme, host and perhaps a port, nothing behind.
fn origins(raw: &List) -> Result<Vec<String>, ConfigError> {
    let fits = |text: &String| {
        let parsed = Url::parse(text).ok();
        text == "*" || parsed.is_some_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == *text)
    };
    let expected = "origins of pages, like \"https://example.org\", or \"*\" for all of them, at most 100";
    (raw.0.len() <= MAX_NAMED && raw.0.iter().all(fits))
        .then(|| raw.0.clone())
        .ok_or_else(|| ConfigError::bad("http.cors_origins", expected))
}

fn listen(raw: &List) -> Result<Vec<SocketAddr>, ConfigError> {
    let addresses: Option<Vec<SocketAddr>> = raw.0.iter().map(|text| text.parse().ok()).collect();
    addresses
        .filter(|addresses| (1..=MAX_LISTEN).contains(&addresses.len()))
        .ok_or_else(|| {
            let expected = format!("1 to {MAX_LISTEN} addresses with ports, like \"127.0.0.1:8080\" or \"[::]:8080\"");
            ConfigError::bad("http.listen", expected)
        })
}

fn telegram(raw: raw::Telegram) -> Result<Telegram, ConfigError> {
    let owners: Option<Vec<i64>> = raw.owners.0.iter().map(|id| id.parse().ok()).collect();
    let owners = owners.filter(|ids| ids.len() <= MAX_OWNERS && ids.iter().all(|&id| id > 0));
    let expected = "numbers of Telegram users (positive; @userinfobot tells yours), at most 100";
    Ok(Telegram {
        intake: match raw.mode.as_str() {
            "polling" => Intake::Polling,
            "webhook" => webhook(raw.webhook_url.as_deref(), raw.webhook_secret)?,
            _ => return Err(ConfigError::bad("telegram.mode", "\"polling\" or \"webhook\"")),
        },
        token: given(raw.token).map(token).transpose()?,
        api_url: url("telegram.api_url", &raw.api_url)?,
        local_files: raw.local_files,
        owners: owners.ok_or_else(|| ConfigError::bad("telegram.owners", expected))?,
        studio_url: studio(raw.studio_url.as_deref())?,
        public_key: public_key(&raw.public_key)?,
    })
}

/// Telegram opens pages over TLS alone.
fn studio(address: Option<&str>) -> Result<Option<Url>, ConfigError> {
    let Some(address) = address.filter(|address| !address.is_empty()) else {
        return Ok(None);
    };
    let address = url("telegram.studio_url", address)?;
    let expected = "an address that begins with https://, which is the only kind that Telegram opens";
    let safe = address.scheme() == "https";
    safe.then_some(Some(address))
        .ok_or_else(|| ConfigError::bad("telegram.studio_url", expected))
}

fn public_key(text: &str) -> Result<[u8; 32], ConfigError> {
    let mut key = [0; 32];
    let digits = text.len() == 2 * key.len() && text.bytes().all(|c| c.is_ascii_hexdigit());
    for (nth, byte) in key.iter_mut().enumerate().filter(|_| digits) {
        *byte = u8::from_str_radix(&text[2 * nth..2 * nth + 2], 16).unwrap_or_default();
    }
    let expected = "64 hexadecimal digits: the key by which Telegram signs, as its documentation has it";
    digits
        .then_some(key)
        .ok_or_else(|| ConfigError::bad("telegram.public_key", expected))
}

fn token(secret: SecretString) -> Result<SecretString, ConfigError> {
    let text = secret.expose_secret();
    let fits = text.split_once(':').is_some_and(|(id, secret)| {
        let letters = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
        !id.is_empty() && id.bytes().all(|c| c.is_ascii_digit()) && !secret.is_empty() && secret.bytes().all(letters)
    });
    let expected = "a token as @BotFather gives it: a number, a colon, letters";
    fits.then_some(secret)
        .ok_or_else(|| ConfigError::bad("telegram.token", expected))
}

fn webhook(address: Option<&str>, secret: Option<SecretString>) -> Result<Intake, ConfigError> {
    let secret = given(secret).filter(|secret| {
        let text = secret.expose_secret();
        let letters = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
        WEBHOOK_SECRET_CHARS.contains(&text.len()) && text.bytes().all(letters)
    });
    let expected = "16 to 256 letters, digits, _ or - (it is needed when telegram.mode is \"webhook\")";
    Ok(Intake::Webhook {
        url: url("telegram.webhook_url", address.unwrap_or_default())?,
        secret: secret.ok_or_else(|| ConfigError::bad("telegram.webhook_secret", expected))?,
    })
}

fn sources(raw: raw::Sources) -> Result<Sources, ConfigError> {
    let service = |key: &str, raw: Option<raw::Service>, default: &str| {
        let address = raw.map(|raw| raw.base_url.unwrap_or_else(|| default.to_owned()));
        let address = address.map(|text| url(key, &text)).transpose();
        Ok::<_, ConfigError>(address?.map(|base_url| Service { base_url }))
    };
    let path = raw.library.path.filter(|path| !path.is_empty());
    let yandex_url = raw.yandex.base_url.as_deref().unwrap_or("https://api.music.yandex.net");
    let yandex_url = url("sources.yandex.base_url", yandex_url)?;
    let musicbrainz = raw.musicbrainz.map(|raw| {
        let base_url = raw.base_url.as_deref().unwrap_or("https://musicbrainz.org");
        let covers_url = raw.covers_url.as_deref().unwrap_or("https://coverartarchive.org");
        Ok::<_, ConfigError>(MusicBrainz {
            base_url: url("sources.musicbrainz.base_url", base_url)?,
            covers_url: url("sources.musicbrainz.covers_url", covers_url)?,
        })
    });
    Ok(Sources {
        order: order(&raw.order)?,
        contact: contact(raw.contact)?,
        library: path.map(|path| Library { path: path.into() }),
        yandex: given(raw.yandex.token).map(|token| Yandex {
            token,
            base_url: yandex_url,
        }),
        deezer: service("sources.deezer.base_url", raw.deezer, "https://api.deezer.com")?,
        itunes: service("sources.itunes.base_url", raw.itunes, "https://itunes.apple.com")?,
        odesli: service("sources.odesli.base_url", raw.odesli, "https://api.song.link")?,
        musicbrainz: musicbrainz.transpose()?,
        lrclib: service("sources.lrclib.base_url", raw.lrclib, "https://lrclib.net")?,
    })
}

/// It becomes part of a header of every question to a service.
fn contact(text: Option<String>) -> Result<Option<String>, ConfigError> {
    let text = text.filter(|text| !text.is_empty());
    let fits = |text: &String| text.len() <= MAX_CONTACT_CHARS && text.bytes().all(|c| matches!(c, b' '..=b'~'));
    if !text.as_ref().is_none_or(fits) {
        let expected = "an e-mail address or a page, like \"me@example.org\"";
        return Err(ConfigError::bad("sources.contact", expected));
    }
    Ok(text)
}

fn order(raw: &List) -> Result<Vec<SourceName>, ConfigError> {
    let named = |name: &String| match name.as_str() {
        "library" => Some(SourceName::Library),
        "yandex" => Some(SourceName::Yandex),
        "deezer" => Some(SourceName::Deezer),
        "itunes" => Some(SourceName::Itunes),
        _ => None,
    };
    let order: Option<Vec<_>> = raw.0.iter().map(named).collect();
    let once = |order: &Vec<SourceName>| (1..order.len()).all(|n| !order[..n].contains(&order[n]));
    let expected = "names from library, yandex, deezer and itunes, each at most once";
    order
        .filter(once)
        .ok_or_else(|| ConfigError::bad("sources.order", expected))
}

fn render(raw: raw::Render) -> Result<Render, ConfigError> {
    let size = u32::try_from(raw.size).ok().and_then(Size::new);
    let fps = u32::try_from(raw.fps).ok().and_then(Fps::new);
    let even = || {
        ConfigError::bad(
            "render.size",
            format!("an even number from {} to {}", Size::MIN, Size::MAX),
        )
    };
    let themes = theme::built_in().iter().map(|theme| theme.name.as_str());
    let themes = || {
        ConfigError::bad(
            "render.theme",
            format!("one of {}", themes.collect::<Vec<_>>().join(", ")),
        )
    };
    let adapters = |_| ConfigError::bad("render.adapter", "auto, gpu or cpu");
    let encoders = |_| ConfigError::bad("render.encoder", "auto, nvenc, vaapi or x264");
    theme::find(&raw.theme).map_err(|_| themes())?;
    Ok(Render {
        adapter: raw.adapter.parse().map_err(adapters)?,
        encoder: raw.encoder.parse().map_err(encoders)?,
        format: VideoFormat {
            size: size.ok_or_else(even)?,
            fps: fps.ok_or_else(|| ConfigError::bad("render.fps", "25, 30 or 60"))?,
        },
        theme: raw.theme,
        max_bytes: number("render.max_bytes", raw.max_bytes, MIN_CIRCLE_BYTES..=MAX_CIRCLE_BYTES)?,
        workers: number("render.workers", raw.workers, WORKERS)? as usize,
    })
}

fn limits(raw: &raw::Limits) -> Result<Limits, ConfigError> {
    let secs = |key, value, bounds| number(key, value, bounds).map(Duration::from_secs);
    Ok(Limits {
        per_user_rendering: number("limits.per_user_rendering", raw.per_user_rendering, PER_USER_RENDERING)? as u32,
        per_user_waiting: number("limits.per_user_waiting", raw.per_user_waiting, PER_USER_WAITING)? as u32,
        queue: secs("limits.queue_seconds", raw.queue_seconds, QUEUE_SECONDS)?,
        upload_bytes: number("limits.upload_bytes", raw.upload_bytes, UPLOAD_BYTES)?,
        job: secs("limits.job_seconds", raw.job_seconds, JOB_SECONDS)?,
        worker_memory_bytes: number(
            "limits.worker_memory_bytes",
            raw.worker_memory_bytes,
            WORKER_MEMORY_BYTES,
        )?,
    })
}

fn number(key: &str, value: u64, bounds: RangeInclusive<u64>) -> Result<u64, ConfigError> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
    Err(ConfigError::bad(key, expected))
}

fn folder(key: &str, text: &str) -> Result<PathBuf, ConfigError> {
    if text.is_empty() || text.contains('\0') {
        return Err(ConfigError::bad(key, "the path of a folder"));
    }
    // Workers have a working folder of their own: what they are handed must be found from there as well.
    std::path::absolute(text).map_err(|_| ConfigError::bad(key, "the path of a folder"))
}

/// An address to which paths are appended. Without a password: addresses are shown in errors and logs.
fn url(key: &str, text: &str) -> Result<Url, ConfigError> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let expected = "an address like \"https://example.org\", without a password, a query or a #";
    Url::parse(text)
        .ok()
        .filter(plain)
        .ok_or_else(|| ConfigError::bad(key, expected))
}

/// A secret that is empty is none: templates set variables to nothing.
fn given(secret: Option<SecretString>) -> Option<SecretString> {
    secret.filter(|secret| !secret.expose_secret().trim().is_empty())
}
