//! How a call of the Bot API is made: in its turn, again where Telegram put it off or never heard it, and in the chat's new
//! place where a group became a supergroup.

use std::time::Duration;

use teloxide::requests::Requester;
use teloxide::types::{ChatId, Message, Seconds};
use teloxide::{ApiError, RequestError};

use super::error::is_refusal;
use super::{MessageError, Messages, explain, number};
use crate::bot::rates;
use crate::deliver::telegram::Permit;
use crate::queue::off_runtime;
use crate::store::known;
use crate::torture;

/// Tries of one message: an interrupted network comes back in seconds or in hours.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A pause longer than this is not waited for by a message: it would be outdated.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// So often that pause, while others have their turn: as long as the slowest circle takes.
const TURNS: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub chat: i64,
    pub thread: Option<i32>,
    pub reply_to: Option<i64>,
}

/// What a failure allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// A message of which a part may have arrived is not repeated.
    Unheard,
    /// A change says the same again.
    Always,
}

impl Messages {
    /// A new message; its number comes back.
    pub(super) async fn post<F>(&self, place: Place, request: impl Fn(Place) -> F) -> Result<i64, MessageError>
    where
        F: Future<Output = Result<Message, RequestError>>,
    {
        let place = self.chats.place_now(place);
        let sent = match self.keep_trying(place.chat, Repeat::Unheard, || request(place)).await {
            Err(RequestError::MigrateToChatId(to)) => {
                self.chats.moved(place.chat, to.0).await;
                let place = self.chats.place_now(place);
                self.keep_trying(place.chat, Repeat::Unheard, || request(place)).await
            }
            outcome => outcome,
        };
        Ok(self.note(sent.map_err(explain)?).await)
    }

    /// A change of a message that is there.
    pub(super) async fn change<F>(&self, chat: i64, request: impl Fn() -> F) -> Result<(), MessageError>
    where
        F: Future<Output = Result<(), RequestError>>,
    {
        self.still_there(chat)?;
        let outcome = self.keep_trying(chat, Repeat::Always, request).await;
        self.outcome_of_change(chat, outcome).await
    }

    /// Whether it is there or not: afterwards it is not. It takes nobody's turn, and may be asked for as often as one likes.
    pub async fn delete(&self, chat: i64, message: i64) {
        let Ok(id) = number(message) else { return };
        let mut pause = FIRST_PAUSE;
        for _ in 0..TRIES {
            let wait = match self.bot.delete_message(ChatId(chat), id).await {
                Ok(_) => return,
                Err(RequestError::RetryAfter(wait)) if wait.duration() <= LONGEST_WAIT => wait.duration(),
                Err(RequestError::Network(_) | RequestError::Io(_)) => pause,
                Err(error) => {
                    tracing::debug!(chat, error = %explain(error), "a message could not be deleted");
                    return;
                }
            };
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
    }

    /// A supergroup counts its messages anew: what was in the group before cannot be reached.
    pub(super) fn still_there(&self, chat: i64) -> Result<(), MessageError> {
        match self.chats.now(chat) == chat {
            true => Ok(()),
            false => Err(MessageError::Gone),
        }
    }

    pub(super) async fn outcome_of_change(
        &self,
        chat: i64,
        outcome: Result<(), RequestError>,
    ) -> Result<(), MessageError> {
        match outcome {
            Err(RequestError::Api(ApiError::MessageNotModified)) => Ok(()),
            Err(RequestError::MigrateToChatId(to)) => {
                self.chats.moved(chat, to.0).await;
                Err(MessageError::Gone)
            }
            outcome => outcome.map_err(explain),
        }
    }

    /// Telegram wants silence in this chat, also after a restart. To be called before the permit is dropped.
    pub async fn slow_down(&self, chat: i64, wait: Duration) {
        self.gate.refused(chat, wait);
        rates::write(&self.store, self.bot_id, &self.gate).await;
    }

    /// Waits its turn, and tries again what Telegram put off or never heard.
    async fn keep_trying<T, F>(&self, chat: i64, repeat: Repeat, request: impl Fn() -> F) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut tried = 0;
        loop {
            let permit = self.turn(chat).await.map_err(too_fast)?;
            let outcome = request().await;
            if let Err(RequestError::RetryAfter(wait)) = &outcome {
                self.slow_down(chat, wait.duration()).await;
            }
            drop(permit);
            tried += 1;
            let error = match outcome {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let again = match &error {
                RequestError::RetryAfter(wait) => wait.duration() <= LONGEST_WAIT,
                RequestError::Network(error) => error.is_connect() || repeat == Repeat::Always,
                RequestError::InvalidJson { .. } | RequestError::Io(_) => repeat == Repeat::Always,
                RequestError::Api(ApiError::Unknown(words)) => repeat == Repeat::Always && !is_refusal(words),
                _ => false,
            };
            if !again || tried == TRIES {
                return Err(error);
            }
            if !matches!(error, RequestError::RetryAfter(_)) {
                tokio::time::sleep(torture::hurried(pause, pause / 10)).await;
                pause *= 2;
            }
        }
    }

    /// Waits until the chat may be written to, as far as that is worth waiting for.
    pub async fn open(&self, chat: i64) {
        self.gate.open(self.chats.now(chat), LONGEST_WAIT).await;
    }

    /// Leave to write into the chat. Behind a circle on its way it may take minutes; a chat that is silenced is not waited for.
    async fn turn(&self, chat: i64) -> Result<Permit, Duration> {
        for _ in 1..TURNS {
            match self.gate.message(chat, LONGEST_WAIT).await {
                Err(wait) if wait <= LONGEST_WAIT => {}
                turn => return turn,
            }
        }
        self.gate.message(chat, LONGEST_WAIT).await
    }

    /// Its number is known from now on: no circle is looked for there.
    async fn note(&self, sent: Message) -> i64 {
        let (store, bot_id, now) = (self.store.clone(), self.bot_id, self.clock.now());
        let (chat, id, date) = (sent.chat.id.0, i64::from(sent.id.0), sent.date.timestamp_millis());
        let noted = off_runtime(move || store.write(move |tx| known::note(tx, bot_id, chat, id, date, now))).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a sent message was not noted");
        }
        id
    }
}

fn too_fast(wait: Duration) -> RequestError {
    let secs = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    RequestError::RetryAfter(Seconds::from_seconds(secs))
}
