//! What can go wrong with a request, and scripts that decide which request it happens to.

use std::collections::VecDeque;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What happens to one request. A method is executed only when the whole request has been read, as with Telegram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The connection is reset on the way in; never executed.
    Cut(Cut),
    /// Nothing is read for a while from this byte of the body on; then everything goes on as usual.
    Pause { byte: u64, pause: Duration },
    /// Read to its end, executed or not, and answered strangely.
    Answer {
        executed: bool,
        /// Until then nobody can see or edit the message.
        visible_after: Duration,
        answer: Answer,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// Before a byte is read.
    AtOnce,
    AfterHead,
    /// When so many bytes of the body have been read.
    AtByte(u64),
    /// Nothing is read any more, and the connection stays: a stall.
    StallAtByte(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Usual,
    /// The usual one, later.
    After(Duration),
    /// The connection is closed instead.
    Close,
    /// The connection is reset instead.
    Reset,
    /// Only so many bytes of the body, then the connection is closed.
    Truncated(usize),
    /// The body twice, and its length says so.
    Doubled,
    /// A length that is wrong by so much.
    WrongLength(i32),
    /// Byte by byte, with a pause after each.
    Drip(Duration),
    /// Status 200 and something else than Telegram's JSON.
    Nonsense,
    /// 429 in Telegram's words.
    TooMany {
        retry_after_secs: u64,
    },
    /// 429 of a gateway on the way, in its words.
    GatewayTooMany,
    /// This status: Telegram's JSON or, as a gateway does, HTML.
    Status {
        status: u16,
        html: bool,
    },
    /// The usual answer and the promise to keep the connection, which the next request finds closed.
    ThenStale,
}

impl Fault {
    /// Executed, and answered like this.
    pub fn accepted(answer: Answer) -> Self {
        Self::Answer {
            executed: true,
            visible_after: Duration::ZERO,
            answer,
        }
    }

    /// Not executed, and answered like this.
    pub fn refused(answer: Answer) -> Self {
        Self::Answer {
            executed: false,
            visible_after: Duration::ZERO,
            answer,
        }
    }

    /// Executed, never answered, and visible only later.
    pub fn late(visible_after: Duration) -> Self {
        Self::Answer {
            executed: true,
            visible_after,
            answer: Answer::Close,
        }
    }
}

/// A request as a script sees it, before its body is read.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub method: String,
    pub content_length: u64,
}

/// Decides for every request; `None` leaves it alone.
pub type Script = Box<dyn FnMut(&Incoming) -> Option<Fault> + Send>;

/// These faults for the next requests of this method, in turn.
pub fn next(method: &str, faults: impl IntoIterator<Item = Fault>) -> Script {
    let (method, mut faults) = (method.to_owned(), faults.into_iter().collect::<VecDeque<_>>());
    Box::new(move |incoming| {
        let meant = incoming.method.eq_ignore_ascii_case(&method);
        meant.then(|| faults.pop_front()).flatten()
    })
}

/// Faults by chance, the same for the same seed and order of requests.
#[derive(Clone, Copy, Debug)]
pub struct Seeded {
    pub seed: u64,
    /// Out of 100 requests of this method, how many meet a fault.
    pub percent: fn(&str) -> u32,
    /// Delays are at most this long: to be set against the client's patience.
    pub longest_delay: Duration,
}

/// What makes a message.
pub fn is_send(method: &str) -> bool {
    method.starts_with("send") && method != "sendChatAction"
}

impl Seeded {
    pub fn script(self) -> Script {
        let mut chance = StdRng::seed_from_u64(self.seed);
        Box::new(move |incoming| {
            let percent = (self.percent)(&incoming.method);
            // No chance is used up where there is none.
            (percent > 0 && chance.random_range(0..100) < percent).then(|| self.pick(&mut chance, incoming))
        })
    }

    /// Every kind is about as likely as any other. A 429 in Telegram's own words never follows an execution: Telegram says
    /// so instead of sending, and no client could know better.
    fn pick(self, chance: &mut StdRng, incoming: &Incoming) -> Fault {
        let executed = chance.random_bool(0.5);
        let delay = self.longest_delay.mul_f64(chance.random());
        let answer = match chance.random_range(0..20) {
            0 => return Fault::Cut(Cut::AtOnce),
            1 => return Fault::Cut(Cut::AfterHead),
            2 | 3 => return Fault::Cut(Cut::AtByte(chance.random_range(0..incoming.content_length.max(1)))),
            4 => return Fault::Cut(Cut::StallAtByte(chance.random_range(0..incoming.content_length.max(1)))),
            5 => Answer::Close,
            6 => Answer::Reset,
            7 => return Fault::accepted(Answer::After(delay)),
            8 => return Fault::late(delay),
            9 => return Fault::accepted(Answer::Truncated(chance.random_range(0..60))),
            10 => return Fault::accepted(Answer::Doubled),
            11 => return Fault::accepted(Answer::WrongLength(chance.random_range(1..40))),
            12 => return Fault::accepted(Answer::WrongLength(-chance.random_range(1..40))),
            13 => return Fault::accepted(Answer::Drip(self.longest_delay / 100)),
            14 => Answer::Nonsense,
            15 => return Fault::refused(Answer::TooMany { retry_after_secs: 1 }),
            16 => Answer::GatewayTooMany,
            17 => Answer::Status {
                status: 500,
                html: false,
            },
            18 => Answer::Status {
                status: *[502, 504].get(usize::from(chance.random_bool(0.5))).unwrap(),
                html: true,
            },
            _ => return Fault::accepted(Answer::ThenStale),
        };
        Fault::Answer {
            executed,
            visible_after: Duration::ZERO,
            answer,
        }
    }
}
