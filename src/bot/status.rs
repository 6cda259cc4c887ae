//! The status of a circle on its way: the queue's events in, one message kept up to date, at most once a second. Where a job
//! stands is read from the record, so a restart in the middle only goes on.

mod follower;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Instant;

use super::desk::{Desk, JobContext};
use crate::model::JobId;
use crate::queue::{Happened, off_runtime};
use crate::store::jobs::{self, Job, JobState};

use follower::Follower;
pub use words::{failure_key, refusal_key};

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
