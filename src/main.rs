//! Arguments, then one command.

use std::ffi::c_int;
use std::panic;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use musiccircles::cli::{Cli, Command, complaint};
use musiccircles::commands::{self, say};
use musiccircles::telemetry::logs;

/// Bad usage, as for every request that cannot be done.
const BAD_USAGE: u8 = 2;
/// Our fault.
const FAILED: u8 = 1;

// SAFETY: POSIX's `_exit` and glibc's `mallopt`: they take any numbers and touch nothing of ours.
unsafe extern "C" {
    /// Ends the process without the exit handlers of libraries: a driver's own waits for the driver that hangs.
    safe fn _exit(code: c_int) -> !;
    /// What the allocator may do, by glibc's numbers.
    safe fn mallopt(what: c_int, value: c_int) -> c_int;
}

/// `mallopt`'s name for the most arenas there may be.
const M_ARENA_MAX: c_int = -8;
/// Of the C library's allocator, in the service. Each of its threads would take one, up to sixteen on two cores, and what is free in
/// one is no use to another: after 150 s of a crowd it held 21 MB, with two arenas 16, of which 6 were in use (2026-11-29).
const ARENAS: c_int = 2;

fn main() -> ExitCode {
    quiet_the_vulkan_loader();
    musiccircles::torture::arm();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no errors; no command at all is answered with the help.
        Err(error) if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.exit()
        }
        Err(error) => return fail(&complaint::sentence(&error), BAD_USAGE),
    };
    if matches!(cli.command, Command::Serve(_)) {
        // A refusal changes nothing but the memory it takes.
        mallopt(M_ARENA_MAX, ARENAS);
    } else {
        // Errors are one sentence for a person; the service's log begins with its settings.
        logs::start_silent();
    }
    // What a step makes of a broken file is its own affair; should one of them panic, it is told as any other failure.
    match panic::catch_unwind(|| commands::run(&cli, |code| _exit(code))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            fail(&error.to_string(), error.exit_code());
            // Not through exit handlers, which wait for the driver, and it may be the driver that failed.
            _exit(c_int::from(error.exit_code()))
        }
        Err(_) => fail(
            "the program made a mistake; run it again with MUSICCIRCLES_LOG=error and report what it prints",
            FAILED,
        ),
    }
}

fn fail(sentence: &str, code: u8) -> ExitCode {
    say(&format!("musiccircles: {sentence}"));
    ExitCode::from(code)
}

/// Mesa's device-select layer looks for a Wayland server and complains on standard error where there is no session, which is
/// everywhere a service runs. We choose the adapter ourselves and need no such layer.
fn quiet_the_vulkan_loader() {
    if std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: the first statement of `main`: no other thread exists that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
