//! Telegram's answers, as much of them as deliveries need.

use serde::Deserialize;

use super::outcome::{Receipt, SentFile, Shape};

/// The envelope of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) ok: bool,
    pub(super) result: Option<T>,
    pub(super) error_code: Option<u16>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    pub(super) retry_after: Option<u64>,
    pub(super) migrate_to_chat_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) message_id: i64,
    #[serde(default)]
    date: i64,
    video_note: Option<File>,
    video: Option<File>,
    animation: Option<File>,
    document: Option<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    file_id: String,
    file_unique_id: String,
}

impl Message {
    /// `None` when the message holds no film of any kind.
    pub(super) fn receipt(self) -> Option<Receipt> {
        let Self {
            message_id,
            date,
            video_note,
            video,
            animation,
            document,
        } = self;
        // An animation comes with a document of the same file.
        let (file, shape) = video_note
            .map(|file| (file, Shape::Round))
            .or(video.map(|file| (file, Shape::Square)))
            .or(animation.or(document).map(|file| (file, Shape::Other)))?;
        Some(Receipt {
            message_id,
            date_secs: date,
            file: SentFile {
                id: file.file_id,
                unique_id: file.file_unique_id,
            },
            shape,
        })
    }
}
