//! What the bot writes into chats, one call of the Bot API each: within Telegram's rates, remembered among the known messages,
//! and tried again only where nothing can have arrived. Circles are not sent here, see `outbox`.

use std::sync::Arc;
use std::time::Duration;

use teloxide::payloads::{
    AnswerCallbackQuerySetters, AnswerInlineQuerySetters, EditMessageCaptionSetters, EditMessageMediaSetters,
    EditMessageTextSetters, SendChatActionSetters, SendMessageSetters, SendPhotoSetters,
};
use teloxide::requests::Requester;
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryId, InlineQueryResult,
    InputFile, InputMedia, InputMediaPhoto, LinkPreviewOptions, Message, MessageId, ParseMode, ReplyParameters,
    ThreadId,
};
use teloxide::{ApiError, Bot, RequestError};

use super::view::{Page, Rows};
use crate::deliver::telegram::token::scrub;
use crate::deliver::telegram::{Button, Gate, Press};
use crate::queue::off_runtime;
use crate::store::{Clock, Store, known};
use crate::torture;

/// Tries of one message: an interrupted network comes back in seconds or in hours.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A pause longer than this is not waited for by a message: it would be outdated.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Telegram shows a pop-up of at most so many characters.
const MAX_ANSWER_CHARS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub chat: i64,
    pub thread: Option<i32>,
    pub reply_to: Option<i64>,
}

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

#[derive(Clone)]
pub struct Messages {
    pub bot: Bot,
    pub bot_id: i64,
    pub gate: Arc<Gate>,
    pub store: Store,
    pub clock: Clock,
}

impl Messages {
    pub async fn send(&self, place: Place, page: &Page) -> Result<i64, MessageError> {
        let sent = self.keep_trying(place.chat, move || async move {
            let mut request = self.bot.send_message(ChatId(place.chat), &page.html);
            request = request.parse_mode(ParseMode::Html).link_preview_options(no_preview());
            if !page.rows.is_empty() {
                request = request.reply_markup(markup(&page.rows));
            }
            if let Some(thread) = place.thread {
                request = request.message_thread_id(ThreadId(MessageId(thread)));
            }
            if let Some(reply) = reply(place) {
                request = request.reply_parameters(reply);
            }
            request.await
        });
        self.note(sent.await?).await
    }

    pub async fn send_photo(&self, place: Place, photo: &[u8], page: &Page) -> Result<i64, MessageError> {
        let sent = self.keep_trying(place.chat, move || async move {
            let photo = InputFile::memory(photo.to_vec()).file_name("card.png");
            let mut request = self.bot.send_photo(ChatId(place.chat), photo).caption(&page.html);
            request = request.parse_mode(ParseMode::Html).reply_markup(markup(&page.rows));
            if let Some(thread) = place.thread {
                request = request.message_thread_id(ThreadId(MessageId(thread)));
            }
            if let Some(reply) = reply(place) {
                request = request.reply_parameters(reply);
            }
            request.await
        });
        self.note(sent.await?).await
    }

    pub async fn edit(&self, chat: i64, message: i64, page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.keep_trying(chat, move || async move {
            let request = self.bot.edit_message_text(ChatId(chat), id, &page.html);
            let request = request.parse_mode(ParseMode::Html).link_preview_options(no_preview());
            request.reply_markup(markup(&page.rows)).await.map(drop)
        });
        edited.await
    }

    /// As [`edit`](Self::edit), but never waits: a status that cannot be shown now is outdated when it could be.
    pub async fn edit_or_skip(&self, chat: i64, message: i64, page: &Page) -> Result<bool, MessageError> {
        let id = number(message)?;
        let Some(permit) = self.gate.edit(chat) else {
            return Ok(false);
        };
        let request = self.bot.edit_message_text(ChatId(chat), id, &page.html);
        let request = request.parse_mode(ParseMode::Html).reply_markup(markup(&page.rows));
        let outcome = request.await.map(drop).or_else(unchanged);
        if let Err(RequestError::RetryAfter(wait)) = &outcome {
            self.gate.refused(chat, wait.duration());
        }
        drop(permit);
        outcome.map(|()| true).map_err(explain)
    }

    pub async fn edit_caption(&self, chat: i64, message: i64, page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.keep_trying(chat, move || async move {
            let request = self.bot.edit_message_caption(ChatId(chat), id).caption(&page.html);
            let request = request.parse_mode(ParseMode::Html).reply_markup(markup(&page.rows));
            request.await.map(drop)
        });
        edited.await
    }

    pub async fn edit_photo(&self, chat: i64, message: i64, photo: &[u8], page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.keep_trying(chat, move || async move {
            let photo = InputFile::memory(photo.to_vec()).file_name("card.png");
            let photo = InputMediaPhoto::new(photo)
                .caption(&page.html)
                .parse_mode(ParseMode::Html);
            let request = self.bot.edit_message_media(ChatId(chat), id, InputMedia::Photo(photo));
            request.reply_markup(markup(&page.rows)).await.map(drop)
        });
        edited.await
    }

    /// Whether it is there or not: afterwards it is not.
    pub async fn delete(&self, chat: i64, message: i64) {
        let Ok(id) = number(message) else { return };
        if let Err(error) = self.bot.delete_message(ChatId(chat), id).await {
            tracing::debug!(chat, error = %explain(error), "a message could not be deleted");
        }
    }

    /// Taps are answered at once or not at all: Telegram forgets them.
    pub async fn answer(&self, query: &str, text: Option<&str>, alert: bool) {
        let mut request = self.bot.answer_callback_query(CallbackQueryId(query.to_owned()));
        if let Some(text) = text {
            let text: String = text.chars().take(MAX_ANSWER_CHARS).collect();
            request = request.text(text).show_alert(alert);
        }
        if let Err(error) = request.await {
            tracing::debug!(error = %explain(error), "a tap could not be answered");
        }
    }

    pub async fn answer_inline(&self, query: &str, results: Vec<InlineQueryResult>, cache_secs: u32) {
        let request = self.bot.answer_inline_query(InlineQueryId(query.to_owned()), results);
        let request = request.cache_time(cache_secs).is_personal(true);
        if let Err(error) = request.await {
            tracing::debug!(error = %explain(error), "an inline query could not be answered");
        }
    }

    pub async fn act(&self, place: Place, action: ChatAction) {
        let mut request = self.bot.send_chat_action(ChatId(place.chat), action);
        if let Some(thread) = place.thread {
            request = request.message_thread_id(ThreadId(MessageId(thread)));
        }
        if let Err(error) = request.await {
            tracing::debug!(chat = place.chat, error = %explain(error), "a chat action was not shown");
        }
    }

    /// Waits its turn, and tries again what Telegram put off or never heard.
    async fn keep_trying<T, F>(&self, chat: i64, request: impl Fn() -> F) -> Result<T, MessageError>
    where
        T: Unchanged,
        F: Future<Output = Result<T, RequestError>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut tried = 0;
        loop {
            let permit = self.gate.message(chat).await;
            let outcome = request().await;
            if let Err(RequestError::RetryAfter(wait)) = &outcome {
                self.gate.refused(chat, wait.duration());
            }
            drop(permit);
            tried += 1;
            let error = match outcome {
                Ok(done) => return Ok(done),
                Err(RequestError::Api(ApiError::MessageNotModified)) if T::UNCHANGED.is_some() => {
                    return T::UNCHANGED.ok_or(MessageError::Gone);
                }
                Err(error) => error,
            };
            // A message of which a part may have arrived is not repeated. An edit may be: it says the same again.
            let is_edit = T::UNCHANGED.is_some();
            let again = match &error {
                RequestError::RetryAfter(wait) => wait.duration() <= LONGEST_WAIT,
                RequestError::Network(error) => error.is_connect() || is_edit,
                RequestError::InvalidJson { .. } | RequestError::Io(_) => is_edit,
                _ => false,
            };
            if !again || tried == TRIES {
                return Err(explain(error));
            }
            if !matches!(error, RequestError::RetryAfter(_)) {
                tokio::time::sleep(torture::hurried(pause, pause / 10)).await;
                pause *= 2;
            }
        }
    }

    /// Its number is known from now on: no circle is looked for there.
    async fn note(&self, sent: Message) -> Result<i64, MessageError> {
        let (store, bot_id, now) = (self.store.clone(), self.bot_id, self.clock.now());
        let (chat, id, date) = (sent.chat.id.0, i64::from(sent.id.0), sent.date.timestamp_millis());
        let noted = off_runtime(move || store.write(move |tx| known::note(tx, bot_id, chat, id, date, now))).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a sent message was not noted");
        }
        Ok(id)
    }
}

/// What a request gives that changed nothing.
trait Unchanged: Sized {
    const UNCHANGED: Option<Self>;
}

impl Unchanged for () {
    const UNCHANGED: Option<Self> = Some(());
}

impl Unchanged for Message {
    const UNCHANGED: Option<Self> = None;
}

fn unchanged(error: RequestError) -> Result<(), RequestError> {
    match error {
        RequestError::Api(ApiError::MessageNotModified) => Ok(()),
        error => Err(error),
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

fn number(message: i64) -> Result<MessageId, MessageError> {
    i32::try_from(message).map(MessageId).map_err(|_| MessageError::Gone)
}

fn reply(place: Place) -> Option<ReplyParameters> {
    let id = number(place.reply_to?).ok()?;
    Some(ReplyParameters::new(id).allow_sending_without_reply())
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

pub fn markup(rows: &Rows) -> InlineKeyboardMarkup {
    InlineKeyboardMarkup::new(rows.iter().map(|row| row.iter().filter_map(key).collect::<Vec<_>>()))
}

fn key(button: &Button) -> Option<InlineKeyboardButton> {
    Some(match &button.press {
        Press::Callback(data) => InlineKeyboardButton::callback(&button.text, data),
        Press::Url(url) => InlineKeyboardButton::url(&button.text, url.parse().ok()?),
        Press::Share(query) => InlineKeyboardButton::switch_inline_query(&button.text, query),
    })
}
