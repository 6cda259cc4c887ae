//! The last word about a job: how it ended, in, what its user reads, out. Where the circle speaks for itself, there is none.

use serde_json::Value;

use super::read;
use crate::bot::desk::Desk;
use crate::bot::studio::reason_key;
use crate::bot::tap::JobPress;
use crate::bot::texts::{Lang, Line};
use crate::bot::view::{Page, job_button};
use crate::model::JobId;
use crate::queue::delivery::{Delivery, Phase, Refusal};
use crate::store::deliveries;
use crate::store::jobs::JobState;
use crate::worker::Reason;

pub async fn last_word(desk: &Desk, job: JobId, lang: Lang, state: JobState) -> Option<Page> {
    let (key, press) = match state {
        JobState::Sent | JobState::Done => return None,
        JobState::Cancelled => ("status-cancelled", None),
        JobState::SetAside => ("status-set-aside", None),
        JobState::Unknown => ("status-unknown", Some(JobPress::SendAgain)),
        JobState::Refused => (refusal(desk, job).await, Some(JobPress::Retry)),
        _ => failure(desk, job).await,
    };
    Some(Page {
        html: Line::new(key).html(lang),
        rows: press.map_or(vec![], |press| job_button(lang, job, press)),
    })
}

async fn failure(desk: &Desk, job: JobId) -> (&'static str, Option<JobPress>) {
    let failure = read(desk, job).await.and_then(|job| job.failure);
    let key = failure_key(failure.as_ref().map_or("", |failure| &failure.kind));
    let again = matches!(
        key,
        "failed-machine" | "failed-timeout" | "media-machine" | "reject-disk-low"
    );
    (key, again.then_some(JobPress::Retry))
}

async fn refusal(desk: &Desk, job: JobId) -> &'static str {
    let row = desk
        .record(move |store| store.read(|conn| deliveries::get(conn, job)))
        .await;
    let delivery = row
        .ok()
        .flatten()
        .and_then(|row| serde_json::from_str::<Delivery>(&row.machine).ok());
    match delivery.map(|delivery| delivery.phase) {
        Some(Phase::Refused { why }) => refusal_key(why),
        _ => "refused-other",
    }
}

pub fn refusal_key(why: Refusal) -> &'static str {
    match why {
        Refusal::VoiceForbidden => "refused-voice",
        Refusal::TooLarge => "refused-too-large",
        Refusal::ChatGone => "refused-chat",
        Refusal::Unreachable => "refused-unreachable",
        Refusal::FileIdGone | Refusal::Other => "refused-other",
    }
}

/// The text for the kind a job failed with: a reason of the workers', or one of the queue's own.
pub fn failure_key(kind: &str) -> &'static str {
    if let Ok(reason) = serde_json::from_value::<Reason>(Value::from(kind)) {
        return reason_key(reason);
    }
    match kind {
        "file_gone" => "failed-file-gone",
        "timeout" => "failed-timeout",
        "request" => "failed-request",
        _ => "failed-machine",
    }
}
