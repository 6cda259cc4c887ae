//! `/stats`, for the owners: what the record holds of the last days in, one message out. Names of stages and kinds of errors
//! are those of the log and of `--json`, in every language.

use super::desk::Desk;
use super::texts::{Lang, Line, escape};
use super::view::Page;
use crate::queue::off_runtime;
use crate::store::jobs::{self, JobState};
use crate::store::stats::{self, Day, Passage, Trouble};
use crate::store::{Millis, Reader, StoreError, measures};

const DAY_MS: Millis = 24 * 3600 * 1000;
/// Days that are listed.
const DAYS: Millis = 7;
/// Stages of the work in the order they begin; some run side by side.
const STAGES: [&str; 8] = [
    "decode",
    "analyse",
    "gpu_init",
    "render",
    "encode_video",
    "encode_audio",
    "mux",
    "total",
];

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    pub days: Vec<Day>,
    pub states: Vec<(JobState, u64)>,
    /// How long the one who waits longest has waited.
    pub longest_wait_ms: Option<Millis>,
    pub troubles: Vec<Trouble>,
    pub passages: Vec<Passage>,
    /// Milliseconds to render a second of circle.
    pub speed: Option<f64>,
}

pub async fn page(desk: &Desk, lang: Lang) -> Page {
    let now = desk.clock.now();
    let numbers = desk.record(move |store| store.read(|conn| read(conn, now))).await;
    let disk = desk.queue.disk().clone();
    let disk = off_runtime(move || disk.used_and_budget_bytes()).await;
    match (numbers, disk) {
        (Ok(numbers), Ok(disk)) => show(&numbers, disk, lang),
        _ => super::view::line(&Line::new("trouble-record"), lang),
    }
}

/// Errors and times are those of the last 24 hours.
pub fn read(conn: &Reader, now: Millis) -> Result<Numbers, StoreError> {
    // A day ends at midnight UTC, for everybody.
    let today = now - now.rem_euclid(DAY_MS);
    Ok(Numbers {
        days: stats::days(conn, today - (DAYS - 1) * DAY_MS)?,
        states: jobs::count_by_state(conn, now - DAY_MS)?,
        longest_wait_ms: stats::waiting_since(conn)?.map(|since| now - since),
        troubles: stats::troubles(conn, now - DAY_MS)?,
        passages: stats::passages(conn, now - DAY_MS)?,
        speed: measures::mean(conn, "render_ms_per_second")?,
    })
}

pub fn show(numbers: &Numbers, (used_bytes, budget_bytes): (u64, u64), lang: Lang) -> Page {
    let count = |state| {
        let found = numbers.states.iter().find(|(of, _)| *of == state);
        found.map_or(0, |(_, count)| *count)
    };
    let again = numbers.passages.iter().filter(|passage| passage.stages.is_empty());
    let lines = [
        Line::new("stats-days").html(lang),
        table(numbers.days.iter().map(|day| {
            let counted = [day.people, day.circles, day.searches].map(|count| count.to_string());
            (day.date.as_str(), counted.to_vec())
        })),
        Line::new("stats-queue")
            .with("queued", count(JobState::Queued))
            .with("longest", seconds(numbers.longest_wait_ms.map_or(0.0, |ms| ms as f64)))
            .with("rendering", count(JobState::Rendering))
            .with("sending", count(JobState::Rendered) + count(JobState::Sending))
            .html(lang),
        Line::new("stats-day")
            .with("sent", count(JobState::Sent))
            .with("again", again.count() as u64)
            .with("failed", count(JobState::Failed) + count(JobState::SetAside))
            .with("refused", count(JobState::Refused))
            .with("unknown", count(JobState::Unknown))
            .html(lang),
        table(numbers.troubles.iter().map(|trouble| {
            let kind = [trouble.state.name(), &trouble.kind].join(" ");
            (kind, vec![trouble.count.to_string()])
        })),
        Line::new("stats-times").html(lang),
        table(times(&numbers.passages).into_iter().map(|(stage, mut took)| {
            took.sort_by(f64::total_cmp);
            let shown = [0.5, 0.95].map(|share| percentile(&took, share).map_or("–".to_owned(), seconds));
            (stage, shown.to_vec())
        })),
        Line::new("stats-machine")
            .with("speed", numbers.speed.map_or("–".into(), |ms| format!("{ms:.0}")))
            .with("used", used_bytes >> 20)
            .with("budget", budget_bytes >> 20)
            .html(lang),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    Page {
        html: lines.join("\n"),
        rows: vec![],
    }
}

/// All times of each part of the way, in milliseconds.
fn times(passages: &[Passage]) -> Vec<(&'static str, Vec<f64>)> {
    let of = |part: &dyn Fn(&Passage) -> Option<f64>| passages.iter().filter_map(part).collect::<Vec<_>>();
    let mut times = vec![("waiting", of(&|passage| passage.waiting))];
    times.extend(STAGES.map(|stage| (stage, of(&|passage| passage.stages.get(stage).copied()))));
    times.push(("sending", of(&|passage| passage.sending)));
    times.push(("order to chat", of(&|passage| Some(passage.whole))));
    times
}

/// Rows of a name and numbers, below each other; nothing without rows.
fn table<N: AsRef<str>>(rows: impl Iterator<Item = (N, Vec<String>)>) -> String {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let widest = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max();
    let lines = rows.iter().map(|(name, numbers)| {
        let numbers: String = numbers.iter().map(|number| format!(" {number:>6}")).collect();
        format!(
            "{:<width$}{numbers}",
            name.as_ref().trim_end(),
            width = widest.unwrap_or(0)
        )
    });
    format!("<pre>{}</pre>", escape(&lines.collect::<Vec<_>>().join("\n")))
}

/// Seconds.
fn seconds(ms: f64) -> String {
    format!("{:.2}", ms / 1000.0)
}

/// Of sorted values: the nearest one.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
