//! The log of the service: lines for a person, or JSON for a machine; on standard error, from where a service manager takes
//! them, or in a folder of daily files of which the last ones are kept.

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// What is told unless `MUSICCIRCLES_LOG` asks for more or less.
const USUAL: &str = "info";
const NAME: &str = "musiccircles";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
#[error("the log cannot be written to {folder}; check log.dir and the rights of that folder")]
pub struct LogError {
    folder: String,
}

/// Begins to log. Once, before anything is worth a line.
pub fn start(format: Format, folder: Option<&Path>, days: usize) -> Result<(), LogError> {
    let writer = match folder {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(folder) => {
            let refused = || LogError {
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
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(USUAL))
        .with_writer(writer);
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
    let log = tracing_subscriber::fmt().with_env_filter(filter("off"));
    log.with_writer(std::io::stderr).init();
    log_panics();
}

fn filter(usual: &str) -> EnvFilter {
    EnvFilter::try_from_env("MUSICCIRCLES_LOG").unwrap_or_else(|_| EnvFilter::new(usual))
}

fn log_panics() {
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}
