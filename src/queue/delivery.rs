//! What becomes of a finished circle on its way to a chat, as a pure function: state and event in, state and effects out.
//! No clock, no database, no network, so that a million deliveries can be tried in virtual time.
//!
//! ```text
//! ready -> sending -> sent
//!   ^         |-> refused
//!   |         |-> ready        provably not sent
//!   |         |-> reconciling -> sent | ready (absent in two searches) | unwanted | unknown (the person decides)
//!   |         '-> unwanted     there as another kind of message: taken away, then
//!   '------------- remaking    to be rendered again
//! ```
//!
//! The rule that everything here serves: what is provably not there is sent again; what may be there is looked for, and
//! never repeated blindly.

mod rules;
mod timing;

use serde::{Deserialize, Serialize};

use crate::store::Millis;

pub use timing::Timing;

/// What is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    #[default]
    Circle,
    /// For a receiver who forbids voice and video messages.
    SquareVideo,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub phase: Phase,
    pub shape: Shape,
    /// Sends begun.
    pub attempts: u32,
    /// Times in a row that it was provably not sent.
    failures: u32,
    /// Since when Telegram is out of reach.
    failing_since: Option<Millis>,
    resends: u8,
    forgotten: u8,
    made_smaller: bool,
    #[serde(default)]
    moves: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not there; may be sent from this moment on.
    Ready {
        from: Millis,
    },
    /// The intent is on the disk, and from here on it may be there. Nobody waits for the answer longer than this.
    Sending {
        until: Millis,
    },
    Reconciling(Doubt),
    /// There as another kind of message, to be taken away from this moment on. Then it is made again.
    Unwanted {
        message_id: i64,
        since: Millis,
        from: Millis,
    },
    Sent {
        by: Proof,
    },
    Refused {
        why: Refusal,
    },
    /// It may be there or not; a person decides.
    Unknown,
    /// Given back to the queue.
    Remaking,
}

/// How far the search is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What Telegram took, it took before this.
    pub since: Millis,
    pub scan_at: Millis,
    scans: u8,
    absent: u8,
    /// Since when there are too many candidates.
    #[serde(default)]
    crowded_since: Option<Millis>,
}

/// How we know that it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    Answer,
    /// Found by its marker.
    Search,
    /// Somebody pressed a button below it.
    Button,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The receiver takes no voice and video messages.
    VoiceForbidden,
    /// Telegram no longer knows the file by the name it gave.
    FileIdGone,
    TooLarge,
    /// Blocked, deactivated, kicked out, no such chat.
    ChatGone,
    /// Telegram was out of reach too long.
    Unreachable,
    Other,
}

/// What the send came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// Provably not there: Telegram refused for now, or the body was cut short.
    NotSent {
        retry_after: Option<Millis>,
    },
    Refused(Refusal),
    /// Provably not there: the group has become a supergroup with this number.
    Moved {
        to: i64,
    },
    /// It is there, but as another kind of message.
    WrongKind {
        message_id: i64,
    },
    /// It may be there. `last_byte` is when the last byte left, if that is known.
    Ambiguous {
        last_byte: Option<Millis>,
    },
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    Found,
    /// Found, but as another kind of message.
    WrongKind {
        message_id: i64,
    },
    /// All candidates were asked, and none is it.
    Absent,
    /// Cannot be asked.
    Undecidable,
    /// Not now: Telegram did not tell, or did not take away what was unwanted.
    Postponed {
        until: Millis,
    },
    /// Not now: there are too many candidates.
    TooMany {
        until: Millis,
    },
    /// The unwanted message is gone, or Telegram will not have it taken away.
    TakenAway,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The intent is being written.
    Begin,
    Answered(Outcome),
    /// Nobody waits for the answer any more: the program started anew, or whoever sent it is gone.
    Restarted,
    Scanned(Scan),
    /// A button with its marker was pressed.
    MarkerSeen,
    /// The person wants it again.
    ResendWanted,
    /// Its file is gone.
    FileGone,
    /// It was rendered again.
    Remade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Send,
    /// What goes to this chat goes to the other one from now on.
    MoveChat {
        to: i64,
    },
    DropFileIds,
    /// Back to the queue; `smaller` because it was too large.
    RenderAgain {
        smaller: bool,
    },
    TellSent,
    TellRefused(Refusal),
    TellUnknown,
}

impl Delivery {
    /// Of a circle that is made.
    pub fn ready(from: Millis) -> Self {
        Self {
            phase: Phase::Ready { from },
            shape: Shape::Circle,
            attempts: 0,
            failures: 0,
            failing_since: None,
            resends: 0,
            forgotten: 0,
            made_smaller: false,
            moves: 0,
        }
    }

    /// When it wants to be looked at by itself.
    pub fn wake(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Ready { from } => Some(*from),
            Phase::Sending { until } => Some(*until),
            Phase::Reconciling(doubt) => Some(doubt.scan_at),
            Phase::Unwanted { from, .. } => Some(*from),
            _ => None,
        }
    }

    /// The next state. An event that does not fit, one that comes late or twice, changes nothing.
    pub fn step(&self, event: Event, now: Millis, timing: &Timing) -> (Self, Vec<Effect>) {
        let mut next = self.clone();
        let effects = next.take(event, now, timing);
        (next, effects)
    }
}
