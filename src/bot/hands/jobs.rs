//! What a conversation has to do with the queue: a circle asked for, tried again, called off, and those made before.

use super::{answer, failed, log, trouble};
use crate::bot::desk::{Desk, JobContext};
use crate::bot::dialogue::{Event, Pending};
use crate::bot::talker::Talker;
use crate::bot::texts::{Lang, Line};
use crate::bot::view::{self, Past};
use crate::model::{JobId, JobSpec};
use crate::queue::{Cancelled, Rejection, Submit, Submitted, off_runtime};
use crate::store::dialogues::DialogueKey;
use crate::store::jobs::{self, Address, Job, JobState};
use crate::store::people::InteractionKind;

/// Circles shown in the history.
const HISTORY: usize = 5;
/// Jobs looked at for it, and for `/cancel`.
const LOOKED_AT: u32 = 50;

/// Asks the queue for a circle; the status message is `status`'s.
pub async fn submit(talker: &Talker, pending: &Pending, spec: JobSpec, context: &JobContext) -> Option<Event> {
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

pub async fn cancel_all(desk: &Desk, key: DialogueKey) -> u64 {
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

/// In a group anybody can tap.
pub async fn own_job(talker: &Talker, job: JobId) -> Option<Job> {
    let queue = talker.desk.queue.clone();
    let found = off_runtime(move || queue.job(job)).await.ok().flatten();
    found.filter(|job| job.user_id == talker.key.user_id)
}

/// The same again, for a job that ended without a circle.
pub async fn retry(talker: &Talker, pending: &Pending, query: &str, job: JobId) -> Option<Event> {
    let mine = own_job(talker, job).await;
    let mine = mine.filter(|job| job.state.is_final() && job.state != JobState::Sent);
    let context = mine
        .as_ref()
        .and_then(|job| serde_json::from_str::<JobContext>(&job.context).ok());
    let (Some(job), Some(context)) = (mine, context) else {
        answer(talker, query, "tap-old").await;
        return None;
    };
    answer(talker, query, "retry-started").await;
    let context = JobContext {
        chat: talker.key.chat_id,
        thread: talker.saved.talk.thread,
        reply_to: talker.saved.talk.reply_to,
        status: None,
        ..context
    };
    submit(talker, pending, job.spec, &context).await
}

pub async fn past(desk: &Desk, key: DialogueKey, lang: Lang) -> Vec<Past> {
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
