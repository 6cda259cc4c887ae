//! What the bot writes into chats, one call of the Bot API each: within Telegram's rates, remembered among the known messages,
//! and tried again here only where nothing can have arrived (`trying`); a list or a card in doubt is shown once more
//! (`talker::showing`). Circles are not sent here, see `outbox`.

mod error;
mod trying;

use teloxide::payloads::{
    AnswerCallbackQuerySetters, AnswerInlineQuerySetters, EditMessageCaptionSetters, EditMessageMediaSetters,
    EditMessageTextSetters, SendChatActionSetters, SendMessageSetters, SendPhotoSetters,
};
use teloxide::requests::Requester;
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryId, InlineQueryResult,
    InputFile, InputMedia, InputMediaPhoto, LinkPreviewOptions, MessageId, ParseMode, ReplyParameters, ThreadId,
};
use teloxide::{Bot, RequestError};

use super::chats::Chats;
use super::view::{Page, Rows};
use crate::deliver::telegram::{Button, Gate, Press};
use crate::store::{Clock, Store};

pub use error::{MessageError, explain};
pub use trying::Place;

/// Telegram shows a pop-up of at most so many characters.
const MAX_ANSWER_CHARS: usize = 200;

#[derive(Clone)]
pub struct Messages {
    pub bot: Bot,
    pub bot_id: i64,
    pub gate: Gate,
    pub chats: Chats,
    pub store: Store,
    pub clock: Clock,
}

impl Messages {
    pub async fn send(&self, place: Place, page: &Page) -> Result<i64, MessageError> {
        let sent = self.post(place, move |place| async move {
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
        sent.await
    }

    /// The same, where it is still wanted when the chat may be written to. `None`: `over` came first.
    pub async fn send_unless(
        &self,
        place: Place,
        page: &Page,
        over: impl Future<Output = ()>,
    ) -> Result<Option<i64>, MessageError> {
        tokio::select! {
            biased;
            () = over => Ok(None),
            () = self.open(place.chat) => self.send(place, page).await.map(Some),
        }
    }

    pub async fn send_photo(&self, place: Place, photo: &[u8], page: &Page) -> Result<i64, MessageError> {
        let sent = self.post(place, move |place| async move {
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
        sent.await
    }

    pub async fn edit(&self, chat: i64, message: i64, page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.change(chat, move || async move {
            let request = self.bot.edit_message_text(ChatId(chat), id, &page.html);
            let request = request.parse_mode(ParseMode::Html).link_preview_options(no_preview());
            request.reply_markup(markup(&page.rows)).await.map(drop)
        });
        edited.await
    }

    /// As [`edit`](Self::edit), but never waits: a status that cannot be shown now is outdated when it could be.
    pub async fn edit_or_skip(&self, chat: i64, message: i64, page: &Page) -> Result<bool, MessageError> {
        let id = number(message)?;
        self.still_there(chat)?;
        let Some(permit) = self.gate.edit(chat) else {
            return Ok(false);
        };
        let request = self.bot.edit_message_text(ChatId(chat), id, &page.html);
        let request = request.parse_mode(ParseMode::Html).reply_markup(markup(&page.rows));
        let outcome = request.await.map(drop);
        if let Err(RequestError::RetryAfter(wait)) = &outcome {
            self.slow_down(chat, wait.duration()).await;
        }
        drop(permit);
        self.outcome_of_change(chat, outcome).await.map(|()| true)
    }

    pub async fn edit_caption(&self, chat: i64, message: i64, page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.change(chat, move || async move {
            let request = self.bot.edit_message_caption(ChatId(chat), id).caption(&page.html);
            let request = request.parse_mode(ParseMode::Html).reply_markup(markup(&page.rows));
            request.await.map(drop)
        });
        edited.await
    }

    pub async fn edit_photo(&self, chat: i64, message: i64, photo: &[u8], page: &Page) -> Result<(), MessageError> {
        let id = number(message)?;
        let edited = self.change(chat, move || async move {
            let photo = InputFile::memory(photo.to_vec()).file_name("card.png");
            let photo = InputMediaPhoto::new(photo)
                .caption(&page.html)
                .parse_mode(ParseMode::Html);
            let request = self.bot.edit_message_media(ChatId(chat), id, InputMedia::Photo(photo));
            request.reply_markup(markup(&page.rows)).await.map(drop)
        });
        edited.await
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
