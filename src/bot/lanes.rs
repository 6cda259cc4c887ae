//! Conversations side by side, each strictly in order: notes in, one task a conversation that works them off. A task lives
//! only while there is something to do.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::dialogue::Event;
use super::update::Incoming;
use crate::store::dialogues::DialogueKey;

/// How long a conversation rests that could not be written down, or ended by a mistake of ours; each further time twice as
/// long.
const REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(60);
/// When it is forgotten how often it rested, and the person may be told again.
const REMEMBERED: Duration = Duration::from_secs(600);

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

impl Note {
    /// The row of the inbox it comes from.
    pub fn row(&self) -> i64 {
        match self {
            Self::Update { seq, .. } => *seq,
            Self::Came { of, .. } => *of,
        }
    }
}

/// What became of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    /// Whoever works on the conversation hears it.
    Waits,
    /// Nobody works on it; whoever hears this has to.
    Idle,
    /// Not taken: an update before it is to come again, and goes first.
    Resting,
}

#[derive(Default)]
pub struct Lanes {
    waiting: Mutex<HashMap<DialogueKey, VecDeque<Note>>>,
    /// Conversations that could not be gone on with.
    rests: Mutex<HashMap<DialogueKey, Rest>>,
    /// Rows of the inbox at which a conversation ended by a mistake of ours.
    deaths: Mutex<HashSet<i64>>,
    /// There is something new in one of them.
    news: Notify,
}

struct Rest {
    until: Instant,
    length: Duration,
    over: bool,
}

impl Lanes {
    pub fn push(&self, key: DialogueKey, note: Note) -> Pushed {
        let mut waiting = self.waiting();
        let rests = self.rests();
        if matches!(note, Note::Update { .. }) && rests.get(&key).is_some_and(|rest| !rest.over) {
            return Pushed::Resting;
        }
        let idle = !waiting.contains_key(&key);
        waiting.entry(key).or_default().push_back(note);
        self.news.notify_waiters();
        match idle {
            true => Pushed::Idle,
            false => Pushed::Waits,
        }
    }

    /// Takes no updates of this conversation for a while. What waits comes back, to be released; and whether this is the first
    /// time in a while.
    pub fn rest(&self, key: DialogueKey) -> (Vec<Note>, bool) {
        let mut waiting = self.waiting();
        let mut rests = self.rests();
        let left = waiting.get_mut(&key).map(std::mem::take).unwrap_or_default();
        let before = rests.get(&key).map(|rest| rest.length);
        let length = before.map_or(REST, |before| (before * 2).min(LONGEST_REST));
        let rest = Rest {
            until: Instant::now() + length,
            length,
            over: false,
        };
        rests.insert(key, rest);
        (left.into(), before.is_none())
    }

    /// A conversation ended at this row of the inbox by a mistake of ours; whether it did so before.
    pub fn ends_again(&self, row: i64) -> bool {
        let mut deaths = self.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        // Told once, it is not needed any more.
        !deaths.insert(row) && deaths.remove(&row)
    }

    /// Ends the rests that are over. To be called before the inbox is read: so what rested comes first.
    pub fn wake(&self) {
        let now = Instant::now();
        self.rests().retain(|_, rest| {
            rest.over = rest.until <= now;
            now < rest.until + REMEMBERED
        });
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

    /// Comes back when there is more to hear in this conversation.
    pub async fn more(&self, key: DialogueKey) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            // Listening before looking: what comes in between is not missed.
            news.as_mut().enable();
            if self.has_more(key) {
                return;
            }
            news.await;
        }
    }

    fn rests(&self) -> MutexGuard<'_, HashMap<DialogueKey, Rest>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<DialogueKey, VecDeque<Note>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
