//! Circles asked for by HTTP: an order in, a job of the same queue that serves the bot, and what becomes of it.

use std::path::PathBuf;

use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use super::Web;
use super::caller::Caller;
use super::error::{Answer, ApiError};
use super::input::{is_random_name, random_name};
use super::limits::{NEARLY_DONE, RESTART_SECS};
use super::media::Song;
use super::{failed, media};
use crate::model::{JobId, JobSpec};
use crate::queue::{Rejection, Submit, Submitted, off_runtime};
use crate::store::circles;
use crate::store::jobs::{self, Job, JobState};
use crate::store::people::{self, InteractionKind};

/// Jobs of the HTTP side by the names it gave them: their origin in the record.
pub const ORIGIN: &str = "http:";

/// A job as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    pub job: String,
    pub state: State,
    /// How many come first; while it waits.
    pub place: Option<u32>,
    /// Until it begins.
    pub wait_seconds: Option<u32>,
    /// While it is rendered.
    pub percent: Option<u8>,
    pub seconds_left: Option<u32>,
    /// Why there is no circle: for people, and in one word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub events: String,
    /// The circle, once there is one and as long as it is kept.
    pub result: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Queued,
    Rendering,
    /// On its way to a chat.
    Sending,
    Done,
    Failed,
    Cancelled,
}

impl State {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// Asks for a circle; the name of the job.
pub async fn submit(web: &Web, caller: &Caller, spec: JobSpec, song: &Song) -> Answer<(String, JobId)> {
    let name = random_name();
    let fingerprint = spec.fingerprint(&(web.house.look_version)(&spec.theme));
    let context = serde_json::to_string(&song.facts()).map_err(|error| ApiError::trouble(&error))?;
    let mut rejected = Rejection::TooManyWaiting;
    for user_id in caller.users() {
        let submit = Submit {
            user_id,
            to: None,
            context: context.clone(),
            spec: spec.clone(),
            dedupe_key: None,
            origin: Some(format!("{ORIGIN}{name}")),
            content_key: None,
            fingerprint: Some(fingerprint.clone()),
        };
        let queue = web.queue.clone();
        match off_runtime(move || queue.submit(submit)).await? {
            Submitted::Queued { job, .. } | Submitted::Ready { job, .. } | Submitted::Already { job } => {
                log(web, caller).await;
                return Ok((name, job));
            }
            // A key stands for several people.
            Submitted::Rejected(Rejection::TooManyWaiting) => {}
            Submitted::Rejected(other) => {
                rejected = other;
                break;
            }
        }
    }
    Err(rejected.into())
}

/// What people do is written down wherever they do it; it stops nobody.
async fn log(web: &Web, caller: &Caller) {
    let (Caller::Person(person), now) = (caller.clone(), web.clock.now()) else {
        return;
    };
    let logged = web.record(move |store| {
        store.write(move |tx| {
            let name = person.username.as_deref();
            people::log(tx, person.user_id, name, InteractionKind::Circle, now)
        })
    });
    if let Err(error) = logged.await {
        tracing::warn!(%error, "an interaction was not written down");
    }
}

/// The job of this name.
pub async fn find(web: &Web, name: &str) -> Answer<Job> {
    let unknown = || ApiError::not_found("there is no such job; it may have been forgotten");
    if !is_random_name(name) {
        return Err(unknown());
    }
    let origin = format!("{ORIGIN}{name}");
    let found = web.record(move |store| {
        store.read(|conn| match jobs::of_origin(conn, &origin)? {
            Some(job) => jobs::get(conn, job),
            None => Ok(None),
        })
    });
    found.await?.ok_or_else(unknown)
}

pub async fn status(web: &Web, name: &str) -> Answer<Status> {
    let job = find(web, name).await?;
    let state = match job.state {
        JobState::Queued => State::Queued,
        JobState::Rendering => State::Rendering,
        JobState::Rendered | JobState::Sending if job.to.is_some() => State::Sending,
        JobState::Rendered | JobState::Sending | JobState::Sent | JobState::Done => State::Done,
        JobState::Cancelled => State::Cancelled,
        JobState::Refused | JobState::Unknown | JobState::Failed | JobState::SetAside => State::Failed,
    };
    let place = match state {
        State::Queued => {
            let (queue, job) = (web.queue.clone(), job.job);
            off_runtime(move || queue.place(job)).await?
        }
        _ => None,
    };
    let far = web.progress.of(job.job).filter(|_| state == State::Rendering);
    let result = match state {
        State::Done => circle(web, &job)
            .await?
            .map(|_| format!("/api/v1/jobs/{name}/circle.mp4")),
        _ => None,
    };
    Ok(Status {
        job: name.to_owned(),
        state,
        place: place.map(|place| place.ahead),
        wait_seconds: place.map(|place| place.wait_secs),
        percent: match state {
            State::Queued => Some(0),
            State::Rendering => Some(far.map_or(0, |far| far.percent)),
            State::Sending | State::Done => Some(100),
            State::Failed | State::Cancelled => None,
        },
        seconds_left: far.and_then(|far| far.left_secs),
        detail: (state == State::Failed).then(|| why(&job)),
        kind: (state == State::Failed).then(|| kind(&job).to_owned()),
        events: format!("/api/v1/jobs/{name}/events"),
        result,
    })
}

fn kind(job: &Job) -> &str {
    match &job.failure {
        _ if [JobState::Refused, JobState::Unknown].contains(&job.state) => job.state.name(),
        Some(failure) => &failure.kind,
        None => job.state.name(),
    }
}

fn why(job: &Job) -> String {
    match &job.failure {
        _ if job.state == JobState::Refused => {
            "Telegram did not let the bot write to you; open the bot, press Start, and send the circle again".to_owned()
        }
        _ if job.state == JobState::Unknown => {
            "it may have arrived; look into the chat with the bot, which has a button to send it again".to_owned()
        }
        Some(failure) => failed::sentence(&failure.kind).to_owned(),
        None => "this song or picture breaks what draws circles; send another one".to_owned(),
    }
}

/// Where the circle of a job lies, and its content key. `None`: there is none yet, or it was removed to make room.
pub async fn circle(web: &Web, job: &Job) -> Answer<Option<(PathBuf, String)>> {
    let (Some(key), now) = (job.content_key.clone(), web.clock.now()) else {
        return Ok(None);
    };
    let asked = key.clone();
    let found = web.record(move |store| {
        let found = store.read(|conn| circles::find(conn, &asked, None))?;
        let path = found.and_then(|circle| circle.path);
        if let Some(path) = path.clone() {
            media::used(store, PathBuf::from(path), now)?;
        }
        Ok(path)
    });
    let path = found.await?;
    Ok(path.map(|path| (web.store.folder().join(path), key)))
}

/// Whoever asked does not want it any more.
pub async fn cancel(web: &Web, job: &Job) -> Answer<()> {
    let (queue, id, user) = (web.queue.clone(), job.job, job.user_id);
    off_runtime(move || queue.cancel(id, user)).await?;
    Ok(())
}

/// A job somebody waits for: dropped before it is over, it is cancelled.
pub struct Awaited {
    web: Web,
    name: String,
    over: bool,
}

impl Awaited {
    pub fn new(web: &Web, name: String) -> Self {
        Self {
            web: web.clone(),
            name,
            over: false,
        }
    }

    /// The job at its end.
    pub async fn over(mut self) -> Answer<Job> {
        let mut events = self.web.queue.events();
        let stopping = self.web.stopping.clone();
        let stopped = async move {
            stopping.cancelled().await;
            sleep(NEARLY_DONE).await;
        };
        tokio::pin!(stopped);
        loop {
            let job = find(&self.web, &self.name).await?;
            if job.state.is_final() {
                self.over = true;
                return Ok(job);
            }
            loop {
                let event = tokio::select! {
                    event = events.recv() => event,
                    () = &mut stopped => {
                        let detail = "the service is being restarted; ask for the circle again in a minute";
                        return Err(ApiError::busy(detail, RESTART_SECS));
                    }
                };
                match event {
                    Ok(event) if event.job == job.job => break,
                    Ok(_) => {}
                    // What was missed is in the record.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(ApiError::trouble(&"the queue is closed")),
                }
            }
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // Without a runtime we stop, and the next start renders what was begun.
        let Ok(runtime) = Handle::try_current() else { return };
        let (web, name) = (self.web.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            let cancelled = async { cancel(&web, &find(&web, &name).await?).await };
            if let Err(error) = cancelled.await {
                tracing::warn!(%error, "a job nobody waits for any more could not be cancelled");
            }
        });
    }
}
