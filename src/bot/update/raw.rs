//! Telegram's JSON before it has types. What the types do not know must not hide what we read: a new way to format words, a new
//! kind of reply or of sender.

use serde::Deserialize;
use serde_json::Value;
use teloxide::types::{CallbackQuery, Message};

/// What we do not read of a message. One unknown kind of it, and the words or the file beside it would be lost.
const UNREAD: [&str; 7] = [
    "entities",
    "caption_entities",
    "quote",
    "external_reply",
    "forward_origin",
    "link_preview_options",
    "reply_markup",
];
/// Files with a type that their sender names, or does not: without a good one they would not be read at all.
const FILES: [&str; 5] = ["animation", "audio", "document", "video", "voice"];
/// What a message is without all that may be new about it.
const BARE: [&str; 6] = [
    "message_id",
    "message_thread_id",
    "is_topic_message",
    "from",
    "date",
    "chat",
];

/// The words of a message, or those beside its picture, song or film.
pub fn words(message: &Value) -> &str {
    let words = message["text"].as_str().or(message["caption"].as_str());
    words.unwrap_or_default()
}

/// `None`: not even without what may be new about it.
pub fn message(mut raw: Value) -> Option<Message> {
    make_readable(&mut raw);
    let read = Message::deserialize(&raw);
    read.or_else(|_| Message::deserialize(bare(&raw))).ok()
}

pub fn callback(mut raw: Value) -> Option<CallbackQuery> {
    let Some(below) = raw.get_mut("message") else {
        return CallbackQuery::deserialize(raw).ok();
    };
    make_readable(below);
    let plain = bare(below);
    let read = CallbackQuery::deserialize(&raw).ok();
    read.or_else(|| {
        raw["message"] = plain;
        CallbackQuery::deserialize(raw).ok()
    })
}

/// Without what its types might stumble over.
fn make_readable(message: &mut Value) {
    let Some(message) = message.as_object_mut() else { return };
    for key in UNREAD {
        message.remove(key);
    }
    for file in FILES {
        if let Some(file) = message.get_mut(file).and_then(Value::as_object_mut) {
            let kind = file.get("mime_type").and_then(Value::as_str).and_then(mime);
            file.insert("mime_type".to_owned(), kind.into());
        }
    }
    if let Some(answered) = message.get_mut("reply_to_message") {
        make_readable(answered);
    }
}

/// `audio/mpeg`, without what may stand behind it.
fn mime(told: &str) -> Option<String> {
    let (kind, rest) = told.split_once('/')?;
    let rest = rest.split(';').next().unwrap_or_default().trim();
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.+".contains(&c));
    (plain(kind) && plain(rest)).then(|| format!("{kind}/{rest}"))
}

fn bare(message: &Value) -> Value {
    let kept = BARE.iter().filter_map(|key| Some((*key, message.get(key)?.clone())));
    kept.map(|(key, value)| (key.to_owned(), value)).collect()
}
