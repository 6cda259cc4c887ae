//! The rules by which a delivery moves on: an event in, the changed delivery and its effects out.

use super::{Delivery, Doubt, Effect, Event, Outcome, Phase, Proof, Refusal, Scan, Shape, Timing};
use crate::store::Millis;

/// Searches without it that prove that it is not there.
const ABSENT: u8 = 2;
/// How often it is sent again after such a proof. More than one: Telegram may have a bad hour, and each is proved.
const RESENDS: u8 = 3;
/// Names that Telegram gave and no longer knows: of the circle, then of the square video.
const FORGOTTEN: u8 = 2;
/// New numbers of a chat that are followed.
const MOVES: u8 = 2;

impl Delivery {
    pub(super) fn take(&mut self, event: Event, now: Millis, timing: &Timing) -> Vec<Effect> {
        match (event, &self.phase) {
            (_, Phase::Sent { .. } | Phase::Refused { .. }) => vec![],
            // What is given back to the queue is another circle by now, and what is below an unwanted message proves nothing.
            (Event::Answered(_) | Event::MarkerSeen, Phase::Remaking | Phase::Unwanted { .. }) => vec![],
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
            (Event::Scanned(scan), &Phase::Unwanted { message_id, since, .. }) => {
                self.taking_away(message_id, since, scan, now, timing)
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
            Outcome::Moved { to } => self.moved(to, now),
            Outcome::WrongKind { message_id } => self.unwanted(message_id, now),
            Outcome::Ambiguous { last_byte } => self.doubt(last_byte.unwrap_or(now), now, timing),
        }
    }

    fn not_sent(&mut self, retry_after: Option<Millis>, now: Millis, timing: &Timing) -> Vec<Effect> {
        if let Some(wait) = retry_after {
            // Telegram is there and says when: no failure, however often.
            (self.failures, self.failing_since) = (0, None);
            return self.again(now + wait);
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

    /// A group has become a supergroup; a supergroup becomes nothing else.
    fn moved(&mut self, to: i64, now: Millis) -> Vec<Effect> {
        if self.moves >= MOVES {
            return self.refuse(Refusal::ChatGone);
        }
        self.moves += 1;
        self.again(now);
        vec![Effect::MoveChat { to }]
    }

    fn doubt(&mut self, last_byte: Millis, now: Millis, timing: &Timing) -> Vec<Effect> {
        (self.failures, self.failing_since) = (0, None);
        self.phase = Phase::Reconciling(Doubt {
            since: now,
            scan_at: now.max(last_byte + timing.quiet_ms),
            scans: 0,
            absent: 0,
            crowded_since: None,
        });
        vec![]
    }

    fn scanned(&mut self, mut doubt: Doubt, scan: Scan, now: Millis, timing: &Timing) -> Vec<Effect> {
        match scan {
            Scan::Found => return self.arrived(Proof::Search),
            Scan::WrongKind { message_id } => return self.unwanted(message_id, now),
            // Looked too early: that it was not there proves nothing.
            _ if now < doubt.scan_at => return vec![],
            Scan::Postponed { until } => {
                doubt.crowded_since = None;
                return self.look_later(doubt, until, now, timing);
            }
            Scan::TooMany { until } => {
                doubt.crowded_since.get_or_insert(now);
                return self.look_later(doubt, until, now, timing);
            }
            Scan::Absent => doubt.absent += 1,
            Scan::Undecidable | Scan::TakenAway => {}
        }
        doubt.crowded_since = None;
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

    /// Telegram is away, or wants silence, or what was written meanwhile is still coming in: the person is asked only when that
    /// has no end.
    fn look_later(&mut self, mut doubt: Doubt, until: Millis, now: Millis, timing: &Timing) -> Vec<Effect> {
        let stays_crowded = doubt
            .crowded_since
            .is_some_and(|since| now - since >= timing.crowded_ms);
        if stays_crowded || now - doubt.since >= timing.give_up_ms {
            return self.ask();
        }
        doubt.scan_at = until.max(now + timing.first_pause_ms);
        self.phase = Phase::Reconciling(doubt);
        vec![]
    }

    /// Written down before it is taken away: whatever happens then, it is known where it is.
    fn unwanted(&mut self, message_id: i64, now: Millis) -> Vec<Effect> {
        self.phase = Phase::Unwanted {
            message_id,
            since: now,
            from: now,
        };
        vec![]
    }

    fn taking_away(&mut self, message_id: i64, since: Millis, scan: Scan, now: Millis, timing: &Timing) -> Vec<Effect> {
        match scan {
            Scan::Postponed { until } if now - since < timing.take_away_ms => {
                self.phase = Phase::Unwanted {
                    message_id,
                    since,
                    from: until.max(now + timing.first_pause_ms),
                };
                vec![]
            }
            Scan::Postponed { .. } | Scan::TakenAway => self.wrong_kind(),
            _ => vec![],
        }
    }

    fn arrived(&mut self, by: Proof) -> Vec<Effect> {
        self.phase = Phase::Sent { by };
        vec![Effect::TellSent]
    }

    fn wrong_kind(&mut self) -> Vec<Effect> {
        if self.made_smaller {
            return self.refuse(Refusal::TooLarge);
        }
        self.remake(true)
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
