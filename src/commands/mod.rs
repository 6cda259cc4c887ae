//! What each command does: checked arguments in, the pipeline or another step run, words or JSON out.

mod bench;
mod doctor;
mod frame;
mod probe;
mod render;
mod themes;

use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::audio::AudioError;
use crate::cli::{CircleArgs, Cli, Command};
use crate::deliver::{DeliverError, file};
use crate::model::Fault;
use crate::pipeline::{CoverChoice, FragmentChoice, PipelineError, Report, Request, Stages};
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

/// How long whatever runs has to notice that it was stopped. A frame takes milliseconds; but a pipe that nobody reads or
/// a driver that hangs never looks.
const STOP_GRACE: Duration = Duration::from_millis(1500);

/// Raised by Ctrl-C or a polite kill, and the program ends within [`STOP_GRACE`] whatever it is doing: an unfinished file
/// leaves nothing behind (`deliver::file`).
fn stop_flag() -> Result<Arc<AtomicBool>, CommandError> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        raised.store(true, Ordering::Relaxed);
        std::thread::sleep(STOP_GRACE);
        say("musiccircles: stopped");
        std::process::exit(130);
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
        encoder: args.encoder,
        max_bytes: args.max_bytes,
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

/// What `--json` tells of a circle, and of one frame of it.
#[derive(Serialize)]
struct CircleJson {
    output: String,
    bytes: u64,
    frames: u32,
    duration_s: f64,
    width: u32,
    fps: u32,
    theme: String,
    adapter: String,
    /// `none` where there are only pictures.
    encoder: String,
    key: String,
    stages: StagesMs,
}

impl CircleJson {
    fn new(output: &Path, bytes: u64, report: &Report) -> Self {
        Self {
            output: output.to_string_lossy().into_owned(),
            bytes,
            frames: report.frames,
            duration_s: report.fragment.length.as_secs_f64(),
            width: report.format.size.px(),
            fps: report.format.fps.get(),
            theme: report.theme.clone(),
            adapter: report.adapter.clone(),
            encoder: encoder_name(report),
            key: report.key.clone(),
            stages: report.stages.into(),
        }
    }
}

fn encoder_name(report: &Report) -> String {
    report
        .encoder
        .map_or_else(|| "none".to_owned(), |encoder| encoder.to_string())
}

/// Refuses an output that could not be meant, before any work is done.
fn check_output(output: &Path, circle: &CircleArgs) -> Result<(), CommandError> {
    if output == Path::new("-") {
        if circle.json {
            return Err(CommandError::Usage(
                "--json and -o - both want standard output; give a file".to_owned(),
            ));
        }
        if std::io::stdout().is_terminal() {
            return Err(CommandError::Usage(
                "a terminal cannot show the file; send it on with > FILE or | PROGRAM, or name a file after -o"
                    .to_owned(),
            ));
        }
        return Ok(());
    }
    let file = |path: &Path| {
        let facts = std::fs::metadata(path).ok().filter(|facts| facts.is_file())?;
        Some((facts.dev(), facts.ino()))
    };
    let target = file(output);
    let sources = [("song", Some(&circle.audio)), ("cover", circle.cover.as_ref())];
    for (what, source) in sources {
        if target.is_some() && source.is_some_and(|source| file(source) == target) {
            return Err(CommandError::Usage(format!(
                "{} is the {what} itself and would be overwritten; give the output another name",
                output.display()
            )));
        }
    }
    file::check(output)?;
    Ok(())
}

/// A line for the person who watches. Nobody may be there to read it: that stops nothing.
pub fn say(line: &str) {
    let mut plain = String::with_capacity(line.len() + 1);
    for c in line.chars() {
        // File names may hold line ends and terminal commands.
        if c.is_control() {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain.push('\n');
    let _ = std::io::stderr().write_all(plain.as_bytes());
}

/// One JSON object on standard output.
fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string(value).map_err(|error| CommandError::Machine(error.to_string()))?;
    print_text(&format!("{text}\n"))
}

/// To standard output; a reader that has gone away is not an error.
fn print_text(text: &str) -> Result<(), CommandError> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CommandError::Machine(format!(
            "standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}
