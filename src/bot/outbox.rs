//! Circles into chats: what the queue says is to be sent or looked for, in; what Telegram made of it, back to the queue. The
//! queue wrote the intent down before anything is sent here, and nothing is sent here twice.

mod keyboard;
mod search;
mod unwanted;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::desk::{Desk, JobContext};
use super::texts::{Lang, Line};
use crate::deliver::telegram::{Client, Clip, Later, Media, Outcome, Permit, Place, Receipt, Refusal, Shape};
use crate::queue::delivery;
use crate::queue::{Parcel, QueueError, SentAs, Todo, off_runtime};
use crate::store::Millis;
use crate::telemetry::figures;

use keyboard::keyboard;
pub use keyboard::{marker_bytes, recipe};
pub use search::look_for_all;

/// Circles on their way at once: at 8 MB each they fill any line.
const AT_ONCE: usize = 16;
/// What waits for a moment wakes nobody.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After the record failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries to write down what became of a send; without it the circle is looked for after the next start.
const TRIES: u32 = 60;

/// Sends until the service ends.
pub async fn send_all(desk: Arc<Desk>, client: Arc<Client>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let gate = desk.messages.gate.clone();
    while !desk.stopping.is_cancelled() {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let moved = gate.moved();
        tokio::pin!(moved);
        // Listening before asking: a place that gets free in between is not missed.
        moved.as_mut().enable();
        let wait = match next(&desk).await {
            Ok((Todo::Now(ready), _)) => {
                let (parcel, permit) = *ready;
                let (desk, client) = (Arc::clone(&desk), Arc::clone(&client));
                desk.tasks.clone().spawn(async move {
                    send(&desk, &client, parcel, permit).await;
                    drop(place);
                });
                continue;
            }
            Ok((Todo::Wait(until), turn)) => pause(&desk, until.into_iter().chain(turn).min()),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                PAUSE
            }
        };
        tokio::select! {
            () = desk.queue.parcels_wait(wait) => {}
            () = moved => {}
            () = desk.stopping.cancelled() => return,
        }
    }
}

type Ready = (Parcel, Permit);

/// The next circle, with its leave to go; or else when the first of those that wait for Telegram's rates has its turn.
async fn next(desk: &Desk) -> Result<(Todo<Ready>, Option<Millis>), QueueError> {
    let (queue, gate) = (desk.queue.clone(), desk.messages.gate.clone());
    off_runtime(move || {
        let mut turn: Option<Millis> = None;
        let todo = queue.next_parcel(|to| match gate.circle(to.chat_id) {
            Ok(permit) => Some(permit),
            Err(Later(until)) => {
                turn = turn.into_iter().chain(until).min();
                None
            }
        })?;
        Ok((todo, turn))
    })
    .await
}

fn pause(desk: &Desk, until: Option<Millis>) -> Duration {
    let wait = until.map_or(Millis::MAX, |until| until - desk.clock.now());
    Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LOOK_EVERY)
}

async fn send(desk: &Desk, client: &Client, parcel: Parcel, permit: Permit) {
    let job = parcel.job.job;
    let context = serde_json::from_str::<JobContext>(&parcel.job.context).ok();
    let lang = context.as_ref().map_or_else(Lang::default, |context| context.lang);
    let Some(keyboard) = keyboard(parcel.marker, &parcel.job.spec, context.as_ref(), lang) else {
        let outcome = delivery::Outcome::Refused(delivery::Refusal::Other);
        return answered(desk, parcel, outcome, None).await;
    };
    let place = place(parcel.to.chat_id, context.as_ref());
    let clip = clip(desk, &parcel).await;
    let outcome = match parcel.shape {
        delivery::Shape::Circle => client.send_circle(place, &clip, &keyboard).await,
        delivery::Shape::SquareVideo => {
            let caption = Line::new("square-caption").plain(lang);
            client.send_square(place, &clip, &caption, &keyboard).await
        }
    };
    if let Outcome::NotSent {
        retry_after: Some(wait),
        ..
    } = &outcome
    {
        desk.messages.slow_down(place.chat, *wait).await;
    }
    drop(permit);
    figures::sent(outcome_label(&outcome));
    tracing::info!(%job, attempt = parcel.attempt, outcome = outcome_name(&outcome), "a circle was sent");
    let (outcome, sent) = translate(desk, &parcel, outcome).await;
    answered(desk, parcel, outcome, sent).await;
}

fn place(chat: i64, context: Option<&JobContext>) -> Place {
    let place = context.map(|context| context.place(chat));
    Place {
        chat,
        thread: place.and_then(|place| place.thread).map(i64::from),
        reply_to: place.and_then(|place| place.reply_to),
    }
}

async fn clip(desk: &Desk, parcel: &Parcel) -> Clip {
    let circle = &parcel.circle;
    let known = match parcel.shape {
        delivery::Shape::Circle => &circle.file_id,
        delivery::Shape::SquareVideo => &circle.video_file_id,
    };
    let folder = desk.store.folder();
    let media = match (known, &circle.path) {
        (Some(id), _) => Media::Known(id.clone()),
        (None, path) => Media::File(folder.join(path.as_deref().unwrap_or_default())),
    };
    let thumbnail = match &circle.thumbnail {
        Some(path) => tokio::fs::read(folder.join(path)).await.ok(),
        None => None,
    };
    Clip {
        media,
        side_px: parcel.job.spec.size_px,
        duration: Duration::from_millis(parcel.job.spec.length_ms),
        thumbnail,
    }
}

/// What Telegram said, in the queue's words.
async fn translate(desk: &Desk, parcel: &Parcel, outcome: Outcome) -> (delivery::Outcome, Option<SentAs>) {
    let millis = |wait: Duration| Millis::try_from(wait.as_millis()).unwrap_or(Millis::MAX);
    let outcome = match outcome {
        Outcome::Sent(receipt) => return sent(parcel, receipt),
        Outcome::NotSent { retry_after, .. } => delivery::Outcome::NotSent {
            retry_after: retry_after.map(millis),
        },
        Outcome::Refused {
            kind: Refusal::Moved { chat: to },
            ..
        } => {
            desk.messages.chats.moved(parcel.to.chat_id, to).await;
            delivery::Outcome::Moved { to }
        }
        Outcome::Refused { kind, description } => {
            tracing::info!(job = %parcel.job.job, description, "Telegram refused a circle");
            delivery::Outcome::Refused(match kind {
                Refusal::VoiceForbidden => delivery::Refusal::VoiceForbidden,
                Refusal::WrongFileId => delivery::Refusal::FileIdGone,
                Refusal::TooLarge => delivery::Refusal::TooLarge,
                Refusal::Blocked | Refusal::ChatGone | Refusal::NoRights => delivery::Refusal::ChatGone,
                Refusal::Moved { .. } | Refusal::Other => delivery::Refusal::Other,
            })
        }
        Outcome::Ambiguous { .. } => delivery::Outcome::Ambiguous { last_byte: None },
    };
    (outcome, None)
}

/// It is there, as what it was meant to be or not.
fn sent(parcel: &Parcel, receipt: Receipt) -> (delivery::Outcome, Option<SentAs>) {
    if parcel.shape == delivery::Shape::Circle && receipt.shape != Shape::Round {
        let message_id = receipt.message_id;
        return (delivery::Outcome::WrongKind { message_id }, None);
    }
    let sent = SentAs {
        message_id: receipt.message_id,
        // Not our own time: the answer may be late, and a number that counts as new cuts off the search for older ones.
        date: receipt.date_secs.saturating_mul(1000),
        file: Some((receipt.file.id, receipt.file.unique_id)),
    };
    (delivery::Outcome::Sent, Some(sent))
}

async fn answered(desk: &Desk, parcel: Parcel, outcome: delivery::Outcome, sent: Option<SentAs>) {
    let job = parcel.job.job;
    for _ in 0..TRIES {
        let (queue, sent) = (desk.queue.clone(), sent.clone());
        let written = off_runtime(move || queue.answered(job, outcome, sent));
        let Err(error) = written.await else { return };
        tracing::error!(%job, %error, "what became of a send could not be written down");
        if !matches!(&error, QueueError::Store(error) if error.is_passing()) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Sent(_) => "sent",
        Outcome::NotSent { .. } => "not_sent",
        Outcome::Refused { .. } => "refused",
        Outcome::Ambiguous { .. } => "ambiguous",
    }
}

fn outcome_name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Sent(receipt) => format!("sent as {:?}", receipt.shape),
        Outcome::NotSent { trouble, .. } => format!("not sent: {trouble}"),
        Outcome::Refused { kind, .. } => format!("refused: {kind:?}"),
        Outcome::Ambiguous { trouble } => format!("ambiguous: {trouble}"),
    }
}
