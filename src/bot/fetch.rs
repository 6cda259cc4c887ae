//! The slow actions: names, links, uploads and pictures in, songs on our disk out, or the sentence that says why not.

use std::path::Path;
use std::time::Duration;

use teloxide::requests::Requester;
use teloxide::types::{ChatAction, FileId};
use tokio::io::AsyncWriteExt;

use super::desk::{Desk, JobContext};
use super::dialogue::{Action, Event, PAGE, Preset, Reopen, Song, SongSource, Upload};
use super::hands::log;
use super::messages::Place;
use super::recipe::{EXTENSIONS, Recipe, SongRef};
use super::studio::{SONG_BYTES, Told};
use super::tap::Serial;
use super::texts::{Lang, Line};
use super::update::extension;
use crate::model::{Blob, Found, JobId};
use crate::queue::off_runtime;
use crate::source::{Cursor, FetchLimits, SourceError, Sources};
use crate::store::dialogues::DialogueKey;
use crate::store::disk::Reservation;
use crate::store::people::InteractionKind;

const SONG_TIME: Duration = Duration::from_secs(60);
/// A picture as it comes.
const PICTURE_BYTES: u64 = 20 << 20;
/// A file from Telegram.
const UPLOAD_TIME: Duration = Duration::from_secs(120);
/// How often the sign that we are at work is shown again: it lasts five seconds.
const SIGN_EVERY: Duration = Duration::from_secs(4);

pub async fn act(desk: &Desk, key: DialogueKey, place: Place, lang: Lang, action: Action) -> Option<Event> {
    let sign = match &action {
        // Nobody waits for it.
        Action::Listen { .. } => None,
        Action::Draw { .. } => Some(ChatAction::UploadPhoto),
        _ => Some(ChatAction::Typing),
    };
    let work = work(desk, key, lang, action);
    let Some(sign) = sign else { return work.await };
    tokio::pin!(work);
    loop {
        let shown = desk.messages.act(place, sign);
        tokio::pin!(shown);
        // Side by side. A sign that came after the answer would say that there is more to come.
        tokio::select! {
            event = &mut work => {
                shown.await;
                return event;
            }
            () = &mut shown => {}
        }
        tokio::select! {
            event = &mut work => return event,
            () = tokio::time::sleep(SIGN_EVERY) => {}
        }
    }
}

async fn work(desk: &Desk, key: DialogueKey, lang: Lang, action: Action) -> Option<Event> {
    match action {
        Action::Search { serial, query, from } => {
            log(desk, key.user_id, InteractionKind::Search).await;
            Some(search(desk, serial, &query, from).await)
        }
        Action::Resolve { serial, link } => {
            log(desk, key.user_id, InteractionKind::Search).await;
            let found = async { sources(desk)?.resolve(&link).await.map_err(|error| source_line(&error)) };
            let got = async { source_song(desk, &found.await?, Preset::default()).await };
            Some(got_or_not(serial, got.await))
        }
        Action::Fetch { serial, found, preset } => Some(got_or_not(serial, source_song(desk, &found, preset).await)),
        Action::Open { serial, recipe } => Some(got_or_not(serial, open(desk, &recipe).await)),
        Action::Reopen { serial, job, how } => Some(got_or_not(serial, reopen(desk, key, job, how).await)),
        Action::Download { serial, upload } => Some(got_or_not(serial, uploaded_song(desk, upload).await)),
        Action::DownloadPicture(upload) => Some(match uploaded_picture(desk, &upload).await {
            Ok(picture) => Event::GotPicture(picture),
            Err(line) => Event::Failed { serial: None, line },
        }),
        Action::Listen { song, length_ms } => {
            let path = desk.path(&song)?;
            // A song too even or too short for a best part simply has none.
            let best = desk.studio.best(&path, length_ms).await.unwrap_or_default();
            Some(Event::Heard {
                sha256: song.sha256,
                best,
            })
        }
        Action::Draw { serial, spec } => {
            let name = spec.fingerprint(&(desk.house.look_version)(&spec.theme));
            Some(match desk.studio.still(&spec, name).await {
                Ok(still) => Event::Drawn { serial, still },
                Err(line) => Event::Failed { serial: None, line },
            })
        }
        _ => {
            debug_assert!(false, "{lang:?}: not a slow action");
            None
        }
    }
}

type Got = Result<(Song, Preset), Line>;

fn got_or_not(serial: Serial, got: Got) -> Event {
    match got {
        Ok((song, preset)) => Event::Got {
            serial,
            song: Box::new(song),
            preset,
        },
        Err(line) => Event::Failed {
            serial: Some(serial),
            line,
        },
    }
}

fn sources(desk: &Desk) -> Result<&Sources, Line> {
    let sources = desk.sources.as_deref().filter(|sources| !sources.order().is_empty());
    sources.ok_or_else(|| Line::new("search-off"))
}

pub fn source_line(error: &SourceError) -> Line {
    tracing::info!(%error, "a source gave nothing");
    Line::new(error.kind().text_key())
}

async fn search(desk: &Desk, serial: Serial, query: &str, from: Cursor) -> Event {
    let (results, next, trouble) = match sources(desk) {
        Err(line) => (vec![], None, Some(line)),
        Ok(sources) => {
            let page = sources.search(query, PAGE, from).await;
            // A source that fails stays unmentioned where another found something.
            (page.results, page.next, page.failures.first().map(source_line))
        }
    };
    Event::Searched {
        serial,
        results,
        next,
        trouble,
    }
}

async fn source_song(desk: &Desk, found: &Found, preset: Preset) -> Got {
    let sources = sources(desk)?;
    let _turn = desk.studio.turn().await;
    let file = desk.studio.room(SONG_BYTES).await?;
    let limits = FetchLimits {
        max_bytes: SONG_BYTES,
        total: SONG_TIME,
    };
    let media = sources
        .fetch(&found.track, file.path(), limits)
        .await
        .map_err(|error| source_line(&error))?;
    let told = Told {
        source: SongSource::Track(found.track.clone()),
        title: Some(found.title.clone()),
        artist: Some(found.artist()).filter(|artist| !artist.is_empty()),
        preview_only: media.preview_only,
        sure: true,
    };
    let mut song = desk.studio.song(file, media.extension, told).await?;
    if song.tag_cover.is_none() {
        song.source_cover = source_cover(desk, sources, found).await;
    }
    Ok((song, preset))
}

/// A song is worth a card also without its picture.
async fn source_cover(desk: &Desk, sources: &Sources, found: &Found) -> Option<Blob> {
    let bytes = match sources.cover(found).await {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::info!(%error, "a cover was not found");
            return None;
        }
    };
    let file = desk.studio.room(bytes.len() as u64).await.ok()?;
    tokio::fs::write(file.path(), &bytes).await.ok()?;
    desk.studio.picture(file.path()).await.ok()
}

async fn open(desk: &Desk, recipe: &Recipe) -> Got {
    let preset = Preset::of(recipe);
    match &recipe.song {
        SongRef::Track(track) => {
            let found = sources(desk)?.info(track).await.map_err(|error| source_line(&error))?;
            source_song(desk, &found, preset).await
        }
        SongRef::File(blob) => kept_song(desk, blob, preset)
            .await
            .ok_or_else(|| Line::new("recipe-gone")),
    }
}

/// A file that somebody sent, if it is still here; what is known of it is read from it anew.
async fn kept_song(desk: &Desk, blob: &Blob, preset: Preset) -> Option<(Song, Preset)> {
    if !desk.studio.is_here(blob).await {
        return None;
    }
    let path = desk.path(blob)?;
    let _turn = desk.studio.turn().await;
    let bytes = tokio::fs::metadata(&path).await.ok()?.len();
    let copy = desk.studio.room(bytes).await.ok()?;
    tokio::fs::copy(&path, copy.path()).await.ok()?;
    let told = Told {
        source: SongSource::Upload,
        title: None,
        artist: None,
        preview_only: false,
        sure: false,
    };
    let song = desk.studio.song(copy, &blob.extension, told).await.ok()?;
    Some((song, preset))
}

async fn reopen(desk: &Desk, key: DialogueKey, job: JobId, how: Reopen) -> Got {
    let gone = || Line::new("recipe-gone");
    let queue = desk.queue.clone();
    let job = off_runtime(move || queue.job(job))
        .await
        .ok()
        .flatten()
        .ok_or_else(gone)?;
    let here = job.to.is_some_and(|to| to.chat_id == key.chat_id);
    if job.user_id != key.user_id && !here {
        return Err(gone());
    }
    let context: JobContext = serde_json::from_str(&job.context).map_err(|_| gone())?;
    let (song, spec) = (context.song, job.spec);
    let others = [song.source_cover.as_ref(), Some(&desk.default_cover)];
    let own_cover = spec.cover.filter(|cover| !others.contains(&Some(cover)));
    let preset = Preset {
        part: Some((spec.start_ms, spec.length_ms)),
        theme: Some(spec.theme),
        speed: Some(spec.speed),
        settings: spec.settings,
        own_cover: match own_cover {
            Some(cover) if desk.studio.is_here(&cover).await => Some(cover),
            _ => None,
        },
        gallery: how == Reopen::AnotherLook,
        elsewhere: how == Reopen::AnotherMoment,
    };
    let mut here = true;
    for file in song.files() {
        here &= desk.studio.is_here(file).await;
    }
    if here {
        return Ok((song, preset));
    }
    match &song.source {
        SongSource::Track(track) => {
            let found = sources(desk)?.info(track).await.map_err(|error| source_line(&error))?;
            source_song(desk, &found, preset).await
        }
        SongSource::Upload => kept_song(desk, &song.file, preset).await.ok_or_else(gone),
    }
}

async fn uploaded_song(desk: &Desk, upload: Upload) -> Got {
    let _turn = desk.studio.turn().await;
    let (file, name) = download(desk, &upload, desk.house.upload_bytes).await?;
    let extension = Some(extension(&name)).filter(|extension| EXTENSIONS.contains(&extension.as_str()));
    let told = Told {
        source: SongSource::Upload,
        title: upload.title,
        artist: upload.artist,
        preview_only: false,
        sure: false,
    };
    let song = desk
        .studio
        .song(file, extension.as_deref().unwrap_or("bin"), told)
        .await?;
    Ok((song, Preset::default()))
}

async fn uploaded_picture(desk: &Desk, upload: &Upload) -> Result<Blob, Line> {
    let _turn = desk.studio.turn().await;
    let (file, _) = download(desk, upload, PICTURE_BYTES).await?;
    desk.studio.picture(file.path()).await
}

/// A file from Telegram, with the name it has there.
async fn download(desk: &Desk, upload: &Upload, max_bytes: u64) -> Result<(Reservation, String), Line> {
    let gone = || Line::new("upload-gone");
    let too_large = || Line::new("upload-too-large").with("megabytes", max_bytes >> 20);
    let bot = &desk.messages.bot;
    let told = bot.get_file(FileId(upload.file_id.clone())).await.map_err(|error| {
        let error = super::messages::explain(error).to_string();
        tracing::info!(error, "Telegram did not give a file");
        if error.contains("too big") { too_large() } else { gone() }
    })?;
    let expected = u64::from(told.meta.size).max(upload.bytes);
    if expected > max_bytes && upload.bytes > 0 {
        return Err(too_large());
    }
    let room = if upload.bytes > 0 { expected } else { max_bytes };
    let file = desk.studio.room(room.clamp(1, max_bytes)).await?;
    let copied = match desk.local_file(&told.path) {
        Some(path) => copy(&path, &file).await,
        None => {
            let url = desk.file_url(&told.path);
            tokio::time::timeout(UPLOAD_TIME, save(desk, url, &file))
                .await
                .map_err(|_| Line::new("upload-slow"))?
        }
    };
    match copied {
        Ok(()) => Ok((file, told.path)),
        Err(Failed::TooLarge) => Err(too_large()),
        Err(Failed::Broken) => Err(gone()),
    }
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
