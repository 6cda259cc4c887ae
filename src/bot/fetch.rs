//! The slow actions: names, links, uploads and pictures in, songs on our disk out, or the sentence that says why not.

mod download;

use std::convert::Infallible;
use std::time::Duration;

use teloxide::types::ChatAction;

use super::desk::{Desk, JobContext};
use super::dialogue::{Action, Event, PAGE, Preset, Reopen, Song, SongSource, Upload};
use super::hands::log;
use super::messages::Place;
use super::recipe::{EXTENSIONS, Recipe, SongRef};
use super::studio::Told;
use super::tap::Serial;
use super::texts::{Lang, Line};
use super::update::extension;
use crate::model::spelling::Named;
use crate::model::{Blob, Found, JobId};
use crate::queue::off_runtime;
use crate::source::{Cursor, FetchLimits, SourceError, Sources};
use crate::store::dialogues::DialogueKey;
use crate::store::people::InteractionKind;

use download::download;

/// A song from a source: over half an hour at 256 kbit/s.
const SONG_BYTES: u64 = 64 << 20;
const SONG_TIME: Duration = Duration::from_secs(60);
/// A picture as it comes.
const PICTURE_BYTES: u64 = 20 << 20;
/// A file of words, before it is looked into: a whole megabyte, for the sentence that tells the limit.
const LYRICS_BYTES: u64 = 1 << 20;
/// How often the sign that we are at work is shown again: it lasts five seconds.
const SIGN_EVERY: Duration = Duration::from_secs(4);

pub async fn act(desk: &Desk, key: DialogueKey, place: Place, lang: Lang, action: Action) -> Option<Event> {
    let sign = match &action {
        // Nobody waits for it.
        Action::Listen { .. } | Action::FindLyrics(_) => None,
        Action::Draw { .. } => Some(ChatAction::UploadPhoto),
        _ => Some(ChatAction::Typing),
    };
    let work = work(desk, key, lang, action);
    let Some(sign) = sign else { return work.await };
    tokio::select! {
        event = work => event,
        never = keep_signing(desk, place, sign) => match never {},
    }
}

/// Beside the work: the sign may take as long as Telegram likes.
async fn keep_signing(desk: &Desk, place: Place, sign: ChatAction) -> Infallible {
    loop {
        desk.messages.act(place, sign).await;
        tokio::time::sleep(SIGN_EVERY).await;
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
            let got = async { source_song(desk, key.user_id, &found.await?, Preset::default()).await };
            Some(got_or_not(serial, got.await))
        }
        Action::Fetch { serial, found, preset } => {
            Some(got_or_not(serial, source_song(desk, key.user_id, &found, preset).await))
        }
        Action::Open { serial, recipe } => Some(got_or_not(serial, open(desk, key.user_id, &recipe).await)),
        Action::Reopen { serial, job, how } => Some(got_or_not(serial, reopen(desk, key, job, how).await)),
        Action::Download { serial, upload } => Some(got_or_not(serial, uploaded_song(desk, key.user_id, upload).await)),
        Action::DownloadPicture(upload) => Some(match uploaded_picture(desk, key.user_id, &upload).await {
            Ok(picture) => Event::GotPicture(picture),
            Err(line) => Event::Failed { serial: None, line },
        }),
        Action::DownloadLyrics(upload) => Some(match uploaded_lyrics(desk, key.user_id, &upload).await {
            Ok(lyrics) => Event::GotLyrics(lyrics),
            Err(line) => Event::Failed { serial: None, line },
        }),
        Action::FindLyrics(song) => Some(Event::LyricsFound {
            lyrics: found_lyrics(desk, key.user_id, &song).await,
            sha256: song.file.sha256,
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
        Action::Draw { serial, nth, spec } => {
            let name = spec.fingerprint(&(desk.house.look_version)(&spec.theme));
            Some(match desk.studio.still(key.user_id, &spec, name).await {
                Ok(still) => Event::Drawn { serial, nth, still },
                Err(line) => Event::Failed { serial: None, line },
            })
        }
        _ => {
            debug_assert!(false, "{lang:?}: not a slow action");
            None
        }
    }
}

/// What has happened where nothing came of an action, for want of anything better: nobody is left waiting for it.
pub fn failed(action: &Action, line: &Line) -> Option<Event> {
    match action {
        Action::Search { serial, from, .. } => Some(Event::Searched {
            serial: *serial,
            from: *from,
            results: vec![],
            next: None,
            trouble: Some(line.clone()),
        }),
        // Nobody waits for it, and the card does without.
        Action::Listen { .. } => None,
        Action::FindLyrics(song) => Some(Event::LyricsFound {
            sha256: song.file.sha256.clone(),
            lyrics: None,
        }),
        action => Some(Event::Failed {
            serial: action.fetches(),
            line: line.clone(),
        }),
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
        from,
        results,
        next,
        trouble,
    }
}

async fn source_song(desk: &Desk, user_id: i64, found: &Found, preset: Preset) -> Got {
    let sources = sources(desk)?;
    let file = desk.studio.room_in_turn(SONG_BYTES).await?;
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
    let mut song = desk.studio.song(user_id, file, media.extension, told).await?;
    if song.tag_cover.is_none() {
        song.source_cover = source_cover(desk, user_id, sources, found).await;
    }
    Ok((song, preset))
}

/// A song is worth a card also without its picture.
async fn source_cover(desk: &Desk, user_id: i64, sources: &Sources, found: &Found) -> Option<Blob> {
    let bytes = match sources.cover(found).await {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::info!(%error, "a cover was not found");
            return None;
        }
    };
    let file = desk.studio.room(bytes.len() as u64).await.ok()?;
    tokio::fs::write(file.path(), &bytes).await.ok()?;
    desk.studio.picture(user_id, file.path()).await.ok()
}

async fn open(desk: &Desk, user_id: i64, recipe: &Recipe) -> Got {
    let preset = Preset::of(recipe);
    match &recipe.song {
        SongRef::Track(track) => {
            let found = sources(desk)?.info(track).await.map_err(|error| source_line(&error))?;
            source_song(desk, user_id, &found, preset).await
        }
        SongRef::File(blob) => kept_song(desk, user_id, blob, preset)
            .await
            .ok_or_else(|| Line::new("recipe-gone")),
    }
}

/// A file that somebody sent, if it is still here; what is known of it is read from it anew.
async fn kept_song(desk: &Desk, user_id: i64, blob: &Blob, preset: Preset) -> Option<(Song, Preset)> {
    if !desk.studio.is_here(blob).await {
        return None;
    }
    let path = desk.path(blob)?;
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
    let song = desk.studio.song(user_id, copy, &blob.extension, told).await.ok()?;
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
    let user_id = key.user_id;
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
            source_song(desk, user_id, &found, preset).await
        }
        SongSource::Upload => kept_song(desk, user_id, &song.file, preset).await.ok_or_else(gone),
    }
}

async fn uploaded_song(desk: &Desk, user_id: i64, upload: Upload) -> Got {
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
        .song(user_id, file, extension.as_deref().unwrap_or("bin"), told)
        .await?;
    Ok((song, Preset::default()))
}

async fn uploaded_picture(desk: &Desk, user_id: i64, upload: &Upload) -> Result<Blob, Line> {
    let (file, _) = download(desk, upload, PICTURE_BYTES).await?;
    desk.studio.picture(user_id, file.path()).await
}

async fn uploaded_lyrics(desk: &Desk, user_id: i64, upload: &Upload) -> Result<Blob, Line> {
    let (file, _) = download(desk, upload, LYRICS_BYTES).await?;
    desk.studio.lyrics(user_id, file).await
}

/// A circle is worth making also without words, whatever kept them away.
async fn found_lyrics(desk: &Desk, user_id: i64, song: &Song) -> Option<Blob> {
    let track = match &song.source {
        SongSource::Track(track) => Some(track),
        SongSource::Upload => None,
    };
    let named = Named {
        title: song.title.as_deref().unwrap_or_default(),
        artist: song.artist.as_deref().unwrap_or_default(),
        // A piece of a song does not tell how long the song is.
        duration: (!song.preview_only).then(|| Duration::from_millis(song.duration_ms)),
    };
    let found = desk.sources.as_deref()?.lyrics(track, &named).await;
    let text = found
        .inspect_err(|error| tracing::info!(%error, "no words were found"))
        .ok()??;
    let file = desk.studio.room(text.len() as u64).await.ok()?;
    tokio::fs::write(file.path(), text).await.ok()?;
    desk.studio.lyrics(user_id, file).await.ok()
}
