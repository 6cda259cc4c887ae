//! Circles into chats: what the queue says is to be sent or looked for, in; what Telegram made of it, back to the queue. The
//! queue wrote the intent down before anything is sent here, and nothing is sent here twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::desk::{Desk, JobContext};
use super::recipe::Recipe;
use super::tap::CirclePress;
use super::texts::{Lang, Line};
use crate::deliver::telegram::{
    Button, Client, Clip, Marked, Marker, Media, Outcome, Place, Press, Receipt, Refusal, Shape, Sighting,
};
use crate::model::JobSpec;
use crate::queue::delivery::{self, Scan};
use crate::queue::{Parcel, QueueError, Search, SentAs, Todo, off_runtime};
use crate::store::{Millis, deliveries};
use crate::torture;

/// Circles on their way at once: at 8 MB each they fill any line.
const AT_ONCE: usize = 16;
/// What waits for a moment wakes nobody.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After the record failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Telegram did not tell where a circle is; it is asked again after this.
const ASK_AGAIN_MS: Millis = 15_000;
/// Tries to write down what became of a send; without it the circle is looked for after the next start.
const TRIES: u32 = 60;

/// Sends until the service ends.
pub async fn send_all(desk: Arc<Desk>, client: Arc<Client>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while !desk.stopping.is_cancelled() {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let queue = desk.queue.clone();
        let wait = match off_runtime(move || queue.next_parcel()).await {
            Ok(Todo::Now(parcel)) => {
                let (desk, client) = (Arc::clone(&desk), Arc::clone(&client));
                desk.tasks.clone().spawn(async move {
                    send(&desk, &client, *parcel).await;
                    drop(place);
                });
                continue;
            }
            Ok(Todo::Wait(until)) => pause(&desk, until),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                PAUSE
            }
        };
        tokio::select! {
            () = desk.queue.parcels_wait(wait) => {}
            () = desk.stopping.cancelled() => return,
        }
    }
}

fn pause(desk: &Desk, until: Option<Millis>) -> Duration {
    let wait = until.map_or(Millis::MAX, |until| until - desk.clock.now());
    Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LOOK_EVERY)
}

/// Looks for circles nobody is sure of, until the service ends.
pub async fn look_for_all(desk: Arc<Desk>, client: Arc<Client>) {
    loop {
        let queue = desk.queue.clone();
        let wait = match off_runtime(move || queue.next_search()).await {
            Ok(Todo::Now(search)) => {
                look(&desk, &client, *search).await;
                Duration::ZERO
            }
            Ok(Todo::Wait(until)) => pause(&desk, until),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = desk.stopping.cancelled() => return,
        }
    }
}

async fn send(desk: &Desk, client: &Client, parcel: Parcel) {
    let job = parcel.job.job;
    let context = serde_json::from_str::<JobContext>(&parcel.job.context).ok();
    let lang = context.as_ref().map_or_else(Lang::default, |context| context.lang);
    let Some(keyboard) = keyboard(parcel.marker, &parcel.job.spec, context.as_ref(), lang) else {
        let outcome = delivery::Outcome::Refused(delivery::Refusal::Other);
        return answered(desk, parcel, outcome, None).await;
    };
    let place = Place {
        chat: parcel.to.chat_id,
        thread: context.as_ref().and_then(|context| context.thread).map(i64::from),
        reply_to: context.as_ref().and_then(|context| context.reply_to),
    };
    let clip = clip(desk, &parcel).await;
    let permit = desk.messages.gate.circle(place.chat).await;
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
        desk.messages.gate.refused(place.chat, *wait);
    }
    drop(permit);
    tracing::info!(%job, attempt = parcel.attempt, outcome = outcome_name(&outcome), "a circle was sent");
    let (outcome, sent) = translate(desk, &parcel, outcome).await;
    answered(desk, parcel, outcome, sent).await;
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
        Outcome::Sent(receipt) => return sent(desk, parcel, receipt).await,
        Outcome::NotSent { retry_after, .. } => delivery::Outcome::NotSent {
            retry_after: retry_after.map(millis),
        },
        Outcome::Refused { kind, description } => {
            tracing::info!(job = %parcel.job.job, description, "Telegram refused a circle");
            delivery::Outcome::Refused(match kind {
                Refusal::VoiceForbidden => delivery::Refusal::VoiceForbidden,
                Refusal::WrongFileId => delivery::Refusal::FileIdGone,
                Refusal::TooLarge => delivery::Refusal::TooLarge,
                Refusal::Blocked | Refusal::ChatGone | Refusal::Moved { .. } | Refusal::NoRights => {
                    delivery::Refusal::ChatGone
                }
                _ => delivery::Refusal::Other,
            })
        }
        Outcome::Ambiguous { .. } => delivery::Outcome::Ambiguous { last_byte: None },
    };
    (outcome, None)
}

/// It is there. As what it was meant to be, or it is taken away again.
async fn sent(desk: &Desk, parcel: &Parcel, receipt: Receipt) -> (delivery::Outcome, Option<SentAs>) {
    if parcel.shape == delivery::Shape::Circle && receipt.shape != Shape::Round {
        desk.messages.delete(parcel.to.chat_id, receipt.message_id).await;
        return (delivery::Outcome::WrongKind, None);
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

async fn look(desk: &Desk, client: &Client, search: Search) {
    let job = search.job;
    let later = |wait: Option<Millis>| Scan::Postponed {
        until: desk.clock.now() + wait.unwrap_or(torture::hurried(ASK_AGAIN_MS, ASK_AGAIN_MS / 10)),
    };
    let queue = desk.queue.clone();
    let spec = off_runtime(move || queue.job(job)).await.ok().flatten();
    let keyboard = spec.and_then(|job| {
        let context = serde_json::from_str::<JobContext>(&job.context).ok();
        let lang = context.as_ref().map_or_else(Lang::default, |context| context.lang);
        keyboard(search.marker, &job.spec, context.as_ref(), lang)
    });
    let (scan, found) = match (search.candidates, keyboard) {
        (Some(candidates), Some(keyboard)) => {
            let chat = search.to.chat_id;
            match client.probe(&desk.messages.gate, chat, &candidates, &keyboard).await {
                Sighting::Found { message_id, file } => {
                    let found = SentAs {
                        message_id,
                        // It is old news, and ends nobody's search.
                        date: 0,
                        file: Some((file.id, file.unique_id)),
                    };
                    (Scan::Found, Some(found))
                }
                Sighting::Absent => (Scan::Absent, None),
                Sighting::Undecidable { retry_after } => {
                    let wait = retry_after.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
                    (later(wait), None)
                }
            }
        }
        // What people wrote while we were away is still coming in, and then counts as known.
        (None, Some(_)) => (later(None), None),
        (_, None) => (Scan::Undecidable, None),
    };
    tracing::info!(%job, ?scan, "a circle was looked for");
    let queue = desk.queue.clone();
    if let Err(error) = off_runtime(move || queue.scanned(job, scan, found)).await {
        tracing::error!(%job, %error, "what a search came to could not be written down");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The buttons below a circle: another moment, another look, share.
fn keyboard(marker: deliveries::Marker, spec: &JobSpec, context: Option<&JobContext>, lang: Lang) -> Option<Marked> {
    let marker = Marker::new(&marker_text(marker))?;
    let press = |key, press: CirclePress| Button {
        text: Line::new(key).plain(lang),
        press: Press::Callback(marker.callback_data(press.action())),
    };
    let mut rows = vec![vec![
        press("button-another-moment", CirclePress::AnotherMoment),
        press("button-another-look", CirclePress::AnotherLook),
    ]];
    let recipe = context.and_then(|context| recipe(context, spec).write());
    rows.extend(recipe.map(|recipe| {
        vec![Button {
            text: Line::new("button-share").plain(lang),
            press: Press::Share(recipe),
        }]
    }));
    Marked::new(&marker, &rows).ok()
}

/// What a link to this circle holds.
pub fn recipe(context: &JobContext, spec: &JobSpec) -> Recipe {
    Recipe {
        song: context.song.reference(),
        start_ms: spec.start_ms,
        length_ms: spec.length_ms,
        theme: spec.theme.clone(),
        speed: spec.speed.clone(),
        settings: spec.settings.clone(),
    }
}

fn marker_text(marker: deliveries::Marker) -> String {
    marker.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the queue knows it. `None`: none of ours.
pub fn marker_bytes(marker: &Marker) -> Option<deliveries::Marker> {
    let text = marker.as_str();
    let mut bytes = deliveries::Marker::default();
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (nth, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(nth * 2..nth * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn outcome_name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Sent(receipt) => format!("sent as {:?}", receipt.shape),
        Outcome::NotSent { trouble, .. } => format!("not sent: {trouble}"),
        Outcome::Refused { kind, .. } => format!("refused: {kind:?}"),
        Outcome::Ambiguous { trouble } => format!("ambiguous: {trouble}"),
    }
}
