//! Arguments, then one command.

use std::process::ExitCode;

use clap::Parser;
use musiccircles::cli::Cli;
use musiccircles::commands;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    quiet_the_vulkan_loader();
    // A decoder that panics on a hostile file is caught where it is called and told as an error in one sentence.
    std::panic::set_hook(Box::new(|panic| tracing::debug!(%panic, "a panic was caught")));
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("MUSICCIRCLES_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match commands::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("musiccircles: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Mesa's device-select layer looks for a Wayland server and complains on standard error where there is no session, which is
/// everywhere a service runs. We choose the adapter ourselves and need no such layer.
fn quiet_the_vulkan_loader() {
    if std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: the first statement of `main`: no other thread exists that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
