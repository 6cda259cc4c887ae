//! Everything that makes a message: who may be written to, which file it is, what Telegram makes of it.

use serde_json::{Value, json};

use super::super::files::{Film, Kind};
use super::super::ledger::{Entry, What};
use super::super::params::{Params, Upload, unescape};
use super::super::world::{Bot, Draft, World};
use super::{Answer, Call, Refused, checked_caption, checked_markup, checked_text, count};

/// Above this a note becomes an ordinary video.
const MAX_NOTE_BYTES: usize = 10 * 1024 * 1024;
/// Above this the cloud takes no upload; photos have a limit of their own.
const MAX_UPLOAD_BYTES: usize = 50 * 1024 * 1024;
const MAX_PHOTO_BYTES: usize = 10 * 1024 * 1024;
const MAX_THUMBNAIL_BYTES: usize = 200_000;
const MAX_THUMBNAIL_PX: u32 = 320;
/// A film is round for a minute; our own last frame may end a little after it.
const MAX_NOTE_SECS: f64 = 60.1;

pub fn send(world: &mut World, call: &Call<'_>, entry: &mut Entry) -> Answer {
    let chat = call.chat()?;
    may_write(call.bot(world), chat)?;
    let params = call.params;
    let markup = checked_markup(params)?;
    let local = world.local.is_some();
    let bot = call.bot(world);
    let method = call.method.to_ascii_lowercase();
    let mut draft = if method == "sendmessage" {
        let text = params.text("text").unwrap_or_default();
        Draft::new("text", json!(checked_text(params, text)?))
    } else {
        let kind = match method.as_str() {
            "sendphoto" => Kind::Photo,
            "sendvideonote" => Kind::VideoNote,
            "sendvideo" => Kind::Video,
            "sendaudio" => Kind::Audio,
            _ => Kind::Document,
        };
        if kind == Kind::VideoNote {
            checked_note(bot, chat, params)?;
        }
        let wanted = params.text(kind.field()).unwrap_or_default();
        let (mut kind, mut content) = media(bot, params, kind, wanted, local)?;
        if kind == Kind::VideoNote && bot.squared_notes > 0 {
            bot.squared_notes -= 1;
            kind = Kind::Video;
            content = squared(bot, params, &content);
        }
        if let Some(size) = content["file_size"].as_u64() {
            entry.detail = format!("{size} bytes");
        }
        let mut draft = Draft::new(kind.field(), content);
        if method != "sendvideonote" {
            draft.caption = checked_caption(params, params.text("caption"))?;
        }
        draft
    };
    draft.reply_to = reply(bot, chat, params)?;
    draft.markup = markup;
    draft.visible_after = call.visible_after;
    count(world, call, chat, entry)?;
    let bot = call.bot(world);
    let message = bot.post(chat, draft);
    entry.what = What::Sent;
    entry.message_id = message.id;
    entry.kind.clone_from(&message.kind);
    entry.marker = message.marker();
    if let Some(side) = message.content["thumbnail"]["width"].as_u64() {
        entry.detail = format!("{} with a thumbnail of {side} pixels", entry.detail);
    }
    Ok(bot.show(chat, &message))
}

pub fn may_write(bot: &Bot, chat: i64) -> Result<(), Refused> {
    let Some(found) = bot.chats.get(&chat) else {
        return Err(Refused::bad("chat not found"));
    };
    if let Some(moved_to) = found.moved_to {
        return Err(Refused {
            parameters: json!({ "migrate_to_chat_id": moved_to }),
            ..Refused::bad("group chat was upgraded to a supergroup chat")
        });
    }
    match (found.blocked, chat < 0) {
        (false, _) => Ok(()),
        (true, false) => Err(Refused::new(403, "Forbidden: bot was blocked by the user")),
        (true, true) => Err(Refused::new(403, "Forbidden: bot was kicked from the supergroup chat")),
    }
}

fn checked_note(bot: &Bot, chat: i64, params: &Params) -> Result<(), Refused> {
    if bot.chats[&chat].voice_forbidden {
        return Err(Refused::bad("VOICE_MESSAGES_FORBIDDEN"));
    }
    if params.text("length").is_some()
        && !params
            .number("length")
            .is_some_and(|length| (1..=640).contains(&length))
    {
        return Err(Refused::bad("wrong video note length"));
    }
    if params.text("video_note").is_some_and(|note| note.starts_with("http")) {
        return Err(Refused::bad("wrong file identifier/HTTP URL specified"));
    }
    Ok(())
}

fn reply(bot: &Bot, chat: i64, params: &Params) -> Result<Option<i64>, Refused> {
    let given: Option<Value> = params.parsed("reply_parameters");
    let lenient = given
        .as_ref()
        .is_some_and(|given| given["allow_sending_without_reply"] == true);
    let wanted = given
        .and_then(|given| given["message_id"].as_i64())
        .or_else(|| params.number("reply_to_message_id"));
    match wanted {
        Some(id) if bot.chats[&chat].messages.contains_key(&id) => Ok(Some(id)),
        Some(_) if !lenient => Err(Refused::bad("message to be replied not found")),
        _ => Ok(None),
    }
}

/// What Telegram makes of a file: the kind is not always the one that was asked for.
pub fn media(bot: &mut Bot, params: &Params, kind: Kind, value: &str, local: bool) -> Result<(Kind, Value), Refused> {
    let upload = match params.attached(value).or_else(|| params.upload(kind.field())) {
        Some(upload) => upload.clone(),
        None if value.starts_with("file:") => by_path(value, local)?,
        None => return known(bot, kind, value).map(|facts| (kind, facts)),
    };
    let limit = if kind == Kind::Photo {
        MAX_PHOTO_BYTES
    } else {
        MAX_UPLOAD_BYTES
    };
    if upload.bytes.len() > limit && !local {
        return Err(Refused::new(413, "Request Entity Too Large"));
    }
    if upload.bytes.is_empty() {
        return Err(Refused::bad("file must be non-empty"));
    }
    let film = Film::look(&upload.bytes);
    let kind = if kind == Kind::VideoNote && !round(film, params, upload.bytes.len()) {
        Kind::Video
    } else {
        kind
    };
    let mut facts = facts(kind, film, params, &upload);
    if let Some(thumbnail) = params.upload("thumbnail").and_then(|upload| thumbnail(bot, upload)) {
        facts["thumbnail"] = thumbnail;
    }
    Ok((kind, bot_keep(bot, kind, upload, facts)))
}

/// A note that was kept as a note, as the video it becomes.
fn squared(bot: &mut Bot, params: &Params, note: &Value) -> Value {
    let kept = note["file_id"].as_str().and_then(|id| bot.files.find(id)).unwrap();
    let upload = Upload {
        name: "circle.mp4".to_owned(),
        mime: "video/mp4".to_owned(),
        bytes: kept.bytes.to_vec(),
    };
    let facts = facts(Kind::Video, Film::look(&upload.bytes), params, &upload);
    bot_keep(bot, Kind::Video, upload, facts)
}

fn bot_keep(bot: &mut Bot, kind: Kind, upload: Upload, facts: Value) -> Value {
    let facts = bot.files.keep(bot.id, kind, &upload.name, upload.bytes, facts);
    // A photo is a list of sizes.
    if kind == Kind::Photo { json!([facts]) } else { facts }
}

fn by_path(value: &str, local: bool) -> Result<Upload, Refused> {
    let path = unescape(value.trim_start_matches("file://"));
    let bytes = local.then(|| std::fs::read(&path).ok()).flatten();
    let bytes = bytes.ok_or_else(|| Refused::bad("wrong file identifier/HTTP URL specified"))?;
    Ok(Upload {
        name: path.rsplit('/').next().unwrap_or_default().to_owned(),
        mime: "application/octet-stream".to_owned(),
        bytes,
    })
}

fn known(bot: &Bot, kind: Kind, value: &str) -> Result<Value, Refused> {
    let Some(file) = bot.files.find(value) else {
        return Err(Refused::bad("wrong file identifier/HTTP URL specified"));
    };
    if file.kind != kind {
        let words = format!("can't use file of type {} as {}", file.kind.name(), kind.name());
        return Err(Refused::bad(&words));
    }
    Ok(if kind == Kind::Photo {
        json!([file.facts])
    } else {
        file.facts.clone()
    })
}

/// A film that can be looked into is judged by itself, any other bytes by what was said about them.
fn round(film: Option<Film>, params: &Params, bytes: usize) -> bool {
    let said_secs = params.number("duration").unwrap_or(0);
    let fits = film.is_none_or(|film| film.width == film.height && film.secs <= MAX_NOTE_SECS);
    fits && said_secs <= 60 && bytes <= MAX_NOTE_BYTES
}

/// One that Telegram takes: a small JPEG. Any other is passed over without a word.
fn thumbnail(bot: &mut Bot, upload: &Upload) -> Option<Value> {
    let jpeg = image::load_from_memory_with_format(&upload.bytes, image::ImageFormat::Jpeg).ok()?;
    let (width, height) = (jpeg.width(), jpeg.height());
    let fits = upload.bytes.len() < MAX_THUMBNAIL_BYTES && width.max(height) <= MAX_THUMBNAIL_PX;
    let facts = json!({ "width": width, "height": height });
    fits.then(|| {
        bot.files
            .keep(bot.id, Kind::Photo, &upload.name, upload.bytes.clone(), facts)
    })
}

fn facts(kind: Kind, film: Option<Film>, params: &Params, upload: &Upload) -> Value {
    let film = film.unwrap_or(Film {
        width: params.number("width").unwrap_or(0) as u32,
        height: params.number("height").unwrap_or(0) as u32,
        secs: 0.0,
    });
    let secs = params.number("duration").unwrap_or(film.secs.round() as i64);
    let mut facts = match kind {
        Kind::Photo => json!({ "width": 640, "height": 640 }),
        Kind::VideoNote => {
            let side = params.number("length").unwrap_or(i64::from(film.width).max(1));
            json!({ "length": side, "duration": secs })
        }
        Kind::Video => json!({
            "width": film.width, "height": film.height, "duration": secs,
            "file_name": upload.name, "mime_type": upload.mime,
        }),
        Kind::Audio => json!({
            "duration": secs, "file_name": upload.name, "mime_type": upload.mime,
            "title": params.text("title"), "performer": params.text("performer"),
        }),
        Kind::Voice => json!({ "duration": secs, "mime_type": upload.mime }),
        Kind::Document => json!({ "file_name": upload.name, "mime_type": upload.mime }),
    };
    if let Some(object) = facts.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    facts
}
