//! The sending side of the Bot API: a clip and a chat in, an [`Outcome`] out. It waits for no rate limit (see
//! [`Gate`](super::Gate)), remembers nothing and repeats nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::body::Form;
use super::exchange::{self, Exchange};
use super::keyboard::Marked;
use super::outcome::{self, Outcome};
use super::patience::{MAX_CAPTION_CHARS, MAX_DURATION_SECS, MAX_SIDE_PX, MAX_THUMBNAIL_BYTES, Patience};
use super::token::Token;

/// How to reach the Bot API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.telegram.org`, or where a local Bot API server listens.
    pub api_url: String,
    pub token: Token,
    pub files: Files,
    pub patience: Patience,
}

/// How a file gets to the Bot API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    Upload,
    /// A local server reads it itself: only its path is sent, which must mean the same file to both.
    ByPath,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error("the address of the Bot API must begin with https:// or http://")]
    Address,
    #[error("the HTTP client cannot be started on this machine")]
    Client,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub chat: i64,
    /// A topic of a forum.
    pub thread: Option<i64>,
    /// The message answered. Should it be gone, the circle is sent all the same.
    pub reply_to: Option<i64>,
}

impl Place {
    pub fn chat(chat: i64) -> Self {
        Self {
            chat,
            thread: None,
            reply_to: None,
        }
    }
}

/// The circle's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    File(PathBuf),
    /// The file id under which this bot sent it before, in the same shape.
    Known(String),
}

/// A circle as Telegram is told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    pub media: Media,
    pub side_px: u32,
    pub duration: Duration,
    /// A JPEG of at most 320 pixels a side. Only an upload carries it.
    pub thumbnail: Option<Vec<u8>>,
}

/// One bot at one Bot API server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// With the token, therefore secret.
    methods_url: SecretString,
    bot_id: i64,
    files: Files,
    patience: Patience,
}

impl Client {
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let base = settings.api_url.trim_end_matches('/');
        let plain = base.starts_with("http://");
        if !plain && !base.starts_with("https://") {
            return Err(SettingsError::Address);
        }
        let http = exchange::http_client(plain, settings.patience.connect).map_err(|_| SettingsError::Client)?;
        Ok(Self {
            http,
            methods_url: SecretString::from(format!("{base}/bot{}", settings.token.expose())),
            bot_id: settings.token.bot_id(),
            files: settings.files,
            patience: settings.patience,
        })
    }

    /// File ids are worth something only together with this number.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// A video note. Whether Telegram made one of it is told by the receipt's shape.
    pub async fn send_circle(&self, place: Place, clip: &Clip, keyboard: &Marked) -> Outcome {
        let form = addressed(place, keyboard).field("length", clip.side_px.min(MAX_SIDE_PX).to_string());
        self.send("sendVideoNote", "video_note", form, clip).await
    }

    /// The same clip as an ordinary video, for whoever receives no circles. The caption is cut to what Telegram takes.
    pub async fn send_square(&self, place: Place, clip: &Clip, caption: &str, keyboard: &Marked) -> Outcome {
        let mut form = addressed(place, keyboard)
            .field("width", clip.side_px.to_string())
            .field("height", clip.side_px.to_string())
            .field("supports_streaming", "true");
        if !caption.is_empty() {
            let caption: String = caption.chars().take(MAX_CAPTION_CHARS).collect();
            form = form.field("caption", caption);
        }
        self.send("sendVideo", "video", form, clip).await
    }

    async fn send(&self, method: &str, field: &str, form: Form, clip: &Clip) -> Outcome {
        let duration_secs = clip.duration.as_secs_f64().round() as u64;
        let form = form.field("duration", duration_secs.clamp(1, MAX_DURATION_SECS).to_string());
        match self.attach(form, field, clip).await {
            Ok(form) => outcome::judge(&self.call(method, form, self.patience).await),
            Err(error) => outcome::no_file(&error),
        }
    }

    /// The file comes last, so that everything before it is read when it begins.
    async fn attach(&self, form: Form, field: &str, clip: &Clip) -> io::Result<Form> {
        let path = match &clip.media {
            Media::Known(id) => return Ok(form.field(field, id)),
            Media::File(path) => path,
        };
        let thumbnail = clip.thumbnail.as_deref();
        let form = match thumbnail.filter(|jpeg| jpeg.len() <= MAX_THUMBNAIL_BYTES) {
            Some(jpeg) => form
                .field("thumbnail", "attach://cover")
                .bytes("cover", "cover.jpg", "image/jpeg", jpeg),
            None => form,
        };
        match self.files {
            Files::Upload => form.file(field, "circle.mp4", "video/mp4", path).await,
            Files::ByPath => {
                // The server answers a missing file with words of its own; here it is known for certain.
                tokio::fs::metadata(path).await?;
                Ok(form.field(field, file_url(&std::path::absolute(path)?)))
            }
        }
    }

    pub(super) async fn call(&self, method: &str, form: Form, patience: Patience) -> Exchange {
        let url = format!("{}/{method}", self.methods_url.expose_secret());
        exchange::post(&self.http, &url, form, patience).await
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }
}

fn addressed(place: Place, keyboard: &Marked) -> Form {
    let mut form = Form::new().field("chat_id", place.chat.to_string());
    if let Some(thread) = place.thread {
        form = form.field("message_thread_id", thread.to_string());
    }
    if let Some(message) = place.reply_to {
        let reply = serde_json::json!({ "message_id": message, "allow_sending_without_reply": true });
        form = form.field("reply_parameters", reply.to_string());
    }
    form.field("reply_markup", keyboard.markup())
}

/// An absolute path as a `file://` address.
fn file_url(path: &Path) -> String {
    let mut url = String::from("file://");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}
