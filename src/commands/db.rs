//! `musiccircles db`: the service's record copied, put back, or looked through. Says on standard error what was done.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{CommandError, say};
use crate::cli::{DbCommand, ServeArgs};
use crate::config::Config;
use crate::store::{StoreError, backup};

pub fn run(command: &DbCommand) -> Result<(), CommandError> {
    match command {
        DbCommand::Backup { service, output } => copy(&folder(service)?, output),
        DbCommand::Restore { service, backup } => put_back(&folder(service)?, backup),
        DbCommand::Check { service } => look(&folder(service)?),
    }
}

fn folder(service: &ServeArgs) -> Result<PathBuf, CommandError> {
    let config = Config::load_here(service.config.as_deref());
    Ok(config.map_err(|error| CommandError::Usage(error.to_string()))?.data.dir)
}

fn copy(folder: &Path, output: &Path) -> Result<(), CommandError> {
    let began = Instant::now();
    let bytes = backup::backup(folder, output).map_err(told)?;
    let (kilobytes, took_secs) = (bytes.div_ceil(1000), began.elapsed().as_secs_f64());
    say(&format!(
        "{} holds the record: {kilobytes} kB, copied and checked in {took_secs:.1} s",
        output.display()
    ));
    Ok(())
}

fn put_back(folder: &Path, from: &Path) -> Result<(), CommandError> {
    match backup::restore(folder, from).map_err(told)? {
        Some(kept) => say(&format!(
            "the record is the backup's now; the one before lies in {}, remove it when all is well",
            kept.display()
        )),
        None => say("the record is the backup's now; there was none before"),
    }
    Ok(())
}

fn look(folder: &Path) -> Result<(), CommandError> {
    let findings = backup::findings(folder).map_err(told)?;
    let Some(first) = findings.first() else {
        say("the record is sound");
        return Ok(());
    };
    Err(CommandError::Machine(format!(
        "the record is damaged in {} places, the first: {first}; stop the service and put the last backup back with `musiccircles db restore`",
        findings.len()
    )))
}

fn told(error: StoreError) -> CommandError {
    match error {
        // What was named is not what it should be.
        StoreError::NoRecord { .. }
        | StoreError::NoneYet { .. }
        | StoreError::Unwritable { .. }
        | StoreError::DamagedBackup { .. } => CommandError::Usage(error.to_string()),
        _ => CommandError::Machine(error.to_string()),
    }
}
