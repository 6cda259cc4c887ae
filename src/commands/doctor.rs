//! `musiccircles doctor`: what this machine can do, each thing tried for real.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;

use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text};
use crate::cli::JsonArgs;
use crate::deliver::file;
use crate::encode;
use crate::model::{Fps, Size, VideoFormat};
use crate::pipeline::{self, PipelineError};
use crate::render::{AdapterFacts, Gpu};

/// Under this a service soon cannot work: some hundred circles.
const LOW_DISK_BYTES: u64 = 2 << 30;
/// Where a service listens unless told otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

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

/// What a service would need; circles are made without it.
fn service() -> Vec<Check> {
    let check = |name: &str, ok, says: String| Check {
        name: name.to_owned(),
        ok,
        needed: false,
        says,
    };
    let token = std::env::var("TELEGRAM_BOT_TOKEN").unwrap_or_default();
    let token_says = match (token.is_empty(), looks_like_a_token(&token)) {
        (true, _) => "TELEGRAM_BOT_TOKEN is not set; @BotFather gives one",
        (_, true) => "TELEGRAM_BOT_TOKEN is set",
        (_, false) => "TELEGRAM_BOT_TOKEN does not look like 123456789:letters; copy it again from @BotFather",
    };
    let port = TcpListener::bind(DEFAULT_ADDRESS);
    let port_says = match &port {
        Ok(_) => format!("{DEFAULT_ADDRESS} is free"),
        Err(error) => format!("{DEFAULT_ADDRESS} cannot be listened on: {error}"),
    };
    let folder = if Path::new("./data").is_dir() { "./data" } else { "." };
    let data = file::check(&Path::new(folder).join("musiccircles-doctor.db"));
    let data_says = match &data {
        Ok(()) => format!("{folder} can be written, a database can lie there"),
        Err(error) => error.to_string(),
    };
    vec![
        check("token", looks_like_a_token(&token), token_says.to_owned()),
        check("port", port.is_ok(), port_says),
        check("database", data.is_ok(), data_says),
    ]
}

fn looks_like_a_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_digit())
            && secret.len() >= 30
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
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
