//! How far circles are that are being drawn: events of the queue in, the last word on each out. What is not recorded is
//! remembered here until it is over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast::error::RecvError;

use super::Web;
use crate::model::JobId;
use crate::queue::Happened;
use crate::store::jobs::JobState;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    pub percent: u8,
    pub left_secs: Option<u32>,
}

#[derive(Default)]
pub struct Progress(Mutex<HashMap<JobId, Far>>);

impl Progress {
    pub fn of(&self, job: JobId) -> Option<Far> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job).copied()
    }

    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn hear(&self, job: JobId, what: Happened) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Happened::Progress { percent, left_secs } => {
                known.insert(job, Far { percent, left_secs });
            }
            Happened::Is(JobState::Rendering) | Happened::CancelAsked => {}
            Happened::Is(_) => {
                known.remove(&job);
            }
        }
    }
}

/// Listens until the service stops.
pub async fn listen(web: Web) {
    let mut events = web.queue.events();
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = web.stopping.cancelled() => return,
        };
        match event {
            Ok(event) => web.progress.hear(event.job, event.what),
            // Percents that were missed are followed by others; an end that was missed must not be remembered for ever.
            Err(RecvError::Lagged(_)) => web.progress.forget(),
            Err(RecvError::Closed) => return,
        }
    }
}
