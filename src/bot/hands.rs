//! What a conversation's actions do: one action in, what came of it out as an event. Quick ones are done in order, slow ones
//! beside the conversation; every one may be done again after a restart.

use crate::bot::dialogue::{Action, Event, Pending, Talk, What};
use crate::deliver::telegram::Marker;
use crate::model::JobId;
use crate::queue::{Cancelled, Rejection, SentAs, Submit, Submitted, off_runtime};
use crate::store::dialogues::DialogueKey;
use crate::store::jobs::{self, Address, JobState};
use crate::store::operators::{self, Operator};
use crate::store::people::{self, InteractionKind};

use super::desk::{Desk, JobContext};
use super::messages::{MessageError, Place};
use super::talker::Talker;
use super::texts::{Lang, Line};
use super::view::{self, Page, Past};
use super::{fetch, stats};

/// Circles shown in the history.
const HISTORY: usize = 5;
/// Jobs looked at for it, and for `/cancel`.
const LOOKED_AT: u32 = 50;

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

/// A slow action. `None`: nothing came of it that anybody needs to know.
pub async fn act_slowly(desk: &Desk, key: DialogueKey, place: Place, lang: Lang, action: Action) -> Option<Event> {
    fetch::act(desk, key, place, lang, action).await
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
        Action::Say(line) => say(talker, line).await,
        Action::Submit { serial: _, spec, song } => {
            let context = JobContext {
                song: (**song).clone(),
                lang: talker.prefs().await.lang,
                thread: talker.saved.talk.thread,
                reply_to: talker.saved.talk.reply_to,
                status: None,
            };
            return submit(talker, pending, (**spec).clone(), &context).await;
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
        Action::ShowCode => say(talker, &code(talker).await).await,
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
        // Shown when the conversation rests, or slow.
        _ => {}
    }
    None
}

/// Brings the list or the card up to date; says where it is shown now.
pub async fn show(talker: &mut Talker, what: What) -> Option<Event> {
    let prefs = talker.prefs().await;
    let (desk, place) = (&talker.desk, place(talker.key, &talker.saved.talk));
    let rules = desk.rules(talker.saved.seen, talker.key.user_id, &prefs);
    let (serial, shown, picture) = match what {
        What::List => {
            let list = talker.saved.talk.list.as_ref()?;
            let page = view::list(list, prefs.lang);
            (list.serial, put(desk, place, list.message, &page).await, None)
        }
        What::Card => {
            let card = talker.saved.talk.card.as_ref()?;
            let blob = match &card.picture {
                super::dialogue::Picture::Still(still) => still,
                super::dialogue::Picture::Cover => card.cover_file(&rules),
            };
            let page = view::card(card, &rules);
            let is_new = card.message.is_none() || card.shown.as_ref() != Some(&blob.sha256);
            let photo = match is_new {
                true => Some(
                    desk.bytes(blob)
                        .await
                        .unwrap_or_else(|| crate::assets::DEFAULT_COVER.to_vec()),
                ),
                false => None,
            };
            let shown = put_card(desk, place, card.message, photo.as_deref(), &page).await;
            (card.serial, shown, Some(blob.sha256.clone()))
        }
    };
    match shown {
        Ok(message) => Some(Event::Shown {
            what,
            serial,
            message,
            picture,
        }),
        // The next time it is shown anew.
        Err(MessageError::Gone) => Some(Event::Shown {
            what,
            serial,
            message: 0,
            picture: None,
        }),
        Err(error) => {
            tracing::warn!(chat = place.chat, %error, "a card could not be shown");
            None
        }
    }
}

async fn put(desk: &Desk, place: Place, message: Option<i64>, page: &Page) -> Result<i64, MessageError> {
    if let Some(message) = message {
        match desk.messages.edit(place.chat, message, page).await {
            Err(MessageError::Gone) => {}
            outcome => return outcome.map(|()| message),
        }
    }
    desk.messages.send(place, page).await
}

async fn put_card(
    desk: &Desk,
    place: Place,
    message: Option<i64>,
    photo: Option<&[u8]>,
    page: &Page,
) -> Result<i64, MessageError> {
    match (message, photo) {
        (None, Some(photo)) => desk.messages.send_photo(place, photo, page).await,
        (Some(message), Some(photo)) => match desk.messages.edit_photo(place.chat, message, photo, page).await {
            Err(MessageError::Gone) => desk.messages.send_photo(place, photo, page).await,
            outcome => outcome.map(|()| message),
        },
        (Some(message), None) => {
            let edited = desk.messages.edit_caption(place.chat, message, page).await;
            edited.map(|()| message)
        }
        (None, None) => desk.messages.send(place, page).await,
    }
}

pub async fn say(talker: &Talker, line: &Line) {
    let page = view::line(line, talker.prefs().await.lang);
    show_page(talker, None, &page).await;
}

async fn show_page(talker: &Talker, edit: Option<i64>, page: &Page) {
    let place = place(talker.key, &talker.saved.talk);
    if let Err(error) = put(&talker.desk, place, edit, page).await {
        tracing::warn!(chat = place.chat, %error, "a message could not be sent");
    }
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

/// Asks the queue for a circle; the status message is `status`'s.
async fn submit(
    talker: &Talker,
    pending: &Pending,
    spec: crate::model::JobSpec,
    context: &JobContext,
) -> Option<Event> {
    let (desk, key) = (&talker.desk, talker.key);
    let asker = format!("{}:{}:{}", key.bot_id, key.chat_id, key.user_id);
    let fingerprint = spec.fingerprint(&(desk.house.look_version)(&spec.theme));
    let Ok(context) = serde_json::to_string(context) else {
        return failed(Line::new("trouble-internal"));
    };
    let submit = Submit {
        user_id: key.user_id,
        to: Some(Address {
            bot_id: key.bot_id,
            chat_id: key.chat_id,
        }),
        context,
        // Two taps are one job.
        dedupe_key: Some(format!("{asker}:go:{fingerprint}")),
        // Killed before this action is known to be done, it is done again, and the circle may have arrived by then.
        origin: Some(format!("{asker}:{}:{}", pending.of, pending.number)),
        spec,
        content_key: None,
        fingerprint: Some(fingerprint),
    };
    let queue = desk.queue.clone();
    let line = match off_runtime(move || queue.submit(submit)).await {
        Ok(Submitted::Rejected(rejection)) => match rejection {
            Rejection::TooManyWaiting => Line::new("reject-too-many"),
            Rejection::QueueFull { come_back_secs } => {
                Line::new("reject-queue-full").with("seconds", i64::from(come_back_secs))
            }
            Rejection::DiskLow => Line::new("reject-disk-low"),
            Rejection::FileGone => return Some(Event::FilesGone),
            Rejection::Blocked => Line::new("reject-blocked"),
            Rejection::Draining => Line::new("reject-draining"),
        },
        Ok(_) => {
            log(desk, key.user_id, InteractionKind::Circle).await;
            return None;
        }
        Err(error) => Line::new(trouble(&error)),
    };
    failed(line)
}

/// The original's record of what people do. It stops nobody.
pub async fn log(desk: &Desk, user: i64, kind: InteractionKind) {
    let now = desk.clock.now();
    let logged = desk.record(move |store| store.write(move |tx| people::log(tx, user, None, kind, now)));
    if let Err(error) = logged.await {
        tracing::warn!(%error, "an interaction was not written down");
    }
}

async fn cancel_all(desk: &Desk, key: DialogueKey) -> u64 {
    let user = key.user_id;
    let found = desk.record(move |store| store.read(|conn| jobs::of_user(conn, user, None, LOOKED_AT)));
    let here = Address {
        bot_id: key.bot_id,
        chat_id: key.chat_id,
    };
    let mut count = 0;
    for job in found.await.unwrap_or_default() {
        if job.to != Some(here) || job.state.is_final() || job.cancel_asked {
            continue;
        }
        let queue = desk.queue.clone();
        let cancelled = off_runtime(move || queue.cancel(job.job, user)).await;
        count += u64::from(matches!(cancelled, Ok(Cancelled::Done | Cancelled::Asked)));
    }
    count
}

/// The same again, for a job that ended without a circle.
async fn retry(talker: &Talker, pending: &Pending, query: &str, job: JobId) -> Option<Event> {
    let queue = talker.desk.queue.clone();
    let found = off_runtime(move || queue.job(job)).await.ok().flatten();
    let mine =
        found.filter(|job| job.user_id == talker.key.user_id && job.state.is_final() && job.state != JobState::Sent);
    let context = mine
        .as_ref()
        .and_then(|job| serde_json::from_str::<JobContext>(&job.context).ok());
    let (Some(job), Some(context)) = (mine, context) else {
        answer(talker, query, "tap-old").await;
        return None;
    };
    answer(talker, query, "retry-started").await;
    let context = JobContext {
        status: None,
        ..context
    };
    submit(talker, pending, job.spec, &context).await
}

async fn past(desk: &Desk, key: DialogueKey, lang: Lang) -> Vec<Past> {
    let user = key.user_id;
    let found = desk.record(move |store| store.read(|conn| jobs::of_user(conn, user, None, LOOKED_AT)));
    let shown = found.await.unwrap_or_default().into_iter().filter(|job| {
        // What somebody made in a group stays in that group.
        job.to.is_some_and(|to| to.chat_id == key.chat_id || to.chat_id == user)
            && !matches!(job.state, JobState::Cancelled | JobState::Failed | JobState::SetAside)
    });
    let past = shown.filter_map(|job| {
        let context: JobContext = serde_json::from_str(&job.context).ok()?;
        let song = context.song;
        Some(Past {
            job: job.job,
            song: view::name(song.title.as_deref(), song.artist.as_deref(), lang),
            start_ms: job.spec.start_ms,
            length_ms: job.spec.length_ms,
        })
    });
    past.take(HISTORY).collect()
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
