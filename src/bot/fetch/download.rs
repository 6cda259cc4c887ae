//! A file from Telegram: from its cloud, or from the disk of a Bot API server on this machine.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::bot::desk::Desk;
use crate::bot::dialogue::Upload;
use crate::bot::texts::Line;
use crate::deliver::telegram::token::scrub;
use crate::store::disk::Reservation;
use crate::torture;

/// A file from Telegram.
const UPLOAD_TIME: Duration = Duration::from_secs(120);
/// A server of our own tells of a file when it has all of it: 2 GB at 30 Mbit/s.
const LOCAL_TIME: Duration = Duration::from_secs(600);

/// A file from Telegram, with the name it has there.
pub async fn download(desk: &Desk, upload: &Upload, max_bytes: u64) -> Result<(Reservation, String), Line> {
    let gone = || Line::new("upload-gone");
    let too_large = || Line::new("upload-too-large").with("megabytes", max_bytes >> 20);
    let told = ask(desk, &upload.file_id).await.map_err(|words| {
        tracing::info!(words, "Telegram did not give a file");
        if words.contains("too big") { too_large() } else { gone() }
    })?;
    let local = desk.local_file(&told.file_path);
    let here = match &local {
        Some(path) => tokio::fs::metadata(path).await.ok().map(|facts| facts.len()),
        None => None,
    };
    // What Telegram leaves out of a message is the largest number there is.
    let announced = [told.file_size, upload.bytes].into_iter();
    let announced = announced.filter(|bytes| (1..u64::from(u32::MAX)).contains(bytes)).max();
    let file = match here.or(announced) {
        Some(expected) if expected > max_bytes => return Err(too_large()),
        Some(expected) => desk.studio.room(expected.max(1)).await?,
        None => desk.studio.room_in_turn(max_bytes).await?,
    };
    let copied = match local {
        Some(path) => copy(&path, &file).await,
        None => {
            let url = desk.file_url(&told.file_path);
            tokio::time::timeout(UPLOAD_TIME, save(desk, url, &file))
                .await
                .map_err(|_| Line::new("upload-slow"))?
        }
    };
    match copied {
        Ok(()) => Ok((file, told.file_path)),
        Err(Failed::TooLarge) => Err(too_large()),
        Err(Failed::Broken) => Err(gone()),
    }
}

/// Telegram's answer: where the file is, or why it is not there.
#[derive(Deserialize)]
struct Answer {
    result: Option<Told>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Told {
    file_path: String,
    #[serde(default)]
    file_size: u64,
}

/// Asks for a file, with a patience of its own where it is fetched meanwhile. `Err`: why not, for the log.
async fn ask(desk: &Desk, file_id: &str) -> Result<Told, String> {
    let bot = &desk.messages.bot;
    let base = bot.api_url();
    let url = format!("{}/bot{}/getFile", base.as_str().trim_end_matches('/'), bot.token());
    let mut request = bot.client().post(url).json(&json!({ "file_id": file_id }));
    if desk.house.local_files {
        request = request.timeout(torture::hurried(LOCAL_TIME, LOCAL_TIME / 10));
    }
    // The error is not told: it would name the address, and with it the token.
    let unheard = |_| "no answer".to_owned();
    let bytes = request.send().await.map_err(unheard)?.bytes().await.map_err(unheard)?;
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|_| "an answer that cannot be read".to_owned())?;
    answer.result.ok_or_else(|| scrub(&answer.description).into_owned())
}

enum Failed {
    TooLarge,
    Broken,
}

/// From a Bot API server on this machine.
async fn copy(path: &Path, into: &Reservation) -> Result<(), Failed> {
    let facts = tokio::fs::metadata(path).await.map_err(|_| Failed::Broken)?;
    if facts.len() > into.limit_bytes() {
        return Err(Failed::TooLarge);
    }
    tokio::fs::copy(path, into.path())
        .await
        .map(drop)
        .map_err(|_| Failed::Broken)
}

async fn save(desk: &Desk, url: String, into: &Reservation) -> Result<(), Failed> {
    // No error is told: each would name the address, and with it the token.
    let request = desk.messages.bot.client().get(url).timeout(UPLOAD_TIME);
    let mut response = request.send().await.map_err(|_| Failed::Broken)?;
    if !response.status().is_success() {
        return Err(Failed::Broken);
    }
    let mut file = tokio::fs::File::create(into.path()).await.map_err(|_| Failed::Broken)?;
    let mut bytes = 0_u64;
    while let Some(chunk) = response.chunk().await.map_err(|_| Failed::Broken)? {
        bytes += chunk.len() as u64;
        if bytes > into.limit_bytes() {
            return Err(Failed::TooLarge);
        }
        file.write_all(&chunk).await.map_err(|_| Failed::Broken)?;
    }
    file.flush().await.map_err(|_| Failed::Broken)
}
