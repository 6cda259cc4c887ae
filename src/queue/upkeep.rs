//! What keeps the queue in order without being asked: taking over after a start, leases that ran out, what is too old.

use super::advance::advance;
use super::delivery::Event;
use super::limits::HISTORY_MS;
use super::work::again;
use super::{Queue, QueueError};
use crate::model::JobId;
use crate::store::disk::Swept;
use crate::store::jobs::{self, JobState};
use crate::store::leases::{self, Blame};
use crate::store::{Millis, StoreError, Tx, circles, deliveries, dialogues, inbox, known, web_files};

/// One kind of old row; says whether there may be more.
type Pruned = fn(&Tx<'_>, Millis) -> Result<bool, StoreError>;
/// Everything that is forgotten by itself.
const PRUNED: [Pruned; 6] = [
    inbox::prune,
    known::prune,
    circles::prune,
    dialogues::prune,
    web_files::prune,
    |tx, now| jobs::prune(tx, now - HISTORY_MS),
];
/// Transactions of each kind a minute: a backlog is worked off without holding anybody up.
const ROUNDS: u32 = 20;
/// Sends given up in one transaction.
const SENDS: u32 = 100;

impl Queue {
    /// Frees what an earlier run held, and doubts what it was sending. Part of every start.
    pub(super) fn take_over(&self) -> Result<(), QueueError> {
        let (timing, boot_id, now) = (self.shared.timing, self.shared.boot_id.clone(), self.now());
        let moved = self.shared.store.write(move |tx| {
            let mut moved = Vec::new();
            for held in leases::dead(tx, &boot_id, true, now)? {
                let state = again(tx, held, Blame::Interruption, now, now)?;
                moved.extend(state.map(|state| (held.job, state)));
            }
            for row in deliveries::cut_off(tx)? {
                let state = advance(tx, &row, Event::Restarted, None, &timing, now)?;
                moved.extend(state.map(|state| (row.job, state)));
            }
            Ok(moved)
        })?;
        moved.into_iter().for_each(|(job, state)| self.tell(job, state));
        Ok(())
    }

    /// Takes jobs from workers that were silent too long, and doubts sends that nobody answered: to be called every few
    /// seconds. Says what became of them.
    pub fn expire(&self) -> Result<Vec<(JobId, JobState)>, QueueError> {
        let (timing, boot_id, now) = (self.shared.timing, self.shared.boot_id.clone(), self.now());
        let moved = self.shared.store.write(move |tx| {
            let mut moved = Vec::new();
            for held in leases::dead(tx, &boot_id, false, now)? {
                // Our own maker, held up by the machine or by a clock that jumped; of deaths it tells itself.
                let state = again(tx, held, Blame::Interruption, now, now)?;
                moved.extend(state.map(|state| (held.job, state)));
            }
            for row in deliveries::due(tx, "sending", now, SENDS)? {
                let state = advance(tx, &row, Event::Restarted, None, &timing, now)?;
                moved.extend(state.map(|state| (row.job, state)));
            }
            Ok(moved)
        })?;
        moved.iter().for_each(|(job, state)| self.tell(*job, *state));
        Ok(moved)
    }

    /// Sweeps the files and forgets what is too old: to be called every minute.
    pub fn tidy(&self) -> Result<Swept, QueueError> {
        let now = self.now();
        for prune in PRUNED {
            for _ in 0..ROUNDS {
                if !self.shared.store.write(move |tx| prune(tx, now))? {
                    break;
                }
            }
        }
        self.shared.store.write(jobs::prune_turns)?;
        self.flush_log()?;
        Ok(self.shared.disk.sweep()?)
    }
}
