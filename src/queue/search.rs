//! Circles that may have arrived: which one to see to now, and what that came to. Whoever looks asks [`Queue::next_search`], and
//! reports with [`Queue::scanned`].

use std::collections::HashSet;

use super::advance::read;
use super::delivery::{Event, Phase, Scan, Shape};
use super::{Queue, QueueError, SentAs, Todo};
use crate::model::JobId;
use crate::store::StoreError;
use crate::store::deliveries::{self, Marker};
use crate::store::jobs::Address;
use crate::store::known::{self, Candidates};
use crate::torture;

/// A circle that may have arrived, or arrived as something else, to be seen to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub job: JobId,
    pub to: Address,
    pub marker: Marker,
    pub shape: Shape,
    pub sought: Sought,
}

/// Where it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    Among(Candidates),
    /// Among more than can be asked; to be reported as [`Scan::TooMany`].
    TooMany,
    /// It is there as another kind of message, to be taken away and reported as [`Scan::TakenAway`].
    Unwanted {
        message_id: i64,
    },
}

impl Queue {
    /// The next circle to look for.
    pub fn next_search(&self) -> Result<Todo<Search>, QueueError> {
        self.next_search_beside(&HashSet::new())
    }

    /// The next one to look for that is not among those being looked for already.
    pub fn next_search_beside(&self, under_way: &HashSet<JobId>) -> Result<Todo<Search>, QueueError> {
        let limit = u32::try_from(under_way.len()).unwrap_or(u32::MAX).saturating_add(1);
        let (now, quiet) = (self.now(), self.shared.timing.quiet_ms);
        Ok(self.shared.store.read(move |conn| {
            let due = deliveries::due(conn, "reconciling", now, limit)?;
            let Some(row) = due.into_iter().find(|row| !under_way.contains(&row.job)) else {
                return Ok(Todo::Wait(deliveries::next_wake(conn, now)?));
            };
            let delivery = read(&row)?;
            let (bot_id, chat_id) = (row.to.bot_id, row.to.chat_id);
            torture::point("reconcile.before_probe");
            let sought = match delivery.phase {
                Phase::Unwanted { message_id, .. } => Sought::Unwanted { message_id },
                Phase::Reconciling(doubt) => {
                    known::candidates(conn, bot_id, chat_id, row.lo_msg_id, doubt.since + quiet)?
                        .map_or(Sought::TooMany, Sought::Among)
                }
                _ => return Err(StoreError::Unreadable { what: "a delivery" }),
            };
            Ok(Todo::Now(Box::new(Search {
                job: row.job,
                to: row.to,
                marker: row.marker,
                shape: delivery.shape,
                sought,
            })))
        })?)
    }

    /// What the search came to.
    pub fn scanned(&self, job: JobId, scan: Scan, found: Option<SentAs>) -> Result<(), QueueError> {
        torture::point("reconcile.after_probe");
        self.step(job, Event::Scanned(scan), found)
    }
}
