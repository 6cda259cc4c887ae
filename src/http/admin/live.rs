//! `/api/v1/admin/live`: how the service is at this moment and how its last hour was; asked again every few seconds.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use super::jobs::Line;
use crate::http::error::Answer;
use crate::http::{Web, health};
use crate::queue::off_runtime;
use crate::source;
use crate::store::jobs::JobState;
use crate::store::{Millis, Reader, StoreError, jobs, overview, stats};

const MINUTE_MS: Millis = 60_000;
const HOUR_MS: Millis = 60 * MINUTE_MS;
/// Errors and times are those of the last day.
const DAY_MS: Millis = 24 * HOUR_MS;
/// Examples of what failed.
const EXAMPLES: u32 = 8;
/// Parts of the work in the order they begin; some run side by side.
const STAGES: [&str; 9] = [
    "waiting",
    "decode",
    "analyse",
    "gpu_init",
    "render",
    "encode_video",
    "encode_audio",
    "mux",
    "total",
];

/// What the record tells.
#[derive(Serialize)]
struct Told {
    queue: Queue,
    /// Circles made in each minute of the last hour, the oldest first.
    minutes: Vec<u64>,
    stages: Vec<Stage>,
    troubles: Vec<Trouble>,
    examples: Vec<Line>,
    cache: Cache,
    database_bytes: u64,
}

/// Circles that are kept, and what that was worth in the last day.
#[derive(Serialize)]
struct Cache {
    kept: u64,
    bytes: u64,
    asked: u64,
    found: u64,
}

#[derive(Serialize)]
struct Queue {
    queued: u64,
    rendering: u64,
    sending: u64,
    oldest_ms: Option<Millis>,
}

#[derive(Serialize)]
struct Stage {
    stage: &'static str,
    circles: usize,
    p50_ms: f64,
    p95_ms: f64,
}

#[derive(Serialize)]
struct Trouble {
    state: &'static str,
    kind: String,
    count: u64,
}

pub async fn live(State(web): State<Web>) -> Answer {
    let now = web.clock.now();
    let told = web.record(move |store| store.read(|conn| read(conn, now))).await?;
    let disk = web.queue.disk().clone();
    let (used, budget, free) = off_runtime(move || disk.bytes()).await?;
    let operating = &web.operating;
    let lanes = web.pool.lanes().map(|(lane, health)| {
        let device = health.device;
        json!({
            "lane": lane, "workers": health.workers, "up": health.up, "broken": health.broken,
            "adapter": device.as_ref().map(|device| &device.adapter),
            "encoder": device.as_ref().map(|device| &device.encoder),
            "passed_over": device.as_ref().map(|device| &device.passed_over),
            "trouble": health.trouble,
        })
    });
    let answer = json!({
        "now_ms": now,
        "version": env!("CARGO_PKG_VERSION"),
        "up_ms": now - web.began,
        "draining": web.queue.is_draining(),
        "parts": health::parts(&web),
        "lanes": lanes,
        "wanted": { "adapter": operating.adapter, "encoder": operating.encoder },
        "disk": { "used_bytes": used, "budget_bytes": budget, "free_bytes": free },
        "sources": sources(&web),
        "record": told,
    });
    Ok(axum::Json(answer).into_response())
}

fn read(conn: &Reader, now: Millis) -> Result<Told, StoreError> {
    let counts = jobs::count_by_state(conn, Millis::MAX)?;
    let count = |state| {
        counts
            .iter()
            .find(|(of, _)| *of == state)
            .map_or(0, |(_, count)| *count)
    };
    Ok(Told {
        queue: Queue {
            queued: count(JobState::Queued),
            rendering: count(JobState::Rendering),
            sending: count(JobState::Rendered) + count(JobState::Sending),
            oldest_ms: stats::waiting_since(conn)?.map(|since| now - since),
        },
        minutes: minutes(&overview::circles_by_minute(conn, now - HOUR_MS)?, now),
        stages: stages(conn, now - DAY_MS)?,
        troubles: stats::troubles(conn, now - DAY_MS)?
            .into_iter()
            .map(|trouble| Trouble {
                state: trouble.state.name(),
                kind: trouble.kind,
                count: trouble.count,
            })
            .collect(),
        examples: overview::last_troubles(conn, now - DAY_MS, EXAMPLES)?
            .into_iter()
            .map(Line::from)
            .collect(),
        cache: cache(conn, now - DAY_MS)?,
        database_bytes: overview::database_bytes(conn)?,
    })
}

fn cache(conn: &Reader, since: Millis) -> Result<Cache, StoreError> {
    let (kept, bytes) = overview::kept(conn)?;
    let (asked, found) = overview::again(conn, since)?;
    Ok(Cache {
        kept,
        bytes,
        asked,
        found,
    })
}

/// Sixty numbers, of which the last is the minute that goes on.
fn minutes(found: &[(Millis, u64)], now: Millis) -> Vec<u64> {
    let last = now.div_euclid(MINUTE_MS);
    let of = |minute: Millis| found.iter().find(|(at, _)| at.div_euclid(MINUTE_MS) == minute);
    (last - 59..=last)
        .map(|minute| of(minute).map_or(0, |(_, count)| *count))
        .collect()
}

fn stages(conn: &Reader, since: Millis) -> Result<Vec<Stage>, StoreError> {
    let mut times = overview::stage_times(conn, since)?;
    let stages = STAGES.into_iter().filter_map(|stage| {
        let mut took = times.remove(stage)?;
        took.sort_by(f64::total_cmp);
        Some(Stage {
            stage,
            circles: took.len(),
            p50_ms: percentile(&took, 0.5)?,
            p95_ms: percentile(&took, 0.95)?,
        })
    });
    Ok(stages.collect())
}

/// Of sorted values: the nearest one.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

fn sources(web: &Web) -> Vec<serde_json::Value> {
    let Some(sources) = web.sources.as_deref() else {
        return Vec::new();
    };
    let library = sources.library().map(|library| {
        let state = if library.scanning { "scanning" } else { "working" };
        json!({ "source": source::Service::Library.title(), "state": state, "songs": library.songs })
    });
    let asked = sources.health().into_iter().map(|health| {
        let state = match health.state {
            source::State::Working => "working",
            source::State::Paused { .. } => "paused",
            source::State::Trying => "trying",
            source::State::Off => "off: its token was refused",
        };
        let total = health.successes + health.failures;
        json!({
            "source": health.service.title(), "state": state, "calls": total, "failures": health.failures,
            "last_error": health.last_error.map(|(_, error)| error.to_string()),
        })
    });
    library.into_iter().chain(asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_sixty_minutes_with_the_empty_ones() {
        let now = 1_000 * MINUTE_MS + 5;
        let told = minutes(&[(941 * MINUTE_MS, 2), (1_000 * MINUTE_MS, 7)], now);
        assert_eq!((told.len(), told[0], told[1], told[59]), (60, 2, 0, 7));
        assert_eq!(percentile(&[1.0, 2.0, 3.0], 0.5), Some(2.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
