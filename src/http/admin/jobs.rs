//! `/api/v1/admin/jobs`: jobs found, their stories, and what an operator may do with one: make it again, or stop it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::user::User;
use crate::http::Web;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{Path, Query};
use crate::http::jobs::ORIGIN;
use crate::model::JobId;
use crate::queue::{Cancelled, QueueError, Submit, Submitted, off_runtime};
use crate::store::jobs::{self, Job, JobState};
use crate::store::operators::{self, Operator};
use crate::store::{Millis, overview, people};

/// Jobs in one answer.
const PAGE: u32 = 50;

/// A job as a line of a list.
#[derive(Serialize)]
pub struct Line {
    job: JobId,
    user: User,
    state: &'static str,
    theme: String,
    title: Option<String>,
    artist: Option<String>,
    length_ms: u64,
    kind: Option<String>,
    words: Option<String>,
    created_ms: Millis,
    changed_ms: Millis,
}

impl From<overview::JobLine> for Line {
    fn from(line: overview::JobLine) -> Self {
        let (kind, words) = line.failure.unzip();
        Self {
            job: line.job,
            user: User(line.user_id),
            state: line.state.name(),
            theme: line.theme,
            title: line.title,
            artist: line.artist,
            length_ms: line.length_ms,
            kind,
            words,
            created_ms: line.created,
            changed_ms: line.changed,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    user: Option<i64>,
    state: Option<String>,
    /// Numbered below this: the next page.
    before: Option<i64>,
    /// The name under which the HTTP API knows a job.
    name: Option<String>,
}

pub async fn list(State(web): State<Web>, Query(wanted): Query<Wanted>) -> Answer {
    let state = match wanted.state.as_deref().filter(|state| !state.is_empty()) {
        None => None,
        Some(name) => Some(
            JobState::from_name(name)
                .map_err(|_| ApiError::unreadable("there is no such state of a job; queued or failed are some"))?,
        ),
    };
    let narrowed = overview::Wanted {
        user_id: wanted.user,
        state,
        before: wanted.before.map(JobId),
    };
    let found = web.record(move |store| {
        store.read(|conn| {
            let Some(name) = wanted.name else {
                return overview::jobs(conn, narrowed, PAGE);
            };
            let Some(job) = jobs::of_origin(conn, &format!("{ORIGIN}{name}"))? else {
                return Ok(Vec::new());
            };
            let before = Some(JobId(job.0 + 1));
            overview::jobs(
                conn,
                overview::Wanted {
                    before,
                    ..Default::default()
                },
                1,
            )
        })
    });
    let lines: Vec<Line> = found.await?.into_iter().map(Line::from).collect();
    Ok(Json(json!({ "jobs": lines })).into_response())
}

pub async fn story(State(web): State<Web>, Path(job): Path<i64>) -> Answer {
    let found = web.record(move |store| {
        store.read(|conn| {
            let Some(found) = jobs::get(conn, JobId(job))? else {
                return Ok(None);
            };
            let story = overview::story(conn, found.job)?;
            let user = people::user(conn, found.user_id)?;
            let blocked = operators::is_blocked(conn, found.user_id)?;
            Ok(Some((found, story, user.and_then(|user| user.username), blocked)))
        })
    });
    let Some((job, Some(story), username, blocked)) = found.await? else {
        return Err(none());
    };
    let asked = job.job;
    let queue = web.queue.clone();
    let place = off_runtime(move || queue.place(asked)).await?;
    let told = json!({
        "job": job.job, "user": User(job.user_id), "username": username, "blocked": blocked,
        "chat": job.to.map(|to| to.chat_id), "state": job.state.name(),
        "place": place.map(|place| place.ahead), "wait_s": place.map(|place| place.wait_secs),
        "spec": job.spec, "content_key": job.content_key,
        "kind": job.failure.as_ref().map(|failure| &failure.kind),
        "words": job.failure.as_ref().map(|failure| &failure.words),
        "attempts": story.attempts, "deaths": story.deaths, "interruptions": story.interruptions,
        "worker": story.worker, "delivery": story.delivery, "stages": story.stages,
        "created_ms": job.created, "claimed_ms": story.claimed, "made_ms": story.made, "changed_ms": job.changed,
        "can_retry": can_retry(&job), "can_cancel": can_cancel(&job),
    });
    Ok(Json(told).into_response())
}

/// Made again as a new job, which whoever asked finds under the name they know; the old one keeps its story. One that may have
/// arrived is left to the person who knows.
pub async fn retry(State(web): State<Web>, Extension(by): Extension<Operator>, Path(job): Path<i64>) -> Answer {
    let found = find(&web, job).await?;
    if !can_retry(&found) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "only what failed, was refused or was cancelled can be made again",
        ));
    }
    note(&web, by, "retry", job).await?;
    let submit = Submit {
        user_id: found.user_id,
        to: found.to,
        context: found.context,
        spec: found.spec,
        dedupe_key: None,
        origin: None,
        content_key: found.content_key,
        fingerprint: found.fingerprint,
    };
    let (queue, old) = (web.queue.clone(), found.job);
    let submitted = off_runtime(move || {
        let room = queue.disk().has_room()?;
        let asker = queue.clone();
        let submitted = queue.store().write(move |tx| {
            let submitted = asker.submit_in(tx, &submit, room)?;
            if let Submitted::Queued { job, .. } | Submitted::Ready { job, .. } = &submitted {
                jobs::hand_over_origin(tx, old, *job)?;
            }
            Ok(submitted)
        })?;
        queue.told(&submitted);
        Ok::<_, QueueError>(submitted)
    });
    match submitted.await? {
        Submitted::Queued { job, .. } | Submitted::Ready { job, .. } | Submitted::Already { job } => {
            Ok((StatusCode::ACCEPTED, Json(json!({ "job": job }))).into_response())
        }
        Submitted::Rejected(rejection) => Err(rejection.into()),
    }
}

pub async fn cancel(State(web): State<Web>, Extension(by): Extension<Operator>, Path(job): Path<i64>) -> Answer {
    let found = find(&web, job).await?;
    note(&web, by, "cancel", job).await?;
    let queue = web.queue.clone();
    match off_runtime(move || queue.cancel(found.job, found.user_id)).await? {
        Cancelled::Done | Cancelled::Asked => Ok(StatusCode::NO_CONTENT.into_response()),
        Cancelled::TooLate => Err(ApiError::new(
            StatusCode::CONFLICT,
            "it is too late: this job is over, or on its way to a chat",
        )),
    }
}

fn can_retry(job: &Job) -> bool {
    use JobState::{Cancelled, Failed, Refused, SetAside};
    matches!(job.state, Failed | SetAside | Cancelled | Refused)
}

fn can_cancel(job: &Job) -> bool {
    use JobState::{Queued, Rendered, Rendering};
    matches!(job.state, Queued | Rendering | Rendered)
}

async fn find(web: &Web, job: i64) -> Answer<Job> {
    let found = web.record(move |store| store.read(|conn| jobs::get(conn, JobId(job))));
    found.await?.ok_or_else(none)
}

async fn note(web: &Web, by: Operator, action: &'static str, job: i64) -> Answer<()> {
    let now = web.clock.now();
    let about = format!("job {job}");
    web.record(move |store| store.write(move |tx| operators::note(tx, &by, action, &about, now)))
        .await
}

fn none() -> ApiError {
    ApiError::not_found("there is no job of this number; those that ended long ago are forgotten")
}
