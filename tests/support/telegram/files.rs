//! Files as Telegram keeps them: one unique id for the same bytes, any number of file ids, each bound to a bot and a kind.
//! Whatever is an mp4 is looked into, because Telegram does not believe what it is told about a film.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::find;

/// What a file is good for; an id of one kind is no id of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Photo,
    VideoNote,
    Video,
    Audio,
    Voice,
    Document,
}

impl Kind {
    /// The field of a message that holds it, and of the request that sends it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::VideoNote => "video_note",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Document => "document",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "Photo",
            Self::VideoNote => "VideoNote",
            Self::Video => "Video",
            Self::Audio => "Audio",
            Self::Voice => "VoiceNote",
            Self::Document => "Document",
        }
    }
}

#[derive(Clone)]
pub struct Stored {
    pub kind: Kind,
    pub unique_id: String,
    pub bytes: Arc<Vec<u8>>,
    pub name: String,
    /// Dropped: Telegram does not know the id any more.
    pub gone: bool,
    /// The media object of the first message, sent again with the id.
    pub facts: Value,
}

/// The files one bot knows, by file id.
#[derive(Default)]
pub struct Files {
    known: BTreeMap<String, Stored>,
}

impl Files {
    /// Takes a file in; `facts` becomes the media object of a message, with its ids and size added.
    pub fn keep(&mut self, bot: i64, kind: Kind, name: &str, bytes: Vec<u8>, mut facts: Value) -> Value {
        let digest = Sha256::digest(&bytes);
        let hash: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
        let unique_id = format!("AQ{}{hash}", kind as u8);
        let file_id = format!("BAAC{}-{bot:x}-{hash}-{:x}", kind as u8, self.known.len());
        facts["file_id"] = json!(file_id);
        facts["file_unique_id"] = json!(unique_id);
        facts["file_size"] = json!(bytes.len());
        let stored = Stored {
            kind,
            unique_id,
            bytes: Arc::new(bytes),
            name: name.to_owned(),
            gone: false,
            facts: facts.clone(),
        };
        self.known.insert(file_id, stored);
        facts
    }

    pub fn find(&self, file_id: &str) -> Option<&Stored> {
        self.known.get(file_id).filter(|file| !file.gone)
    }

    /// Telegram forgets every id of these bytes.
    pub fn drop_ids(&mut self, unique_id: &str) {
        for file in self.known.values_mut().filter(|file| file.unique_id == unique_id) {
            file.gone = true;
        }
    }
}

/// A film's own word about itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Film {
    pub width: u32,
    pub height: u32,
    pub secs: f64,
}

impl Film {
    /// From the boxes of an mp4; `None` when these are no such bytes.
    pub fn look(bytes: &[u8]) -> Option<Self> {
        (bytes.get(4..8)? == b"ftyp").then_some(())?;
        let moov = find(bytes, b"moov")?;
        let header = &bytes[moov + find(&bytes[moov..], b"mvhd")? + 4..];
        let (scale, length) = match header.first()? {
            0 => (u64::from(word(header, 12)?), u64::from(word(header, 16)?)),
            _ => (
                u64::from(word(header, 20)?),
                u64::from(word(header, 24)?) << 32 | u64::from(word(header, 28)?),
            ),
        };
        let mut rest = &bytes[moov..];
        // The track with a picture; that of the sound has no size.
        while let Some(at) = find(rest, b"tkhd") {
            rest = &rest[at + 4..];
            let sizes = if rest.first()? == &0 { 76 } else { 88 };
            let (width, height) = (word(rest, sizes)? >> 16, word(rest, sizes + 4)? >> 16);
            if width > 0 && height > 0 {
                return Some(Self {
                    width,
                    height,
                    secs: length as f64 / scale.max(1) as f64,
                });
            }
        }
        None
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
