//! `/stats`: what happened lately, for the owners.

use super::desk::Desk;
use super::texts::{Lang, Line};
use super::view::Page;
use crate::store::jobs::{self, JobState};
use crate::store::people::{self, Count, InteractionKind};
use crate::store::{Millis, StoreError, measures};

const DAY_MS: Millis = 24 * 3600 * 1000;

struct Numbers {
    circles_today: Count,
    searches_today: Count,
    circles_week: Count,
    states: Vec<(JobState, u64)>,
    /// Milliseconds to render a second of circle.
    speed: Option<f64>,
    waits_ms: Vec<Millis>,
}

pub async fn page(desk: &Desk, lang: Lang) -> Page {
    let now = desk.clock.now();
    let numbers = desk.record(move |store| store.read(|conn| read(conn, now))).await;
    let disk = desk.queue.disk().clone();
    let disk = crate::queue::off_runtime(move || disk.used_and_budget_bytes()).await;
    let (Ok(numbers), Ok((used, budget))) = (numbers, disk) else {
        return super::view::line(&Line::new("trouble-record"), lang);
    };
    let count = |state| {
        numbers
            .states
            .iter()
            .find(|(of, _)| *of == state)
            .map_or(0, |(_, count)| *count)
    };
    let people_today = numbers.circles_today.people.max(numbers.searches_today.people);
    let seconds = |share: f64| {
        percentile(&numbers.waits_ms, share).map_or("–".into(), |ms| format!("{:.1}", ms as f64 / 1000.0))
    };
    let line = Line::new("stats")
        .with("people_today", people_today)
        .with("circles_today", numbers.circles_today.interactions)
        .with("searches_today", numbers.searches_today.interactions)
        .with("people_week", numbers.circles_week.people)
        .with("circles_week", numbers.circles_week.interactions)
        .with("queued", count(JobState::Queued))
        .with("rendering", count(JobState::Rendering))
        .with("sending", count(JobState::Rendered) + count(JobState::Sending))
        .with("sent", count(JobState::Sent))
        .with("failed", count(JobState::Failed) + count(JobState::SetAside))
        .with("refused", count(JobState::Refused))
        .with("unknown", count(JobState::Unknown))
        .with("p50", seconds(0.5))
        .with("p95", seconds(0.95))
        .with("speed", numbers.speed.map_or("–".into(), |ms| format!("{ms:.0}")))
        .with("used", used >> 20)
        .with("budget", budget >> 20);
    super::view::line(&line, lang)
}

fn read(conn: &crate::store::Reader, now: Millis) -> Result<Numbers, StoreError> {
    // A day ends at midnight UTC, for everybody.
    let today = now - now.rem_euclid(DAY_MS);
    Ok(Numbers {
        circles_today: people::count(conn, InteractionKind::Circle, today, now)?,
        searches_today: people::count(conn, InteractionKind::Search, today, now)?,
        circles_week: people::count(conn, InteractionKind::Circle, today - 6 * DAY_MS, now)?,
        states: jobs::count_by_state(conn, now - DAY_MS)?,
        speed: measures::mean(conn, "render_ms_per_second")?,
        waits_ms: jobs::waits(conn, now - DAY_MS)?,
    })
}

/// Of sorted values.
fn percentile(sorted: &[Millis], share: f64) -> Option<Millis> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
