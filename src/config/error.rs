//! Why the settings cannot be used: one sentence that names the key. What was given is never repeated, it may be a secret.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the settings file {} cannot be read ({})", path.display(), source.kind())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("line {line} of the settings file {} is no TOML: {reason}", path.display())]
    Syntax { path: PathBuf, line: usize, reason: String },
    #[error("there is no setting `{key}`{}", beside(.known))]
    Unknown { key: String, known: Vec<String> },
    #[error("the setting `{key}` (variable {}) must be {expected}", variable(.key))]
    Bad { key: String, expected: String },
    #[error("the variable {name} is not text in UTF-8")]
    NotText { name: String },
    /// Nothing known leads here.
    #[error("the settings cannot be read; compare them with the example file")]
    Other,
}

impl ConfigError {
    pub(super) fn bad(key: &str, expected: impl Into<String>) -> Self {
        Self::Bad {
            key: key.to_owned(),
            expected: expected.into(),
        }
    }
}

fn beside(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; beside it are known: {}", names.join(", ")),
    }
}

/// The variable that sets the same.
fn variable(key: &str) -> String {
    // A place in a list has no variable of its own.
    let key = key.split('[').next().unwrap_or(key);
    let long = format!("{}{}", super::PREFIX, key.replace('.', "__").to_uppercase());
    match key {
        "telegram.token" => format!("{} or {long}", super::TOKEN_VARIABLE),
        _ => long,
    }
}
