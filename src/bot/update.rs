//! What Telegram tells us, read: an update as it came in, who speaks where and what happens out. Pure.

mod content;

use serde_json::Value;
use teloxide::types::{CallbackQuery, Chat, InlineQuery, MaybeInaccessibleMessage, Message, User};

use super::dialogue::{Command, Event};
use super::tap::{CirclePress, Tap};
use super::texts::Lang;
use crate::deliver::telegram::Marker;

use content::content;
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

/// Reads an update. What cannot be read is nothing: Telegram grows faster than we do.
pub fn read(payload: &str, me: &Me) -> Read {
    let Ok(mut update) = serde_json::from_str::<Value>(payload) else {
        return Read::Nothing;
    };
    if let Some(message) = update.get_mut("message").map(Value::take) {
        let read = serde_json::from_value(message)
            .ok()
            .and_then(|message| of_message(&message, me));
        return read.map_or(Read::Nothing, |incoming| Read::Incoming(Box::new(incoming)));
    }
    if let Some(query) = update.get_mut("callback_query").map(Value::take) {
        let query: Option<CallbackQuery> = serde_json::from_value(query).ok();
        return query.map_or(Read::Nothing, of_callback);
    }
    let inline = update.get_mut("inline_query").map(Value::take);
    let inline: Option<InlineQuery> = inline.and_then(|query| serde_json::from_value(query).ok());
    inline.map_or(Read::Nothing, |query| Read::Inline {
        query: query.id.0,
        user: user_id(&query.from),
        lang: lang_of(&query.from),
        text: query.query,
    })
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

fn of_message(message: &Message, me: &Me) -> Option<Incoming> {
    let user = message.from.as_ref().filter(|user| !user.is_bot)?;
    let words = message.text().or(message.caption()).unwrap_or_default();
    let event = match command(words, me) {
        Some(Some(command)) => Event::Command(command),
        // For another bot.
        Some(None) => return None,
        None if message.chat.is_private() => content(message, words)?,
        None => in_group(message, words, me)?,
    };
    Some(incoming(&message.chat, user, Some(message), Said::Event(event)))
}

/// In a group we are meant when we are named, or when somebody answers us.
fn in_group(message: &Message, words: &str, me: &Me) -> Option<Event> {
    let answered = message.reply_to_message();
    let to_us = answered
        .and_then(|answered| answered.from.as_ref())
        .is_some_and(|from| user_id(from) == me.id);
    let rest = without_mention(words, me);
    match (rest, answered) {
        (None, _) if to_us => content(message, words),
        (None, _) => None,
        // "@bot" under somebody's song.
        (Some(rest), Some(answered)) if rest.is_empty() && !to_us => {
            content(answered, answered.text().unwrap_or_default())
        }
        (Some(rest), _) => content(message, &rest),
    }
}

/// The words without our name, if it is among them.
fn without_mention(words: &str, me: &Me) -> Option<String> {
    let name = format!("@{}", me.username).to_lowercase();
    let mut found = false;
    let rest = words.split_whitespace().filter(|word| {
        let ours = word.trim_end_matches([',', ':', '!', '?', '.']).to_lowercase() == name;
        found |= ours;
        !ours
    });
    let rest: Vec<_> = rest.collect();
    found.then(|| rest.join(" "))
}

/// `None`: no command. `Some(None)`: one for another bot.
fn command(words: &str, me: &Me) -> Option<Option<Command>> {
    let rest = words.strip_prefix('/')?;
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, whose) = name.split_once('@').unwrap_or((name, &me.username));
    if !whose.eq_ignore_ascii_case(&me.username) {
        return Some(None);
    }
    let argument = Some(argument.trim().to_owned()).filter(|argument| !argument.is_empty());
    Some(Some(match name.to_lowercase().as_str() {
        "start" => Command::Start(argument),
        "newsong" | "song" | "circle" => Command::NewSong(argument),
        "history" => Command::History,
        "settings" => Command::Settings,
        "cancel" => Command::Cancel,
        "delete_me" | "deleteme" => Command::DeleteMe,
        "stats" => Command::Stats,
        "admin" => Command::Admin,
        _ => Command::Help,
    }))
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
