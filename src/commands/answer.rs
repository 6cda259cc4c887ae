//! What a command answers: JSON by its contract on standard output, lines for a person on standard error.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::CommandError;
use crate::pipeline::{Report, StagesMs};

/// What `--json` tells of a circle, and of one frame of it.
#[derive(Serialize)]
pub(super) struct CircleJson {
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
    pub fn new(output: &Path, bytes: u64, report: &Report) -> Self {
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

pub(super) fn encoder_name(report: &Report) -> String {
    report
        .encoder
        .map_or_else(|| "none".to_owned(), |encoder| encoder.to_string())
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
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string(value).map_err(|error| CommandError::Machine(error.to_string()))?;
    print_text(&format!("{text}\n"))
}

/// To standard output; a reader that has gone away is not an error.
pub(super) fn print_text(text: &str) -> Result<(), CommandError> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CommandError::Machine(format!(
            "standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}
