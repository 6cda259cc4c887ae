//! "At most so many within such a time", exact although nobody knows when a request on its way arrives.
//!
//! A request counts from the moment it is let go until a whole span after it came back. Telegram sees it somewhere between.
//! Take any span of Telegram's time and the request in it that was let go last: every other one in it was then still on its
//! way, or had come back less than a span before, so all of them were counted, and there were not more than the limit.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug)]
pub(super) struct Window {
    rule: Rule,
    /// Let go and not back yet.
    under_way: usize,
    /// When the others came back, in order.
    back_ms: VecDeque<i64>,
    /// Telegram's own word: nothing before this.
    held_until_ms: i64,
}

/// So many within such a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) count: usize,
    pub(super) span_ms: i64,
}

/// When there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Now,
    At(i64),
    /// Not before one that is under way has come back.
    AfterAnother,
}

/// What a restart must not forget. Times are milliseconds of Unix time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedWindow {
    pub under_way: usize,
    pub back_ms: Vec<i64>,
    pub held_until_ms: i64,
}

impl Window {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            under_way: 0,
            back_ms: VecDeque::new(),
            held_until_ms: 0,
        }
    }

    /// Whether another may go while `reserve` of the places stay free.
    pub(super) fn room(&mut self, now_ms: i64, reserve: usize) -> Room {
        self.forget_old(now_ms);
        if self.held_until_ms > now_ms {
            return Room::At(self.held_until_ms);
        }
        let count = self.rule.count.saturating_sub(reserve).max(1);
        let taken = self.under_way + self.back_ms.len();
        if taken < count {
            return Room::Now;
        }
        // So many have to be forgotten first.
        match self.back_ms.get(taken - count) {
            Some(back_ms) => Room::At(back_ms + self.rule.span_ms + 1),
            None => Room::AfterAnother,
        }
    }

    pub(super) fn let_go(&mut self) {
        self.under_way += 1;
    }

    pub(super) fn came_back(&mut self, now_ms: i64) {
        self.under_way = self.under_way.saturating_sub(1);
        // In order even if the clock was set back.
        let last = self.back_ms.back().copied().unwrap_or(now_ms);
        self.back_ms.push_back(now_ms.max(last));
    }

    pub(super) fn hold(&mut self, until_ms: i64) {
        self.held_until_ms = self.held_until_ms.max(until_ms);
    }

    pub(super) fn is_held(&self, now_ms: i64) -> bool {
        self.held_until_ms > now_ms
    }

    /// Nothing to remember any more.
    pub(super) fn is_idle(&mut self, now_ms: i64) -> bool {
        self.forget_old(now_ms);
        self.under_way == 0 && self.back_ms.is_empty() && self.held_until_ms <= now_ms
    }

    pub(super) fn save(&self) -> SavedWindow {
        SavedWindow {
            under_way: self.under_way,
            back_ms: self.back_ms.iter().copied().collect(),
            held_until_ms: self.held_until_ms,
        }
    }

    /// What was under way when the program ended may have arrived at any moment until now.
    pub(super) fn restore(rule: Rule, saved: &SavedWindow, now_ms: i64, latest_hold_ms: i64) -> Self {
        let back = saved.back_ms.iter().map(|back_ms| *back_ms.min(&now_ms));
        let under_way = std::iter::repeat_n(now_ms, saved.under_way.min(rule.count));
        let mut back_ms: VecDeque<i64> = back.chain(under_way).collect();
        back_ms.make_contiguous().sort_unstable();
        Self {
            rule,
            under_way: 0,
            back_ms,
            held_until_ms: saved.held_until_ms.min(latest_hold_ms),
        }
    }

    /// A millisecond late: times are cut to whole ones.
    fn forget_old(&mut self, now_ms: i64) {
        while self
            .back_ms
            .front()
            .is_some_and(|back_ms| back_ms + self.rule.span_ms < now_ms)
        {
            self.back_ms.pop_front();
        }
        // A clock set back by hours would keep every place taken as long.
        if self.back_ms.back().is_some_and(|&back_ms| back_ms > now_ms) {
            self.back_ms
                .iter_mut()
                .for_each(|back_ms| *back_ms = (*back_ms).min(now_ms));
        }
    }
}
