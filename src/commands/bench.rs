//! `musiccircles bench`: a standard circle on this machine, cold and warm, beside what people do with ffmpeg today.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::CommandError;
use super::answer::{print_json, print_text};
use crate::assets;
use crate::cli::BenchArgs;
use crate::deliver::unfinished::Unfinished;
use crate::model::{Corners, Fps, Size, VideoFormat};
use crate::pipeline::{
    self, CoverChoice, FragmentChoice, LyricsChoice, PipelineError, Report, Request, SharedGpu, StagesMs,
};
use crate::render::AdapterChoice;
use crate::scene::motion::Speed;
use crate::scene::params::ParamValues;
use crate::scene::theme;

const CIRCLE: Duration = Duration::from_secs(60);
/// Made beforehand and not timed: it opens the device, tries the encoders and fills the disk's cache.
const WARM_UP: Duration = Duration::from_secs(2);

/// The original service's command: one still picture with sound. `{cover}`, `{song}` and `{out}` are filled in.
const STILL_RECIPE: &str = "-loop 1 -framerate 30 -i {cover} -i {song} -vf scale=640:640 -c:v libx264 -tune stillimage \
                            -pix_fmt yuv420p -c:a aac -t 60 {out}";
/// The recipe of the spinning-cover bots, at our size, frame rate and speed.
const ROTATE_RECIPE: &str = "-loop 1 -framerate 30 -i {cover} -i {song} -vf scale=640:640,rotate=2*PI*t*33.333/60 -c:v libx264 \
                             -pix_fmt yuv420p -c:a aac -t 60 {out}";

#[derive(Serialize)]
struct BenchJson {
    machine: String,
    cores: usize,
    adapter: String,
    encoder: String,
    runs: u32,
    /// Medians, seconds.
    cold_s: f64,
    warm_s: f64,
    bytes: usize,
    stages: StagesMs,
    peak_memory_mb: Option<f64>,
    ffmpeg: Option<FfmpegJson>,
}

#[derive(Serialize)]
struct FfmpegJson {
    still_s: f64,
    rotate_s: f64,
    cold_to_still: f64,
    cold_to_rotate: f64,
}

/// The bundled song and cover as files, in a folder that goes away with it.
struct Standard {
    folder: tempfile::TempDir,
    _noted: Unfinished,
    song: PathBuf,
    cover: PathBuf,
}

pub fn run(args: &BenchArgs, cancel: &AtomicBool) -> Result<(), CommandError> {
    let standard = unpack()?;
    let ffmpeg = !args.ours_only && available("ffmpeg");
    let gpu = SharedGpu::new(AdapterChoice::Auto);
    let (mut report, mut bytes) = warm(&standard, &gpu, WARM_UP, cancel)?;
    let mut times = Times::default();
    for _ in 0..args.runs {
        // Side by side, so that a machine that slows down slows all of them.
        times.cold.push(cold(&standard, cancel)?);
        (report, bytes) = warm(&standard, &gpu, CIRCLE, cancel)?;
        times.warm.push(report.stages.total);
        if ffmpeg {
            times.still.push(recipe(STILL_RECIPE, &standard, cancel)?);
            times.rotate.push(recipe(ROTATE_RECIPE, &standard, cancel)?);
        }
    }
    let result = summarise(args, &times, &report, bytes, ffmpeg);
    if args.json {
        print_json(&result)
    } else {
        print_text(&in_words(&result))
    }
}

#[derive(Default)]
struct Times {
    cold: Vec<Duration>,
    warm: Vec<Duration>,
    still: Vec<Duration>,
    rotate: Vec<Duration>,
}

fn summarise(args: &BenchArgs, times: &Times, report: &Report, bytes: usize, ffmpeg: bool) -> BenchJson {
    let cold_s = median_secs(&times.cold);
    let (still_s, rotate_s) = (median_secs(&times.still), median_secs(&times.rotate));
    let ratio = |other: f64| (cold_s / other * 1000.0).round() / 1000.0;
    BenchJson {
        machine: machine(),
        cores: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        adapter: report.adapter.clone(),
        encoder: report.encoder.map_or_else(String::new, |encoder| encoder.to_string()),
        runs: args.runs,
        cold_s,
        warm_s: median_secs(&times.warm),
        bytes,
        stages: report.stages.into(),
        peak_memory_mb: peak_memory_mb(),
        ffmpeg: ffmpeg.then(|| FfmpegJson {
            still_s,
            rotate_s,
            cold_to_still: ratio(still_s),
            cold_to_rotate: ratio(rotate_s),
        }),
    }
}

fn unpack() -> Result<Standard, CommandError> {
    let failed = |error: std::io::Error| CommandError::Machine(format!("the temporary folder cannot be used: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let noted = Unfinished::note(folder.path());
    let song = folder.path().join("demo.mp3");
    let cover = folder.path().join("cover.jpg");
    std::fs::write(&song, assets::DEMO_SONG).map_err(failed)?;
    std::fs::write(&cover, assets::DEMO_COVER).map_err(failed)?;
    Ok(Standard {
        folder,
        _noted: noted,
        song,
        cover,
    })
}

/// In this process, with the device open.
fn warm(
    standard: &Standard,
    gpu: &SharedGpu,
    length: Duration,
    cancel: &AtomicBool,
) -> Result<(Report, usize), CommandError> {
    let (size, fps) = Size::new(Size::MAX)
        .zip(Fps::new(30))
        .ok_or_else(|| CommandError::Machine("the standard format is not one of ours".to_owned()))?;
    let request = Request {
        song: standard.song.clone(),
        cover: CoverChoice::File(standard.cover.clone()),
        lyrics: LyricsChoice::Nearby,
        fragment: FragmentChoice::From {
            start: Duration::ZERO,
            length: Some(length),
        },
        theme: theme::find(theme::DEFAULT_THEME)?.clone(),
        params: ParamValues::new(),
        speed: Speed::default(),
        format: VideoFormat { size, fps },
        corners: Corners::Black,
        title: None,
        artist: None,
        encoder: crate::encode::EncoderChoice::Auto,
        cores: None,
        max_bytes: crate::model::limits::MAX_CIRCLE_BYTES,
        seed: 0,
    };
    let (circle, report) = pipeline::render(&request, gpu, &|_| {}, cancel)?;
    Ok((report, circle.mp4.len()))
}

/// This program, started anew: what a person who types the command waits for.
fn cold(standard: &Standard, cancel: &AtomicBool) -> Result<Duration, CommandError> {
    let failed = |why: String| CommandError::Machine(format!("the timed command failed: {why}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command
        .args(["render", "--json", "--duration", "60"])
        .arg(&standard.song)
        .arg("--cover")
        .arg(&standard.cover);
    command
        .arg("-o")
        .arg(standard.folder.path().join("cold.mp4"))
        .stdout(Stdio::null());
    time_of(&mut command, cancel, failed)
}

fn recipe(recipe: &str, standard: &Standard, cancel: &AtomicBool) -> Result<Duration, CommandError> {
    let out = standard.folder.path().join("recipe.mp4");
    let path = |file: &Path| file.to_string_lossy().into_owned();
    let fill = |word: &str| match word {
        "{cover}" => path(&standard.cover),
        "{song}" => path(&standard.song),
        "{out}" => path(&out),
        other => other.to_owned(),
    };
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(recipe.split_whitespace().map(fill));
    time_of(&mut command, cancel, |why| {
        CommandError::Machine(format!("ffmpeg failed: {why}"))
    })
}

/// How often a running command is looked at: too seldom to disturb it, and a thousandth of what it takes.
const LOOK: Duration = Duration::from_millis(5);

/// How long a command runs. Killed when this program is told to stop, which a polite kill tells nobody else.
fn time_of(
    command: &mut Command,
    cancel: &AtomicBool,
    failed: impl Fn(String) -> CommandError,
) -> Result<Duration, CommandError> {
    let began = Instant::now();
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(began.elapsed()),
            // Ctrl-C in a terminal tells the command as well, and it may be quicker.
            Ok(Some(_)) if cancel.load(Ordering::Relaxed) => return Err(PipelineError::Cancelled.into()),
            Ok(Some(status)) => return Err(failed(status.to_string())),
            Ok(None) if !cancel.load(Ordering::Relaxed) => std::thread::sleep(LOOK),
            stopped => {
                let killed = child.kill().and_then(|()| child.wait());
                return Err(match (stopped, killed) {
                    (Err(error), _) | (_, Err(error)) => failed(error.to_string()),
                    _ => PipelineError::Cancelled.into(),
                });
            }
        }
    }
}

fn available(program: &str) -> bool {
    let tried = Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

fn median_secs(times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    (median.as_secs_f64() * 1000.0).round() / 1000.0
}

/// The processor's name, for results that are kept.
fn machine() -> String {
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = facts
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    line.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The most this process ever had in memory: it made circles of its own.
fn peak_memory_mb() -> Option<f64> {
    let facts = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = facts.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some((kilobytes / 102.4).round() / 10.0)
}

fn in_words(bench: &BenchJson) -> String {
    let StagesMs {
        decode,
        analyse,
        gpu_init,
        render,
        encode_video,
        encode_audio,
        mux,
        total,
    } = bench.stages;
    let mut text = format!(
        "a 60 s circle, 640x640, 30 fps, theme vinyl, {:.2} MB\n\
         on {}, {} cores, {}, encoder {}\n\n\
         new process    {:.2} s (median of {})\n\
         warm process   {:.2} s\n\n\
         stages of the last warm run, ms (they overlap)\n\
         decode {decode:.0}  analyse {analyse:.0}  gpu_init {gpu_init:.0}  render {render:.0}  encode_video {encode_video:.0}  \
         encode_audio {encode_audio:.0}  mux {mux:.0}  total {total:.0}\n",
        bench.bytes as f64 / 1e6,
        bench.machine,
        bench.cores,
        bench.adapter,
        bench.encoder,
        bench.cold_s,
        bench.runs,
        bench.warm_s,
    );
    if let Some(memory) = bench.peak_memory_mb {
        text += &format!("peak memory    {memory:.0} MB\n");
    }
    match &bench.ffmpeg {
        Some(ffmpeg) => {
            text += &format!(
                "\nffmpeg, still picture   {:.2} s   ours takes {:.2} of it\n\
                 ffmpeg, rotating cover  {:.2} s   ours takes {:.2} of it\n",
                ffmpeg.still_s, ffmpeg.cold_to_still, ffmpeg.rotate_s, ffmpeg.cold_to_rotate
            );
        }
        None => text += "\nno ffmpeg beside it: install ffmpeg to compare\n",
    }
    text
}
