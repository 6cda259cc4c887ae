//! Circles nobody is sure of: looked for by their markers, until they are found, or are not there.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::keyboard::keyboard;
use super::{PAUSE, pause};
use crate::bot::desk::{Desk, JobContext};
use crate::bot::texts::Lang;
use crate::deliver::telegram::{Client, Marked, Shape, Sighting};
use crate::model::JobId;
use crate::queue::delivery::{self, Scan};
use crate::queue::{Search, SentAs, Todo, off_runtime};
use crate::store::Millis;
use crate::torture;

/// Telegram did not tell where a circle is; it is asked again after this.
const ASK_AGAIN_MS: Millis = 15_000;

/// Searches at once, each in its chat: one that has to wait there keeps nobody else from being found.
const AT_ONCE: usize = 64;

/// Looks for circles nobody is sure of, until the service ends.
pub async fn look_for_all(desk: Arc<Desk>, client: Arc<Client>) {
    let mut looks = JoinSet::new();
    let mut under_way: HashSet<JobId> = HashSet::new();
    loop {
        let (queue, beside) = (desk.queue.clone(), under_way.clone());
        let wait = match off_runtime(move || queue.next_search_beside(&beside)).await {
            Ok(Todo::Now(search)) => {
                under_way.insert(search.job);
                let (desk, client) = (Arc::clone(&desk), Arc::clone(&client));
                looks.spawn(async move { look(&desk, &client, *search).await });
                match under_way.len() < AT_ONCE {
                    true => Duration::ZERO,
                    false => Duration::MAX,
                }
            }
            Ok(Todo::Wait(until)) => pause(&desk, until),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Some(looked) = looks.join_next() => match looked {
                Ok(job) => drop(under_way.remove(&job)),
                // Which one is not told: nothing is forgotten but what is still looked for.
                Err(error) => tracing::error!(%error, "a search broke off"),
            },
            () = desk.stopping.cancelled() => break,
        }
    }
    // Each ends with the message it is at.
    while looks.join_next().await.is_some() {}
}

async fn look(desk: &Desk, client: &Client, search: Search) -> JobId {
    let job = search.job;
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
            match sight(desk, client, chat, &candidates, &keyboard).await {
                Sighting::Found { message_id, shape, .. }
                    if search.shape == delivery::Shape::Circle && shape != Shape::Round =>
                {
                    desk.messages.delete(chat, message_id).await;
                    (Scan::WrongKind, None)
                }
                Sighting::Found { message_id, file, .. } => {
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
                Sighting::NotYet { wait } => (postponed(desk, Some(wait)), None),
                Sighting::Undecidable { retry_after } => {
                    if let Some(wait) = retry_after {
                        desk.messages.slow_down(chat, wait).await;
                    }
                    (postponed(desk, retry_after), None)
                }
            }
        }
        // What people wrote while we were away is still coming in, and then counts as known.
        (None, Some(_)) => (postponed(desk, None), None),
        (_, None) => (Scan::Undecidable, None),
    };
    tracing::info!(%job, ?scan, "a circle was looked for");
    let queue = desk.queue.clone();
    if let Err(error) = off_runtime(move || queue.scanned(job, scan, found)).await {
        tracing::error!(%job, %error, "what a search came to could not be written down");
        tokio::time::sleep(PAUSE).await;
    }
    job
}

fn postponed(desk: &Desk, wait: Option<Duration>) -> Scan {
    let wait = wait.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
    let until = desk.clock.now() + wait.unwrap_or(torture::hurried(ASK_AGAIN_MS, ASK_AGAIN_MS / 10));
    Scan::Postponed { until }
}

/// One message after the other, until the service ends.
async fn sight(desk: &Desk, client: &Client, chat: i64, candidates: &[i64], keyboard: &Marked) -> Sighting {
    for candidate in candidates {
        if desk.stopping.is_cancelled() {
            return Sighting::Undecidable { retry_after: None };
        }
        let candidate = std::slice::from_ref(candidate);
        let sighting = client.probe(&desk.messages.gate, chat, candidate, keyboard).await;
        if sighting != Sighting::Absent {
            return sighting;
        }
    }
    Sighting::Absent
}
