//! Conversations side by side, each strictly in order: notes in, one task a conversation that works them off. A task lives
//! only while there is something to do.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dialogue::Event;
use super::update::Incoming;
use crate::store::dialogues::DialogueKey;

/// What a conversation is told.
#[derive(Debug)]
pub enum Note {
    Update {
        seq: i64,
        incoming: Box<Incoming>,
    },
    /// A slow action is done.
    Came {
        number: u64,
        of: i64,
        event: Option<Event>,
    },
}

#[derive(Default)]
pub struct Lanes {
    waiting: Mutex<HashMap<DialogueKey, VecDeque<Note>>>,
}

impl Lanes {
    /// `true`: nobody works on this conversation; whoever hears that has to.
    #[must_use]
    pub fn push(&self, key: DialogueKey, note: Note) -> bool {
        let mut waiting = self.waiting();
        let idle = !waiting.contains_key(&key);
        waiting.entry(key).or_default().push_back(note);
        idle
    }

    /// The next note. `None`: the conversation is at rest and the caller no longer works on it.
    pub fn next(&self, key: DialogueKey) -> Option<Note> {
        let mut waiting = self.waiting();
        let note = waiting.get_mut(&key).and_then(VecDeque::pop_front);
        if note.is_none() {
            waiting.remove(&key);
        }
        note
    }

    /// Whether somebody works on this conversation.
    pub fn is_busy(&self, key: DialogueKey) -> bool {
        self.waiting().contains_key(&key)
    }

    pub fn has_more(&self, key: DialogueKey) -> bool {
        self.waiting().get(&key).is_some_and(|notes| !notes.is_empty())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<DialogueKey, VecDeque<Note>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
