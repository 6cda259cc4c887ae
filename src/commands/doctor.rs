//! `musiccircles doctor`: what this machine can do, each thing tried for real.

use std::fmt::Write;
use std::io;
use std::net::TcpListener;
use std::path::Path;

use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text};
use crate::cli::JsonArgs;
use crate::config::{Config, DEFAULT_FILE};
use crate::deliver::{DeliverError, file};
use crate::encode;
use crate::model::{Fps, Size, VideoFormat};
use crate::pipeline::{self, PipelineError};
use crate::render::{AdapterFacts, Gpu};

/// Under this a service soon cannot work: some hundred circles.
const LOW_DISK_BYTES: u64 = 2 << 30;

/// One thing that was tried.
#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// Without it no circle can be made.
    needed: bool,
    says: String,
}

#[derive(Serialize)]
struct Diagnosis {
    ok: bool,
    adapters: Vec<Check>,
    encoders: Vec<Check>,
    disk: Check,
    service: Vec<Check>,
}

pub fn run(args: JsonArgs) -> Result<(), CommandError> {
    let format = standard_format()?;
    let diagnosis = diagnose(format);
    if args.json {
        print_json(&diagnosis)?;
    } else {
        print_text(&in_words(&diagnosis))?;
    }
    if diagnosis.ok {
        Ok(())
    } else {
        Err(CommandError::Machine(
            "this machine cannot make circles yet; see what failed above".to_owned(),
        ))
    }
}

fn diagnose(format: VideoFormat) -> Diagnosis {
    let adapters = adapters(format);
    let encoders: Vec<_> = encode::try_all(format)
        .into_iter()
        .map(|(encoder, tried)| Check {
            name: encoder.to_string(),
            ok: tried.is_ok(),
            needed: false,
            says: match tried {
                Ok(facts) => format!("encoded a frame in {} ms", facts.took.as_millis()),
                Err(reason) => reason,
            },
        })
        .collect();
    let disk = disk(Path::new("."));
    let works = |checks: &[Check]| checks.iter().any(|check| check.ok);
    let ok = works(&adapters) && works(&encoders) && disk.ok;
    Diagnosis {
        ok,
        adapters,
        encoders,
        disk,
        service: service(),
    }
}

/// Every adapter there is, each asked for a frame.
fn adapters(format: VideoFormat) -> Vec<Check> {
    let found = Gpu::list();
    if found.is_empty() {
        let says = crate::render::RenderError::NoVulkan.to_string();
        return vec![Check {
            name: "vulkan".to_owned(),
            ok: false,
            needed: true,
            says,
        }];
    }
    found
        .iter()
        .enumerate()
        .map(|(place, facts)| adapter(place, facts, format))
        .collect()
}

fn adapter(place: usize, facts: &AdapterFacts, format: VideoFormat) -> Check {
    let began = std::time::Instant::now();
    let drawn = Gpu::open_nth(place).map_err(PipelineError::from);
    let drawn = drawn.and_then(|gpu| pipeline::calm_frame(&gpu, format));
    Check {
        name: facts.to_string(),
        ok: drawn.is_ok(),
        needed: false,
        says: match drawn {
            Ok(_) => format!(
                "opened and drew a frame in {} ms; driver {}",
                began.elapsed().as_millis(),
                facts.driver
            ),
            Err(error) => error.to_string(),
        },
    }
}

fn standard_format() -> Result<VideoFormat, CommandError> {
    let size = Size::new(Size::MAX);
    let format = size.zip(Fps::new(30)).map(|(size, fps)| VideoFormat { size, fps });
    format.ok_or_else(|| CommandError::Machine("the standard format is not one of ours".to_owned()))
}

fn disk(folder: &Path) -> Check {
    let free = rustix::fs::statvfs(folder).map(|facts| facts.f_bavail * facts.f_frsize);
    let writable = file::check(&folder.join("musiccircles-doctor.mp4"));
    let (ok, says) = match (free, writable) {
        (Ok(free), _) if free < LOW_DISK_BYTES => (
            false,
            format!(
                "only {:.1} GB free; at least {} GB are wanted",
                free as f64 / 1e9,
                LOW_DISK_BYTES >> 30
            ),
        ),
        (Ok(free), Ok(())) => (true, format!("{:.1} GB free", free as f64 / 1e9)),
        (_, Err(error)) => (false, error.to_string()),
        (Err(error), _) => (false, error.to_string()),
    };
    Check {
        name: "this folder".to_owned(),
        ok,
        needed: true,
        says,
    }
}

/// What a service would need, as it is configured here; circles are made without it.
fn service() -> Vec<Check> {
    let check = |name: &str, ok, says: String| Check {
        name: name.to_owned(),
        ok,
        needed: false,
        says,
    };
    let config = match Config::load_here(None) {
        Ok(config) => config,
        Err(error) => return vec![check("settings", false, error.to_string())],
    };
    let file = Path::new(DEFAULT_FILE);
    let settings = if file.exists() { DEFAULT_FILE } else { "the defaults" };
    let token = config.telegram.token.is_some();
    let token_says = match token {
        true => "there is one",
        false => "none, so everything but the bot would run; @BotFather gives one, and TELEGRAM_BOT_TOKEN tells it",
    };
    let mut checks = vec![
        check("settings", true, format!("{settings} and the environment can be used")),
        check("token", token, token_says.to_owned()),
    ];
    for address in config.http.listen {
        let (ok, says) = match TcpListener::bind(address) {
            Ok(_) => (true, format!("{address} is free")),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => (
                false,
                format!("{address} is in use; stop what listens there, or set http.listen to another one"),
            ),
            Err(error) => (false, format!("{address} cannot be listened on ({})", error.kind())),
        };
        checks.push(check("port", ok, says));
    }
    let (ok, says) = match data_folder(&config.data.dir) {
        Ok(()) => (
            true,
            format!("{} can be written, a database can lie there", config.data.dir.display()),
        ),
        Err(error) => (false, error.to_string()),
    };
    checks.push(check("database", ok, says));
    checks
}

/// Whether the data folder can be written, or made.
fn data_folder(folder: &Path) -> Result<(), DeliverError> {
    let there = folder.ancestors().find(|folder| folder.exists());
    // A relative path of which nothing exists begins in the working folder.
    file::check(&there.unwrap_or(Path::new(".")).join("musiccircles-doctor.db"))
}

fn in_words(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let groups: [(&str, &[Check]); 4] = [
        ("adapters", &diagnosis.adapters),
        ("encoders", &diagnosis.encoders),
        ("disk", std::slice::from_ref(&diagnosis.disk)),
        ("service (not needed to render)", &diagnosis.service),
    ];
    for (title, checks) in groups {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{title}");
        for check in checks {
            let _ = writeln!(
                text,
                "  {} {}: {}",
                if check.ok { "ok  " } else { "no  " },
                check.name,
                check.says
            );
        }
    }
    text
}
