//! `musiccircles serve`: the service, until it is told to stop.

use std::time::Duration;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::signal::unix::{SignalKind, signal};

use super::CommandError;
use crate::app;
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::telemetry::logs::{self, LogError};

/// With what `app` waits for, below the 75 seconds of service managers.
const LEAVE: Duration = Duration::from_secs(2);

pub fn run(args: &ServeArgs) -> Result<(), CommandError> {
    let config = Config::load_here(args.config.as_deref()).map_err(|error| CommandError::Usage(error.to_string()))?;
    logs::start(config.log.format, config.log.dir.as_deref(), config.log.days).map_err(|error| match error {
        LogError::Level => CommandError::Usage(error.to_string()),
        LogError::Folder { .. } => CommandError::Machine(error.to_string()),
    })?;
    let machine = |what: &str, error: std::io::Error| CommandError::Machine(format!("{what}: {error}"));
    // Other processes of the same user, workers among them, read neither our memory nor our environment: the token is there.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| machine("the service's memory cannot be closed to others", error.into()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| machine("the service cannot be started", error))?;
    let ran = runtime.block_on(async {
        let unwatched = |error| machine("signals cannot be watched for", error);
        let mut terminate = signal(SignalKind::terminate()).map_err(unwatched)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unwatched)?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let ran = app::run(config, stop).await;
        ran.map_err(|error| CommandError::Machine(error.to_string()))
    });
    // Whatever still waits for a disk or a name server waits no longer than this.
    runtime.shutdown_timeout(LEAVE);
    ran
}
