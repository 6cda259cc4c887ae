//! Whether all is well, for whoever watches us: `/healthz` says that we answer at all, `/readyz` whether a circle could be
//! made and sent now. Each part is tried every few seconds, and an answer tells what was found last, so that it is quick
//! whatever is broken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Web;
use super::limits::TRY_AGAIN_SECS;
use crate::queue::off_runtime;
use crate::store::disk::DiskError;
use crate::store::operators;
use crate::telemetry::figures;

/// Together with [`LIMIT`] well below ten seconds: so soon is a broken part known.
const EVERY: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(4);
/// What was found longer ago tells nothing any more.
const STALE: Duration = Duration::from_secs(15);
/// What costs others something, a worker or Telegram, is asked less often.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// A device that drew a frame is trusted for so long: the next one may wait behind people's previews.
const FRAME_STALE: Duration = Duration::from_secs(30);
/// An answer of Telegram's from here on is no answer of a service that works.
const SERVER_ERROR: u16 = 500;

/// In the order in which they are told.
const PARTS: [&str; 4] = ["database", "disk", "frame", "telegram"];
const DATABASE: usize = 0;
const DISK: usize = 1;
const FRAME: usize = 2;
const TELEGRAM: usize = 3;

/// What was found of each part last.
#[derive(Default)]
pub struct Probes {
    found: Mutex<[Option<Found>; PARTS.len()]>,
}

#[derive(Clone, Debug)]
struct Found {
    at: Instant,
    /// `Err`: what is wrong.
    outcome: Result<&'static str, String>,
    /// When it was well last.
    well_at: Option<Instant>,
}

/// One part, as it is told.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
}

impl Probes {
    fn note(&self, part: usize, outcome: Result<&'static str, String>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = found.get_mut(part) {
            let at = Instant::now();
            let before = slot.as_ref().and_then(|found| found.well_at);
            let well_at = outcome.is_ok().then_some(at).or(before);
            *slot = Some(Found { at, outcome, well_at });
        }
    }

    /// Every part; `workers` is whether there are any at this moment.
    fn parts(&self, workers: bool) -> Vec<Part> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = PARTS.into_iter().zip(found).enumerate();
        told.map(|(part, (name, found))| {
            let outcome = match found {
                None => Err("it was not tried yet".to_owned()),
                Some(found) if part == FRAME => frame(found, workers),
                Some(found) if found.at.elapsed() > STALE => Err("nobody could try it for a while".to_owned()),
                Some(found) => found.outcome.map(str::to_owned),
            };
            let ok = outcome.is_ok();
            let detail = outcome.unwrap_or_else(|trouble| trouble);
            Part { name, ok, detail }
        })
        .collect()
    }
}

fn frame(found: Found, workers: bool) -> Result<String, String> {
    let age = found.well_at.map(|at| at.elapsed());
    match (found.outcome, age) {
        _ if !workers => Err("all workers of one kind are down; the operator's page names them".to_owned()),
        (Err(trouble), _) => Err(trouble),
        (Ok(_), Some(age)) if age <= FRAME_STALE => Ok(format!("drawn {} s ago", age.as_secs())),
        (Ok(_), _) => Err(format!("none was drawn for {} s", FRAME_STALE.as_secs())),
    }
}

/// How each part is now.
pub fn parts(web: &Web) -> Vec<Part> {
    web.probes.parts(web.pool.is_ready())
}

/// Tries the parts again and again until the service ends.
pub fn watch(web: &Web) {
    tokio::spawn(repeat(Arc::clone(web), DATABASE, EVERY, |web| async move {
        let (store, now) = (web.store.clone(), web.clock.now());
        let written = off_runtime(move || store.write(move |tx| operators::pulse(tx, now)));
        match written.await {
            Ok(true) => Ok("written and read back"),
            Ok(false) => Err("what was written was not read back".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }));
    tokio::spawn(repeat(Arc::clone(web), DISK, EVERY, |web| async move {
        let disk = web.queue.disk().clone();
        match off_runtime(move || disk.has_room()).await {
            Ok(true) => Ok("there is room"),
            Ok(false) => Err(DiskError::Low.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }));
    tokio::spawn(repeat(Arc::clone(web), FRAME, ASK_EVERY, |web| async move {
        let checked = web.pool.check().await;
        checked.map(|_| "drawn").map_err(|error| error.to_string())
    }));
    let address = web.operating.telegram.clone();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok();
    tokio::spawn(repeat(Arc::clone(web), TELEGRAM, ASK_EVERY, move |_| {
        telegram(client.clone(), address.clone())
    }));
}

/// Whether somebody answers where the Bot API is; without a token, and so without a word about us.
async fn telegram(client: Option<reqwest::Client>, address: Option<String>) -> Result<&'static str, String> {
    let Some(address) = address else {
        return Ok("not configured");
    };
    let client = client.ok_or("no HTTP client can be made on this machine")?;
    match client.get(address).send().await {
        Ok(answer) if answer.status().as_u16() < SERVER_ERROR => Ok("it answers"),
        Ok(answer) => Err(format!("it answers {}", answer.status().as_u16())),
        Err(_) => Err("it cannot be reached".to_owned()),
    }
}

async fn repeat<F: Future<Output = Result<&'static str, String>>>(
    web: Web,
    part: usize,
    every: Duration,
    probe: impl Fn(Web) -> F,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let limit = if part == FRAME { FRAME_STALE } else { LIMIT };
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = web.stopping.cancelled() => return,
        }
        let found = timeout(limit, probe(Arc::clone(&web))).await;
        let found = found.unwrap_or_else(|_| Err(format!("it did not answer within {} s", limit.as_secs())));
        web.probes.note(part, found);
        figures::upkeep();
    }
}

/// `/healthz`: that this is answered is the answer.
pub async fn alive() -> Response {
    Json(serde_json::json!({ "alive": true })).into_response()
}

/// `/readyz`
pub async fn ready(State(web): State<Web>) -> Response {
    let parts = parts(&web);
    let ready = parts.iter().all(|part| part.ok) && !web.stopping.is_cancelled();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let told = serde_json::json!({ "ready": ready, "draining": web.queue.is_draining(), "parts": parts });
    let mut response = (status, Json(told)).into_response();
    if !ready {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(TRY_AGAIN_SECS));
    }
    response
}
