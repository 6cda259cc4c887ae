//! The log of the service: lines for a person, or JSON for a machine; on standard error, from where a service manager takes
//! them, or in a folder of daily files of which the last ones are kept.

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// What is told unless `MUSICCIRCLES_LOG` asks for more or less.
const USUAL: &str = "info,symphonia=warn,rusqlite_migration=warn";
const VARIABLE: &str = "MUSICCIRCLES_LOG";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const NAME: &str = "musiccircles";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log cannot be written to {folder}; check log.dir and the rights of that folder")]
    Folder { folder: String },
    #[error(
        "MUSICCIRCLES_LOG must be off, error, warn, info, debug or trace, also of a part, as in musiccircles::bot=debug"
    )]
    Level,
}

/// Begins to log. Once, before anything is worth a line.
pub fn start(format: Format, folder: Option<&Path>, days: usize) -> Result<(), LogError> {
    let filter = asked(std::env::var(VARIABLE).ok().as_deref())?;
    let writer = match folder {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(folder) => {
            let refused = || LogError::Folder {
                folder: folder.display().to_string(),
            };
            // Made first: the files look for older ones of theirs before they make it themselves, and complain.
            std::fs::create_dir_all(folder).map_err(|_| refused())?;
            // Written as it comes: a line that waited for its turn would be lost with a crash, and it is the one to read.
            let files = Builder::new()
                .rotation(Rotation::DAILY)
                .filename_prefix(NAME)
                .filename_suffix("log")
                .max_log_files(days)
                .build(folder);
            BoxMakeWriter::new(files.map_err(|_| refused())?)
        }
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        Format::Text => log
            .with_ansi(folder.is_none() && std::io::stderr().is_terminal())
            .init(),
        Format::Json => log.json().flatten_event(true).init(),
    }
    log_panics();
    Ok(())
}

/// For a person who looks for a mistake of ours: silent unless `MUSICCIRCLES_LOG` asks.
pub fn start_silent() {
    let wish = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("off"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(wish)
        .with_ansi(std::io::stderr().is_terminal());
    log.with_writer(std::io::stderr).init();
    log_panics();
}

/// A word that is no level is taken for a part of the program that does not exist, and all would be silent: it is refused.
fn asked(wish: Option<&str>) -> Result<EnvFilter, LogError> {
    let Some(wish) = wish.filter(|wish| !wish.trim().is_empty()) else {
        return Ok(EnvFilter::new(USUAL));
    };
    let is_level = |word: &str| LEVELS.contains(&word.trim().to_ascii_lowercase().as_str());
    let leveled = |part: &str| part.rsplit('=').next().is_some_and(is_level);
    let filter = wish.split(',').all(leveled).then(|| EnvFilter::try_new(wish).ok());
    filter.flatten().ok_or(LogError::Level)
}

fn log_panics() {
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_the_log_names_a_level() {
        for wish in [
            "info",
            "WARN",
            "off",
            "musiccircles::bot=debug",
            "info,musiccircles::queue=trace",
            " ",
        ] {
            assert!(asked(Some(wish)).is_ok(), "{wish}");
        }
        assert!(asked(None).is_ok());
        for wish in ["foo", "info,foo", "verbose", "musiccircles=loud", "="] {
            assert!(asked(Some(wish)).is_err(), "{wish}");
        }
    }
}
