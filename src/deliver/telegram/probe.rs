//! The read-back: the Bot API cannot be asked for a message, but it can be asked to edit one. Putting the final keyboard
//! under a candidate message answers three ways: done (it is a message of ours, and what it holds is told), not modified (it
//! is ours and has that keyboard already), or no such message to edit. Repeating it changes nothing.
//!
//! A message of ours need not be the circle: a status whose answer was lost is a candidate as well, and may have got the
//! circle's keyboard from an earlier look. So what has the keyboard already is looked at without it.

use std::time::Duration;

use super::answer::{Envelope, Message};
use super::body::Form;
use super::client::Client;
use super::exchange::{End, Exchange};
use super::gate::Gate;
use super::keyboard::Marked;
use super::outcome::{SentFile, Shape, retry_after};
use super::patience::{MAX_CANDIDATES, Patience};
use crate::torture::hurried;

/// What a read-back saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// It arrived, and bears its final keyboard now.
    Found {
        message_id: i64,
        file: SentFile,
        shape: Shape,
    },
    /// None of the candidates is it. It may still become visible: absent twice, a minute apart, is absent.
    Absent,
    /// Telegram will not tell: we were thrown out, or the chat became another.
    Closed,
    /// Telegram did not tell.
    Undecidable { retry_after: Option<Duration> },
    /// Our own rates: its turn comes after this.
    NotYet { wait: Duration },
}

/// What Telegram said to a keyboard.
enum Put {
    /// It has it now. The film it holds, if it is one of ours, and as what.
    Done(Option<(SentFile, Shape)>),
    /// It had it before.
    Already,
    /// It is not there, or not the bot's.
    NotThis,
    /// The chat cannot be asked any more.
    Closed,
    Unclear {
        retry_after: Option<Duration>,
    },
    NotYet {
        wait: Duration,
    },
}

/// A turn that comes later than this is told to whoever looks, and not waited for.
const LONGEST_TURN: Duration = Duration::from_secs(10);
const UNCLEAR: Put = Put::Unclear { retry_after: None };
const NO_KEYBOARD: &str = r#"{"inline_keyboard":[]}"#;

impl Client {
    /// Looks at the candidates in turn, each with the gate's leave, and stops at the first that is the circle.
    /// `keyboard` is the final one, with the marker of the delivery that is looked for.
    pub async fn probe(&self, gate: &Gate, chat: i64, candidates: &[i64], keyboard: &Marked) -> Sighting {
        if candidates.len() > MAX_CANDIDATES {
            return Sighting::Undecidable { retry_after: None };
        }
        for &message_id in candidates {
            let sighting = self.probe_one(gate, chat, message_id, keyboard).await;
            if sighting != Sighting::Absent {
                return sighting;
            }
        }
        Sighting::Absent
    }

    async fn probe_one(&self, gate: &Gate, chat: i64, message_id: i64, keyboard: &Marked) -> Sighting {
        let put = |markup| self.put(gate, chat, message_id, markup);
        let found = |(file, shape)| Sighting::Found {
            message_id,
            file,
            shape,
        };
        let film = match put(keyboard.markup()).await {
            Put::Done(Some(film)) => return found(film),
            // It does not keep a circle's buttons.
            Put::Done(None) => match put(NO_KEYBOARD).await {
                Put::Unclear { retry_after } => return Sighting::Undecidable { retry_after },
                Put::NotYet { wait } => return Sighting::NotYet { wait },
                Put::Closed => return Sighting::Closed,
                _ => return Sighting::Absent,
            },
            Put::NotThis => return Sighting::Absent,
            Put::Closed => return Sighting::Closed,
            Put::Unclear { retry_after } => return Sighting::Undecidable { retry_after },
            Put::NotYet { wait } => return Sighting::NotYet { wait },
            Put::Already => match put(NO_KEYBOARD).await {
                Put::Done(Some(film)) => film,
                Put::Done(None) | Put::NotThis => return Sighting::Absent,
                Put::Already => return Sighting::Undecidable { retry_after: None },
                Put::Closed => return Sighting::Closed,
                Put::Unclear { retry_after } => return Sighting::Undecidable { retry_after },
                Put::NotYet { wait } => return Sighting::NotYet { wait },
            },
        };
        match put(keyboard.markup()).await {
            Put::Done(_) | Put::Already => found(film),
            // The next look gives it back.
            Put::NotThis => Sighting::Undecidable { retry_after: None },
            Put::Closed => Sighting::Closed,
            Put::Unclear { retry_after } => Sighting::Undecidable { retry_after },
            Put::NotYet { wait } => Sighting::NotYet { wait },
        }
    }

    async fn put(&self, gate: &Gate, chat: i64, message_id: i64, markup: &str) -> Put {
        let form = Form::new()
            .field("chat_id", chat.to_string())
            .field("message_id", message_id.to_string())
            .field("reply_markup", markup);
        let patience = Patience::PROBE.within(self.patience());
        let permit = match gate.message(chat, hurried(LONGEST_TURN, LONGEST_TURN / 20)).await {
            Ok(permit) => permit,
            Err(wait) => return Put::NotYet { wait },
        };
        let put = read(message_id, &self.call("editMessageReplyMarkup", form, patience).await);
        if let Put::Unclear {
            retry_after: Some(wait),
        } = put
        {
            gate.refused(chat, wait);
        }
        drop(permit);
        put
    }
}

fn read(message_id: i64, exchange: &Exchange) -> Put {
    let End::Answered { status, body } = &exchange.end else {
        return UNCLEAR;
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope<Message>>(body) else {
        return UNCLEAR;
    };
    if envelope.ok {
        let message = envelope.result.filter(|message| message.message_id == message_id);
        return message.map_or(UNCLEAR, |message| {
            Put::Done(message.receipt().map(|receipt| (receipt.file, receipt.shape)))
        });
    }
    let description = envelope.description.to_lowercase();
    match envelope.error_code.unwrap_or(*status) {
        429 => Put::Unclear {
            retry_after: Some(retry_after(envelope.parameters.retry_after)),
        },
        403 => Put::Closed,
        400 if envelope.parameters.migrate_to_chat_id.is_some() => Put::Closed,
        400 if description.contains("message is not modified") => Put::Already,
        400 if NOT_THIS.iter().any(|words| description.contains(words)) => Put::NotThis,
        // Asked again it would say the same.
        400 => Put::Closed,
        _ => UNCLEAR,
    }
}

/// No such message, or one that is not the bot's own.
const NOT_THIS: [&str; 3] = [
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
];
