//! A file and the environment in, the settings as written out: every key known, every value of the right kind.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use config::{Environment, File, FileFormat};

use super::raw::Raw;
use super::{ConfigError, DEFAULT_FILE, PREFIX, TOKEN_VARIABLE};

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
        } => ConfigError::bad(&key, kind(expected)),
        config::ConfigError::At {
            error, key: Some(key), ..
        } => unknown(&error.to_string(), &key)
            .unwrap_or_else(|| ConfigError::bad(&key, "a section with settings of its own")),
        config::ConfigError::Message(text) => unknown(&text, "").unwrap_or(ConfigError::Other),
        _ => ConfigError::Other,
    }
}

/// What a setting must be, in words for people.
fn kind(expected: &'static str) -> &'static str {
    let kinds = [
        ("unsigned", "a whole number, 0 or more"),
        ("integer", "a whole number"),
        ("boolean", "true or false"),
        ("floating", "a number"),
    ];
    let known = kinds.into_iter().find(|(told, _)| expected.contains(told));
    known.map_or(expected, |(_, words)| words)
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
