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
    #[error("Telegram wants {0:?} of silence")]
    TooFast(Duration),
    #[error("Telegram refused: {0}")]
    Refused(String),
}

impl MessageError {
    /// Whether the same may be taken in a while. Of a chat that is closed to us nobody can say when.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Unwanted)
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
        RequestError::Network(_) | RequestError::Io(_) => MessageError::Unreachable,
        RequestError::MigrateToChatId(_) => MessageError::Unwanted,
        RequestError::InvalidJson { .. } => MessageError::Refused("an answer that cannot be read".into()),
        RequestError::Api(error) => MessageError::Refused(scrub(&error.to_string()).into_owned()),
    }
}
