//! The status of a circle on its way: the queue's events in, one message kept up to date, at most once a second. Where a job
//! stands is read from the record, so a restart in the middle only goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use teloxide::types::ChatAction;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::desk::{Desk, JobContext};
use super::messages::{MessageError, Place};
use super::studio::reason_key;
use super::tap::JobPress;
use super::texts::{Lang, Line};
use super::view::{Page, job_button};
use crate::model::JobId;
use crate::queue::delivery::{Delivery, Phase, Refusal};
use crate::queue::{Happened, off_runtime};
use crate::store::deliveries;
use crate::store::jobs::{self, Job, JobState};
use crate::worker::Reason;

/// Telegram allows a message a second in a chat, edits as well.
const EDIT_EVERY: Duration = Duration::from_secs(1);
/// The sign that we are at work is shown for five seconds.
const SIGN_EVERY: Duration = Duration::from_secs(4);
/// A circle that is ready needs no status, unless it takes longer than this.
const NO_NEED: Duration = Duration::from_secs(3);
/// A send usually takes seconds; after this it is being looked for.
const DOUBT_AFTER: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    state: JobState,
    percent: u8,
    left_secs: Option<u32>,
}

/// Follows every job that goes to a chat, until the service ends.
pub async fn watch_all(desk: Arc<Desk>) {
    let mut events = desk.queue.events();
    let mut followed: HashMap<JobId, watch::Sender<Seen>> = HashMap::new();
    for job in active(&desk).await {
        follow(&desk, &mut followed, job).await;
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = desk.stopping.cancelled() => return,
        };
        match event {
            Ok(event) => {
                tell(&desk, &mut followed, event.job, event.what).await;
            }
            // Too slow: what was missed is in the record.
            Err(RecvError::Lagged(_)) => {
                let known: Vec<_> = followed.keys().copied().collect();
                for job in active(&desk).await.into_iter().chain(known) {
                    if let Some(now) = read(&desk, job).await {
                        tell(&desk, &mut followed, job, Happened::Is(now.state)).await;
                    }
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn active(desk: &Desk) -> Vec<JobId> {
    let bot_id = desk.me.id;
    let active = desk.record(move |store| store.read(|conn| jobs::active_to(conn, bot_id)));
    active.await.unwrap_or_default()
}

async fn read(desk: &Desk, job: JobId) -> Option<Job> {
    let queue = desk.queue.clone();
    off_runtime(move || queue.job(job)).await.ok().flatten()
}

async fn tell(desk: &Arc<Desk>, followed: &mut HashMap<JobId, watch::Sender<Seen>>, job: JobId, what: Happened) {
    followed.retain(|_, follower| !follower.is_closed());
    if !followed.contains_key(&job) {
        follow(desk, followed, job).await;
    }
    let Some(follower) = followed.get(&job) else { return };
    follower.send_if_modified(|seen| {
        let before = *seen;
        match what {
            Happened::Is(state) => seen.state = state,
            Happened::Progress { percent, left_secs } => (seen.percent, seen.left_secs) = (percent, left_secs),
            Happened::CancelAsked => {}
        }
        *seen != before
    });
}

async fn follow(desk: &Arc<Desk>, followed: &mut HashMap<JobId, watch::Sender<Seen>>, job: JobId) {
    let Some(found) = read(desk, job).await else { return };
    let Some(to) = found.to.filter(|to| to.bot_id == desk.me.id) else {
        return;
    };
    let Ok(context) = serde_json::from_str::<JobContext>(&found.context) else {
        return;
    };
    let (sender, seen) = watch::channel(Seen {
        state: found.state,
        percent: 0,
        left_secs: None,
    });
    followed.insert(job, sender);
    let follower = Follower {
        desk: Arc::clone(desk),
        job,
        place: context.place(to.chat_id),
        lang: context.lang,
        context: found.context,
        message: context.status_in(to.chat_id),
        shown: String::new(),
        state_since: Instant::now(),
    };
    let stopping = desk.stopping.clone();
    desk.tasks.spawn(async move {
        tokio::select! {
            () = follower.run(seen) => {}
            () = stopping.cancelled() => {}
        }
    });
}

struct Follower {
    desk: Arc<Desk>,
    job: JobId,
    place: Place,
    lang: Lang,
    /// As the job keeps it.
    context: String,
    message: Option<i64>,
    shown: String,
    state_since: Instant,
}

impl Follower {
    async fn run(mut self, mut seen: watch::Receiver<Seen>) {
        let ready = |state| matches!(state, JobState::Rendered | JobState::Sending);
        if self.message.is_none() && ready(seen.borrow().state) {
            // It may be there before anybody has read that it will be.
            let done = tokio::time::timeout(NO_NEED, seen.wait_for(|seen| !ready(seen.state))).await;
            if matches!(&done, Ok(Ok(seen)) if seen.state == JobState::Sent) {
                return;
            }
        }
        let mut ticks = interval(EDIT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut signed: Option<Instant> = None;
        let mut last = seen.borrow().state;
        loop {
            let now = *seen.borrow_and_update();
            if now.state != last {
                (last, self.state_since) = (now.state, Instant::now());
            }
            if now.state.is_final() {
                self.end(now.state).await;
                return;
            }
            if let Err(MessageError::Unwanted) = self.show(now).await {
                return;
            }
            if signed.is_none_or(|signed| signed.elapsed() >= SIGN_EVERY) && self.sign(now.state).await {
                signed = Some(Instant::now());
            }
            ticks.tick().await;
            // A new state is shown at the next tick; without one the place in the line may have moved.
            if seen.has_changed().is_err() {
                return;
            }
        }
    }

    async fn show(&mut self, now: Seen) -> Result<(), MessageError> {
        let page = self.page(now).await;
        if self.move_along() {
            self.message = None;
        }
        if page.html == self.shown && self.message.is_some() {
            return Ok(());
        }
        match self.message {
            None => {
                let message = self.desk.messages.send(self.place, &page).await?;
                self.message = Some(message);
                self.move_along();
                self.keep(message).await;
            }
            Some(message) => match self.desk.messages.edit_or_skip(self.place.chat, message, &page).await {
                Ok(true) => {}
                // At the next tick.
                Ok(false) => return Ok(()),
                Err(MessageError::Gone) => self.message = None,
                Err(error) => return Err(error),
            },
        }
        self.shown = page.html;
        Ok(())
    }

    /// To where the chat is now. `true`: it has moved, and what was in the old one cannot be reached.
    fn move_along(&mut self) -> bool {
        let place = self.desk.messages.chats.place_now(self.place);
        std::mem::replace(&mut self.place, place) != place
    }

    /// After a restart the same message is gone on with.
    async fn keep(&mut self, message: i64) {
        let Ok(mut context) = serde_json::from_str::<Value>(&self.context) else {
            return;
        };
        context["status"] = message.into();
        context["chat"] = self.place.chat.into();
        let (job, context) = (self.job, context.to_string());
        let kept = self
            .desk
            .record(move |store| store.write(move |tx| jobs::set_context(tx, job, &context)));
        if let Err(error) = kept.await {
            tracing::warn!(%job, %error, "a status message was not written down");
        }
    }

    async fn page(&self, now: Seen) -> Page {
        let line = match now.state {
            JobState::Queued => {
                let (queue, job) = (self.desk.queue.clone(), self.job);
                let place = off_runtime(move || queue.place(job)).await.ok().flatten();
                let (ahead, secs) = place.map_or((0, 0), |place| (place.ahead, place.wait_secs));
                Line::new("status-queued")
                    .with("ahead", i64::from(ahead))
                    .with("seconds", i64::from(secs))
            }
            JobState::Rendering if now.percent == 0 => Line::new("status-started"),
            JobState::Rendering => Line::new("status-rendering")
                .with("percent", i64::from(now.percent))
                .with("seconds", i64::from(now.left_secs.unwrap_or(0))),
            JobState::Sending if self.state_since.elapsed() >= DOUBT_AFTER => Line::new("status-checking"),
            _ => Line::new("status-sending"),
        };
        let may_stop = matches!(now.state, JobState::Queued | JobState::Rendering);
        Page {
            html: line.html(self.lang),
            rows: if may_stop {
                job_button(self.lang, self.job, JobPress::Cancel)
            } else {
                vec![]
            },
        }
    }

    /// `false`: nothing is done that there is a sign for.
    async fn sign(&self, state: JobState) -> bool {
        let action = match state {
            JobState::Rendering => ChatAction::RecordVideoNote,
            JobState::Rendered | JobState::Sending => ChatAction::UploadVideoNote,
            _ => return false,
        };
        self.desk.messages.act(self.place, action).await;
        true
    }

    /// The last word. Where the circle speaks for itself, there is none.
    async fn end(&mut self, state: JobState) {
        if self.move_along() {
            self.message = None;
        }
        let Some(page) = self.last_word(state).await else {
            if let Some(message) = self.message {
                self.desk.messages.delete(self.place.chat, message).await;
            }
            return;
        };
        let said = match self.message {
            Some(message) => match self.desk.messages.edit(self.place.chat, message, &page).await {
                Err(MessageError::Gone) => self.desk.messages.send(self.place, &page).await.map(drop),
                outcome => outcome,
            },
            None => self.desk.messages.send(self.place, &page).await.map(drop),
        };
        if let Err(error) = said {
            tracing::info!(job = %self.job, %error, "how a job ended could not be told");
        }
    }

    async fn last_word(&self, state: JobState) -> Option<Page> {
        let (key, press) = match state {
            JobState::Sent | JobState::Done => return None,
            JobState::Cancelled => ("status-cancelled", None),
            JobState::SetAside => ("status-set-aside", None),
            JobState::Unknown => ("status-unknown", Some(JobPress::SendAgain)),
            JobState::Refused => (self.refusal().await, Some(JobPress::Retry)),
            _ => self.failure().await,
        };
        Some(Page {
            html: Line::new(key).html(self.lang),
            rows: press.map_or(vec![], |press| job_button(self.lang, self.job, press)),
        })
    }

    async fn failure(&self) -> (&'static str, Option<JobPress>) {
        let failure = read(&self.desk, self.job).await.and_then(|job| job.failure);
        let key = failure_key(failure.as_ref().map_or("", |failure| &failure.kind));
        let again = matches!(
            key,
            "failed-machine" | "failed-timeout" | "media-machine" | "reject-disk-low"
        );
        (key, again.then_some(JobPress::Retry))
    }

    async fn refusal(&self) -> &'static str {
        let job = self.job;
        let row = self
            .desk
            .record(move |store| store.read(|conn| deliveries::get(conn, job)))
            .await;
        let delivery = row
            .ok()
            .flatten()
            .and_then(|row| serde_json::from_str::<Delivery>(&row.machine).ok());
        match delivery.map(|delivery| delivery.phase) {
            Some(Phase::Refused { why }) => refusal_key(why),
            _ => "refused-other",
        }
    }
}

pub fn refusal_key(why: Refusal) -> &'static str {
    match why {
        Refusal::VoiceForbidden => "refused-voice",
        Refusal::TooLarge => "refused-too-large",
        Refusal::ChatGone => "refused-chat",
        Refusal::Unreachable => "refused-unreachable",
        Refusal::FileIdGone | Refusal::Other => "refused-other",
    }
}

/// The text for the kind a job failed with: a reason of the workers', or one of the queue's own.
pub fn failure_key(kind: &str) -> &'static str {
    if let Ok(reason) = serde_json::from_value::<Reason>(Value::from(kind)) {
        return reason_key(reason);
    }
    match kind {
        "file_gone" => "failed-file-gone",
        "timeout" => "failed-timeout",
        "request" => "failed-request",
        _ => "failed-machine",
    }
}
