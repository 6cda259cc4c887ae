//! The outbox: finished circles out, each once. What was decided by [`delivery`] is written here before it is done.
//!
//! Whoever sends asks [`Queue::next_parcel`], which has written the intent when it returns, sends, and reports with
//! [`Queue::answered`]. What may have arrived is looked for in `search`.

use rand::Rng;

use super::advance::{advance, read, save, searched};
use super::delivery::{Delivery, Effect, Event, Outcome, Shape, Timing};
use super::{Queue, QueueError};
use crate::model::JobId;
use crate::store::circles::{self, CircleRow};
use crate::store::deliveries::{self, Marker};
use crate::store::jobs::{self, Address, Job, JobState};
use crate::store::{Millis, StoreError, Tx, chats, files, known, leases};
use crate::torture;

/// Chats looked at in one search for something to send: those that have to wait for Telegram's rates are passed over.
const LOOKED_AT: u32 = 512;

/// A circle to be sent now: the intent is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub job: Job,
    pub to: Address,
    pub marker: Marker,
    pub shape: Shape,
    /// Its file, and Telegram's names for it where there are any.
    pub circle: CircleRow,
    /// From 1.
    pub attempt: u32,
}

/// What to do next, or until when there is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Todo<T> {
    Now(Box<T>),
    /// At the latest; `None`: until something happens.
    Wait(Option<Millis>),
}

/// What Telegram made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAs {
    pub message_id: i64,
    /// Telegram's own time of it; 0 where that is not known.
    pub date: Millis,
    /// Absent where it was found by a search that does not tell.
    pub file: Option<(String, String)>,
}

impl Queue {
    /// The next circle to send, its intent written. The intent is written only where `may_send` gave leave: what waits for
    /// Telegram's rates is not on its way.
    pub fn next_parcel<P>(
        &self,
        mut may_send: impl FnMut(Address) -> Option<P>,
    ) -> Result<Todo<(Parcel, P)>, QueueError> {
        let now = self.now();
        let (ready, wake) = self.shared.store.read(|conn| {
            Ok((
                deliveries::ready(conn, now, LOOKED_AT)?,
                deliveries::next_wake(conn, now)?,
            ))
        })?;
        for (job, to) in ready {
            let Some(leave) = may_send(to) else { continue };
            if let Some(parcel) = self.begin(job)? {
                return Ok(Todo::Now(Box::new((parcel, leave))));
            }
        }
        Ok(Todo::Wait(wake))
    }

    /// Writes the intent. `None`: it is no longer to be sent, or its circle has to be made again first.
    fn begin(&self, job: JobId) -> Result<Option<Parcel>, QueueError> {
        let (timing, now) = (self.shared.timing, self.now());
        let (parcel, moved) = self.shared.store.write(move |tx| begin(tx, job, &timing, now))?;
        if parcel.is_some() {
            torture::point("sending.after_commit");
        }
        if let Some(state) = moved {
            self.tell(job, state);
        }
        Ok(parcel)
    }

    /// What the send came to. With [`Outcome::Sent`] comes what Telegram made of it.
    pub fn answered(&self, job: JobId, outcome: Outcome, sent: Option<SentAs>) -> Result<(), QueueError> {
        let outcome = match outcome {
            Outcome::Ambiguous { .. } if torture::mistake("retry_on_timeout") => Outcome::NotSent { retry_after: None },
            other => other,
        };
        torture::point("send.response_before_commit");
        self.step(job, Event::Answered(outcome), sent)
    }

    /// A button with this marker was pressed under this message; says which job it is.
    pub fn marker_seen(&self, marker: Marker, message: SentAs) -> Result<Option<JobId>, QueueError> {
        let number = message.message_id;
        let found = self.shared.store.read(|conn| {
            let Some(row) = deliveries::of_marker(conn, marker)? else {
                return Ok(None);
            };
            let is_known = known::is_known(conn, row.to.bot_id, row.to.chat_id, number)?;
            Ok(Some((row, is_known)))
        });
        let Some((row, is_known)) = found? else { return Ok(None) };
        // Known is what came as another kind of message, and could not be taken away: it proves nothing of the circle.
        if row.message_id.is_none() && !is_known {
            self.step(row.job, Event::MarkerSeen, Some(message))?;
        }
        Ok(Some(row.job))
    }

    /// The person who was told that it is unknown wants it again. `false`: it is not unknown any more.
    pub fn resend(&self, job: JobId, user_id: i64) -> Result<bool, QueueError> {
        let unknown = self.job(job)?;
        if !unknown.is_some_and(|job| job.user_id == user_id && job.state == JobState::Unknown) {
            return Ok(false);
        }
        self.step(job, Event::ResendWanted, None)?;
        Ok(true)
    }

    /// A group became a supergroup, which has a number of its own: what was to go there goes to the new one. Once told, it is
    /// known.
    pub fn chat_moved(&self, bot_id: i64, from: i64, to: i64) -> Result<(), QueueError> {
        Ok(self.shared.store.write(move |tx| chats::moved(tx, bot_id, from, to))?)
    }

    pub(super) fn step(&self, job: JobId, event: Event, sent: Option<SentAs>) -> Result<(), QueueError> {
        let (timing, now) = (self.shared.timing, self.now());
        let moved = self.shared.store.write(move |tx| {
            let Some(row) = deliveries::get(tx, job)? else {
                return Ok(None);
            };
            advance(tx, &row, event, sent.as_ref(), &timing, now)
        })?;
        torture::point("sent.before_cleanup");
        if let Some(state) = moved {
            self.tell(job, state);
        }
        Ok(())
    }
}

/// A circle is ready: for a chat its delivery begins, or goes on after it was made again. Also where nobody is sent
/// anything, it is used now.
pub(super) fn post(
    tx: &Tx<'_>,
    job: JobId,
    user_id: i64,
    to: Option<Address>,
    content_key: &str,
    now: Millis,
) -> Result<(), StoreError> {
    jobs::made(tx, job, content_key, now)?;
    let holder = leases::holder(job);
    circles::use_by(tx, content_key, user_id, &holder, now)?;
    let Some(to) = to else {
        return files::release(tx, &holder);
    };
    if let Some(row) = deliveries::get(tx, job)? {
        let (next, _) = read(&row)?.step(Event::Remade, now, &Timing::default());
        return save(tx, job, &next);
    }
    let delivery = Delivery::ready(now);
    let marker: Marker = rand::rng().random();
    deliveries::insert(
        tx,
        job,
        to,
        marker,
        &serde_json::to_string(&delivery)?,
        searched(&delivery),
        now,
    )
}

fn begin(
    tx: &Tx<'_>,
    job: JobId,
    timing: &Timing,
    now: Millis,
) -> Result<(Option<Parcel>, Option<JobState>), StoreError> {
    let Some(row) = deliveries::get(tx, job)? else {
        return Ok((None, None));
    };
    let delivery = read(&row)?;
    let (begun, effects) = delivery.step(Event::Begin, now, timing);
    if !effects.contains(&Effect::Send) || deliveries::is_open(tx, row.to)? {
        return Ok((None, None));
    }
    let found = jobs::get(tx, job)?.ok_or(StoreError::Unreadable { what: "a delivery" })?;
    let circle = match &found.content_key {
        Some(key) => circles::find(tx, key, Some(row.to.bot_id))?,
        None => None,
    };
    let usable = circle.filter(|circle| is_usable(circle, delivery.shape));
    let Some(circle) = usable else {
        return Ok((None, advance(tx, &row, Event::FileGone, None, timing, now)?));
    };
    deliveries::set_lo(tx, job, known::highest(tx, row.to.bot_id, row.to.chat_id)?)?;
    if !torture::mistake("no_intent") {
        save(tx, job, &begun)?;
        deliveries::move_job(tx, job, JobState::Sending, now)?;
    }
    torture::point("sending.before_commit");
    let parcel = Parcel {
        job: found,
        to: row.to,
        marker: row.marker,
        shape: begun.shape,
        circle,
        attempt: begun.attempts,
    };
    Ok((Some(parcel), Some(JobState::Sending)))
}

/// Whether a circle can be sent in this shape, or fetched: Telegram's name for a circle is none for a square video.
pub(super) fn is_usable(circle: &CircleRow, shape: Shape) -> bool {
    circle.path.is_some() || name_for(circle, shape).is_some()
}

fn name_for(circle: &CircleRow, shape: Shape) -> Option<&String> {
    match shape {
        Shape::Circle => circle.file_id.as_ref(),
        Shape::SquareVideo => circle.video_file_id.as_ref(),
    }
}
