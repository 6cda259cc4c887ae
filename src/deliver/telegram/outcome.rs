//! What became of a send. One pure function, [`judge`], holds the whole table:
//!
//! | seen | told |
//! | --- | --- |
//! | no connection, or part of the request never left our hands | not sent |
//! | 429 in Telegram's own words | not sent, with the time to wait |
//! | 401 and 404 in Telegram's own words | not sent: the token or the address is wrong, the circle is not |
//! | other 4xx in Telegram's own words, or any 413 | refused |
//! | 200 with the message | sent |
//! | all of it left and the connection broke, or time ran out | ambiguous |
//! | 5xx, HTML, a 429 of some gateway, an answer that cannot be read | ambiguous if all of it left, else not sent |

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::answer::{Envelope, Message};
use super::exchange::{End, Exchange};
use super::patience::{DEFAULT_RETRY_AFTER, MAX_DESCRIPTION_CHARS, MAX_RETRY_AFTER};
use super::token::scrub;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent(Receipt),
    /// Proved: the same may be sent again, once the time is over if one is given.
    NotSent {
        trouble: Trouble,
        retry_after: Option<Duration>,
    },
    /// For good: the same again would be refused again.
    Refused {
        kind: Refusal,
        description: String,
    },
    /// It may have arrived. To be looked for, never to be repeated.
    Ambiguous {
        trouble: Trouble,
    },
}

/// What Telegram told about a message it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub message_id: i64,
    /// When Telegram took it, by its own clock: Unix time.
    pub date_secs: i64,
    pub file: SentFile,
    pub shape: Shape,
}

/// Where Telegram keeps the file. The id sends it again without an upload, for this bot alone; the unique id only compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFile {
    pub id: String,
    pub unique_id: String,
}

/// What the message really shows: Telegram turns a video note it does not like into something else, without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Round,
    Square,
    /// An animation or a plain file.
    Other,
}

/// Why Telegram will not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The receiver takes no voice and video messages; an ordinary video arrives.
    VoiceForbidden,
    /// The person blocked the bot, or the account is gone.
    Blocked,
    /// The chat is gone, or the bot is no longer in it.
    ChatGone,
    /// The group became a supergroup with this number.
    Moved {
        chat: i64,
    },
    TooLarge,
    /// The file id is not known any more: the file has to be sent itself.
    WrongFileId,
    /// The bot may not write in this group.
    NoRights,
    Other,
}

/// What stood in the way. The words are for logs.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Trouble {
    #[error("the circle's file cannot be read ({0})")]
    File(io::ErrorKind),
    #[error("no connection to the Bot API server")]
    NoConnection,
    #[error("the connection broke after {handed_bytes} of {total_bytes} bytes")]
    Unfinished { handed_bytes: u64, total_bytes: u64 },
    #[error("the connection broke before the answer")]
    Unanswered,
    #[error("no answer in time")]
    TimeOut,
    #[error("an answer with status {status} that is not Telegram's")]
    Unreadable { status: u16 },
    #[error("Telegram failed with code {code}")]
    ServerFailed { code: u16 },
    #[error("too many requests")]
    TooMany,
    #[error("the Bot API server does not know this bot; check the token and the address")]
    UnknownBot,
}

pub(super) fn judge(exchange: &Exchange) -> Outcome {
    match &exchange.end {
        End::NoConnection if exchange.handed_bytes == 0 => not_sent(Trouble::NoConnection),
        End::NoConnection | End::Broken => unclear(exchange, Trouble::Unanswered),
        End::TimeOut => unclear(exchange, Trouble::TimeOut),
        End::Answered { status, body } => judge_answer(exchange, *status, body),
    }
}

/// The same with the file that could not even be opened.
pub(super) fn no_file(error: &io::Error) -> Outcome {
    not_sent(Trouble::File(error.kind()))
}

fn not_sent(trouble: Trouble) -> Outcome {
    Outcome::NotSent {
        trouble,
        retry_after: None,
    }
}

/// Nothing is known but how much left our hands.
fn unclear(exchange: &Exchange, trouble: Trouble) -> Outcome {
    if exchange.is_whole() {
        Outcome::Ambiguous { trouble }
    } else {
        not_sent(Trouble::Unfinished {
            handed_bytes: exchange.handed_bytes,
            total_bytes: exchange.total_bytes,
        })
    }
}

fn judge_answer(exchange: &Exchange, status: u16, body: &[u8]) -> Outcome {
    let Ok(envelope) = serde_json::from_slice::<Envelope<Message>>(body) else {
        // Whoever answers 413 has not passed the request on, in whatever words it says so.
        return match status {
            413 => refused(Refusal::TooLarge, "the request is too large"),
            _ => unclear(exchange, Trouble::Unreadable { status }),
        };
    };
    if envelope.ok {
        return match envelope.result.and_then(Message::receipt) {
            Some(receipt) if status == 200 => Outcome::Sent(receipt),
            _ => unclear(exchange, Trouble::Unreadable { status }),
        };
    }
    match envelope.error_code.unwrap_or(status) {
        429 => Outcome::NotSent {
            trouble: Trouble::TooMany,
            retry_after: Some(retry_after(envelope.parameters.retry_after)),
        },
        401 | 404 => not_sent(Trouble::UnknownBot),
        400..=499 => {
            let moved = envelope.parameters.migrate_to_chat_id;
            let kind = moved.map_or_else(|| refusal(&envelope.description), |chat| Refusal::Moved { chat });
            refused(kind, &envelope.description)
        }
        code => unclear(exchange, Trouble::ServerFailed { code }),
    }
}

pub(super) fn retry_after(secs: Option<u64>) -> Duration {
    secs.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs)
        .min(MAX_RETRY_AFTER)
}

fn refused(kind: Refusal, description: &str) -> Outcome {
    let description = scrub(description).chars().take(MAX_DESCRIPTION_CHARS).collect();
    Outcome::Refused { kind, description }
}

/// Telegram's sentences, by the part of them that says what happened; the rest of their wording has changed before.
const REFUSALS: [(&str, Refusal); 20] = [
    ("voice_messages_forbidden", Refusal::VoiceForbidden),
    ("restricted receiving of video note", Refusal::VoiceForbidden),
    ("restricted receiving of voice", Refusal::VoiceForbidden),
    ("bot was blocked by the user", Refusal::Blocked),
    ("user is deactivated", Refusal::Blocked),
    ("can't initiate conversation", Refusal::Blocked),
    ("chat not found", Refusal::ChatGone),
    ("bot was kicked", Refusal::ChatGone),
    ("bot is not a member", Refusal::ChatGone),
    ("group is deactivated", Refusal::ChatGone),
    ("the group chat was deleted", Refusal::ChatGone),
    ("request entity too large", Refusal::TooLarge),
    ("file is too big", Refusal::TooLarge),
    ("wrong file identifier", Refusal::WrongFileId),
    ("wrong file id", Refusal::WrongFileId),
    ("invalid file id", Refusal::WrongFileId),
    ("wrong remote file id", Refusal::WrongFileId),
    // The name of another kind of message, by a mistake of ours or of Telegram's.
    ("can't use file of type", Refusal::WrongFileId),
    ("have no rights to send", Refusal::NoRights),
    ("chat_write_forbidden", Refusal::NoRights),
];

fn refusal(description: &str) -> Refusal {
    let description = description.to_lowercase();
    REFUSALS
        .iter()
        .find(|(words, _)| description.contains(words))
        .map_or(Refusal::Other, |(_, kind)| *kind)
}
