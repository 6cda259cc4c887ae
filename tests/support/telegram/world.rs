//! What Telegram knows: bots, people, chats and the messages in them. Methods change it, people change it, tests look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::fault::Script;
use super::files::Files;
use super::ledger::Ledger;
use super::limits::{Limits, Pace};
use super::updates::Updates;

pub struct World {
    /// By token.
    pub bots: BTreeMap<String, Bot>,
    pub ledger: Ledger,
    pub limits: Limits,
    pub script: Script,
    /// A local Bot API server: files by path, no limits on their size.
    pub local: Option<std::path::PathBuf>,
    /// Nothing is answered at all.
    pub outage: bool,
    pub connections: u64,
}

/// One bot's account. Its private chats and small groups share one counter of messages, each supergroup has its own.
pub struct Bot {
    pub id: i64,
    pub username: String,
    pub chats: BTreeMap<i64, Chat>,
    pub private_counter: i64,
    pub files: Files,
    pub pace: Pace,
    pub updates: Updates,
    /// Callback queries that may still be answered, and the answers given.
    pub callbacks: BTreeSet<String>,
    pub callback_answers: BTreeMap<String, Value>,
    /// Answers to inline queries, by query.
    pub inline_answers: BTreeMap<String, Value>,
    pub commands: Value,
    /// The button beside what people write.
    pub menu: Value,
    pub actions: Vec<(i64, String)>,
    pub counter: u64,
    /// So many of the next notes are turned into videos.
    pub squared_notes: usize,
}

pub struct Chat {
    /// As the Bot API shows it in every message.
    pub shown: Value,
    pub counter: i64,
    pub messages: BTreeMap<i64, Message>,
    /// The person receives no voice and video messages.
    pub voice_forbidden: bool,
    /// The person blocked the bot, or the group threw it out.
    pub blocked: bool,
    /// A group that became this supergroup.
    pub moved_to: Option<i64>,
}

#[derive(Clone)]
pub struct Message {
    pub id: i64,
    pub date: u64,
    pub edited: bool,
    /// `None`: the bot.
    pub person: Option<Value>,
    /// `text`, `video_note`, ...
    pub kind: String,
    pub content: Value,
    pub caption: Option<String>,
    pub markup: Option<Value>,
    pub reply_to: Option<i64>,
    pub visible_at: Instant,
}

impl Bot {
    pub fn new(id: i64, username: &str) -> Self {
        Self {
            id,
            username: username.to_owned(),
            chats: BTreeMap::new(),
            private_counter: 0,
            files: Files::default(),
            pace: Pace::default(),
            updates: Updates::default(),
            callbacks: BTreeSet::new(),
            callback_answers: BTreeMap::new(),
            inline_answers: BTreeMap::new(),
            commands: json!([]),
            menu: Value::Null,
            actions: Vec::new(),
            counter: 0,
            squared_notes: 0,
        }
    }

    pub fn user(&self) -> Value {
        json!({ "id": self.id, "is_bot": true, "first_name": self.username, "username": self.username })
    }

    /// A number no other query or callback of this bot has.
    pub fn fresh(&mut self) -> String {
        self.counter += 1;
        format!("{}", 4_000_000_000 + self.counter)
    }

    /// Puts a message into a chat that exists; its number comes back.
    pub fn post(&mut self, chat: i64, draft: Draft) -> Message {
        let entry = self.chats.get_mut(&chat).expect("the chat exists");
        let counter = if chat < SUPERGROUPS {
            &mut entry.counter
        } else {
            &mut self.private_counter
        };
        *counter += 1;
        let message = Message {
            id: *counter,
            date: now_secs(),
            edited: false,
            person: draft.person,
            kind: draft.kind,
            content: draft.content,
            caption: draft.caption,
            markup: draft.markup,
            reply_to: draft.reply_to,
            visible_at: Instant::now() + draft.visible_after,
        };
        entry.messages.insert(message.id, message.clone());
        message
    }

    /// As the Bot API shows a message.
    pub fn show(&self, chat: i64, message: &Message) -> Value {
        let mut shown = json!({
            "message_id": message.id,
            "date": message.date,
            "chat": self.chats[&chat].shown,
            "from": message.person.clone().unwrap_or_else(|| self.user()),
        });
        shown[message.kind.as_str()] = message.content.clone();
        if let Some(caption) = &message.caption {
            shown["caption"] = json!(caption);
        }
        if let Some(markup) = &message.markup {
            shown["reply_markup"] = markup.clone();
        }
        if message.edited {
            shown["edit_date"] = json!(now_secs());
        }
        if message.kind == "text" {
            let text = message.content.as_str().unwrap_or_default();
            // Whoever looks for commands looks for them here.
            if text.starts_with('/') {
                let length = text
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .encode_utf16()
                    .count();
                shown["entities"] = json!([{ "type": "bot_command", "offset": 0, "length": length }]);
            }
        }
        let replied = message.reply_to.and_then(|id| self.chats[&chat].messages.get(&id));
        if let Some(replied) = replied {
            // One step only: a reply shows no reply.
            let replied = Message {
                reply_to: None,
                ..replied.clone()
            };
            shown["reply_to_message"] = self.show(chat, &replied);
        }
        shown
    }
}

/// Chats below this number count their own messages.
const SUPERGROUPS: i64 = -1_000_000_000_000;

/// A message before it has a number.
pub struct Draft {
    pub person: Option<Value>,
    pub kind: String,
    pub content: Value,
    pub caption: Option<String>,
    pub markup: Option<Value>,
    pub reply_to: Option<i64>,
    pub visible_after: Duration,
}

impl Draft {
    pub fn new(kind: &str, content: Value) -> Self {
        Self {
            person: None,
            kind: kind.to_owned(),
            content,
            caption: None,
            markup: None,
            reply_to: None,
            visible_after: Duration::ZERO,
        }
    }
}

impl Chat {
    pub fn new(shown: Value) -> Self {
        Self {
            shown,
            counter: 0,
            messages: BTreeMap::new(),
            voice_forbidden: false,
            blocked: false,
            moved_to: None,
        }
    }
}

impl Message {
    /// The first delivery marker among its buttons.
    pub fn marker(&self) -> Option<String> {
        marker_of(self.markup.as_ref()?)
    }
}

pub fn marker_of(markup: &Value) -> Option<String> {
    buttons(markup).into_iter().flatten().find_map(|button| {
        let rest = button["callback_data"].as_str()?.strip_prefix("d:")?;
        Some(rest.split(':').next().unwrap_or_default().to_owned())
    })
}

pub fn buttons(markup: &Value) -> Vec<Vec<Value>> {
    serde_json::from_value(markup["inline_keyboard"].clone()).unwrap_or_default()
}

pub fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
