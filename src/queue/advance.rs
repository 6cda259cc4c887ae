//! One step of a delivery, written down: the new state and everything that follows from it, in one transaction.

use super::delivery::{Delivery, Effect, Event, Phase, Shape, Timing};
use super::limits::SMALLER_PERCENT;
use super::outbox::SentAs;
use crate::model::JobId;
use crate::model::limits::MIN_CIRCLE_BYTES;
use crate::store::deliveries::{self, DeliveryRow, Searched};
use crate::store::jobs::{self, JobState};
use crate::store::{Millis, StoreError, Tx, chats, circles, files, known, leases};

/// Takes a delivery one step on and does what follows from it. Says in which state the job is now, if that changed.
pub(super) fn advance(
    tx: &Tx<'_>,
    row: &DeliveryRow,
    event: Event,
    sent: Option<&SentAs>,
    timing: &Timing,
    now: Millis,
) -> Result<Option<JobState>, StoreError> {
    let before = read(row)?;
    let (next, effects) = before.step(event, now, timing);
    if next == before {
        return Ok(None);
    }
    save(tx, row.job, &next)?;
    if let Some(sent) = sent.filter(|_| matches!(next.phase, Phase::Sent { .. })) {
        arrived(tx, row, next.shape, sent, now)?;
    }
    if let Phase::Unwanted { message_id, .. } = next.phase {
        // Whatever becomes of it, it is not the circle that is looked for next, and ends nobody's search.
        known::note(tx, row.to.bot_id, row.to.chat_id, message_id, 0, now)?;
    }
    for effect in effects {
        match effect {
            Effect::MoveChat { to } => chats::moved(tx, row.to.bot_id, row.to.chat_id, to)?,
            Effect::DropFileIds => {
                if let Some(key) = jobs::get(tx, row.job)?.and_then(|job| job.content_key) {
                    circles::drop_file_ids(tx, &key, row.to.bot_id)?;
                }
            }
            Effect::RenderAgain { smaller } => return render_again(tx, row.job, smaller, now).map(Some),
            // Told from the state the job is in now.
            Effect::Send | Effect::TellSent | Effect::TellRefused(_) | Effect::TellUnknown => {}
        }
    }
    let state = job_state(&next);
    deliveries::move_job(tx, row.job, state, now)?;
    if state.is_final() {
        files::release(tx, &leases::holder(row.job))?;
    }
    Ok(Some(state))
}

/// Writes down where it arrived, and by which name it can be sent again.
fn arrived(tx: &Tx<'_>, row: &DeliveryRow, shape: Shape, sent: &SentAs, now: Millis) -> Result<(), StoreError> {
    let (bot_id, chat_id) = (row.to.bot_id, row.to.chat_id);
    deliveries::set_message(tx, row.job, sent.message_id)?;
    known::note(tx, bot_id, chat_id, sent.message_id, sent.date, now)?;
    let key = jobs::get(tx, row.job)?.and_then(|job| job.content_key);
    if let (Some(key), Some((file_id, unique_id))) = (key, &sent.file) {
        circles::set_file_id(tx, &key, bot_id, shape == Shape::SquareVideo, file_id, unique_id)?;
    }
    Ok(())
}

/// Back into the line, with its song held again. Where the song is gone too, it cannot be made again.
fn render_again(tx: &Tx<'_>, job: JobId, smaller: bool, now: Millis) -> Result<JobState, StoreError> {
    let unreadable = StoreError::Unreadable { what: "a delivery" };
    let found = jobs::get(tx, job)?.ok_or(unreadable)?;
    let holder = leases::holder(job);
    files::release(tx, &holder)?;
    for blob in found.spec.blobs() {
        let kept = match blob.path() {
            Some(path) if files::is_kept(tx, &path)? => Some(path),
            _ => None,
        };
        let Some(path) = kept else {
            let failure = jobs::Failure {
                kind: "file_gone".into(),
                words: "the song was removed before the circle was sent".into(),
            };
            leases::end_waiting(tx, job, found.state, JobState::Failed, Some(&failure), now)?;
            return Ok(JobState::Failed);
        };
        files::hold(tx, &path, &holder, now)?;
    }
    if smaller {
        // Of what it really had: a short circle is far below what it was allowed.
        let key = found.content_key.as_deref();
        let had = key.map_or(Ok(None), |key| circles::bytes(tx, key))?;
        let bytes = had.map_or(found.spec.max_bytes, |had| had.min(found.spec.max_bytes));
        jobs::set_max_bytes(tx, &found, (bytes / 100 * SMALLER_PERCENT).max(MIN_CIRCLE_BYTES))?;
    }
    leases::end_waiting(tx, job, found.state, JobState::Queued, None, now)?;
    Ok(JobState::Queued)
}

pub(super) fn read(row: &DeliveryRow) -> Result<Delivery, StoreError> {
    Ok(serde_json::from_str(&row.machine)?)
}

pub(super) fn save(tx: &Tx<'_>, job: JobId, delivery: &Delivery) -> Result<(), StoreError> {
    deliveries::save(tx, job, &serde_json::to_string(delivery)?, searched(delivery))
}

pub(super) fn searched(delivery: &Delivery) -> Searched {
    let phase = match delivery.phase {
        Phase::Ready { .. } => "ready",
        Phase::Sending { .. } => "sending",
        // Both are the searcher's to look at, and nothing else goes into the chat meanwhile.
        Phase::Reconciling(_) | Phase::Unwanted { .. } => "reconciling",
        Phase::Sent { .. } => "sent",
        Phase::Refused { .. } => "refused",
        Phase::Unknown => "unknown",
        Phase::Remaking => "remaking",
    };
    Searched {
        phase,
        wake: delivery.wake(),
    }
}

fn job_state(delivery: &Delivery) -> JobState {
    match delivery.phase {
        Phase::Ready { .. } => JobState::Rendered,
        Phase::Sending { .. } | Phase::Reconciling(_) | Phase::Unwanted { .. } => JobState::Sending,
        Phase::Sent { .. } => JobState::Sent,
        Phase::Refused { .. } => JobState::Refused,
        Phase::Unknown => JobState::Unknown,
        Phase::Remaking => JobState::Queued,
    }
}
