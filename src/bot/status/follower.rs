//! Follows one job with its status message, from the line to its end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use teloxide::types::ChatAction;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Seen;
use super::words::last_word;
use crate::bot::desk::Desk;
use crate::bot::messages::{MessageError, Place};
use crate::bot::tap::JobPress;
use crate::bot::texts::{Lang, Line};
use crate::bot::view::{Page, job_button};
use crate::model::JobId;
use crate::queue::off_runtime;
use crate::store::jobs::{self, JobState};

/// Telegram allows a message a second in a chat, edits as well.
const EDIT_EVERY: Duration = Duration::from_secs(1);
/// The sign that we are at work is shown for five seconds.
const SIGN_EVERY: Duration = Duration::from_secs(4);
/// A circle that is ready needs no status, unless it takes longer than this.
const NO_NEED: Duration = Duration::from_secs(3);
/// A send usually takes seconds; after this it is being looked for.
const DOUBT_AFTER: Duration = Duration::from_secs(20);

pub struct Follower {
    pub desk: Arc<Desk>,
    pub job: JobId,
    pub place: Place,
    pub lang: Lang,
    /// As the job keeps it.
    pub context: String,
    pub message: Option<i64>,
    pub shown: String,
    pub state_since: Instant,
}

impl Follower {
    pub async fn run(mut self, mut seen: watch::Receiver<Seen>) {
        let ready = |state| matches!(state, JobState::Rendered | JobState::Sending);
        if self.message.is_none() && ready(seen.borrow().state) {
            // It may be there before anybody has read that it will be.
            let done = {
                let done = seen.wait_for(|seen| !ready(seen.state));
                let done = tokio::time::timeout(NO_NEED, done).await;
                matches!(&done, Ok(Ok(seen)) if seen.state == JobState::Sent)
            };
            if done {
                return self.told(JobState::Sent).await;
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
            if let Err(MessageError::Unwanted) = self.show(now, seen.clone()).await {
                // Nobody reads it. The job goes on, and how it ends is tried once.
                let end = seen.wait_for(|seen| seen.state.is_final()).await.map(|seen| seen.state);
                if let Ok(state) = end {
                    self.end(state).await;
                }
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

    async fn show(&mut self, now: Seen, mut seen: watch::Receiver<Seen>) -> Result<(), MessageError> {
        let page = self.page(now).await;
        if self.move_along() {
            self.message = None;
        }
        if page.html == self.shown && self.message.is_some() {
            return Ok(());
        }
        match self.message {
            None => {
                // Behind the circle it would only tell what is seen by then.
                let over = async { drop(seen.wait_for(|seen| seen.state.is_final()).await) };
                let Some(message) = self.desk.messages.send_unless(self.place, &page, over).await? else {
                    return Ok(());
                };
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
        // All of them in one chat.
        context["chat"] = self.place.chat.into();
        context["thread"] = self.place.thread.into();
        context["reply_to"] = self.place.reply_to.into();
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
        let Some(page) = last_word(&self.desk, self.job, self.lang, state).await else {
            if let Some(message) = self.message {
                self.desk.messages.delete(self.place.chat, message).await;
            }
            return self.told(state).await;
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
            if !matches!(error, MessageError::Unwanted) {
                return;
            }
        }
        self.told(state).await;
    }

    /// Else it is told again after a restart, or in a while.
    async fn told(&self, state: JobState) {
        let job = self.job;
        let written = self
            .desk
            .record(move |store| store.write(move |tx| jobs::set_told(tx, job, state)));
        if let Err(error) = written.await {
            tracing::warn!(%job, %error, "that a job's end was told was not written down");
        }
    }
}
