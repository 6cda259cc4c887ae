//! Circles that Telegram made something else of: the message goes, before the circle is made again. Where it is was written
//! down first, so that one that Telegram did not hear of is taken away later, also after a restart.

use teloxide::requests::Requester;
use teloxide::types::{ChatId, MessageId};

use super::search::later;
use crate::bot::desk::Desk;
use crate::bot::messages::{MessageError, explain};
use crate::queue::delivery::Scan;

/// Whether it was there or not: afterwards it is not.
pub async fn take_away(desk: &Desk, chat: i64, message: i64) -> Scan {
    let Ok(id) = i32::try_from(message).map(MessageId) else {
        return Scan::TakenAway;
    };
    let Err(error) = desk.messages.bot.delete_message(ChatId(chat), id).await else {
        return Scan::TakenAway;
    };
    let error = explain(error);
    tracing::info!(chat, %error, "a video that should have been a circle could not be taken away");
    match error {
        // By somebody else, or by nobody ever.
        MessageError::Gone | MessageError::Unwanted | MessageError::Refused(_) => Scan::TakenAway,
        MessageError::TooFast(wait) => Scan::Postponed {
            until: later(desk, Some(wait)),
        },
        MessageError::Unreachable | MessageError::InDoubt => Scan::Postponed {
            until: later(desk, None),
        },
    }
}
