//! What becomes of a finished circle on its way to a chat, as a pure function: state and event in, state and effects out.
//! No clock, no database, no network, so that a million deliveries can be tried in virtual time.
//!
//! ```text
//! ready -> sending -> sent
//!   ^         |-> refused
//!   |         |-> ready        provably not sent
//!   |         '-> reconciling -> sent | ready (absent in two searches) | unknown (the person decides)
//!   '------------- remaking    to be rendered again
//! ```
//!
//! The rule that everything here serves: what is provably not there is sent again; what may be there is looked for, and
//! never repeated blindly.

use serde::{Deserialize, Serialize};

use crate::store::Millis;

/// How long to wait before looking, and between two looks. A value, so that tests need not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the last byte to the first search: Telegram answers in a second or two, or not at all.
    pub quiet_ms: Millis,
    /// From the first search to the second, and to the third.
    pub again_ms: [Millis; 2],
    /// The first pause after a failure to reach Telegram; each further one doubles it.
    pub first_pause_ms: Millis,
    pub longest_pause_ms: Millis,
    /// Longer than any send takes, the slowest upload included; who sent it is gone.
    pub longest_send_ms: Millis,
    /// Who was out of reach for so long is not waited for any more.
    pub give_up_ms: Millis,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            quiet_ms: 30_000,
            again_ms: [60_000, 120_000],
            first_pause_ms: 1_000,
            longest_pause_ms: 60_000,
            longest_send_ms: 600_000,
            give_up_ms: 24 * 3600 * 1000,
        }
    }
}

/// Searches without it that prove that it is not there.
const ABSENT: u8 = 2;
/// How often it is sent again after such a proof. More than one: Telegram may have a bad hour, and each is proved.
const RESENDS: u8 = 3;
/// How often a search may be put off because Telegram is busy.
const POSTPONED: u8 = 20;
/// Names that Telegram gave and no longer knows: of the circle, then of the square video.
const FORGOTTEN: u8 = 2;

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
    postponed: u8,
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
    /// It is there, but as another kind of message; whoever sent it takes it away.
    WrongKind,
    /// It may be there. `last_byte` is when the last byte left, if that is known.
    Ambiguous {
        last_byte: Option<Millis>,
    },
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    Found,
    /// All candidates were asked, and none is it.
    Absent,
    /// Could not be asked: blocked, too many candidates.
    Undecidable,
    /// Not now.
    Postponed {
        until: Millis,
    },
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
    PauseChat {
        until: Millis,
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
        }
    }

    /// When it wants to be looked at by itself.
    pub fn wake(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Ready { from } => Some(*from),
            Phase::Sending { until } => Some(*until),
            Phase::Reconciling(doubt) => Some(doubt.scan_at),
            _ => None,
        }
    }

    /// The next state. An event that does not fit, one that comes late or twice, changes nothing.
    pub fn step(&self, event: Event, now: Millis, timing: &Timing) -> (Self, Vec<Effect>) {
        let mut next = self.clone();
        let effects = next.take(event, now, timing);
        (next, effects)
    }

    fn take(&mut self, event: Event, now: Millis, timing: &Timing) -> Vec<Effect> {
        match (event, &self.phase) {
            // What is given back to the queue is another circle by now.
            (_, Phase::Sent { .. } | Phase::Refused { .. }) => vec![],
            (Event::Answered(_) | Event::MarkerSeen, Phase::Remaking) => vec![],
            // Proof is proof, whenever it comes.
            (Event::Answered(Outcome::Sent), _) => self.arrived(Proof::Answer),
            (Event::MarkerSeen, _) => self.arrived(Proof::Button),
            (Event::Begin, Phase::Ready { .. }) => {
                self.phase = Phase::Sending {
                    until: now + timing.longest_send_ms,
                };
                self.attempts += 1;
                vec![Effect::Send]
            }
            (Event::Answered(outcome), Phase::Sending { .. }) => self.answered(outcome, now, timing),
            (Event::Restarted, Phase::Sending { .. }) => self.doubt(now, now, timing),
            (Event::Scanned(scan), Phase::Reconciling(doubt)) => {
                let doubt = doubt.clone();
                self.scanned(doubt, scan, now, timing)
            }
            (Event::ResendWanted, Phase::Unknown) => {
                self.resends = 0;
                self.again(now)
            }
            (Event::FileGone, Phase::Ready { .. }) => self.remake(false),
            (Event::Remade, Phase::Remaking) => self.again(now),
            _ => vec![],
        }
    }

    fn answered(&mut self, outcome: Outcome, now: Millis, timing: &Timing) -> Vec<Effect> {
        match outcome {
            Outcome::Sent => self.arrived(Proof::Answer),
            Outcome::NotSent { retry_after } => self.not_sent(retry_after, now, timing),
            Outcome::Refused(why) => self.refused(why, now),
            Outcome::WrongKind if self.made_smaller => self.refuse(Refusal::TooLarge),
            Outcome::WrongKind => self.remake(true),
            Outcome::Ambiguous { last_byte } => self.doubt(last_byte.unwrap_or(now), now, timing),
        }
    }

    fn not_sent(&mut self, retry_after: Option<Millis>, now: Millis, timing: &Timing) -> Vec<Effect> {
        if let Some(wait) = retry_after {
            // Telegram is there and says when: no failure, however often.
            let until = now + wait;
            (self.failures, self.failing_since) = (0, None);
            self.phase = Phase::Ready { from: until };
            return vec![Effect::PauseChat { until }];
        }
        let since = *self.failing_since.get_or_insert(now);
        if now - since >= timing.give_up_ms {
            return self.refuse(Refusal::Unreachable);
        }
        let doubled = timing.first_pause_ms.saturating_mul(1 << self.failures.min(30));
        self.failures += 1;
        self.again(now + doubled.min(timing.longest_pause_ms))
    }

    fn refused(&mut self, why: Refusal, now: Millis) -> Vec<Effect> {
        match why {
            Refusal::VoiceForbidden if self.shape == Shape::Circle => {
                self.shape = Shape::SquareVideo;
                self.again(now)
            }
            Refusal::FileIdGone if self.forgotten < FORGOTTEN => {
                self.forgotten += 1;
                self.again(now);
                vec![Effect::DropFileIds]
            }
            Refusal::TooLarge if !self.made_smaller => self.remake(true),
            why => self.refuse(why),
        }
    }

    fn doubt(&mut self, last_byte: Millis, now: Millis, timing: &Timing) -> Vec<Effect> {
        (self.failures, self.failing_since) = (0, None);
        self.phase = Phase::Reconciling(Doubt {
            since: now,
            scan_at: now.max(last_byte + timing.quiet_ms),
            scans: 0,
            absent: 0,
            postponed: 0,
        });
        vec![]
    }

    fn scanned(&mut self, mut doubt: Doubt, scan: Scan, now: Millis, timing: &Timing) -> Vec<Effect> {
        if now < doubt.scan_at {
            // Looked too early: that it was not there proves nothing. Found is found.
            return match scan {
                Scan::Found => self.arrived(Proof::Search),
                _ => vec![],
            };
        }
        match scan {
            Scan::Found => return self.arrived(Proof::Search),
            Scan::Postponed { until } => {
                doubt.postponed += 1;
                doubt.scan_at = until.max(now + timing.first_pause_ms);
                if doubt.postponed > POSTPONED {
                    return self.ask();
                }
                self.phase = Phase::Reconciling(doubt);
                return vec![];
            }
            Scan::Absent => doubt.absent += 1,
            Scan::Undecidable => {}
        }
        if doubt.absent >= ABSENT {
            if self.resends >= RESENDS {
                return self.ask();
            }
            self.resends += 1;
            return self.again(now);
        }
        // After the last search the person is asked.
        let Some(wait) = timing.again_ms.get(usize::from(doubt.scans)) else {
            return self.ask();
        };
        doubt.scans += 1;
        doubt.scan_at = now + wait;
        self.phase = Phase::Reconciling(doubt);
        vec![]
    }

    fn arrived(&mut self, by: Proof) -> Vec<Effect> {
        self.phase = Phase::Sent { by };
        vec![Effect::TellSent]
    }

    fn again(&mut self, from: Millis) -> Vec<Effect> {
        self.phase = Phase::Ready { from };
        vec![]
    }

    fn remake(&mut self, smaller: bool) -> Vec<Effect> {
        self.made_smaller |= smaller;
        self.phase = Phase::Remaking;
        vec![Effect::RenderAgain { smaller }]
    }

    fn refuse(&mut self, why: Refusal) -> Vec<Effect> {
        self.phase = Phase::Refused { why };
        vec![Effect::TellRefused(why)]
    }

    fn ask(&mut self) -> Vec<Effect> {
        self.phase = Phase::Unknown;
        vec![Effect::TellUnknown]
    }
}
