//! What each command does: checked arguments in, the pipeline or another step run, words or JSON out.

mod admin_token;
mod answer;
mod bench;
mod db;
mod doctor;
mod frame;
mod keys;
mod probe;
mod render;
mod serve;
mod themes;
mod worker;

use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use answer::say;

use crate::audio::AudioError;
use crate::cli::{CircleArgs, Cli, Command};
use crate::deliver::{DeliverError, file, unfinished};
use crate::model::Fault;
use crate::pack::{self, PackError};
use crate::pipeline::{CoverChoice, FragmentChoice, LyricsChoice, PipelineError, Request};
use crate::render::RenderError;
use crate::scene::SceneError;

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
    Pack(#[from] PackError),
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
            Self::Pack(error) => error.fault(),
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

/// Ends the process at once, whatever its threads are doing.
pub type Exit = fn(i32) -> !;

/// Runs one command to its end, or to `exit` where it does not stop when told to.
pub fn run(cli: &Cli, exit: Exit) -> Result<(), CommandError> {
    match &cli.command {
        Command::Render(args) => render::run(args, stop_flag(exit)?.as_ref()),
        Command::Frame(args) => frame::run(args, stop_flag(exit)?.as_ref()),
        Command::Probe(args) => probe::run(args, stop_flag(exit)?.as_ref()),
        Command::Themes(args) => themes::run(args),
        Command::Doctor(args) => doctor::run(*args),
        Command::Bench(args) => bench::run(args, stop_flag(exit)?.as_ref()),
        Command::Serve(args) => serve::run(args),
        Command::Db(command) => db::run(command),
        Command::AdminToken => admin_token::run(),
        Command::Keys(args) => keys::run(args),
        Command::Worker => worker::run(exit),
    }
}

/// How long whatever runs has to notice that it was stopped. A frame takes milliseconds, and what takes longer leaves as little
/// behind; but a pipe that nobody reads or a driver that hangs never looks.
const STOP_GRACE: Duration = Duration::from_millis(500);

/// Raised by Ctrl-C or a polite kill, and the program ends within [`STOP_GRACE`] whatever it is doing: what is unfinished
/// leaves nothing behind (`deliver::file`, `deliver::unfinished`).
fn stop_flag(exit: Exit) -> Result<Arc<AtomicBool>, CommandError> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        raised.store(true, Ordering::Relaxed);
        std::thread::sleep(STOP_GRACE);
        unfinished::remove_all();
        say("musiccircles: stopped");
        exit(130);
    })
    .map_err(|error| CommandError::Machine(format!("Ctrl-C cannot be watched for: {error}")))?;
    Ok(flag)
}

/// The request the arguments describe.
fn request(args: &CircleArgs) -> Result<Request, CommandError> {
    let theme = pack::find(&args.theme)?;
    if let (Some(_), None) = (&args.lyrics, theme.manifest.lyrics) {
        return Err(CommandError::Usage(format!(
            "the theme `{}` shows no lyrics; add --theme lyrics, or leave --lyrics out",
            theme.name
        )));
    }
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
        lyrics: args.lyrics.clone().map_or(LyricsChoice::Nearby, LyricsChoice::File),
        fragment,
        params: theme.parse_settings(args.settings.iter().map(String::as_str))?,
        theme,
        speed: args.rpm,
        format: crate::model::VideoFormat {
            size: args.size,
            fps: args.fps,
        },
        corners: args.corners,
        title: args.title.clone(),
        artist: args.artist.clone(),
        encoder: args.encoder,
        cores: None,
        max_bytes: args.max_bytes,
        seed: args.seed,
    })
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
    let sources = [
        ("song itself", Some(&circle.audio)),
        ("cover itself", circle.cover.as_ref()),
        ("lyrics' own file", circle.lyrics.as_ref()),
    ];
    for (what, source) in sources {
        if target.is_some() && source.is_some_and(|source| file(source) == target) {
            return Err(CommandError::Usage(format!(
                "{} is the {what} and would be overwritten; give the output another name",
                output.display()
            )));
        }
    }
    file::check(output)?;
    Ok(())
}
