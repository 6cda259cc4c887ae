//! Every limit of the conversation with the Bot API, with its unit and its reason.

use std::time::Duration;

/// How long each part of a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub connect: Duration,
    /// Without a single byte taken off our hands; nothing has been sent then.
    pub write_stall: Duration,
    /// From the last byte handed over to the last byte of the answer. Past it nobody knows what happened, so it is long.
    pub answer: Duration,
    /// The whole request: a line so slow that 8 MB take longer serves nobody.
    pub whole: Duration,
}

impl Patience {
    /// Towards Telegram's own servers. A client library's usual 17 seconds for everything would double circles.
    pub const CLOUD: Self = Self {
        connect: Duration::from_secs(5),
        write_stall: Duration::from_secs(30),
        answer: Duration::from_secs(60),
        whole: Duration::from_secs(600),
    };
    /// Towards the torture test's Telegram: it answers at once or, often, never.
    pub const HURRIED: Self = Self {
        write_stall: Duration::from_millis(500),
        answer: Duration::from_secs(1),
        ..Self::CLOUD
    };
    /// Towards a local Bot API server: it takes a path in no time and uploads the file before it answers.
    pub const LOCAL: Self = Self {
        answer: Duration::from_secs(180),
        ..Self::CLOUD
    };
    /// A read-back changes nothing when it is repeated, and the delivery waits for it.
    pub const PROBE: Self = Self {
        connect: Duration::from_secs(5),
        write_stall: Duration::from_secs(5),
        answer: Duration::from_secs(15),
        whole: Duration::from_secs(20),
    };

    /// Each part at most what `other` allows it.
    pub(super) fn within(self, other: Self) -> Self {
        Self {
            connect: self.connect.min(other.connect),
            write_stall: self.write_stall.min(other.write_stall),
            answer: self.answer.min(other.answer),
            whole: self.whole.min(other.whole),
        }
    }
}

/// A message is a few kilobytes; more than this is no answer of Telegram's.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// What is kept of Telegram's words about a refusal.
pub const MAX_DESCRIPTION_CHARS: usize = 200;
/// A deadline longer than this is taken for a misreading: floods cost minutes, rarely hours.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
/// A 429 that names no time.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Messages looked at in one read-back; a usual set is one to three.
pub const MAX_CANDIDATES: usize = 64;
/// Telegram's limit on `callback_data`.
pub const MAX_CALLBACK_BYTES: usize = 64;
/// Telegram's limit on a video's caption, in characters after entities are parsed.
pub const MAX_CAPTION_CHARS: usize = 1024;
/// Telegram's limit on `length`: the side of a circle in pixels.
pub const MAX_SIDE_PX: u32 = 640;
/// Telegram's limit on `duration` of a circle.
pub const MAX_DURATION_SECS: u64 = 60;
/// Telegram's limit on a thumbnail; a larger one is left out, the circle is not worth less.
pub const MAX_THUMBNAIL_BYTES: usize = 200_000;
