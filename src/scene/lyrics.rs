//! The fragment's lines in, a sheet with a row for each and what every moment says of them out.
//!
//! Rows stand in the order of time, so that a theme finds the line before and the line after beside the one being sung. A
//! row may be empty: a pause. Before the first line stands the title; where there are no lyrics, title and artist.

use std::f32::consts::TAU;

use super::lettering::{Canvas, OVERSAMPLING, Pen};
use super::theme::LyricsPlace;
use crate::flow::{LyricLine, WordStamp};
use crate::flow::{LyricSheet, Moment};
use crate::model::{Fps, Size, Tags};

/// What every device takes as the side of a texture, in pixels.
const MAX_SHEET_PX: u32 = 8192;
/// A minute of the fastest singing has fewer.
const MAX_ROWS: usize = 128;
/// Lines too long for their row are written smaller, down to this, and then broken.
const SMALLEST: f32 = 0.80;
/// A part of a broken line shorter than this could not be read.
const SHORTEST_PART_MS: i64 = 700;
const MAX_PARTS: usize = 4;
/// How long a letter is sung at most: lines before a long pause are not stretched over it.
const LETTER_MS: i64 = 130;
const SHORTEST_SUNG_MS: i64 = 1200;
const LONGEST_SUNG_MS: i64 = 6000;
/// How long a line stays when it is sung and no other comes.
const STAYS_MS: i64 = 4000;
/// An introduction shorter than this is not worth a title.
const INTRO_MS: i64 = 1500;
/// The light begins and ends this much of the row beside the text, so that a theme may blur its edge.
const MARGIN: f32 = 0.02;
const SPACING: f32 = 0.015;
/// The age of what was there from the start.
const LONG_AGO_SECS: f32 = 1000.0;

/// A row of the sheet and when it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// From the start of the fragment.
    pub start_ms: i64,
    /// Empty: a pause.
    pub text: String,
    /// When the letter at a byte of the text is sung, ascending, the text's end last; empty where nothing is sung.
    sung: Vec<WordStamp>,
    /// The same along the row, 0 to 1: milliseconds and place.
    sweep: Vec<(i64, f32)>,
}

/// What of the request the lyrics follow from.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Of the fragment, in times from its start.
    pub lines: &'a [LyricLine],
    pub tags: &'a Tags,
    /// `None` in a theme that shows none.
    pub place: Option<LyricsPlace>,
    pub size: Size,
    /// Of the fragment.
    pub length_ms: i64,
    pub looped: bool,
}

/// The sheet, and its rows from top to bottom.
pub fn set(setting: &Setting<'_>) -> (LyricSheet, Vec<Row>) {
    let Some(place) = setting.place else {
        return (LyricSheet::empty(), Vec::new());
    };
    // Sheet pixels per disc unit.
    let px = setting.size.px() as f32 / 2.0 * OVERSAMPLING;
    let row_px = (place.width * px).ceil();
    let width_px = (place.turns * TAU * place.radius * px).ceil().min(MAX_SHEET_PX as f32);
    let mut pen = Pen::new(row_px, SPACING);
    let mut rows = rows(setting, &mut pen, width_px);
    rows.truncate(MAX_ROWS.min((MAX_SHEET_PX / row_px as u32) as usize));
    if rows.is_empty() {
        return (LyricSheet::empty(), rows);
    }
    let mut sheet = Canvas::new(width_px as u32, row_px as u32 * rows.len() as u32);
    for (n, row) in (0..).zip(&mut rows) {
        write(row, &mut pen, &mut sheet, n * row_px as i32);
    }
    let sheet = LyricSheet {
        width: sheet.width,
        height: sheet.height,
        coverage: sheet.coverage,
        lines: rows.len() as u32,
    };
    (sheet, rows)
}

/// Says in every moment which row is sung, since when and how far.
pub fn tell(moments: &mut [Moment], rows: &[Row], fps: Fps, looped: bool) {
    for (frame, moment) in (0_i64..).zip(moments) {
        let now_ms = frame * 1000 / i64::from(fps.get());
        // By the frame's exact time: a line is lit in the first frame that is not before its stamp.
        let begun = |row: &&Row| row.start_ms.saturating_mul(i64::from(fps.get())) <= frame * 1000;
        let line = rows.iter().take_while(begun).count();
        let Some(row) = line.checked_sub(1).and_then(|at| rows.get(at)) else {
            moment.line_age_secs = LONG_AGO_SECS;
            continue;
        };
        // What runs at the start is there in the first frame, which is the circle's thumbnail; but in a loop it follows the
        // last line, each time round.
        let comes = row.start_ms > 0 || looped && line > 1;
        let age_secs = frame as f32 / fps.get() as f32 - row.start_ms.max(0) as f32 / 1000.0;
        moment.line = (line - 1) as f32;
        moment.line_age_secs = if comes { age_secs.max(0.0) } else { LONG_AGO_SECS };
        moment.line_sung = row.sung_at(now_ms);
    }
}

impl Row {
    fn plain(start_ms: i64, text: String) -> Self {
        Self {
            start_ms,
            text,
            sung: Vec::new(),
            sweep: Vec::new(),
        }
    }

    /// How far along the row it is sung.
    fn sung_at(&self, now_ms: i64) -> f32 {
        let after = self.sweep.iter().position(|&(at_ms, _)| at_ms > now_ms);
        match after {
            None => self.sweep.last().map_or(1.0, |&(_, x)| x),
            Some(0) => self.sweep[0].1,
            Some(next) => {
                let ((from_ms, from), (to_ms, to)) = (self.sweep[next - 1], self.sweep[next]);
                from + (to - from) * (now_ms - from_ms) as f32 / (to_ms - from_ms) as f32
            }
        }
    }

    /// When the letter at this byte is sung.
    fn time_of(&self, byte: usize) -> i64 {
        let after = self.sung.iter().position(|stamp| stamp.byte > byte);
        match (after, self.sung.last()) {
            (Some(next), _) if next > 0 => {
                let (from, to) = (self.sung[next - 1], self.sung[next]);
                from.at_ms + (to.at_ms - from.at_ms) * (byte - from.byte) as i64 / (to.byte - from.byte) as i64
            }
            (Some(_), _) => self.start_ms,
            (None, last) => last.map_or(self.start_ms, |last| last.at_ms),
        }
    }
}

fn rows(setting: &Setting<'_>, pen: &mut Pen, width_px: f32) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in setting.lines {
        sing(line, pen, width_px, &mut rows);
    }
    // A line's last part, or the pause behind it, may come after the end.
    rows.retain(|row| row.start_ms < setting.length_ms);
    let tag = |pen: &mut Pen, tag: &Option<String>| tag.as_ref().and_then(|text| pen.writable(text));
    if rows.iter().all(|row: &Row| row.text.is_empty()) {
        let texts = [tag(pen, &setting.tags.title), tag(pen, &setting.tags.artist)];
        // The second one is never sung: it stays the line to come.
        let starts = [0, i64::MAX];
        return starts
            .into_iter()
            .zip(texts.into_iter().flatten())
            .map(|(start_ms, text)| Row::plain(start_ms, text))
            .collect();
    }
    if rows.first().is_some_and(|first| first.start_ms > INTRO_MS) {
        let title = if setting.looped {
            None
        } else {
            tag(pen, &setting.tags.title)
        };
        rows.insert(0, Row::plain(0, title.unwrap_or_default()));
    }
    if setting.looped
        && let (Some(first), Some(last)) = (rows.first().cloned(), rows.last().cloned())
    {
        // What was there before the first line and what comes after the last one.
        rows.insert(0, Row::plain(i64::MIN, last.text));
        rows.push(Row::plain(i64::MAX, first.text));
    }
    rows
}

/// Appends a line's rows: usually one, several where it is too long, and a pause when nothing follows for long.
fn sing(line: &LyricLine, pen: &mut Pen, width_px: f32, rows: &mut Vec<Row>) {
    let written = if line.text.is_empty() {
        None
    } else {
        pen.writable(&line.text)
    };
    let Some(text) = written else {
        rows.push(Row::plain(line.start_ms, String::new()));
        return;
    };
    let letters = text.chars().count() as i64;
    let takes_ms = (letters * LETTER_MS).clamp(SHORTEST_SUNG_MS, LONGEST_SUNG_MS);
    let end_ms = line.end_ms.unwrap_or(i64::MAX);
    // Word stamps count the bytes of the text as it was read.
    let mut sung = if text == line.text {
        line.words.clone()
    } else {
        Vec::new()
    };
    sung.dedup_by_key(|stamp| stamp.byte);
    if sung.first().is_none_or(|first| first.byte > 0) {
        let byte = 0;
        sung.insert(
            0,
            WordStamp {
                at_ms: line.start_ms,
                byte,
            },
        );
    }
    if sung.last().is_some_and(|last| last.byte < text.len()) {
        let at_ms = match sung.as_slice() {
            [only] => only.at_ms.saturating_add(takes_ms),
            // The last word takes as long as its letters do.
            [.., last] => last.at_ms + (text[last.byte..].chars().count() as i64 * LETTER_MS).max(300),
            [] => line.start_ms,
        };
        let byte = text.len();
        let at_ms = at_ms.min(end_ms);
        sung.push(WordStamp { at_ms, byte });
    }
    let sung_ms = sung.last().map_or(line.start_ms, |last| last.at_ms);
    let row = Row {
        sung,
        ..Row::plain(line.start_ms, text)
    };
    rows.extend(broken(row, pen, width_px));
    let gone_ms = sung_ms + STAYS_MS;
    if end_ms > gone_ms + STAYS_MS / 2 {
        rows.push(Row::plain(gone_ms, String::new()));
    }
}

/// A row that fits, or its parts, broken between words where they come out most alike.
fn broken(row: Row, pen: &mut Pen, width_px: f32) -> Vec<Row> {
    let width = pen.shape(&row.text, 1.0, None).width();
    if width * SMALLEST <= width_px {
        return vec![row];
    }
    let parts = ((width * 0.9 / width_px).ceil() as usize).clamp(2, MAX_PARTS);
    let spaces: Vec<_> = row.text.match_indices(' ').map(|(at, _)| at).collect();
    let mut cuts = vec![0];
    for part in 1..parts {
        let wanted = row.text.len() * part / parts;
        let nearest = spaces.iter().min_by_key(|at| at.abs_diff(wanted));
        cuts.extend(
            nearest
                .filter(|&&at| cuts.last().is_none_or(|&last| at > last))
                .copied(),
        );
    }
    cuts.push(row.text.len());
    let part = |pair: &[usize]| {
        let (from, to) = (pair[0], pair[1]);
        let text = row.text[from..to].trim_start();
        let skipped = to - from - text.len();
        let (start_ms, end_ms) = (row.time_of(from), row.time_of(to));
        let inner = row
            .sung
            .iter()
            .filter(|stamp| stamp.byte > from + skipped && stamp.byte < to);
        let mut sung = vec![WordStamp {
            at_ms: start_ms,
            byte: 0,
        }];
        sung.extend(inner.map(|stamp| WordStamp {
            byte: stamp.byte - from - skipped,
            ..*stamp
        }));
        sung.push(WordStamp {
            at_ms: end_ms,
            byte: text.len(),
        });
        Row {
            sung,
            ..Row::plain(start_ms, text.to_owned())
        }
    };
    let parts: Vec<_> = cuts.windows(2).map(part).collect();
    let readable = |pair: &[Row]| pair[1].start_ms - pair[0].start_ms >= SHORTEST_PART_MS;
    if parts.windows(2).all(readable) {
        parts
    } else {
        vec![row]
    }
}

/// Writes a row into the sheet, in its middle, and measures where its letters stand.
fn write(row: &mut Row, pen: &mut Pen, sheet: &mut Canvas, top: i32) {
    if row.text.is_empty() {
        return;
    }
    let width_px = sheet.width as f32;
    let natural = pen.shape(&row.text, 1.0, None).width();
    // A little less than what fits, so that rounding never takes the last letter.
    let scale = (width_px * 0.995 / natural).clamp(SMALLEST, 1.0);
    let mut line = pen.shape(&row.text, scale, Some(width_px));
    let width = line.width().min(width_px);
    let left = ((width_px - width) / 2.0).floor();
    pen.draw(&mut line, sheet, left as i32, top);
    let count = row.sung.len();
    row.sweep = (0..)
        .zip(&row.sung)
        .map(|(n, stamp)| {
            let x = (left + line.x_of(stamp.byte).min(width)) / width_px;
            let beside = if n == 0 {
                -MARGIN
            } else if n + 1 == count {
                MARGIN
            } else {
                0.0
            };
            (stamp.at_ms, x + beside)
        })
        .collect();
}
