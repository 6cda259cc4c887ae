//! The status of a circle on its way: the queue's events in, one message kept up to date, at most once a second. Where a job
//! stands is read from the record, so a restart in the middle only goes on.

mod follower;
mod words;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::desk::{Desk, JobContext};
use crate::model::JobId;
use crate::queue::{Happened, off_runtime};
use crate::store::Millis;
use crate::store::jobs::{self, Job, JobState};

use follower::Follower;
pub use words::{failure_key, refusal_key};

/// How often we look for jobs that ended and nobody was told, at the start first.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How a job ended longer ago than this helps nobody.
const OLD_NEWS_MS: Millis = 24 * 3600 * 1000;

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
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = looks.tick() => {
                followed.retain(|_, follower| !follower.is_closed());
                for job in untold(&desk).await {
                    if !followed.contains_key(&job) {
                        follow(&desk, &mut followed, job).await;
                    }
                }
                continue;
            }
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

/// Jobs that ended while nobody could be told: the service was killed, or Telegram out of reach.
async fn untold(desk: &Desk) -> Vec<JobId> {
    let (bot_id, since) = (desk.me.id, desk.clock.now() - OLD_NEWS_MS);
    let untold = desk.record(move |store| store.read(|conn| jobs::untold_to(conn, bot_id, since)));
    untold.await.unwrap_or_default()
}

async fn is_told(desk: &Desk, job: JobId) -> bool {
    let told = desk.record(move |store| store.read(|conn| jobs::is_told(conn, job)));
    told.await.unwrap_or(false)
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
            // Begun anew, it is not as far as it was.
            Happened::Is(state) if state != before.state => {
                *seen = Seen {
                    state,
                    percent: 0,
                    left_secs: None,
                }
            }
            Happened::Is(_) => {}
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
    // A late event of a job that is over: the last word is said once.
    if found.state.is_final() && is_told(desk, job).await {
        return;
    }
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
