//! Circles nobody is sure of: looked for by their markers, until they are found, or are not there, or nobody can tell.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::keyboard::keyboard;
use super::unwanted::take_away;
use super::{PAUSE, pause};
use crate::bot::desk::{Desk, JobContext};
use crate::bot::texts::Lang;
use crate::deliver::telegram::{Client, Marked, Shape, Sighting};
use crate::model::JobId;
use crate::queue::delivery::{self, Scan};
use crate::queue::{Search, SentAs, Sought, Todo, off_runtime};
use crate::store::Millis;
use crate::store::known::Candidates;
use crate::torture;

/// Telegram did not tell where a circle is; it is asked again after this.
const ASK_AGAIN_MS: Millis = 15_000;
/// A turn that comes later than this is not waited for in the middle of a look; a group's minute is.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// What has not come to its end by then begins anew, and is ended by the delivery's own limits.
const LONGEST_LOOK: Duration = Duration::from_secs(600);

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
    let (scan, found) = match &search.sought {
        Sought::Among(candidates) => ask(desk, client, &search, candidates).await,
        // What people wrote while we were away is still coming in, and then counts as known.
        Sought::TooMany => (
            Scan::TooMany {
                until: later(desk, None),
            },
            None,
        ),
        Sought::Unwanted { message_id } => (take_away(desk, search.to.chat_id, *message_id).await, None),
    };
    tracing::info!(%job, ?scan, "a circle was looked for");
    let queue = desk.queue.clone();
    if let Err(error) = off_runtime(move || queue.scanned(job, scan, found)).await {
        tracing::error!(%job, %error, "what a search came to could not be written down");
        tokio::time::sleep(PAUSE).await;
    }
    job
}

/// The circle's final keyboard: what a candidate bears of it tells whether it is the one.
async fn final_keyboard(desk: &Desk, search: &Search) -> Option<Marked> {
    let (queue, job) = (desk.queue.clone(), search.job);
    let job = off_runtime(move || queue.job(job)).await.ok().flatten()?;
    let context = serde_json::from_str::<JobContext>(&job.context).ok();
    let lang = context.as_ref().map_or_else(Lang::default, |context| context.lang);
    keyboard(search.marker, &job.spec, context.as_ref(), lang)
}

async fn ask(desk: &Desk, client: &Client, search: &Search, candidates: &Candidates) -> (Scan, Option<SentAs>) {
    let Some(keyboard) = final_keyboard(desk, search).await else {
        return (Scan::Undecidable, None);
    };
    let chat = search.to.chat_id;
    let scan = match sight(desk, client, chat, &candidates.numbers, &keyboard).await {
        Sighting::Found { message_id, shape, .. }
            if search.shape == delivery::Shape::Circle && shape != Shape::Round =>
        {
            Scan::WrongKind { message_id }
        }
        Sighting::Found { message_id, file, .. } => {
            let found = SentAs {
                message_id,
                // It is old news, and ends nobody's search.
                date: 0,
                file: Some((file.id, file.unique_id)),
            };
            return (Scan::Found, Some(found));
        }
        Sighting::Absent if candidates.are_all => Scan::Absent,
        // It may lie further on, where nobody can look; or it becomes known no more. The person decides.
        Sighting::Absent | Sighting::Closed => Scan::Undecidable,
        Sighting::NotYet { wait } => Scan::Postponed {
            until: later(desk, Some(wait)),
        },
        Sighting::Undecidable { retry_after } => {
            if let Some(wait) = retry_after {
                desk.messages.slow_down(chat, wait).await;
            }
            Scan::Postponed {
                until: later(desk, retry_after),
            }
        }
    };
    (scan, None)
}

/// When to ask again: after this time, or after a while.
pub fn later(desk: &Desk, wait: Option<Duration>) -> Millis {
    let wait = wait.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
    desk.clock.now() + wait.unwrap_or(torture::hurried(ASK_AGAIN_MS, ASK_AGAIN_MS / 10))
}

/// One message after the other, until the service ends. In a group their turns come a few a minute: a look that began anew
/// after each pause would come to no end.
async fn sight(desk: &Desk, client: &Client, chat: i64, candidates: &[i64], keyboard: &Marked) -> Sighting {
    let end = Instant::now() + LONGEST_LOOK;
    for candidate in candidates {
        let candidate = std::slice::from_ref(candidate);
        let sighting = loop {
            if desk.stopping.is_cancelled() {
                return Sighting::Undecidable { retry_after: None };
            }
            match client.probe(&desk.messages.gate, chat, candidate, keyboard).await {
                Sighting::NotYet { wait } if wait <= LONGEST_WAIT && Instant::now() + wait < end => tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = desk.stopping.cancelled() => {}
                },
                sighting => break sighting,
            }
        };
        if sighting != Sighting::Absent {
            return sighting;
        }
    }
    Sighting::Absent
}
