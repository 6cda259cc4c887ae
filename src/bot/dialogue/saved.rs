//! A conversation as it is kept: the talk, and what is to be done and is not done yet. Numbers go in and out; nothing is
//! written down here.

use serde::{Deserialize, Serialize};

use super::{Action, Event, Rules, Talk, step};

/// Raised when an older [`Saved`] can no longer be read; such a conversation begins anew.
pub const VERSION: u32 = 1;

/// A conversation as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    pub talk: Talk,
    /// The number of the last update whose step is in `talk`.
    pub seen: i64,
    pub pending: Vec<Pending>,
    /// The last number given to a pending action.
    pub given: u64,
}

/// An action that is not done yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub number: u64,
    /// The update it follows from, which is not done before it.
    pub of: i64,
    pub action: Action,
}

impl Saved {
    /// Reads what was kept; a form that is not ours any more is a new conversation.
    pub fn read(version: u32, json: &str) -> Self {
        let read = (version == VERSION).then(|| serde_json::from_str(json).ok()).flatten();
        read.unwrap_or_default()
    }

    /// Takes one event in; the new actions are numbered and wait.
    pub fn take(&mut self, of: i64, event: Event, rules: &Rules<'_>) -> Vec<Pending> {
        let (talk, actions) = step(std::mem::take(&mut self.talk), event, rules);
        self.talk = talk;
        let numbered = actions.into_iter().map(|action| {
            self.given += 1;
            Pending {
                number: self.given,
                of,
                action,
            }
        });
        let numbered: Vec<_> = numbered.collect();
        self.pending.extend(numbered.iter().cloned());
        numbered
    }

    /// Takes out the actions whose outcome nobody waits for any more: each can be given up.
    pub fn drop_unwanted(&mut self) -> Vec<Pending> {
        let talk = &self.talk;
        self.pending
            .extract_if(.., |pending| !talk.wants(&pending.action))
            .collect()
    }

    /// The update counts as taken in, and what follows from it is given up.
    pub fn give_up(&mut self, of: i64) {
        for pending in self.pending.extract_if(.., |pending| pending.of == of) {
            let fetched = pending.action.fetches();
            if fetched.is_some_and(|serial| self.talk.is_fetching(serial)) {
                self.talk.fetching = None;
            }
        }
        self.seen = self.seen.max(of);
    }

    pub fn is_done(&self, of: i64) -> bool {
        of <= self.seen && self.pending.iter().all(|pending| pending.of != of)
    }
}

impl Talk {
    /// Whether what comes of an action would still change anything.
    fn wants(&self, action: &Action) -> bool {
        match action {
            Action::Search { serial, from, .. } => {
                let list = self.list.as_ref().filter(|list| list.serial == *serial);
                list.is_some_and(|list| list.asked_from() == Some(*from))
            }
            Action::Listen { song, .. } => {
                let card = self.card.as_ref();
                card.is_some_and(|card| card.song.file.sha256 == song.sha256)
            }
            Action::Draw { serial, nth, .. } => {
                let card = self.card.as_ref();
                card.is_some_and(|card| card.serial == *serial && card.drawing == Some(*nth))
            }
            action => action.fetches().is_none_or(|serial| self.is_fetching(serial)),
        }
    }
}
