//! What Telegram tells us, read: an update as it came in, who speaks where and what happens out. Pure.

mod content;
mod message;
mod raw;

use serde_json::Value;
use teloxide::types::{CallbackQuery, Chat, InlineQuery, MaybeInaccessibleMessage, Message, User};

use super::dialogue::Event;
use super::tap::{CirclePress, Tap};
use super::texts::Lang;
use crate::deliver::telegram::Marker;

pub use content::extension;

/// Who we are.
#[derive(Clone, Debug)]
pub struct Me {
    pub id: i64,
    /// Without the @.
    pub username: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    pub chat: i64,
    pub user: i64,
    pub username: Option<String>,
    pub lang: Lang,
    /// In a group: what is answered, and the topic.
    pub reply_to: Option<i64>,
    pub thread: Option<i32>,
    pub what: Said,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Event(Event),
    /// A button below a circle was pressed.
    Circle {
        query: String,
        marker: String,
        press: CirclePress,
        message: i64,
        date_ms: i64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    Incoming(Box<Incoming>),
    Inline {
        query: String,
        user: i64,
        lang: Lang,
        text: String,
    },
    /// A tap on a button whose message Telegram does not tell.
    Stray {
        query: String,
        user: i64,
        lang: Lang,
    },
    /// Not for us.
    Nothing,
    /// Of this kind, and it cannot be read.
    Unreadable(&'static str),
}

/// Who and which message an update is about, for the record; also of updates nobody reads further.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub user: Option<i64>,
    /// Chat, number and time of a message that now is known.
    pub message: Option<(i64, i64, i64)>,
    /// A group has become a supergroup: its old number and its new one.
    pub moved: Option<(i64, i64)>,
}

impl Facts {
    pub fn of(update: &Value) -> Self {
        let kinds = [
            "message",
            "edited_message",
            "callback_query",
            "inline_query",
            "my_chat_member",
        ];
        let body = kinds.iter().find_map(|kind| update.get(kind)).unwrap_or(&Value::Null);
        let message = if update.get("callback_query").is_some() {
            &body["message"]
        } else {
            body
        };
        let number = |value: &Value| value.as_i64();
        let chat = number(&message["chat"]["id"]);
        // A circle in doubt is looked for among the messages that are not known: a tap below it is noted with its proof.
        let marked = body["data"].as_str().is_some_and(|data| Marker::of(data).is_some());
        let known = chat.zip(number(&message["message_id"])).filter(|_| !marked);
        // Told in both chats.
        let moved = chat
            .zip(number(&message["migrate_to_chat_id"]))
            .or(number(&message["migrate_from_chat_id"]).zip(chat));
        Self {
            moved,
            user: number(&body["from"]["id"]),
            message: known.map(|(chat, id)| (chat, id, number(&message["date"]).unwrap_or(0) * 1000)),
        }
    }
}

/// Reads an update, as much of it as can be read: Telegram grows faster than we do.
pub fn read(payload: &str, me: &Me) -> Read {
    let Ok(mut update) = serde_json::from_str::<Value>(payload) else {
        return Read::Unreadable("no JSON");
    };
    let mut of_kind = |kind: &str| update.get_mut(kind).map(Value::take);
    if let Some(message) = of_kind("message") {
        return message::read(message, me);
    }
    if let Some(query) = of_kind("callback_query") {
        return raw::callback(query).map_or(Read::Unreadable("callback_query"), of_callback);
    }
    let Some(query) = of_kind("inline_query") else {
        return Read::Nothing;
    };
    match serde_json::from_value::<InlineQuery>(query) {
        Ok(query) => Read::Inline {
            query: query.id.0,
            user: user_id(&query.from),
            lang: lang_of(&query.from),
            text: query.query,
        },
        Err(_) => Read::Unreadable("inline_query"),
    }
}

fn user_id(user: &User) -> i64 {
    i64::try_from(user.id.0).unwrap_or(0)
}

fn lang_of(user: &User) -> Lang {
    Lang::of_telegram(user.language_code.as_deref())
}

fn incoming(chat: &Chat, user: &User, message: Option<&Message>, what: Said) -> Incoming {
    let in_group = !chat.is_private();
    let topic = message.filter(|message| message.is_topic_message);
    Incoming {
        chat: chat.id.0,
        user: user_id(user),
        username: user.username.clone(),
        lang: lang_of(user),
        reply_to: message.filter(|_| in_group).map(|message| i64::from(message.id.0)),
        thread: topic.and_then(|message| message.thread_id).map(|thread| thread.0.0),
        what,
    }
}

fn of_callback(query: CallbackQuery) -> Read {
    let Some(message) = query.message.as_ref() else {
        return Read::Stray {
            query: query.id.0.clone(),
            user: user_id(&query.from),
            lang: lang_of(&query.from),
        };
    };
    let id = i64::from(message.id().0);
    let data = query.data.clone().unwrap_or_default();
    let regular = message.regular_message();
    let query_id = query.id.0.clone();
    let what = match Marker::of(&data) {
        Some((marker, action)) => Said::Circle {
            query: query_id,
            marker: marker.as_str().to_owned(),
            press: CirclePress::read(action).unwrap_or(CirclePress::AnotherMoment),
            message: id,
            date_ms: regular.map_or(0, |message| message.date.timestamp_millis()),
        },
        None => Said::Event(Event::Tapped {
            query: query_id,
            message: id,
            tap: Tap::read(&data),
        }),
    };
    let chat = match message {
        MaybeInaccessibleMessage::Regular(message) => message.chat.clone(),
        MaybeInaccessibleMessage::Inaccessible(message) => message.chat.clone(),
    };
    Read::Incoming(Box::new(incoming(&chat, &query.from, regular, what)))
}
