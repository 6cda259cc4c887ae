//! What a command answers: JSON by its contract on standard output, lines for a person on standard error.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::CommandError;
use crate::pipeline::{LyricsFound, Report, StagesMs};

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
    /// Only with a theme that shows lyrics: `shown`, or why not: `not_in_fragment`, `missing`, `broken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lyrics: Option<&'static str>,
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
            lyrics: match report.lyrics {
                LyricsFound::NotShown => None,
                LyricsFound::Shown => Some("shown"),
                LyricsFound::NotInFragment => Some("not_in_fragment"),
                LyricsFound::Missing { .. } => Some("missing"),
                LyricsFound::Broken { .. } => Some("broken"),
            },
            stages: report.stages.into(),
        }
    }
}

pub(super) fn encoder_name(report: &Report) -> String {
    report
        .encoder
        .map_or_else(|| "none".to_owned(), |encoder| encoder.to_string())
}

/// Why a theme that shows lyrics shows none.
pub(super) fn say_of_lyrics(found: &LyricsFound) {
    let what = match found {
        LyricsFound::NotShown | LyricsFound::Shown => return,
        LyricsFound::NotInFragment => "no line of the lyrics is sung in this fragment".to_owned(),
        LyricsFound::Missing { wanted } => {
            format!(
                "no lyrics found; put them into {} or name a file after --lyrics",
                wanted.display()
            )
        }
        LyricsFound::Broken { path, reason } => format!("{} was passed over: {reason}", path.display()),
    };
    say(&format!("{what}; the title is shown instead"));
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
