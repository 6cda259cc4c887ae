//! What a message holds: a song, a picture, words, or something we make nothing of.

use teloxide::types::{FileMeta, MediaKind, Message, MessageKind};

use crate::bot::dialogue::{Event, Upload};
use crate::bot::recipe::EXTENSIONS;
use crate::model::clean_tag;

/// Extensions of files of words.
const LYRICS: [&str; 2] = ["lrc", "txt"];

/// What a message holds. `None`: something that happens in chats by itself.
pub fn content(message: &Message, words: &str) -> Option<Event> {
    let named = |meta: &FileMeta, title: Option<&str>, artist: Option<&str>| Upload {
        file_id: meta.id.0.clone(),
        bytes: u64::from(meta.size),
        title: title.and_then(clean_tag),
        artist: artist.and_then(clean_tag),
    };
    if let Some(audio) = message.audio() {
        let title = audio.title.as_deref().or(audio.file_name.as_deref().map(stem));
        return Some(Event::Sound(named(&audio.file, title, audio.performer.as_deref())));
    }
    if let Some(voice) = message.voice() {
        return Some(Event::Sound(named(&voice.file, None, None)));
    }
    if let Some(video) = message.video() {
        return Some(Event::Sound(named(
            &video.file,
            video.file_name.as_deref().map(stem),
            None,
        )));
    }
    if let Some(note) = message.video_note() {
        return Some(Event::Sound(named(&note.file, None, None)));
    }
    if let Some(sizes) = message.photo() {
        let largest = sizes.iter().max_by_key(|size| size.width * size.height)?;
        return Some(Event::Picture(named(&largest.file, None, None)));
    }
    if let Some(document) = message.document() {
        let kind = document
            .mime_type
            .as_ref()
            .map(|mime| mime.type_().as_str())
            .unwrap_or_default();
        let name = document.file_name.as_deref().unwrap_or_default();
        let upload = named(&document.file, Some(stem(name)), None);
        return Some(match kind {
            // Whatever kind a sender's program takes it for.
            _ if LYRICS.contains(&extension(name).as_str()) => Event::Lyrics(upload),
            "image" => Event::Picture(upload),
            "audio" | "video" => Event::Sound(upload),
            _ if EXTENSIONS.contains(&extension(name).as_str()) => Event::Sound(upload),
            _ => Event::Other,
        });
    }
    if !words.trim().is_empty() {
        return Some(Event::Text(words.to_owned()));
    }
    is_somebodys(&message.kind).then_some(Event::Other)
}

/// Whether somebody sent it: a sticker, a poll, a die, a story, something newer than we are.
fn is_somebodys(kind: &MessageKind) -> bool {
    match kind {
        MessageKind::Common(common) => !matches!(common.media_kind, MediaKind::Migration(_)),
        MessageKind::Dice(_) | MessageKind::Invoice(_) | MessageKind::Empty {} => true,
        MessageKind::Giveaway(_) | MessageKind::GiveawayWinners(_) => true,
        _ => false,
    }
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

pub fn extension(name: &str) -> String {
    name.rsplit_once('.')
        .map_or(String::new(), |(_, extension)| extension.to_lowercase())
}
