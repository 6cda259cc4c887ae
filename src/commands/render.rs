//! `musiccircles render`: a circle as mp4, or its lossless frames as y4m.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::answer::{CircleJson, encoder_name, print_json, say, say_of_lyrics};
use super::{CommandError, check_output, request};
use crate::cli::RenderArgs;
use crate::deliver::{DeliverError, Output, file};
use crate::encode::Y4mWriter;
use crate::model::time::show_time;
use crate::pipeline::{self, PipelineError, Progress, Report, Request, SharedGpu};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Mp4,
    Y4m,
}

pub fn run(args: &RenderArgs, cancel: &AtomicBool) -> Result<(), CommandError> {
    let kind = kind_of(&args.output)?;
    check_output(&args.output, &args.circle)?;
    let request = request(&args.circle)?;
    let gpu = SharedGpu::new(args.circle.adapter);
    let display = Display::new(args.circle.json);
    let progress = |step: Progress| display.show(&step);
    let (bytes, report) = match kind {
        Kind::Mp4 => {
            let (circle, report) = pipeline::render(&request, &gpu, &progress, cancel)?;
            (file::write_whole(&args.output, &circle.mp4)?, report)
        }
        Kind::Y4m => write_y4m(args, &request, &gpu, &progress, cancel)?,
    };
    display.finish();
    if args.circle.json {
        print_json(&CircleJson::new(&args.output, bytes, &report))?;
    } else {
        say_of_lyrics(&report.lyrics);
        summary(&args.output, bytes, &report);
    }
    Ok(())
}

/// A device or a pipe takes an mp4 whatever it is called.
fn kind_of(output: &Path) -> Result<Kind, CommandError> {
    let name = output.to_string_lossy().to_lowercase();
    let special = std::fs::metadata(output).is_ok_and(|facts| !facts.is_file() && !facts.is_dir());
    if name.ends_with(".y4m") {
        Ok(Kind::Y4m)
    } else if name == "-" || name.ends_with(".mp4") || special {
        Ok(Kind::Mp4)
    } else {
        let output = output.display();
        Err(CommandError::Usage(format!(
            "{output}: a circle is written as .mp4, its frames as .y4m, or to - for standard output"
        )))
    }
}

fn write_y4m(
    args: &RenderArgs,
    request: &Request,
    gpu: &SharedGpu,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<(u64, Report), CommandError> {
    let output = Output::create(&args.output)?;
    let explain = |error| DeliverError::from_io(&args.output, error);
    let mut writer = Y4mWriter::new(output, request.format).map_err(explain)?;
    let mut write = |nv12: &[u8]| writer.frame(nv12);
    let rendered = pipeline::render_raw(request, gpu, &mut write, progress, cancel);
    let report = match rendered {
        Err(PipelineError::Raw(error)) => return Err(explain(error).into()),
        other => other?,
    };
    Ok((writer.into_inner().finish()?, report))
}

/// What a person watches: a bar on a terminal, plain lines elsewhere, nothing with `--json`.
enum Display {
    Quiet,
    Bar(ProgressBar),
    /// The number of frames in all, and the last tenth that was told.
    Lines(Mutex<(u32, u32)>),
}

impl Display {
    fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Mutex::default());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} frames  {fps} fps  {eta} left") {
            let fps = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // Only a closed terminal could refuse it.
                let _ = write!(out, "{:.0}", state.per_sec());
            };
            bar.set_style(style.with_key("fps", fps));
        }
        Self::Bar(bar)
    }

    fn show(&self, step: &Progress) {
        match (self, step) {
            (Self::Quiet, _) => {}
            (
                _,
                Progress::Started {
                    adapter,
                    encoder,
                    frames,
                },
            ) => {
                let line = match encoder {
                    Some(encoder) => format!("rendering on {adapter}, encoding with {encoder}"),
                    None => format!("rendering on {adapter}"),
                };
                match self {
                    Self::Bar(bar) => {
                        bar.set_length(u64::from(*frames));
                        bar.println(line);
                    }
                    Self::Lines(told) => {
                        if let Ok(mut told) = told.lock() {
                            told.0 = *frames;
                        }
                        say(&line);
                    }
                    Self::Quiet => {}
                }
            }
            (Self::Bar(bar), Progress::Frames { done }) => bar.set_position(u64::from(*done)),
            (Self::Lines(told), Progress::Frames { done }) => {
                if let Ok(mut told) = told.lock() {
                    let tenth = done * 10 / told.0.max(1);
                    if tenth > told.1 {
                        told.1 = tenth;
                        say(&format!("{done}/{} frames", told.0));
                    }
                }
            }
        }
    }

    fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn summary(output: &Path, bytes: u64, report: &Report) {
    say(&format!(
        "{}: {} of music from {}, {} frames of {}x{}, {:.2} MB, made in {:.2} s on {}, encoder {}",
        output.display(),
        show_time(report.fragment.length),
        show_time(report.fragment.start),
        report.frames,
        report.format.size.px(),
        report.format.size.px(),
        bytes as f64 / 1e6,
        report.stages.total.as_secs_f64(),
        report.adapter,
        encoder_name(report),
    ));
}
