//! What each command does: checked arguments in, the pipeline or another step run, words or JSON out.

mod bench;
mod doctor;
mod frame;
mod probe;
mod render;
mod themes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::audio::AudioError;
use crate::cli::{CircleArgs, Cli, Command};
use crate::deliver::DeliverError;
use crate::model::Fault;
use crate::model::limits::MAX_CIRCLE_BYTES;
use crate::pipeline::{CoverChoice, FragmentChoice, PipelineError, Request, Stages};
use crate::render::RenderError;
use crate::scene::{SceneError, theme};

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error(transparent)]
    Scene(#[from] SceneError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    #[error("the picture could not be written: {0}")]
    Picture(#[from] image::ImageError),
    #[error("{0}")]
    Machine(String),
}

impl CommandError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Usage(_) => Fault::Request,
            Self::Pipeline(error) => error.fault(),
            Self::Audio(error) => error.fault(),
            Self::Scene(error) => error.fault(),
            Self::Render(error) => error.fault(),
            Self::Deliver(error) => error.fault(),
            Self::Picture(_) | Self::Machine(_) => Fault::Machine,
        }
    }

    /// 2: what was asked for is wrong; 1: it failed here; 130: stopped by Ctrl-C, as shells have it.
    pub fn exit_code(&self) -> u8 {
        match self.fault() {
            Fault::Request => 2,
            Fault::Machine => 1,
            Fault::Cancelled => 130,
        }
    }
}

/// Runs one command to its end.
pub fn run(cli: &Cli) -> Result<(), CommandError> {
    match &cli.command {
        Command::Render(args) => render::run(args, stop_flag()?.as_ref()),
        Command::Frame(args) => frame::run(args, stop_flag()?.as_ref()),
        Command::Probe(args) => probe::run(args, stop_flag()?.as_ref()),
        Command::Themes(args) => themes::run(args),
        Command::Doctor(args) => doctor::run(*args),
        Command::Bench(args) => bench::run(args, stop_flag()?.as_ref()),
    }
}

/// Raised by Ctrl-C or a polite kill. A second one ends the program where it stands, should anything hang.
fn stop_flag() -> Result<Arc<AtomicBool>, CommandError> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| CommandError::Machine(format!("Ctrl-C cannot be watched for: {error}")))?;
    Ok(flag)
}

/// The request the arguments describe.
fn request(args: &CircleArgs) -> Result<Request, CommandError> {
    let theme = theme::find(&args.theme)?;
    let length = args.length().map_err(CommandError::Usage)?;
    let fragment = if args.auto {
        FragmentChoice::Auto {
            length: length.unwrap_or(FragmentChoice::AUTO_LENGTH),
        }
    } else {
        FragmentChoice::From {
            start: args.start.unwrap_or_default(),
            length,
        }
    };
    Ok(Request {
        song: args.audio.clone(),
        cover: args.cover.clone().map_or(CoverChoice::FromTags, CoverChoice::File),
        fragment,
        params: theme.parse_settings(args.settings.iter().map(String::as_str))?,
        theme: theme.clone(),
        rpm: args.rpm,
        format: crate::model::VideoFormat {
            size: args.size,
            fps: args.fps,
        },
        title: args.title.clone(),
        artist: args.artist.clone(),
        encoder: crate::encode::EncoderChoice::Auto,
        cores: None,
        max_bytes: MAX_CIRCLE_BYTES,
        seed: args.seed,
    })
}

/// Stages as the JSON contract has them: milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct StagesMs {
    decode: f64,
    analyse: f64,
    gpu_init: f64,
    render: f64,
    encode_video: f64,
    encode_audio: f64,
    mux: f64,
    total: f64,
}

impl From<Stages> for StagesMs {
    fn from(stages: Stages) -> Self {
        let ms = |time: std::time::Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        Self {
            decode: ms(stages.decode),
            analyse: ms(stages.analyse),
            gpu_init: ms(stages.gpu_init),
            render: ms(stages.render),
            encode_video: ms(stages.encode_video),
            encode_audio: ms(stages.encode_audio),
            mux: ms(stages.mux),
            total: ms(stages.total),
        }
    }
}

/// One JSON object on standard output.
fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string(value).map_err(|error| CommandError::Machine(error.to_string()))?;
    print_text(&format!("{text}\n"))
}

/// To standard output; a reader that has gone away is not an error.
fn print_text(text: &str) -> Result<(), CommandError> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CommandError::Machine(format!(
            "standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}
