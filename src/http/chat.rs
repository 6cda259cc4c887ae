//! Circles of the studio into the chat of the person who made them, by the same outbox as the bot's.

use axum::http::StatusCode;

use super::Web;
use super::error::{Answer, ApiError};
use super::jobs::{self, ORIGIN};
use super::state::ForChat;
use super::telegram::{MiniApp, Person};
use crate::model::Corners;
use crate::queue::{Submit, Submitted, off_runtime};
use crate::store::jobs::{self as rows, Address, JobState};

/// Of one circle to one person, each after the one before did not bring it.
const SENDS: u32 = 20;

/// Has a finished circle sent to the chat of a person with the bot; the name of the job that does it.
pub async fn send(web: &Web, person: &Person, name: &str) -> Answer<String> {
    let app = web.mini_app.as_ref();
    let app = app.ok_or_else(|| ApiError::not_found("there is no bot here that could send it; download the circle"))?;
    let job = jobs::find(web, name).await?;
    let made = [JobState::Done, JobState::Sent].contains(&job.state);
    let Some(song) = made.then(|| serde_json::from_str(&job.context).ok()).flatten() else {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "there is no circle of this job that could be sent; make one first",
        ));
    };
    if job.spec.corners == Corners::Cover {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "a chat gets a circle, and this is a square video; send the job of the circle, or download this one",
        ));
    }
    let context = (web.house.chat_context)(&ForChat {
        spec: &job.spec,
        song: &song,
        user_id: person.user_id,
        language: person.language_code.as_deref(),
    });
    let sent = sending(web, app, name, person.user_id).await?;
    let submit = Submit {
        user_id: person.user_id,
        // A private chat has its person's number.
        to: Some(Address {
            bot_id: app.bot_id(),
            chat_id: person.user_id,
        }),
        context,
        // This circle and no other like it: it is not asked for anew, which the figures of the cache go by.
        fingerprint: None,
        spec: job.spec,
        dedupe_key: None,
        origin: Some(format!("{ORIGIN}{sent}")),
        content_key: job.content_key,
    };
    let queue = web.queue.clone();
    match off_runtime(move || queue.submit(submit)).await? {
        Submitted::Queued { .. } | Submitted::Ready { .. } | Submitted::Already { .. } => Ok(sent),
        Submitted::Rejected(why) => Err(why.into()),
    }
}

/// The name of the job that sends this circle to this person, as hard to guess as the circle's own: two taps are one job, and
/// the one after a job that did not bring it is another.
async fn sending(web: &Web, app: &MiniApp, name: &str, user_id: i64) -> Answer<String> {
    let names: Vec<String> = (0..SENDS)
        .map(|nth| app.name_of(&format!("{name} to {user_id}, {nth}")))
        .collect();
    let found = web.record(move |store| {
        store.read(|conn| {
            for sent in names {
                let job = match rows::of_origin(conn, &format!("{ORIGIN}{sent}"))? {
                    Some(job) => rows::get(conn, job)?,
                    None => None,
                };
                use JobState::{Cancelled, Failed, Refused, SetAside};
                if job.is_none_or(|job| !matches!(job.state, Cancelled | Failed | Refused | SetAside)) {
                    return Ok(Some(sent));
                }
            }
            Ok(None)
        })
    });
    found.await?.ok_or_else(|| {
        let detail = "this circle could not be sent too often; download it, or make it anew";
        ApiError::new(StatusCode::CONFLICT, detail)
    })
}
