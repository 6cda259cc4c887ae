//! Why a message was not written, in our words: teloxide's errors in, none of Telegram's secrets out.

use std::time::Duration;

use teloxide::{ApiError, RequestError};

use crate::deliver::telegram::token::scrub;

/// Why a message was not written. Nobody but the log is told.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("the message is gone")]
    Gone,
    #[error("the bot may not write there")]
    Unwanted,
    #[error("Telegram cannot be reached")]
    Unreachable,
    #[error("Telegram may have heard it, and did not say")]
    InDoubt,
    #[error("Telegram wants {0:?} of silence")]
    TooFast(Duration),
    #[error("Telegram refused: {0}")]
    Refused(String),
}

impl MessageError {
    /// Whether the same may be taken in a while. A no stays a no, and of a chat that is closed to us nobody can say when.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Unwanted | Self::Refused(_))
    }

    /// Whether it may be there already.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::InDoubt)
    }
}

pub fn explain(error: RequestError) -> MessageError {
    match error {
        RequestError::Api(
            ApiError::MessageToEditNotFound
            | ApiError::MessageCantBeEdited
            | ApiError::MessageIdInvalid
            | ApiError::MessageToDeleteNotFound
            | ApiError::MessageCantBeDeleted,
        ) => MessageError::Gone,
        RequestError::Api(
            ApiError::BotBlocked
            | ApiError::UserDeactivated
            | ApiError::ChatNotFound
            | ApiError::BotKicked
            | ApiError::BotKickedFromSupergroup
            | ApiError::BotKickedFromChannel
            | ApiError::CantInitiateConversation,
        ) => MessageError::Unwanted,
        RequestError::RetryAfter(wait) => MessageError::TooFast(wait.duration()),
        RequestError::Network(error) if error.is_connect() => MessageError::Unreachable,
        RequestError::Network(_) | RequestError::Io(_) | RequestError::InvalidJson { .. } => MessageError::InDoubt,
        RequestError::MigrateToChatId(_) => MessageError::Unwanted,
        RequestError::Api(error) => match error.to_string() {
            words if is_refusal(&words) => MessageError::Refused(scrub(&words).into_owned()),
            _ => MessageError::InDoubt,
        },
    }
}

/// Whether Telegram has looked at it and says no. What went wrong on its own side is told in other words; the code beside them
/// is not handed on.
pub fn is_refusal(words: &str) -> bool {
    const REFUSALS: [&str; 6] = [
        "Bad Request",
        "Unauthorized",
        "Forbidden",
        "Not Found",
        "Conflict",
        "Too Many Requests",
    ];
    REFUSALS.iter().any(|name| words.starts_with(name))
}
