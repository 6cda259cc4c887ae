//! Songs and pictures on our disk: a file that arrived or a track of a source in, what is known of it out, each under a name
//! of ours. Every file is looked at by a confined worker alone.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Web;
use super::error::{Answer, ApiError};
use super::input::{line, random_name};
use super::limits::{SONG_BYTES, SONG_TIME, SQUARE_BYTES, TOUCH_EVERY_MS};
use super::upload::{keep, room, room_in_turn};
use crate::model::limits::MIN_FRAGMENT;
use crate::model::{Blob, Found, SongFacts, TrackRef};
use crate::queue::{Rejection, off_runtime};
use crate::source::FetchLimits;
use crate::store::disk::Reservation;
use crate::store::{Millis, Store, StoreError, files, web_files};

/// What is known of a song.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Song {
    pub file: Blob,
    /// Square, in PNG.
    pub cover: Option<Blob>,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub duration_ms: u64,
    /// As the decoder calls it.
    pub codec: String,
    /// Only a piece of the song can be had: as long as this.
    pub limited_to_ms: Option<u64>,
    /// Of a source; `None`: it came as a file.
    #[serde(default)]
    pub track: Option<TrackRef>,
}

impl Song {
    pub fn facts(&self) -> SongFacts {
        SongFacts {
            track: self.track.clone(),
            duration_ms: self.duration_ms,
        }
    }
}

/// What a source says of a song, which goes before what its file says.
#[derive(Default)]
pub struct Told {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub preview_only: bool,
}

/// Looks into a file that has arrived and keeps it, with the picture in its tags.
pub async fn song(web: &Web, file: Reservation, extension: &'static str, told: Told) -> Answer<Song> {
    let picture = room(web, SQUARE_BYTES).await?;
    let facts = web
        .pool
        .probe(file.path(), Some(picture.path()), CancellationToken::new())
        .await?;
    if facts.length_ms < MIN_FRAGMENT.as_millis() as u64 {
        return Err(ApiError::bad("this song is shorter than a second; send a longer one"));
    }
    let cover = match facts.cover_bytes {
        Some(_) => Some(keep(picture, "png").await?),
        None => None,
    };
    Ok(Song {
        file: keep(file, extension).await?,
        cover,
        title: told.title.or_else(|| line(facts.title.as_deref())),
        artist: told.artist.or_else(|| line(facts.artist.as_deref())),
        duration_ms: facts.length_ms,
        codec: facts.codec,
        limited_to_ms: told.preview_only.then_some(facts.length_ms),
        track: None,
    })
}

/// A source's name for a song, as a search gave it.
pub fn track_id(text: &str) -> Answer<TrackRef> {
    let track = text.parse();
    track.map_err(|_| ApiError::unreadable("`track` is no song's id; take one that /api/v1/search gives"))
}

/// A track as a song on our disk; remembered, so that it is fetched once.
pub async fn track(web: &Web, track: &TrackRef) -> Answer<Song> {
    let name = format!("track:{track}");
    if let Some(song) = known(web, &name).await? {
        return Ok(song);
    }
    let sources = web.sources()?;
    let found = sources.info(track).await?;
    let file = room_in_turn(web, SONG_BYTES).await?;
    let limits = FetchLimits {
        max_bytes: SONG_BYTES,
        total: SONG_TIME,
    };
    let media = sources.fetch(track, file.path(), limits).await?;
    let told = Told {
        title: line(Some(&found.title)),
        artist: line(Some(&found.artist())),
        preview_only: media.preview_only,
    };
    let mut kept = song(web, file, media.extension, told).await?;
    kept.track = Some(track.clone());
    if kept.cover.is_none() {
        kept.cover = source_cover(web, &found).await;
    }
    name_it(web, name, &kept.file, &kept).await?;
    Ok(kept)
}

/// A song is worth having also without its picture.
async fn source_cover(web: &Web, found: &Found) -> Option<Blob> {
    let bytes = web.sources().ok()?.cover(found).await.ok()??;
    let file = room(web, bytes.len() as u64).await.ok()?;
    tokio::fs::write(file.path(), &bytes).await.ok()?;
    picture(web, file).await.ok()
}

/// Somebody's picture as a square one that any program may open. What was sent is gone with the answer: it must not take up room
/// while its circle is drawn.
pub async fn picture(web: &Web, file: Reservation) -> Answer<Blob> {
    let square = room(web, SQUARE_BYTES).await?;
    web.pool
        .cover(file.path(), square.path(), CancellationToken::new())
        .await?;
    keep(square, "png").await
}

/// The same as a JPEG.
pub async fn jpeg(web: &Web, picture: &[u8]) -> Answer<Vec<u8>> {
    let trouble = |error: std::io::Error| ApiError::trouble(&error);
    let (file, made) = (room(web, picture.len() as u64).await?, room(web, SQUARE_BYTES).await?);
    tokio::fs::write(file.path(), picture).await.map_err(trouble)?;
    let never = CancellationToken::new();
    web.pool.jpeg(file.path(), made.path(), never).await?;
    tokio::fs::read(made.path()).await.map_err(trouble)
}

/// Gives a file a name that cannot be guessed.
pub async fn name<T: Serialize>(web: &Web, kind: &str, file: &Blob, facts: &T) -> Answer<String> {
    let name = random_name();
    name_it(web, format!("{kind}:{name}"), file, facts).await?;
    Ok(name)
}

pub async fn name_it<T: Serialize>(web: &Web, name: String, file: &Blob, facts: &T) -> Answer<()> {
    let facts = serde_json::to_string(facts).map_err(|error| ApiError::trouble(&error))?;
    let (file, now) = (file.clone(), web.clock.now());
    web.record(move |store| store.write(move |tx| web_files::put(tx, &name, &file, &facts, now)))
        .await
}

/// What a name stands for, and it counts as used. `None`: the name was never given, or its file is gone.
pub async fn known<T: for<'de> Deserialize<'de> + Send + 'static>(web: &Web, name: &str) -> Answer<Option<T>> {
    let (name, now) = (name.to_owned(), web.clock.now());
    let facts = web
        .record(move |store| {
            let Some((path, facts)) = store.read(|conn| web_files::get(conn, &name))? else {
                return Ok(None);
            };
            used(store, PathBuf::from(path), now)?;
            Ok(Some(facts))
        })
        .await?;
    // What an older version wrote and we cannot read is as good as gone.
    Ok(facts.and_then(|facts| serde_json::from_str(&facts).ok()))
}

/// A file was used now, as far as that is worth writing down.
pub fn used(store: &Store, path: PathBuf, now: Millis) -> Result<(), StoreError> {
    if store.read(|conn| files::is_unused_since(conn, &path, now - TOUCH_EVERY_MS))? {
        store.write(move |tx| files::touch(tx, &path, now))?;
    }
    Ok(())
}

/// Where a file of ours lies, if it was not removed to make room.
pub async fn path(web: &Web, blob: &Blob) -> Answer<PathBuf> {
    let gone = || ApiError::from(Rejection::FileGone);
    let name = blob.path().ok_or_else(gone)?;
    let (store, asked) = (web.store.clone(), name.clone());
    let kept = off_runtime(move || store.read(|conn| files::is_kept(conn, &asked))).await?;
    kept.then(|| web.store.folder().join(name)).ok_or_else(gone)
}

/// A song as an mp3, its own file if that is one; remembered by its content.
pub async fn mp3(web: &Web, song: &Song) -> Answer<Blob> {
    if song.codec == "mp3" {
        return Ok(song.file.clone());
    }
    let name = format!("mp3:{}", song.file.sha256);
    if let Some(made) = known(web, &name).await? {
        return Ok(made);
    }
    let (from, into) = (path(web, &song.file).await?, room_in_turn(web, SONG_BYTES).await?);
    let never = CancellationToken::new();
    web.pool
        .mp3(&from, std::time::Duration::ZERO, None, into.path(), never)
        .await?;
    let made = keep(into, "mp3").await?;
    name_it(web, name, &made, &made).await?;
    Ok(made)
}
