//! A person with a phone: writes to the bot, taps its buttons, and sees what comes. All of it blocks, so that a test reads
//! as a conversation; from an async test, call it on a blocking thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::files::Kind;
use super::mini_app;
use super::serve::Shared;
use super::world::{Bot, Chat, Draft, Message, World, buttons};

/// Somebody in a chat with a bot: a private one, or a group.
#[derive(Clone)]
pub struct Person {
    shared: Arc<Shared>,
    token: String,
    pub chat: i64,
    user: Value,
}

/// A message as it looks on a screen.
#[derive(Clone, Debug)]
pub struct Seen {
    pub id: i64,
    pub by_bot: bool,
    /// `text`, `video_note`, `video`, `photo`...
    pub kind: String,
    /// The text or the caption.
    pub text: String,
    pub buttons: Vec<Vec<Tappable>>,
    pub reply_to: Option<i64>,
    pub edited: bool,
    /// The media object.
    pub content: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tappable {
    pub text: String,
    pub data: Option<String>,
    pub url: Option<String>,
}

impl Person {
    pub(super) fn new(shared: &Arc<Shared>, token: &str, chat: i64, user: Value) -> Self {
        Self {
            shared: Arc::clone(shared),
            token: token.to_owned(),
            chat,
            user,
        }
    }

    pub fn id(&self) -> i64 {
        self.user["id"].as_i64().unwrap()
    }

    /// What Telegram tells a page that this person opens from the bot, signed at that moment.
    pub fn init_data(&self, at_secs: i64) -> String {
        mini_app::init_data(&self.token, &self.user, at_secs)
    }

    /// This person in a group.
    pub fn in_group(&self, group: i64) -> Self {
        Self {
            chat: group,
            ..self.clone()
        }
    }

    /// Writes a text; the number of the message comes back.
    pub fn say(&self, text: &str) -> i64 {
        self.post(Draft::new("text", json!(text)))
    }

    /// Says something in a group that the bot does not hear: with its privacy on, as Telegram has it at first, a bot hears only
    /// what is meant for it.
    pub fn say_unheard(&self, text: &str) -> i64 {
        self.act(|person, bot| {
            let draft = Draft {
                person: Some(person.user.clone()),
                ..Draft::new("text", json!(text))
            };
            bot.post(person.chat, draft).id
        })
    }

    pub fn reply(&self, to: i64, text: &str) -> i64 {
        self.post(Draft {
            reply_to: Some(to),
            ..Draft::new("text", json!(text))
        })
    }

    /// Opens `t.me/<bot>?start=<parameter>` and presses start.
    pub fn start(&self, parameter: &str) -> i64 {
        self.say(format!("/start {parameter}").trim_end())
    }

    /// A song, with the facts a phone reads from it.
    pub fn send_audio(&self, name: &str, bytes: Vec<u8>, secs: u64, title: &str, performer: &str) -> i64 {
        let facts = json!({
            "duration": secs, "title": title, "performer": performer, "file_name": name, "mime_type": "audio/mpeg",
        });
        self.send_file(Kind::Audio, name, bytes, facts)
    }

    pub fn send_voice(&self, bytes: Vec<u8>, secs: u64) -> i64 {
        let facts = json!({ "duration": secs, "mime_type": "audio/ogg" });
        self.send_file(Kind::Voice, "voice.ogg", bytes, facts)
    }

    pub fn send_video(&self, name: &str, bytes: Vec<u8>, secs: u64) -> i64 {
        let facts =
            json!({ "duration": secs, "width": 640, "height": 360, "file_name": name, "mime_type": "video/mp4" });
        self.send_file(Kind::Video, name, bytes, facts)
    }

    pub fn send_document(&self, name: &str, bytes: Vec<u8>, mime: &str) -> i64 {
        self.send_file(
            Kind::Document,
            name,
            bytes,
            json!({ "file_name": name, "mime_type": mime }),
        )
    }

    /// A picture, in the three sizes Telegram makes of it (here all the same bytes).
    pub fn send_photo(&self, bytes: Vec<u8>) -> i64 {
        self.act(|person, bot| {
            let sizes = [90, 320, 800].map(|side| {
                let facts = json!({ "width": side, "height": side });
                bot.files.keep(bot.id, Kind::Photo, "photo.jpg", bytes.clone(), facts)
            });
            person.deliver(bot, Draft::new("photo", json!(sizes)))
        })
    }

    /// A message of a kind that no bot asked for: `dice`, `poll`, `story`.
    pub fn send_other(&self, kind: &str, content: Value) -> i64 {
        self.post(Draft::new(kind, content))
    }

    fn send_file(&self, kind: Kind, name: &str, bytes: Vec<u8>, facts: Value) -> i64 {
        self.act(|person, bot| {
            let facts = bot.files.keep(bot.id, kind, name, bytes, facts);
            person.deliver(bot, Draft::new(kind.field(), facts))
        })
    }

    /// Taps the button with this text or data, the lowest such in the chat. The query's number comes back.
    pub fn tap(&self, button: &str) -> String {
        self.tap_when(button, true)
    }

    /// A tap the bot hears of when it is too late to answer.
    pub fn tap_too_late(&self, button: &str) -> String {
        self.tap_when(button, false)
    }

    fn tap_when(&self, button: &str, answerable: bool) -> String {
        self.act(|person, bot| {
            let visible = visible(&bot.chats[&person.chat]);
            let found = visible.iter().rev().find_map(|message| {
                let wanted = |found: &&Value| found["text"] == button || found["callback_data"] == button;
                let rows = buttons(message.markup.as_ref()?);
                let data = rows.iter().flatten().find(wanted)?["callback_data"].clone();
                Some((message.clone(), data))
            });
            let Some((message, data)) = found else {
                panic!("no button {button:?} in the chat:\n{}", transcript(&visible));
            };
            let id = bot.fresh();
            let query = json!({
                "id": id, "from": person.user, "message": bot.show(person.chat, &message),
                "chat_instance": person.chat.to_string(), "data": data,
            });
            if answerable {
                bot.callbacks.insert(id.clone());
            }
            bot.updates.push("callback_query", query);
            id
        })
    }

    /// What the bot answered to a tap, once it has.
    pub fn answer_to(&self, query: &str, timeout: Duration) -> Value {
        self.wait("an answer to the tap", timeout, |world| {
            world.bots[&self.token].callback_answers.get(query).cloned()
        })
    }

    /// Types `@bot query` somewhere and waits for the bot's answer.
    pub fn inline(&self, query: &str, timeout: Duration) -> Value {
        let id = self.act(|person, bot| {
            let id = bot.fresh();
            let update = json!({ "id": id, "from": person.user, "query": query, "offset": "", "chat_type": "sender" });
            bot.callbacks.insert(id.clone());
            bot.updates.push("inline_query", update);
            id
        });
        self.wait("an answer to the inline query", timeout, |world| {
            world.bots[&self.token].inline_answers.get(&id).cloned()
        })
    }

    /// Blocks the bot, or throws it out of the group; `false` takes it back.
    pub fn block(&self, blocked: bool) {
        self.act(|person, bot| {
            bot.chats.get_mut(&person.chat).unwrap().blocked = blocked;
            let status = |gone: bool| json!({ "user": bot.user(), "status": if gone { "kicked" } else { "member" }, "until_date": 0 });
            let update = json!({
                "chat": bot.chats[&person.chat].shown, "from": person.user, "date": super::world::now_secs(),
                "old_chat_member": status(!blocked), "new_chat_member": status(blocked),
            });
            bot.updates.push("my_chat_member", update);
        });
    }

    /// Receives no voice and video messages any more.
    pub fn forbid_voice(&self, forbidden: bool) {
        self.act(|person, bot| bot.chats.get_mut(&person.chat).unwrap().voice_forbidden = forbidden);
    }

    /// The group becomes a supergroup with another number, and the bot hears of it.
    pub fn move_group(&self, to: i64) -> Self {
        self.move_group_unheard(to);
        self.act(|person, bot| {
            let service = |key: &str, value: i64| Draft {
                person: Some(person.user.clone()),
                ..Draft::new(key, json!(value))
            };
            for (chat, draft) in [
                (person.chat, service("migrate_to_chat_id", to)),
                (to, service("migrate_from_chat_id", person.chat)),
            ] {
                let message = bot.post(chat, draft);
                let shown = bot.show(chat, &message);
                bot.updates.push("message", shown);
            }
        });
        self.in_group(to)
    }

    /// The same, and the bot finds out when it writes there.
    pub fn move_group_unheard(&self, to: i64) -> Self {
        self.act(|person, bot| {
            bot.chats.get_mut(&person.chat).unwrap().moved_to = Some(to);
            let shown = json!({ "id": to, "type": "supergroup", "title": bot.chats[&person.chat].shown["title"] });
            bot.chats.insert(to, Chat::new(shown));
        });
        self.in_group(to)
    }

    pub fn delete(&self, message: i64) {
        self.act(|person, bot| bot.chats.get_mut(&person.chat).unwrap().messages.remove(&message));
    }

    /// All messages of the chat that can be seen.
    pub fn chat(&self) -> Vec<Seen> {
        let world = self.shared.world();
        visible(&world.bots[&self.token].chats[&self.chat])
            .iter()
            .map(Seen::of)
            .collect()
    }

    /// Waits until the chat shows what is looked for.
    pub fn wait_for<T>(&self, what: &str, timeout: Duration, look: impl Fn(&[Seen]) -> Option<T>) -> T {
        self.wait(what, timeout, |world| {
            let seen: Vec<Seen> = visible(&world.bots[&self.token].chats[&self.chat])
                .iter()
                .map(Seen::of)
                .collect();
            look(&seen)
        })
    }

    /// Waits for a message of the bot's with these words, which may be edited into an older one.
    pub fn wait_for_words(&self, words: &str, timeout: Duration) -> Seen {
        self.wait_for(words, timeout, |seen| {
            let found = seen
                .iter()
                .rev()
                .find(|message| message.by_bot && message.text.contains(words));
            found.cloned()
        })
    }

    /// Waits for a message of the bot's of this kind after message `after`.
    pub fn wait_for_kind(&self, kind: &str, after: i64, timeout: Duration) -> Seen {
        self.wait_for(kind, timeout, |seen| {
            let found = seen
                .iter()
                .find(|message| message.by_bot && message.kind == kind && message.id > after);
            found.cloned()
        })
    }

    /// The bytes of a file that was seen.
    pub fn download(&self, seen: &Seen) -> Vec<u8> {
        let content = if seen.content.is_array() {
            &seen.content[0]
        } else {
            &seen.content
        };
        self.file(content)
    }

    /// The bytes of the picture shown until a film is loaded.
    pub fn thumbnail(&self, seen: &Seen) -> Vec<u8> {
        self.file(&seen.content["thumbnail"])
    }

    fn file(&self, facts: &Value) -> Vec<u8> {
        let id = facts["file_id"].as_str().unwrap();
        self.shared.world().bots[&self.token]
            .files
            .find(id)
            .unwrap()
            .bytes
            .to_vec()
    }

    fn wait<T>(&self, what: &str, timeout: Duration, look: impl Fn(&World) -> Option<T>) -> T {
        let deadline = Instant::now() + timeout;
        let mut world = self.shared.world();
        loop {
            if let Some(found) = look(&world) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let chat = transcript(&visible(&world.bots[&self.token].chats[&self.chat]));
                let ledger = world.ledger.entries();
                let last = &ledger[ledger.len().saturating_sub(12)..];
                let last: Vec<_> = last.iter().map(|entry| format!("{entry:?}\n")).collect();
                drop(world);
                panic!(
                    "waited {timeout:?} in vain for: {what}\n{chat}\nthe ledger's last:\n{}",
                    last.concat()
                );
            }
            // Also by the clock: a message may become visible by itself.
            let nap = left.min(Duration::from_millis(50));
            world = match self.shared.changed.wait_timeout(world, nap) {
                Ok((world, _)) => world,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn post(&self, draft: Draft) -> i64 {
        self.act(|person, bot| person.deliver(bot, draft))
    }

    /// A message of this person, told to the bot.
    fn deliver(&self, bot: &mut Bot, draft: Draft) -> i64 {
        let draft = Draft {
            person: Some(self.user.clone()),
            ..draft
        };
        let message = bot.post(self.chat, draft);
        let shown = bot.show(self.chat, &message);
        bot.updates.push("message", shown);
        message.id
    }

    fn act<T>(&self, act: impl FnOnce(&Self, &mut Bot) -> T) -> T {
        let result = act(self, self.shared.world().bots.get_mut(&self.token).unwrap());
        self.shared.announce();
        result
    }
}

impl Seen {
    fn of(message: &Message) -> Self {
        let text = match message.kind.as_str() {
            "text" => message.content.as_str().unwrap_or_default().to_owned(),
            _ => message.caption.clone().unwrap_or_default(),
        };
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let tappable = |button: &Value| Tappable {
            text: word(&button["text"]).unwrap_or_default(),
            data: word(&button["callback_data"]),
            url: word(&button["url"]),
        };
        let rows = message.markup.as_ref().map(buttons).unwrap_or_default();
        Self {
            id: message.id,
            by_bot: message.person.is_none(),
            kind: message.kind.clone(),
            text,
            buttons: rows.iter().map(|row| row.iter().map(tappable).collect()).collect(),
            reply_to: message.reply_to,
            edited: message.edited,
            content: message.content.clone(),
        }
    }
}

fn visible(chat: &Chat) -> Vec<Message> {
    let now = Instant::now();
    let seen = chat.messages.values().filter(|message| message.visible_at <= now);
    seen.cloned().collect()
}

fn transcript(messages: &[Message]) -> String {
    let line = |message: &Message| {
        let seen = Seen::of(message);
        let who = if seen.by_bot { "bot" } else { "person" };
        let buttons: Vec<_> = seen
            .buttons
            .iter()
            .flatten()
            .map(|button| button.text.as_str())
            .collect();
        format!("  {} {who} {}: {:?} {buttons:?}\n", seen.id, seen.kind, seen.text)
    };
    messages.iter().map(line).collect()
}
