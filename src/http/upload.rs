//! Files that people send: the parts of a form go to the disk piece by piece, within the disk's budget, and are never larger
//! in memory than a piece. Their names are not used for anything.

use std::collections::BTreeMap;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{StatusCode, header};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::Web;
use super::error::{Answer, ApiError};
use super::limits::{FIELD_BYTES, FIELDS, FORM_BYTES, STALL, UPLOAD};
use crate::model::Blob;
use crate::queue::off_runtime;
use crate::source::audio_extension;
use crate::store::disk::Reservation;

/// Of a file, by which its kind is told.
const HEAD_BYTES: usize = 16;
/// Room is taken for so much of a file at first, and for twice as much whenever that is not enough: what a sender never sends
/// takes the place of nothing.
const FIRST_BYTES: u64 = 1 << 20;

/// A form as it came.
#[derive(Default)]
pub struct Form {
    /// The texts, the last of a name.
    pub texts: BTreeMap<String, String>,
    files: BTreeMap<&'static str, Upload>,
}

/// A file that has arrived; dropped, it is gone.
pub struct Upload {
    pub file: Reservation,
    /// As its sender calls it: to be shown, never to be used.
    pub name: Option<String>,
    head: Vec<u8>,
}

/// A file that a form may bring.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub name: &'static str,
    pub max_bytes: u64,
}

impl Form {
    /// Takes a file that has to be there.
    pub fn file(&mut self, name: &'static str) -> Answer<Upload> {
        let missing = || ApiError::unreadable(format!("the form has no file `{name}`; add it"));
        self.files.remove(name).ok_or_else(missing)
    }

    pub fn optional_file(&mut self, name: &'static str) -> Option<Upload> {
        self.files.remove(name)
    }
}

impl Upload {
    /// Of a song, by its first bytes, and else none that means anything.
    pub fn song_extension(&self) -> &'static str {
        audio_extension(&self.head).unwrap_or("bin")
    }
}

/// Reads a form with at most these files.
pub async fn form(web: &Web, mut request: Request, wanted: &[Wanted]) -> Answer<Form> {
    let most: u64 = wanted.iter().map(|file| file.max_bytes).sum::<u64>() + FORM_BYTES;
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told: Option<u64> = told.and_then(|length| length.to_str().ok()?.parse().ok());
    if told.is_some_and(|bytes| bytes > most) {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a form takes at most {} MB; send smaller files", most / 1_000_000),
        ));
    }
    DefaultBodyLimit::max(usize::try_from(most).unwrap_or(usize::MAX)).apply(&mut request);
    let multipart = Multipart::from_request(request, web).await;
    let multipart = multipart.map_err(|_| {
        let detail = "a form (multipart/form-data) is expected here; see /docs for its fields";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    })?;
    let read = timeout(UPLOAD, read(web, multipart, wanted, told.unwrap_or(most)));
    read.await.unwrap_or_else(|_| Err(ApiError::too_slow()))
}

async fn read(web: &Web, mut multipart: Multipart, wanted: &[Wanted], most: u64) -> Answer<Form> {
    let mut form = Form::default();
    for _ in 0..FIELDS {
        let next = patiently(multipart.next_field()).await?;
        let Some(field) = next.map_err(broken)? else {
            return Ok(form);
        };
        let name = field.name().unwrap_or_default().to_owned();
        match wanted.iter().find(|file| file.name == name) {
            Some(file) => {
                let upload = to_disk(web, field, file.max_bytes.min(most)).await?;
                form.files.insert(file.name, upload);
            }
            None => {
                let text = text(field).await?;
                form.texts.insert(name, text);
            }
        }
    }
    Err(ApiError::bad(format!(
        "the form has more than {FIELDS} fields; send fewer"
    )))
}

async fn to_disk(web: &Web, mut field: Field<'_>, max_bytes: u64) -> Answer<Upload> {
    let field_name = field.name().unwrap_or_default().to_owned();
    let name = field.file_name().map(str::to_owned);
    let mut room = room(web, max_bytes.min(FIRST_BYTES)).await?;
    let mut file = File::create(room.path())
        .await
        .map_err(|error| ApiError::trouble(&error))?;
    let (mut head, mut bytes) = (Vec::new(), 0);
    while let Some(piece) = patiently(field.chunk()).await?.map_err(broken)? {
        bytes += piece.len() as u64;
        if bytes > max_bytes {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("`{field_name}` takes at most {max_bytes} bytes; send a smaller file"),
            ));
        }
        if bytes > room.limit_bytes() {
            let next = bytes.max(room.limit_bytes() * 2).min(max_bytes);
            room = off_runtime(move || room.grow(next)).await?;
        }
        head.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES.saturating_sub(head.len()))]);
        file.write_all(&piece)
            .await
            .map_err(|error| ApiError::trouble(&error))?;
    }
    file.flush().await.map_err(|error| ApiError::trouble(&error))?;
    if bytes == 0 {
        return Err(ApiError::bad(format!(
            "`{field_name}` is an empty file; choose it again"
        )));
    }
    Ok(Upload { file: room, name, head })
}

async fn text(mut field: Field<'_>) -> Answer<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = patiently(field.chunk()).await?.map_err(broken)? {
        if bytes.len() + piece.len() > FIELD_BYTES {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "a text field takes at most {FIELD_BYTES} bytes; shorten it, or look at how the file's field is called"
                ),
            ));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| ApiError::unreadable("a text of the form is not UTF-8; send it as UTF-8"))
}

/// Room for a file of at most so many bytes.
pub async fn room(web: &Web, bytes: u64) -> Answer<Reservation> {
    let disk = web.queue.disk().clone();
    Ok(off_runtime(move || disk.reserve("part", bytes)).await?)
}

/// The same for one whose length nobody knows, when it is its turn. Whoever waits here must hold no other such room.
pub async fn room_in_turn(web: &Web, bytes: u64) -> Answer<Reservation> {
    let turn = web.queue.disk().turn().await;
    Ok(room(web, bytes).await?.in_turn(turn))
}

/// Keeps a written file by its content.
pub async fn keep(file: Reservation, extension: &'static str) -> Answer<Blob> {
    let kept = off_runtime(move || file.keep_blob(extension, |_, _| Ok(())).map(|(blob, ())| blob));
    Ok(kept.await?)
}

/// A sender that has fallen silent is not waited for.
async fn patiently<T>(piece: impl Future<Output = T>) -> Answer<T> {
    timeout(STALL, piece).await.map_err(|_| ApiError::too_slow())
}

fn broken(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(error.status(), "the form is too large; send smaller files"),
        _ => ApiError::bad("the form is broken or was cut off; send it again"),
    }
}
