//! What a conversation's actions do: one action in, what came of it out as an event. Quick ones are done in order, slow ones
//! beside the conversation; every one may be done again after a restart.

mod jobs;
mod show;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::desk::{Desk, JobContext};
use super::dialogue::{Action, Event, Pending, Talk};
use super::messages::Place;
use super::talker::Talker;
use super::texts::{Lang, Line};
use super::{fetch, stats, view};
use crate::deliver::telegram::Marker;
use crate::model::JobId;
use crate::queue::{Cancelled, SentAs, off_runtime};
use crate::store::dialogues::DialogueKey;
use crate::store::operators::{self, Operator};
use crate::store::people::{self, InteractionKind};
use crate::torture;

pub use show::{say, show};

use jobs::{cancel_all, own_job, past, retry, submit};
use show::show_page;

pub fn place(key: DialogueKey, talk: &Talk) -> Place {
    Place {
        chat: key.chat_id,
        thread: talk.thread,
        reply_to: talk.reply_to,
    }
}

/// Whether it waits for somebody outside, or for a worker.
pub fn is_slow(action: &Action) -> bool {
    matches!(
        action,
        Action::Search { .. }
            | Action::Resolve { .. }
            | Action::Fetch { .. }
            | Action::Open { .. }
            | Action::Reopen { .. }
            | Action::Download { .. }
            | Action::DownloadPicture(_)
            | Action::DownloadLyrics(_)
            | Action::FindLyrics(_)
            | Action::Listen { .. }
            | Action::Draw { .. }
    )
}

/// A slow action. `None`: nothing came of it that anybody needs to know. A mistake of ours in it is told as a failure: somebody
/// waits.
pub async fn act_slowly(desk: &Desk, key: DialogueKey, place: Place, lang: Lang, action: Action) -> Option<Event> {
    let instead = fetch::failed(&action, &Line::new("trouble-internal"));
    let act = async {
        torture::point("slowly.acting");
        fetch::act(desk, key, place, lang, action).await
    };
    AssertUnwindSafe(act).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(chat = key.chat_id, "a slow action ended by a mistake of ours");
        instead
    })
}

/// A quick action.
pub async fn act(talker: &mut Talker, pending: &Pending) -> Option<Event> {
    let user = talker.key.user_id;
    match &pending.action {
        Action::Answer { query, line, alert } => {
            let text = match line {
                Some(line) => Some(line.plain(talker.prefs().await.lang)),
                None => None,
            };
            talker.desk.messages.answer(query, text.as_deref(), *alert).await;
        }
        Action::Submit { serial: _, spec, song } => {
            let context = JobContext {
                song: (**song).clone(),
                lang: talker.prefs().await.lang,
                chat: talker.key.chat_id,
                thread: talker.saved.talk.thread,
                reply_to: talker.saved.talk.reply_to,
                status: None,
            };
            return submit(talker, pending, (**spec).clone(), &context).await;
        }
        Action::CancelJob { query, job } | Action::SendAgain { query, job }
            if own_job(talker, *job).await.is_none() =>
        {
            answer(talker, query, "tap-old").await;
        }
        Action::CancelJob { query, job } => {
            let (queue, job) = (talker.desk.queue.clone(), *job);
            let line = match off_runtime(move || queue.cancel(job, user)).await {
                Ok(Cancelled::Done) => "status-cancelled",
                Ok(Cancelled::Asked) => "cancel-asked",
                Ok(Cancelled::TooLate) => "cancel-too-late",
                Err(error) => trouble(&error),
            };
            answer(talker, query, line).await;
        }
        Action::CancelAll => {
            let count = cancel_all(&talker.desk, talker.key).await;
            say(talker, &Line::new("cancelled").with("count", count)).await;
        }
        Action::SendAgain { query, job } => {
            let (queue, job) = (talker.desk.queue.clone(), *job);
            let line = match off_runtime(move || queue.resend(job, user)).await {
                Ok(true) => "resend-started",
                Ok(false) => "resend-not-needed",
                Err(error) => trouble(&error),
            };
            answer(talker, query, line).await;
        }
        Action::Retry { query, job } => return retry(talker, pending, query, *job).await,
        Action::Prefer { press } => {
            let prefs = talker.prefs().await;
            if let Err(error) = talker.desk.prefer(user, &prefs, *press).await {
                tracing::warn!(%error, "a preference was not written down");
                return failed(Line::new("trouble-record"));
            }
        }
        Action::ShowSettings { edit } => {
            let page = view::settings(&talker.prefs().await);
            show_page(talker, *edit, &page).await;
        }
        Action::ShowHistory => {
            let lang = talker.prefs().await.lang;
            let past = past(&talker.desk, talker.key, lang).await;
            show_page(talker, None, &view::history(&past, lang)).await;
        }
        Action::ShowStats => {
            let lang = talker.prefs().await.lang;
            let page = stats::page(&talker.desk, lang).await;
            show_page(talker, None, &page).await;
        }
        Action::ShowCode => {
            say(talker, &code(talker).await).await;
        }
        Action::AskForget => {
            let page = view::ask_forget(talker.prefs().await.lang);
            show_page(talker, None, &page).await;
        }
        Action::Forget => {
            // The last words are said in the language that is forgotten, and only when it is done: what a person says
            // meanwhile would be forgotten with the rest.
            talker.saved.talk.lang = talker.prefs().await.lang;
            let queue = talker.desk.queue.clone();
            if let Err(error) = off_runtime(move || queue.forget(user)).await {
                return failed(Line::new(trouble(&error)));
            }
            talker.forgotten = true;
        }
        Action::Close { message, line } => {
            let page = view::line(line, talker.prefs().await.lang);
            show_page(talker, Some(*message), &page).await;
        }
        // Said and shown by the conversation itself, or slow.
        _ => {}
    }
    None
}

async fn answer(talker: &Talker, query: &str, key: &'static str) {
    let text = Line::new(key).plain(talker.prefs().await.lang);
    talker.desk.messages.answer(query, Some(&text), false).await;
}

/// A code for the operator's page. In a group everybody would read it.
async fn code(talker: &Talker) -> Line {
    let (owner, desk) = (talker.key.user_id, &talker.desk);
    if talker.key.chat_id != owner {
        return Line::new("admin-private");
    }
    let (by, now) = (
        Operator {
            who: format!("owner {owner}"),
            address: "the bot".to_owned(),
        },
        desk.clock.now(),
    );
    let made = desk.record(move |store| {
        store.write(move |tx| {
            operators::note(tx, &by, "code", "", now)?;
            operators::new_code(tx, owner, now)
        })
    });
    match made.await {
        Ok(code) => Line::new("admin-code").with("code", code),
        Err(error) => {
            tracing::warn!(%error, "a code could not be written down");
            Line::new("trouble-record")
        }
    }
}

fn failed(line: Line) -> Option<Event> {
    Some(Event::Failed { serial: None, line })
}

fn trouble(error: &crate::queue::QueueError) -> &'static str {
    tracing::error!(%error, "the queue failed");
    "trouble-record"
}

/// The original's record of what people do. It stops nobody.
pub async fn log(desk: &Desk, user: i64, kind: InteractionKind) {
    let now = desk.clock.now();
    let logged = desk.record(move |store| store.write(move |tx| people::log(tx, user, None, kind, now)));
    if let Err(error) = logged.await {
        tracing::warn!(%error, "an interaction was not written down");
    }
}

/// A button below a circle was pressed: it is there, whatever we knew. Says which job it was.
pub async fn circle_seen(desk: &Desk, marker: &str, message_id: i64, date_ms: i64) -> Option<JobId> {
    let marker = super::outbox::marker_bytes(&Marker::new(marker)?)?;
    let queue = desk.queue.clone();
    let seen = SentAs {
        message_id,
        date: date_ms,
        file: None,
    };
    let found = off_runtime(move || queue.marker_seen(marker, seen)).await;
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "the queue failed");
        None
    })
}
