//! The read-back: the Bot API cannot be asked for a message, but it can be asked to edit one. Putting the final keyboard
//! under a candidate message answers three ways: done (it is a message of ours), not modified (it is ours and has that
//! keyboard already), or no such message to edit. Repeating it changes nothing.
//!
//! Candidates must be messages nobody else has accounted for: a status message among them would get the circle's keyboard.

use std::time::Duration;

use super::answer::{Envelope, Message};
use super::body::Form;
use super::client::Client;
use super::exchange::{End, Exchange};
use super::gate::Gate;
use super::keyboard::Marked;
use super::outcome::{SentFile, retry_after};
use super::patience::{MAX_CANDIDATES, Patience};

/// What a read-back saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// It arrived, and bears its final keyboard now. The file is unknown where the keyboard had been there before.
    Found { message_id: i64, file: Option<SentFile> },
    /// None of the candidates is it. It may still become visible: absent twice, a minute apart, is absent.
    Absent,
    /// The chat cannot be asked any more: we were thrown out, or it became another.
    Closed,
    /// Telegram did not tell.
    Undecidable { retry_after: Option<Duration> },
}

impl Client {
    /// Looks at the candidates in turn, each with the gate's leave, and stops at the first that is the circle.
    /// `keyboard` is the final one, with the marker of the delivery that is looked for.
    pub async fn probe(&self, gate: &Gate, chat: i64, candidates: &[i64], keyboard: &Marked) -> Sighting {
        if candidates.len() > MAX_CANDIDATES {
            return Sighting::Undecidable { retry_after: None };
        }
        for &message_id in candidates {
            let permit = gate.message(chat).await;
            let sighting = self.probe_one(chat, message_id, keyboard).await;
            if let Sighting::Undecidable {
                retry_after: Some(wait),
            } = sighting
            {
                gate.refused(chat, wait);
            }
            drop(permit);
            if sighting != Sighting::Absent {
                return sighting;
            }
        }
        Sighting::Absent
    }

    /// One look, without waiting for anybody.
    pub async fn probe_one(&self, chat: i64, message_id: i64, keyboard: &Marked) -> Sighting {
        let form = Form::new()
            .field("chat_id", chat.to_string())
            .field("message_id", message_id.to_string())
            .field("reply_markup", keyboard.markup());
        let patience = Patience::PROBE.within(self.patience());
        see(message_id, &self.call("editMessageReplyMarkup", form, patience).await)
    }
}

fn see(message_id: i64, exchange: &Exchange) -> Sighting {
    const UNKNOWN: Sighting = Sighting::Undecidable { retry_after: None };
    let End::Answered { status, body } = &exchange.end else {
        return UNKNOWN;
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope<Message>>(body) else {
        return UNKNOWN;
    };
    if envelope.ok {
        let Some(message) = envelope.result.filter(|message| message.message_id == message_id) else {
            return UNKNOWN;
        };
        // A message of ours that holds no film is none of our circles.
        return message.receipt().map_or(Sighting::Absent, |receipt| Sighting::Found {
            message_id,
            file: Some(receipt.file),
        });
    }
    let description = envelope.description.to_lowercase();
    match envelope.error_code.unwrap_or(*status) {
        429 => Sighting::Undecidable {
            retry_after: Some(retry_after(envelope.parameters.retry_after)),
        },
        403 => Sighting::Closed,
        400 if envelope.parameters.migrate_to_chat_id.is_some() => Sighting::Closed,
        400 if description.contains("message is not modified") => Sighting::Found { message_id, file: None },
        400 if NOT_THIS.iter().any(|words| description.contains(words)) => Sighting::Absent,
        _ => UNKNOWN,
    }
}

/// No such message, or one that is not the bot's own.
const NOT_THIS: [&str; 3] = [
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
];
