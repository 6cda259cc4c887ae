//! Telegram's rates as pure arithmetic: who may send when. It has no clock and waits for nobody (see [`Gate`](super::Gate));
//! times are milliseconds of Unix time, so that what is saved means the same after a restart.
//!
//! Circles go before everything else. An edit of a status message is never queued: it is outdated when its turn comes, so
//! it is skipped, and it takes none of the last places, which are for circles.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::patience::MAX_RETRY_AFTER;
use super::window::{Room, Rule, SavedWindow, Window};
use crate::torture::hurried;

/// Telegram allows 30 messages a second in all; the rest is for answers that do not pass here.
const OVERALL: usize = 25;
/// Telegram allows one message a second in a chat.
const CHAT: usize = 1;
/// What the torture test's Telegram takes instead.
const HURRIED_OVERALL: usize = 500;
const HURRIED_CHAT: usize = 20;
const HURRIED_GROUP_MS: i64 = 2_000;
/// Telegram allows 20 messages a minute in a group.
const GROUP: Rule = Rule {
    count: 18,
    span_ms: 60_000,
};
/// Places of the overall window that edits leave free.
const OVERALL_RESERVE: usize = 8;
/// Places of a group's minute that edits leave free.
const GROUP_RESERVE: usize = 6;
/// A circle that was told to wait is expected back for so long after its turn came.
const EXPECTED_MS: i64 = 2_000;
/// So many chats held at once cannot be those chats' own doing: Telegram means the bot.
const HELD_CHATS_THAT_MEAN_ALL: usize = 4;
/// What those chats wait may be meant for them alone, so all wait only this long; then a single message tells.
const HELD_FOR_ALL_MS: i64 = 10_000;
/// Until the next one that tells, should the first not come back.
const CAREFUL_MS: i64 = 2_000;
/// Chats with nothing to remember are dropped when there are more than this.
const TIDY_ABOVE: usize = 256;

/// What is to be sent, in order of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Circle,
    /// Anything else that must arrive: a card, an answer, a read-back.
    Message,
    /// A new state of a message that is there already.
    Edit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Now. [`Limiter::done`] must follow when the request came back.
    Go,
    /// Ask again at that time; with `None` when a request that is under way has come back.
    Wait { until_ms: Option<i64> },
    /// Not at all.
    Skip,
}

#[derive(Clone, Debug)]
pub struct Limiter {
    overall: Window,
    chats: BTreeMap<i64, Chat>,
    /// Telegram seems to mean the bot: one message at a time, until one is not refused. When the next may go.
    careful_ms: Option<i64>,
}

#[derive(Clone, Debug)]
struct Chat {
    pace: Window,
    /// Groups and channels have negative numbers.
    minute: Option<Window>,
    /// A circle waits: nothing else goes into this chat before it, until then.
    circle_until_ms: i64,
}

/// What a restart must not forget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub overall: SavedWindow,
    /// By chat: its pace, and a group's minute.
    pub chats: BTreeMap<i64, (SavedWindow, Option<SavedWindow>)>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

impl Limiter {
    pub fn new() -> Self {
        Self {
            overall: Window::new(overall()),
            chats: BTreeMap::new(),
            careful_ms: None,
        }
    }

    /// Whether a message may go into the chat now.
    pub fn ask(&mut self, now_ms: i64, chat: i64, kind: Kind) -> Verdict {
        self.tidy(now_ms);
        let rooms = self.rooms(now_ms, chat, kind);
        let entry = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
        if rooms.iter().all(|room| *room == Room::Now) {
            self.overall.let_go();
            entry.let_go();
            self.careful_ms = self.careful_ms.map(|_| now_ms + CAREFUL_MS);
            if kind == Kind::Circle {
                entry.circle_until_ms = 0;
            }
            return Verdict::Go;
        }
        let until_ms = latest(&rooms);
        match kind {
            Kind::Edit => return Verdict::Skip,
            Kind::Circle => entry.circle_until_ms = until_ms.unwrap_or(now_ms) + EXPECTED_MS,
            Kind::Message => {}
        }
        Verdict::Wait { until_ms }
    }

    /// What [`ask`](Self::ask) would say to a message, which takes nobody's place by being asked.
    pub fn look(&mut self, now_ms: i64, chat: i64) -> Verdict {
        let rooms = self.rooms(now_ms, chat, Kind::Message);
        match rooms.iter().all(|room| *room == Room::Now) {
            true => Verdict::Go,
            false => Verdict::Wait {
                until_ms: latest(&rooms),
            },
        }
    }

    fn rooms(&mut self, now_ms: i64, chat: i64, kind: Kind) -> Vec<Room> {
        let entry = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
        let (overall_reserve, group_reserve) = match kind {
            Kind::Edit => (OVERALL_RESERVE, GROUP_RESERVE),
            Kind::Circle | Kind::Message => (0, 0),
        };
        let mut rooms = vec![self.overall.room(now_ms, overall_reserve), entry.pace.room(now_ms, 0)];
        rooms.extend(entry.minute.as_mut().map(|minute| minute.room(now_ms, group_reserve)));
        if kind != Kind::Circle && entry.circle_until_ms > now_ms {
            rooms.push(Room::At(entry.circle_until_ms));
        }
        rooms.extend(self.careful_ms.filter(|next_ms| *next_ms > now_ms).map(Room::At));
        rooms
    }

    /// A request that was told [`Verdict::Go`] came back, however it ended.
    pub fn done(&mut self, now_ms: i64, chat: i64) {
        self.overall.came_back(now_ms);
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.came_back(now_ms);
            // One that went before the hold says nothing.
            if !chat.pace.is_held(now_ms) && !self.overall.is_held(now_ms) {
                self.careful_ms = None;
            }
        }
    }

    /// Telegram answered 429.
    pub fn refused(&mut self, now_ms: i64, chat: i64, retry_after: Duration) {
        let wait = i64::try_from(retry_after.min(MAX_RETRY_AFTER).as_millis()).unwrap_or(i64::MAX);
        let until_ms = now_ms.saturating_add(wait);
        let entry = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
        entry.pace.hold(until_ms);
        let held = self.chats.values().filter(|chat| chat.pace.is_held(now_ms)).count();
        if held >= HELD_CHATS_THAT_MEAN_ALL {
            self.overall.hold(until_ms.min(now_ms.saturating_add(HELD_FOR_ALL_MS)));
            self.careful_ms = Some(now_ms);
        }
    }

    /// Chats with nothing to remember are left out.
    pub fn save(&mut self, now_ms: i64) -> Saved {
        let busy = self.chats.iter_mut().filter_map(|(&number, chat)| {
            let idle = chat.is_idle(now_ms);
            (!idle).then(|| (number, chat.save()))
        });
        Saved {
            chats: busy.collect(),
            overall: self.overall.save(),
        }
    }

    /// What [`Self::save`] kept, at the time of the start. A clock that was set back meanwhile holds nobody for longer than
    /// Telegram could have meant.
    pub fn restore(saved: &Saved, now_ms: i64) -> Self {
        let latest_hold_ms = now_ms.saturating_add(MAX_RETRY_AFTER.as_millis() as i64);
        let window = |rule, saved| Window::restore(rule, saved, now_ms, latest_hold_ms);
        let chats = saved.chats.iter().map(|(&number, (pace, minute))| {
            let chat = Chat {
                pace: window(chat(), pace),
                minute: is_group(number).then(|| window(group(), minute.as_ref().unwrap_or(pace))),
                circle_until_ms: 0,
            };
            (number, chat)
        });
        Self {
            overall: window(overall(), &saved.overall),
            chats: chats.collect(),
            careful_ms: None,
        }
    }

    fn tidy(&mut self, now_ms: i64) {
        if self.chats.len() > TIDY_ABOVE {
            self.chats.retain(|_, chat| !chat.is_idle(now_ms));
        }
    }
}

impl Chat {
    fn new(number: i64) -> Self {
        Self {
            pace: Window::new(chat()),
            minute: is_group(number).then(|| Window::new(group())),
            circle_until_ms: 0,
        }
    }

    fn let_go(&mut self) {
        self.pace.let_go();
        if let Some(minute) = &mut self.minute {
            minute.let_go();
        }
    }

    fn came_back(&mut self, now_ms: i64) {
        self.pace.came_back(now_ms);
        if let Some(minute) = &mut self.minute {
            minute.came_back(now_ms);
        }
    }

    fn is_idle(&mut self, now_ms: i64) -> bool {
        let idle = self.minute.as_mut().is_none_or(|minute| minute.is_idle(now_ms));
        idle && self.pace.is_idle(now_ms) && self.circle_until_ms <= now_ms
    }

    fn save(&self) -> (SavedWindow, Option<SavedWindow>) {
        (self.pace.save(), self.minute.as_ref().map(Window::save))
    }
}

fn overall() -> Rule {
    Rule {
        count: hurried(OVERALL, HURRIED_OVERALL),
        span_ms: 1_000,
    }
}

fn chat() -> Rule {
    Rule {
        count: hurried(CHAT, HURRIED_CHAT),
        span_ms: 1_000,
    }
}

fn group() -> Rule {
    Rule {
        span_ms: hurried(GROUP.span_ms, HURRIED_GROUP_MS),
        ..GROUP
    }
}

fn is_group(chat: i64) -> bool {
    chat < 0
}

/// When all of them have room, as far as that is known.
fn latest(rooms: &[Room]) -> Option<i64> {
    let mut until_ms = None;
    for room in rooms {
        match room {
            Room::Now => {}
            Room::At(at_ms) => until_ms = until_ms.max(Some(*at_ms)),
            Room::AfterAnother => return None,
        }
    }
    until_ms
}
