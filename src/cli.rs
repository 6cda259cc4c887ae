//! The command line: clap types only. What each command does is in `commands`.

pub mod complaint;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::encode::EncoderChoice;
use crate::model::limits::{MAX_CIRCLE_BYTES, MAX_FRAGMENT, MIN_CIRCLE_BYTES, MIN_FRAGMENT};
use crate::model::{Corners, Fps, Size, parse_time};
use crate::render::AdapterChoice;
use crate::scene::motion::Speed;
use crate::scene::theme::DEFAULT_THEME;

/// Turns a song and its cover into an animated round Telegram video message.
#[derive(Debug, Parser)]
#[command(name = "musiccircles", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a circle from a song
    #[command(override_usage = "musiccircles render <AUDIO> -o <OUT> [OPTIONS]")]
    Render(RenderArgs),
    /// Draw one frame of a circle as a PNG
    #[command(override_usage = "musiccircles frame <AUDIO> -o <OUT> [OPTIONS]")]
    Frame(FrameArgs),
    /// Show what is known of a song: length, tags, cover, tempo, loudness, best fragments
    Probe(ProbeArgs),
    /// List the themes, or show what one of them takes
    Themes(ThemesArgs),
    /// Check what this machine can do: adapters, encoders (tried for real), disk
    Doctor(JsonArgs),
    /// Time a standard circle on this machine, beside the usual ffmpeg commands
    Bench(BenchArgs),
    /// Run the service: the bot, the queue and its workers
    Serve(ServeArgs),
    /// Back up the service's record while it runs, put a backup back, or look for damage
    #[command(subcommand)]
    Db(DbCommand),
    /// Make a token for the operator's page, and the line of the settings that goes with it
    AdminToken,
    /// Keys of the HTTP API: make, list, revoke; also while the service runs
    Keys(KeysArgs),
    /// The service's own child process; takes its orders from standard input
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Copy the record into one file; the service may go on meanwhile
    Backup {
        #[command(flatten)]
        service: ServeArgs,
        /// The file to write; replaced only by a whole copy
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Put a backup in the record's place; the service must be stopped, and what was in its line is not made again
    Restore {
        #[command(flatten)]
        service: ServeArgs,
        /// A file that `db backup` made
        backup: PathBuf,
    },
    /// Read the whole record and say what is wrong with it
    Check {
        #[command(flatten)]
        service: ServeArgs,
    },
}

#[derive(Args, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub action: KeysAction,
    /// The settings of the service [default: musiccircles.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Make a key and print it, this once
    Create {
        /// Whose it is, for your list
        name: String,
        /// Requests a minute; a quarter of them may come at once
        #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        per_minute: u32,
        /// As how many people it counts in the line; each has one circle rendering and a few waiting
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
        people: u32,
    },
    /// List the keys; not the keys themselves, which are not kept
    List,
    /// Have a key no longer taken
    Revoke {
        /// Its number in the list
        number: i64,
    },
}

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The settings [default: musiccircles.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What `render` and `frame` share.
#[derive(Args, Debug)]
pub struct CircleArgs {
    /// The song: mp3, m4a, ogg, opus, flac, wav or aiff
    pub audio: PathBuf,
    /// The picture on the label [default: the one in the song's tags, else a built-in one]
    #[arg(long, value_name = "IMAGE", allow_hyphen_values = true)]
    pub cover: Option<PathBuf>,
    /// Synced lyrics for a theme that shows them [default: the .lrc file beside the song, else the ones in its tags]
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    pub lyrics: Option<PathBuf>,
    /// Where the fragment starts: seconds (12.5) or m:ss (1:05)
    #[arg(long, value_name = "T", value_parser = time, allow_hyphen_values = true)]
    pub start: Option<Duration>,
    /// Where the fragment ends [default: a minute after its start, or the song's end]
    #[arg(long, value_name = "T", value_parser = time, allow_hyphen_values = true, conflicts_with = "duration")]
    pub end: Option<Duration>,
    /// How long the fragment is, 1 to 60 seconds
    #[arg(long, value_name = "T", value_parser = time, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Take the song's best fragment, 30 seconds or as long as --duration says
    #[arg(long, conflicts_with_all = ["start", "end"])]
    pub auto: bool,
    /// The look: a name that `musiccircles themes` lists, or the folder of a theme pack
    #[arg(long, value_name = "NAME", default_value = DEFAULT_THEME)]
    pub theme: String,
    /// Set a parameter of the theme, for example --set glow=0.5; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// How fast the record turns: 16 to 78 turns a minute
    #[arg(long, value_name = "RPM", default_value_t = Speed::default(), hide_default_value = true, allow_hyphen_values = true)]
    #[arg(
        help = "How fast the record turns: 16 to 78 turns a minute, or beat: whole beats to a turn [default: 33 1/3]"
    )]
    pub rpm: Speed,
    /// Side of the picture in pixels: an even number from 240 to 640
    #[arg(long, default_value = "640", value_parser = size, allow_hyphen_values = true)]
    pub size: Size,
    /// Frames per second: 25, 30 or 60
    #[arg(long, default_value = "30", value_parser = fps, allow_hyphen_values = true)]
    pub fps: Fps,
    /// What is seen outside the circle where it is shown square: nothing, or the cover out of focus
    #[arg(long, value_name = "black|cover", default_value_t = Corners::Black)]
    pub corners: Corners,
    /// Title etched on the record [default: the one in the song's tags]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// Artist etched on the record [default: the one in the song's tags]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub artist: Option<String>,
    /// What encodes: auto takes the first that works
    #[arg(long, value_name = "auto|nvenc|vaapi|x264", default_value = "auto")]
    pub encoder: EncoderChoice,
    /// What draws: auto takes a graphics card if there is one
    #[arg(long, value_name = "auto|gpu|cpu", default_value = "auto")]
    pub adapter: AdapterChoice,
    /// The file is never larger than this many bytes
    #[arg(long, value_name = "N", default_value_t = MAX_CIRCLE_BYTES, value_parser = max_bytes, allow_hyphen_values = true)]
    pub max_bytes: u64,
    /// The same seed gives the same circle
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = seed, allow_hyphen_values = true)]
    pub seed: u64,
    /// Print one JSON object instead of progress and summary
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct RenderArgs {
    #[command(flatten)]
    pub circle: CircleArgs,
    /// Where the circle goes: .mp4, or .y4m for its lossless frames, or - for standard output (mp4)
    #[arg(short = 'o', long = "output", value_name = "OUT", allow_hyphen_values = true)]
    pub output: PathBuf,
}

#[derive(Args, Debug)]
pub struct FrameArgs {
    #[command(flatten)]
    pub circle: CircleArgs,
    /// Which moment, from the start of the fragment
    #[arg(long, value_name = "T", value_parser = time, allow_hyphen_values = true, default_value = "0")]
    pub at: Duration,
    /// Where the picture goes: .png, or - for standard output
    #[arg(short = 'o', long = "output", value_name = "OUT", allow_hyphen_values = true)]
    pub output: PathBuf,
}

#[derive(Args, Debug)]
pub struct ProbeArgs {
    /// The song
    pub audio: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ThemesArgs {
    #[command(subcommand)]
    pub action: Option<ThemesAction>,
}

#[derive(Debug, Subcommand)]
pub enum ThemesAction {
    /// List the themes
    List(JsonArgs),
    /// Show what a theme takes
    Show {
        /// The theme's name, or the folder of a theme pack
        name: String,
    },
    /// Check a theme pack: its manifest and its WGSL
    Check {
        /// The folder with theme.toml and theme.wgsl
        dir: PathBuf,
    },
    /// Start a theme pack: a folder with a commented theme to change
    New {
        /// The folder to make
        name: PathBuf,
    },
    /// Draw all themes on one page
    Sheet {
        /// Where the page goes: .png, or - for standard output
        #[arg(short = 'o', long = "output", value_name = "OUT", allow_hyphen_values = true)]
        output: PathBuf,
    },
}

#[derive(Args, Clone, Copy, Debug)]
pub struct JsonArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct BenchArgs {
    /// How often each thing is timed; the median is shown
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = runs, allow_hyphen_values = true)]
    pub runs: u32,
    /// Leave out the ffmpeg commands
    #[arg(long)]
    pub ours_only: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| {
        if text.starts_with('-') {
            "a time cannot be negative; write seconds (12.5) or m:ss (1:05)".to_owned()
        } else {
            "this is no time; write seconds (12.5) or m:ss (1:05)".to_owned()
        }
    })
}

fn size(text: &str) -> Result<Size, String> {
    let px = text.parse().ok().and_then(Size::new);
    px.ok_or_else(|| {
        format!(
            "a circle's side is an even number from {} to {}; try 640, 480 or 384",
            Size::MIN,
            Size::MAX
        )
    })
}

fn fps(text: &str) -> Result<Fps, String> {
    text.parse()
        .ok()
        .and_then(Fps::new)
        .ok_or_else(|| "a circle has 25, 30 or 60 frames per second".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok();
    seed.ok_or_else(|| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

fn runs(text: &str) -> Result<u32, String> {
    let runs = text.parse().ok().filter(|runs| (1..=20).contains(runs));
    runs.ok_or_else(|| "give a whole number from 1 to 20".to_owned())
}

fn max_bytes(text: &str) -> Result<u64, String> {
    let bytes = text
        .parse()
        .ok()
        .filter(|bytes| (MIN_CIRCLE_BYTES..=MAX_CIRCLE_BYTES).contains(bytes));
    bytes.ok_or_else(|| {
        format!(
            "give a number of bytes from {MIN_CIRCLE_BYTES} to {MAX_CIRCLE_BYTES}, the most Telegram shows as a circle"
        )
    })
}

impl CircleArgs {
    /// The fragment's length as asked for, checked.
    pub fn length(&self) -> Result<Option<Duration>, String> {
        let start = self.start.unwrap_or_default();
        let length = match (self.end, self.duration) {
            (Some(end), _) => Some(
                end.checked_sub(start)
                    .filter(|length| !length.is_zero())
                    .ok_or_else(|| {
                        format!(
                            "the fragment would end before it starts; choose an --end after {:.1} s",
                            start.as_secs_f64()
                        )
                    })?,
            ),
            (None, duration) => duration,
        };
        match length {
            Some(length) if length > MAX_FRAGMENT => Err(format!(
                "a circle is at most {} s long and this fragment has {:.1} s; choose a shorter one",
                MAX_FRAGMENT.as_secs(),
                length.as_secs_f64()
            )),
            Some(length) if length < MIN_FRAGMENT => Err(format!(
                "a circle is at least {} s long and this fragment has {:.2} s; choose a longer one",
                MIN_FRAGMENT.as_secs(),
                length.as_secs_f64()
            )),
            length => Ok(length),
        }
    }
}
