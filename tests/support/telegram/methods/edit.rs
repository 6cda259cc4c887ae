//! Edits, by Telegram's rules: the message must be there and visible, it must be the bot's own, and something must change.

use std::time::Instant;

use serde_json::{Value, json};

use super::super::files::Kind;
use super::super::ledger::{Entry, What};
use super::super::world::{Message, World};
use super::send::{may_write, media as media_of};
use super::{Answer, Call, Refused, checked_caption, checked_markup, checked_text, count};

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

pub fn text(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    let text = checked_text(call.params, call.params.text("text").unwrap_or_default())?;
    edit(world, call, entry, |message| {
        if message.kind != "text" {
            return Err(Refused::bad("there is no text in the message to edit"));
        }
        message.content = json!(text);
        Ok(())
    })
}

pub fn caption(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    let caption = checked_caption(call.params, call.params.text("caption"))?;
    edit(world, call, entry, |message| {
        if ["text", "video_note"].contains(&message.kind.as_str()) {
            return Err(Refused::bad("there is no caption in the message to edit"));
        }
        message.caption = caption;
        Ok(())
    })
}

/// Of a text or a film or a picture; never to or from a video note.
pub fn media(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    let wanted: Value = call.params.parsed("media").unwrap_or_default();
    let kind = match wanted["type"].as_str() {
        Some("photo") => Kind::Photo,
        Some("video" | "animation") => Kind::Video,
        Some("audio") => Kind::Audio,
        Some("document") => Kind::Document,
        _ => return Err(Refused::bad("can't parse InputMedia: Unsupported media type")),
    };
    let caption = checked_caption(call.params, wanted["caption"].as_str())?;
    let local = world.local.is_some();
    let value = wanted["media"].as_str().unwrap_or_default();
    let (kind, content) = media_of(call.bot(world), call.params, kind, value, local)?;
    edit(world, call, entry, |message| {
        if message.kind == "video_note" || message.kind == "voice" {
            return Err(Refused::bad("message can't be edited"));
        }
        message.kind = kind.field().to_owned();
        message.content = content;
        message.caption = caption;
        Ok(())
    })
}

pub fn markup(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    edit(world, call, entry, |_| Ok(()))
}

pub fn delete(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    let chat = call.chat()?;
    let bot = call.bot(world);
    may_write(bot, chat)?;
    let id = call.params.number("message_id").unwrap_or_default();
    let messages = &mut bot.chats.get_mut(&chat).expect("it was found").messages;
    if messages.remove(&id).is_none() {
        return Err(Refused::bad("message to delete not found"));
    }
    entry.what = What::Deleted;
    entry.message_id = id;
    Ok(json!(true))
}

/// Every edit also sets the keyboard: none when none is given.
fn edit(
    world: &mut World,
    call: &Call<'_>,
    entry: &mut Entry,
    change: impl FnOnce(&mut Message) -> Result<(), Refused>,
) -> Answer {
    let chat = call.chat()?;
    may_write(call.bot(world), chat)?;
    let markup = checked_markup(call.params)?;
    let limits = world.limits;
    if limits.edits {
        count(world, call, chat, entry)?;
    }
    let bot = call.bot(world);
    let id = call.params.number("message_id").unwrap_or_default();
    let messages = &mut bot.chats.get_mut(&chat).expect("it was found").messages;
    let Some(message) = messages
        .get_mut(&id)
        .filter(|message| message.visible_at <= Instant::now())
    else {
        return Err(Refused::bad("message to edit not found"));
    };
    if message.person.is_some() {
        return Err(Refused::bad("message can't be edited"));
    }
    let mut edited = message.clone();
    change(&mut edited)?;
    edited.markup = markup;
    edited.edited = true;
    if same(message, &edited) {
        return Err(Refused::bad(NOT_MODIFIED));
    }
    *message = edited.clone();
    entry.what = What::Edited;
    entry.message_id = id;
    entry.kind.clone_from(&edited.kind);
    entry.marker = edited.marker();
    Ok(bot.show(chat, &edited))
}

fn same(before: &Message, after: &Message) -> bool {
    let look = |message: &Message| {
        let file = match &message.content {
            Value::Array(sizes) => sizes.first().map(|size| size["file_unique_id"].clone()),
            content if content.is_object() => Some(content["file_unique_id"].clone()),
            content => Some(content.clone()),
        };
        (
            message.kind.clone(),
            file,
            message.caption.clone(),
            message.markup.clone(),
        )
    };
    look(before) == look(after)
}
