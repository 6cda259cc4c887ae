//! Settings from a file and the environment: every key reachable both ways, every mistake named, no secret told.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use musiccircles::config::{Config, ConfigError, Intake, SourceName};
use musiccircles::telemetry::logs::Format;
use secrecy::ExposeSecret;

const EXAMPLE: &str = include_str!("../assets/musiccircles.example.toml");
const MANUAL: &str = include_str!("../docs/operating.md");
const SECRET: &str = "123456:sEcReT_of-the-bot";

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("musiccircles.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let (_folder, path) = written(text);
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::load(Some(&path), variables)
}

fn refused(text: &str, variables: &[(&str, &str)], words: &[&str]) {
    let error = load(text, variables).unwrap_err();
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains(SECRET) && !shown.contains("sEcReT"), "{shown}");
    }
    let sentence = error.to_string();
    for word in words {
        assert!(sentence.contains(word), "no {word:?} in: {sentence}");
    }
}

#[test]
fn nothing_at_all_is_a_working_configuration() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.http.listen, ["127.0.0.1:8080".parse().unwrap()]);
    // Workers have another working folder.
    assert_eq!(config.data.dir, std::path::absolute("data").unwrap());
    assert!(config.telegram.token.is_none() && matches!(config.telegram.intake, Intake::Polling));
    assert_eq!(
        (config.render.format.size.px(), config.render.format.fps.get()),
        (640, 30)
    );
    assert_eq!(
        (config.limits.per_user_waiting, config.limits.queue),
        (3, Duration::from_secs(60))
    );
    assert!(config.sources.library.is_none() && config.sources.deezer.is_none() && config.sources.yandex.is_none());
}

#[test]
fn the_example_says_what_the_defaults_are() {
    let (default, example) = (load("", &[]).unwrap(), load(EXAMPLE, &[]).unwrap());
    assert_eq!(format!("{default:?}"), format!("{example:?}"));
    // And with every key that is commented out it is still one.
    let all: String = EXAMPLE
        .lines()
        .map(|line| {
            let key = line
                .strip_prefix('#')
                .filter(|rest| rest.starts_with('[') || rest.contains(" = "));
            format!("{}\n", key.filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        })
        .collect();
    let all = all.replace("token = \"\"", &format!("token = \"{SECRET}\""));
    let all = load(&all, &[]).unwrap();
    assert!(all.sources.musicbrainz.is_some() && all.sources.odesli.is_some() && all.sources.library.is_some());
    assert_eq!(all.sources.deezer.unwrap().base_url.as_str(), "https://api.deezer.com/");
}

/// A value other than the default for every key, as a person would write it in a variable, and whether it arrived.
type Arrived = fn(&Config) -> bool;
const EVERY_KEY: &[(&str, &str, Arrived)] = &[
    ("HTTP__LISTEN", "127.0.0.1:9000, [::1]:8001", |c| {
        c.http.listen.len() == 2
    }),
    ("ADMIN__TOKEN_HASH", "$argon2id$v=19$x", |c| {
        c.admin.token_hash.is_some()
    }),
    ("ADMIN__VIEWER_TOKEN_HASH", "$argon2id$v=19$x", |c| {
        c.admin.viewer_token_hash.is_some()
    }),
    ("LOG__FORMAT", "json", |c| c.log.format == Format::Json),
    ("LOG__DIR", "/var/log/x", |c| {
        c.log.dir.as_deref() == Some(Path::new("/var/log/x"))
    }),
    ("LOG__DAYS", "3", |c| c.log.days == 3),
    ("HTTP__ANONYMOUS", "false", |c| !c.http.anonymous),
    ("HTTP__REQUESTS_PER_MINUTE", "60", |c| c.http.requests_per_minute == 60),
    ("HTTP__CONNECTIONS", "100", |c| c.http.connections == 100),
    ("HTTP__CORS_ORIGINS", "https://a.example,http://b.example:81", |c| {
        c.http.cors_origins == ["https://a.example", "http://b.example:81"]
    }),
    ("HTTP__TRUSTED_PROXIES", "10.0.0.1,::1", |c| {
        c.http.trusted_proxies == ["10.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]
    }),
    ("HTTP__UNLIMITED", "10.0.0.2", |c| {
        c.http.unlimited == ["10.0.0.2".parse::<IpAddr>().unwrap()]
    }),
    ("DATA__DIR", "/srv/circles", |c| c.data.dir == Path::new("/srv/circles")),
    ("DATA__BUDGET_BYTES", "500000000", |c| {
        c.data.budget_bytes == 500_000_000
    }),
    ("DATA__MIN_FREE_BYTES", "0", |c| c.data.min_free_bytes == 0),
    ("TELEGRAM__TOKEN", SECRET, |c| {
        c.telegram.token.as_ref().unwrap().expose_secret() == SECRET
    }),
    ("TELEGRAM__API_URL", "http://127.0.0.1:8081/", |c| {
        c.telegram.api_url.port() == Some(8081)
    }),
    ("TELEGRAM__LOCAL_FILES", "true", |c| c.telegram.local_files),
    ("TELEGRAM__OWNERS", "7,8000000000", |c| {
        c.telegram.owners == [7, 8_000_000_000]
    }),
    ("TELEGRAM__STUDIO_URL", "https://circles.example.org", |c| {
        c.telegram.studio_url.is_some()
    }),
    (
        "TELEGRAM__PUBLIC_KEY",
        "0700000000000000000000000000000000000000000000000000000000000000",
        |c| c.telegram.public_key[0] == 7,
    ),
    ("SOURCES__ORDER", "deezer,library", |c| {
        c.sources.order == [SourceName::Deezer, SourceName::Library]
    }),
    ("SOURCES__CONTACT", "me@example.org", |c| {
        c.sources.contact.as_deref() == Some("me@example.org")
    }),
    ("SOURCES__LIBRARY__PATH", "/music", |c| {
        c.sources.library.as_ref().unwrap().path == Path::new("/music")
    }),
    ("SOURCES__YANDEX__TOKEN", "abc", |c| {
        c.sources.yandex.as_ref().unwrap().token.expose_secret() == "abc"
    }),
    ("SOURCES__DEEZER__BASE_URL", "http://[::1]:1/x", |c| {
        c.sources.deezer.as_ref().unwrap().base_url.path() == "/x"
    }),
    ("SOURCES__ITUNES__BASE_URL", "http://h", |c| c.sources.itunes.is_some()),
    ("SOURCES__ODESLI__BASE_URL", "http://h", |c| c.sources.odesli.is_some()),
    ("SOURCES__MUSICBRAINZ__BASE_URL", "http://h", |c| {
        c.sources.musicbrainz.is_some()
    }),
    ("SOURCES__MUSICBRAINZ__COVERS_URL", "http://h", |c| {
        c.sources.musicbrainz.is_some()
    }),
    ("SOURCES__LRCLIB__BASE_URL", "http://h", |c| c.sources.lrclib.is_some()),
    ("RENDER__ADAPTER", "cpu", |c| c.render.adapter.to_string() == "cpu"),
    ("RENDER__ENCODER", "x264", |c| c.render.encoder.to_string() == "x264"),
    ("RENDER__SIZE", "384", |c| c.render.format.size.px() == 384),
    ("RENDER__FPS", "60", |c| c.render.format.fps.get() == 60),
    ("RENDER__MAX_BYTES", "1000000", |c| c.render.max_bytes == 1_000_000),
    ("RENDER__WORKERS", "4", |c| c.render.workers == 4),
    ("LIMITS__PER_USER_RENDERING", "2", |c| c.limits.per_user_rendering == 2),
    ("LIMITS__PER_USER_WAITING", "1", |c| c.limits.per_user_waiting == 1),
    ("LIMITS__QUEUE_SECONDS", "30", |c| {
        c.limits.queue == Duration::from_secs(30)
    }),
    ("LIMITS__UPLOAD_BYTES", "1000000", |c| {
        c.limits.upload_bytes == 1_000_000
    }),
    ("LIMITS__JOB_SECONDS", "30", |c| c.limits.job == Duration::from_secs(30)),
    ("LIMITS__WORKER_MEMORY_BYTES", "1073741824", |c| {
        c.limits.worker_memory_bytes == 1 << 30
    }),
];

#[test]
fn every_key_is_a_variable_as_well() {
    for (name, value, arrived) in EVERY_KEY {
        let config = load(EXAMPLE, &[(&format!("MUSICCIRCLES__{name}"), value)]);
        assert!(
            arrived(&config.unwrap_or_else(|error| panic!("{name}: {error}"))),
            "{name}"
        );
    }
    let webhook = [
        ("MUSICCIRCLES__TELEGRAM__MODE", "webhook"),
        (
            "MUSICCIRCLES__TELEGRAM__WEBHOOK_URL",
            "https://bot.example.org/telegram",
        ),
        // Letters that a careless reader takes for a number.
        ("MUSICCIRCLES__TELEGRAM__WEBHOOK_SECRET", "0000000000000012"),
    ];
    let Intake::Webhook { url, secret } = load("", &webhook).unwrap().telegram.intake else {
        panic!("polling")
    };
    assert_eq!(
        (url.as_str(), secret.expose_secret()),
        ("https://bot.example.org/telegram", "0000000000000012")
    );
    // All the keys of the example are in the list.
    let keys = EXAMPLE
        .lines()
        .filter(|line| line.trim_start_matches('#').split(" = ").nth(1).is_some());
    let keys = keys.filter(|line| !line.starts_with("# "));
    // `mode` and the two of a webhook stand above, `theme` has one value, Yandex's address needs its token.
    assert_eq!(keys.count(), EVERY_KEY.len() + 5);
}

/// Key and default of every setting of the example, commented out or not.
fn keys_of_the_example() -> BTreeMap<String, String> {
    let (mut section, mut keys) = ("", BTreeMap::new());
    for line in EXAMPLE.lines() {
        let (bare, is_off) = line.strip_prefix('#').map_or((line, false), |bare| (bare, true));
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = bare.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            // What is off and is an address is what it would be.
            let is_default = !is_off || section.starts_with("sources.") && value.contains("://");
            let default = if is_default {
                format!("`{value}`")
            } else {
                "none".to_owned()
            };
            keys.insert(format!("{section}.{key}"), default);
        }
    }
    keys
}

#[test]
fn the_example_and_the_manual_name_every_key() {
    let keys = keys_of_the_example();
    // What the program itself names beside a key that does not exist.
    let known = |table: &str| match load(&format!("[{table}]\nno_such_key = 1"), &[]) {
        Err(ConfigError::Unknown { known, .. }) => known,
        other => panic!("{other:?}"),
    };
    for table in [
        "http", "admin", "log", "data", "telegram", "sources", "render", "limits",
    ] {
        for key in known(table) {
            let is_here =
                |name: &String| *name == format!("{table}.{key}") || name.starts_with(&format!("{table}.{key}."));
            assert!(keys.keys().any(is_here), "the example lacks {table}.{key}");
        }
    }
    for service in known("sources")
        .into_iter()
        .filter(|name| !["order", "contact"].contains(&name.as_str()))
    {
        for key in known(&format!("sources.{service}")) {
            assert!(
                keys.contains_key(&format!("sources.{service}.{key}")),
                "the example lacks {service}'s {key}"
            );
        }
    }
    let rows = MANUAL.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let key = cells.next()?.strip_suffix('`')?;
        Some((key.to_owned(), cells.next()?.to_owned())).filter(|(key, _)| key.contains('.') && !key.ends_with(".db"))
    });
    assert_eq!(rows.collect::<BTreeMap<_, _>>(), keys);
}

#[test]
fn the_token_has_a_short_name_and_the_long_one_counts_more() {
    let file = "[telegram]\ntoken = \"1:file\"\n";
    let token = |variables: &[(&str, &str)]| {
        let token = load(file, variables).unwrap().telegram.token;
        token.map(|token| token.expose_secret().to_owned())
    };
    assert_eq!(token(&[]).as_deref(), Some("1:file"));
    assert_eq!(token(&[("TELEGRAM_BOT_TOKEN", "2:short")]).as_deref(), Some("2:short"));
    let both = [
        ("TELEGRAM_BOT_TOKEN", "2:short"),
        ("MUSICCIRCLES__TELEGRAM__TOKEN", "3:long"),
    ];
    assert_eq!(token(&both).as_deref(), Some("3:long"));
    assert_eq!(token(&[("TELEGRAM_BOT_TOKEN", "")]), None, "set to nothing");
}

#[test]
fn mistakes_are_named() {
    let cases: &[(&str, &[&str])] = &[
        (
            "[http]\nlisten = [\"localhost\"]",
            &["http.listen", "MUSICCIRCLES__HTTP__LISTEN", "127.0.0.1:8080"],
        ),
        (
            "[http]\ncors_origins = [\"https://a.example/page\"]",
            &["http.cors_origins", "https://example.org"],
        ),
        ("[http]\ntrusted_proxies = [\"proxy\"]", &["http.trusted_proxies"]),
        ("[http]\nconnections = 1", &["http.connections"]),
        ("[http]\nlisten = []", &["http.listen"]),
        ("[http]\nport = 80", &["http.port", "listen"]),
        ("[htp]\nlisten = []", &["htp", "http"]),
        ("[render]\nsize = 241", &["render.size", "even", "240", "640"]),
        ("[render]\nsize = \"big\"", &["render.size", "whole number"]),
        ("[render]\nsize = -1", &["render.size", "whole number"]),
        ("[render]\nfps = 24", &["render.fps", "25, 30 or 60"]),
        ("[render]\nadapter = \"card\"", &["render.adapter", "auto, gpu or cpu"]),
        ("[render]\ntheme = \"vynil\"", &["render.theme", "vinyl"]),
        ("[render]\nmax_bytes = 9000000", &["render.max_bytes", "8000000"]),
        ("[render]\nworkers = 0", &["render.workers"]),
        ("[limits]\nqueue_seconds = 0", &["limits.queue_seconds"]),
        (
            "[limits]\nper_user_rendering = 65",
            &["limits.per_user_rendering", "64"],
        ),
        ("[telegram]\nmode = \"push\"", &["telegram.mode", "polling"]),
        ("[telegram]\nmode = \"webhook\"", &["telegram.webhook_"]),
        ("[telegram]\nowners = [\"me\"]", &["telegram.owners"]),
        ("[telegram]\napi_url = \"ftp://x\"", &["telegram.api_url"]),
        (
            "[telegram]\napi_url = \"https://me:sEcReT@x\"",
            &["telegram.api_url", "password"],
        ),
        ("[telegram]\ntoken = \"sEcReT\"", &["telegram.token", "BotFather"]),
        ("[telegram]\ntoken = [\"sEcReT\"]", &["telegram.token"]),
        ("[telegram]\ntoken = \"1:sEcReT", &["line 2", "TOML"]),
        ("[sources]\norder = [\"spotify\"]", &["sources.order", "itunes"]),
        (
            "[sources]\norder = [\"library\", \"library\"]",
            &["sources.order", "once"],
        ),
        ("[sources]\ncontact = \"a\\nb\"", &["sources.contact", "example.org"]),
        ("[sources.spotify]\ntoken = \"x\"", &["sources.spotify", "odesli"]),
        ("[sources.yandex]\ntokn = \"sEcReT\"", &["sources.yandex.tokn", "token"]),
        ("[data]\nbudget_bytes = 1", &["data.budget_bytes"]),
        (
            "[limits]\nupload_bytes = 2_097_152_000",
            &["limits.upload_bytes", "half of data.budget_bytes"],
        ),
        ("data = 1", &["data"]),
        ("[data", &["line 1"]),
    ];
    for (text, words) in cases {
        refused(text, &[], words);
    }
    refused("", &[("MUSICCIRCLES__RENDER__SIZE", "wide")], &["render.size"]);
    refused(
        "",
        &[("MUSICCIRCLES__TELEGRAM__TOKN", SECRET)],
        &["telegram.tokn", "token"],
    );
    refused("", &[("MUSICCIRCLES__TELEGRAM", SECRET)], &["telegram"]);
    refused("", &[("MUSICCIRCLES__NOTHING__AT_ALL", "1")], &["nothing"]);
    refused("", &[("TELEGRAM_BOT_TOKEN", "sEcReT")], &["telegram.token"]);
    // The log's variable is none of ours.
    assert!(load("", &[("MUSICCIRCLES_LOG", "info"), ("HOME", "/")]).is_ok());
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let error = Config::load(Some(Path::new("/no/such/file.toml")), []).unwrap_err();
    assert!(error.to_string().contains("/no/such/file.toml"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let text = format!(
        "[telegram]\ntoken = \"{SECRET}\"\nmode = \"webhook\"\nwebhook_url = \"https://x.org\"\nwebhook_secret = \"sEcReT_sEcReT_16\"\n[sources.yandex]\ntoken = \"sEcReT\""
    );
    let shown = format!("{:?}", load(&text, &[]).unwrap());
    assert!(!shown.contains("sEcReT"), "{shown}");
}
