//! `/metrics`, for Prometheus: what was counted, and what is measured at the moment of asking. For this machine, the operator's
//! own services (`http.unlimited`) and whoever has an API key: it tells how busy we are, which is nobody else's business.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller::Insider;
use super::error::Answer;
use super::{Web, health};
use crate::queue::off_runtime;
use crate::source::State as Asked;
use crate::store::jobs::{self, JobState};
use crate::store::{Millis, overview, stats};
use crate::telemetry::figures::{self, set};

const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// States of a job that is not over: told also when there is none.
const OPEN: [JobState; 4] = [
    JobState::Queued,
    JobState::Rendering,
    JobState::Rendered,
    JobState::Sending,
];

pub async fn answer(State(web): State<Web>, _: Insider) -> Answer {
    measure(&web).await?;
    Ok(([(header::CONTENT_TYPE, TYPE)], figures::text()).into_response())
}

/// Counts every request, by the pattern of its route: what people write into an address is no label.
pub async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    figures::answered(method, route, response.status().as_u16(), began.elapsed());
    response
}

async fn measure(web: &Web) -> Answer<()> {
    let now = web.clock.now();
    let (counts, oldest, database) = web
        .record(move |store| {
            store.read(|conn| {
                // No job that is over is counted: none ended after this moment.
                let counts = jobs::count_by_state(conn, Millis::MAX)?;
                Ok((counts, stats::waiting_since(conn)?, overview::database_bytes(conn)?))
            })
        })
        .await?;
    for state in OPEN {
        let found = counts.iter().find(|(of, _)| *of == state);
        let count = found.map_or(0, |(_, count)| *count);
        set(figures::QUEUE, &[("state", state.name())], count as f64);
    }
    let waited_ms = oldest.map_or(0, |since| (now - since).max(0));
    set(figures::QUEUE_AGE, &[], waited_ms as f64 / 1000.0);
    set(figures::DATABASE, &[], database as f64);
    set(figures::DRAINING, &[], f64::from(u8::from(web.queue.is_draining())));
    let disk = web.queue.disk().clone();
    let (used, budget, free) = off_runtime(move || disk.bytes()).await?;
    for (kind, bytes) in [("used", used), ("budget", budget), ("free", free)] {
        set(figures::DISK, &[("kind", kind)], bytes as f64);
    }
    for (lane, health) in web.pool.lanes() {
        for (state, count) in [("up", health.up), ("wanted", health.workers), ("broken", health.broken)] {
            set(figures::WORKERS, &[("lane", lane), ("state", state)], count as f64);
        }
    }
    for part in health::parts(web) {
        set(figures::READY, &[("part", part.name)], f64::from(u8::from(part.ok)));
    }
    sources(web);
    process();
    Ok(())
}

fn sources(web: &Web) {
    let all = web
        .sources
        .as_deref()
        .map(|sources| sources.health())
        .unwrap_or_default();
    for source in all {
        let name = source.service.title();
        figures::source_called(name, "ok", source.successes);
        figures::source_called(name, "failed", source.failures);
        let up = matches!(source.state, Asked::Working | Asked::Trying);
        set(figures::SOURCE_UP, &[("source", name)], f64::from(u8::from(up)));
    }
}

/// Of this process, where the system tells.
fn process() {
    if let Some(bytes) = resident_bytes() {
        set(figures::MEMORY, &[], bytes as f64);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        set(figures::DESCRIPTORS, &[], open.count() as f64);
    }
}

fn resident_bytes() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}
