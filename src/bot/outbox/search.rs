//! Circles nobody is sure of: looked for by their markers, until they are found, or are not there.

use std::sync::Arc;
use std::time::Duration;

use super::keyboard::keyboard;
use super::{PAUSE, pause};
use crate::bot::desk::{Desk, JobContext};
use crate::bot::texts::Lang;
use crate::deliver::telegram::{Client, Sighting};
use crate::queue::delivery::Scan;
use crate::queue::{Search, SentAs, Todo, off_runtime};
use crate::store::Millis;
use crate::torture;

/// Telegram did not tell where a circle is; it is asked again after this.
const ASK_AGAIN_MS: Millis = 15_000;

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
                // It becomes known no more; the person decides.
                Sighting::Closed => (Scan::Undecidable, None),
                Sighting::Undecidable { retry_after } => {
                    if let Some(wait) = retry_after {
                        desk.messages.slow_down(chat, wait).await;
                    }
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
