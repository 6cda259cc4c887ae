//! Figures for Prometheus: what happens is counted where it happens, by the functions below, and told as text to whoever
//! scrapes. All names stand in this file; labels have few values, and none comes from a stranger.
//!
//! Nothing here is needed to work: where nobody called [`install`], counting does nothing.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One name, with its unit last, as Prometheus wants it.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub name: &'static str,
    pub kind: Kind,
    pub about: &'static str,
}

const fn figure(name: &'static str, kind: Kind, about: &'static str) -> Figure {
    Figure { name, kind, about }
}

use Kind::{Counter, Gauge, Histogram};

pub const BUILD_INFO: Figure = figure("musiccircles_build_info", Gauge, "1, with the version as its label.");
pub const JOBS: Figure = figure("musiccircles_jobs_total", Counter, "Jobs that came into a state.");
pub const STAGE: Figure = figure(
    "musiccircles_job_stage_seconds",
    Histogram,
    "Time a stage of making a circle took.",
);
pub const CIRCLE: Figure = figure(
    "musiccircles_circle_seconds",
    Histogram,
    "Time a worker took to make a circle.",
);
pub const CACHED: Figure = figure(
    "musiccircles_circles_cached_total",
    Counter,
    "Circles asked for that were there already.",
);
pub const DEATHS: Figure = figure(
    "musiccircles_worker_deaths_total",
    Counter,
    "Workers that died over a job.",
);
pub const QUEUE: Figure = figure("musiccircles_queue_jobs", Gauge, "Jobs that are not over, by state.");
pub const QUEUE_AGE: Figure = figure(
    "musiccircles_queue_oldest_seconds",
    Gauge,
    "How long the job that waits longest has waited.",
);
pub const DRAINING: Figure = figure("musiccircles_draining", Gauge, "1 while no new job is taken.");
pub const WORKERS: Figure = figure("musiccircles_workers", Gauge, "Worker processes by lane and state.");
pub const DISK: Figure = figure(
    "musiccircles_disk_bytes",
    Gauge,
    "Bytes of our files (used), what they may take (budget), of the disk (free).",
);
pub const DATABASE: Figure = figure("musiccircles_database_bytes", Gauge, "Size of the database file.");
pub const SENDS: Figure = figure(
    "musiccircles_sends_total",
    Counter,
    "Circles sent to Telegram, by outcome.",
);
pub const REQUESTS: Figure = figure(
    "musiccircles_http_requests_total",
    Counter,
    "Requests by method, route and status.",
);
pub const ANSWERS: Figure = figure(
    "musiccircles_http_request_seconds",
    Histogram,
    "Time until an answer began, by route.",
);
pub const CALLS: Figure = figure(
    "musiccircles_source_calls_total",
    Counter,
    "Calls of music services, by outcome.",
);
pub const SOURCE_UP: Figure = figure(
    "musiccircles_source_up",
    Gauge,
    "1 while a music service is asked as usual.",
);
pub const READY: Figure = figure(
    "musiccircles_ready",
    Gauge,
    "1 while a part works: database, disk, frame, telegram.",
);
pub const MEMORY: Figure = figure(
    "process_resident_memory_bytes",
    Gauge,
    "Memory of the service itself, without its workers.",
);
pub const DESCRIPTORS: Figure = figure(
    "process_open_fds",
    Gauge,
    "Open file descriptors of the service itself.",
);

/// All of them: a dashboard or an alert that names another one is wrong.
pub const ALL: [Figure; 20] = [
    BUILD_INFO,
    JOBS,
    STAGE,
    CIRCLE,
    CACHED,
    DEATHS,
    QUEUE,
    QUEUE_AGE,
    DRAINING,
    WORKERS,
    DISK,
    DATABASE,
    SENDS,
    REQUESTS,
    ANSWERS,
    CALLS,
    SOURCE_UP,
    READY,
    MEMORY,
    DESCRIPTORS,
];

/// From a cached page to a slow source.
const ANSWER_SECS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// From muxing to a minute of circle on one old core.
const STAGE_SECS: [f64; 12] = [0.01, 0.03, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0, 120.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count. Once, at the start of the service.
pub fn install() -> Result<(), BuildError> {
    let full = |figure: Figure| Matcher::Full(figure.name.to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(full(STAGE), &STAGE_SECS)?
        .set_buckets_for_metric(full(CIRCLE), &STAGE_SECS)?
        .set_buckets_for_metric(full(ANSWERS), &ANSWER_SECS)?
        .install_recorder()?;
    for figure in ALL {
        match figure.kind {
            Counter => metrics::describe_counter!(figure.name, Unit::Count, figure.about),
            Gauge => metrics::describe_gauge!(figure.name, figure.about),
            Histogram => metrics::describe_histogram!(figure.name, Unit::Seconds, figure.about),
        }
    }
    set(BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    // There before the first one, so that a share of them can be told.
    counter!(CACHED.name).increment(0);
    // Set once, above: a second call fails at the recorder.
    let _ = HANDLE.set(handle);
    Ok(())
}

/// Everything counted so far, in Prometheus' text format.
pub fn text() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Puts measured times into their buckets: to be called now and then, or they gather while nobody scrapes.
pub fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// What is measured at the moment of asking.
pub fn set(figure: Figure, labels: &[(&'static str, &'static str)], value: f64) {
    gauge!(figure.name, labels).set(value);
}

pub fn job_is(state: &'static str) {
    counter!(JOBS.name, "state" => state).increment(1);
}

pub fn stage_took(stage: &'static str, took: Duration) {
    histogram!(STAGE.name, "stage" => stage).record(took);
}

pub fn circle_took(took: Duration) {
    histogram!(CIRCLE.name).record(took);
}

pub fn circle_was_there() {
    counter!(CACHED.name).increment(1);
}

pub fn worker_died() {
    counter!(DEATHS.name).increment(1);
}

pub fn sent(outcome: &'static str) {
    counter!(SENDS.name, "outcome" => outcome).increment(1);
}

/// `route` is the pattern, never the address that was asked for.
pub fn answered(method: &'static str, route: &str, status: u16, took: Duration) {
    let (route, status) = (route.to_owned(), status.to_string());
    histogram!(ANSWERS.name, "route" => route.clone()).record(took);
    counter!(REQUESTS.name, "method" => method, "route" => route, "status" => status).increment(1);
}

/// So many calls since the start.
pub fn source_called(source: &'static str, outcome: &'static str, calls: u64) {
    counter!(CALLS.name, "source" => source, "outcome" => outcome).absolute(calls);
}
