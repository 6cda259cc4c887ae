//! Telegram's rates as Telegram counts them: by the moment a request is carried out.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// What is counted, and whether more than that is refused or only noted.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub overall_per_sec: usize,
    pub chat_per_sec: usize,
    pub group_per_min: usize,
    /// Edits count like messages.
    pub edits: bool,
    /// Refuse with 429. Else only the ledger tells.
    pub enforced: bool,
}

impl Limits {
    /// As documented: 30 a second, one a second in a chat, 20 a minute in a group.
    pub const REAL: Self = Self {
        overall_per_sec: 30,
        chat_per_sec: 1,
        group_per_min: 20,
        edits: true,
        enforced: true,
    };
    /// None at all.
    pub const OFF: Self = Self {
        overall_per_sec: usize::MAX,
        chat_per_sec: usize::MAX,
        group_per_min: usize::MAX,
        edits: false,
        enforced: false,
    };
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What one bot did lately.
#[derive(Default)]
pub struct Pace {
    overall: VecDeque<Instant>,
    chats: BTreeMap<i64, VecDeque<Instant>>,
    /// Told to wait until then.
    told: BTreeMap<i64, Instant>,
}

impl Pace {
    /// Counts a message; `Err` is the time to wait.
    pub fn count(&mut self, limits: Limits, chat: i64, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.told.get(&chat).filter(|until| **until > now) {
            return Err(*until - now);
        }
        let recent = self.chats.entry(chat).or_default();
        forget(&mut self.overall, now, SECOND);
        forget(recent, now, MINUTE);
        let last_second = recent.iter().filter(|at| now - **at < SECOND).count();
        let mut wait = Duration::ZERO;
        if self.overall.len() >= limits.overall_per_sec {
            wait = wait.max(SECOND - (now - self.overall[0]));
        }
        if last_second >= limits.chat_per_sec {
            wait = wait.max(SECOND - (now - recent[recent.len() - last_second]));
        }
        if chat < 0 && recent.len() >= limits.group_per_min {
            wait = wait.max(MINUTE - (now - recent[0]));
        }
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.overall.push_back(now);
        recent.push_back(now);
        Ok(())
    }

    /// From now on until then a message into this chat is one too fast.
    pub fn tell_to_wait(&mut self, chat: i64, until: Instant) {
        self.told.insert(chat, until);
    }
}

fn forget(times: &mut VecDeque<Instant>, now: Instant, span: Duration) {
    while times.front().is_some_and(|at| now - *at >= span) {
        times.pop_front();
    }
}
