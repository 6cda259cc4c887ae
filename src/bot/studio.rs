//! What is done with sound and pictures for a conversation: strangers' files in, songs, covers and stills in our folder out.
//! Every such file is opened by a confined worker alone.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::dialogue::{Song, SongSource};
use super::texts::Line;
use crate::model::{Blob, JobSpec};
use crate::queue::off_runtime;
use crate::store::disk::{Disk, DiskError, Reservation};
use crate::store::{Store, Tx, files};
use crate::worker::{Files, Pool, Reason, Wanted, WorkFailed};

/// A square PNG of a cover or a still.
const PICTURE_BYTES: u64 = 4_000_000;
/// Stills remembered by their request, so that leafing through the gallery draws each once.
const STILLS: usize = 256;
/// Where in the fragment a still is taken: past the fade at its start, where the music already moves.
const STILL_SHARE: f64 = 0.3;

#[derive(Clone)]
pub struct Studio {
    pool: Pool,
    disk: Disk,
    store: Store,
    stills: Arc<Mutex<VecDeque<(String, Blob)>>>,
}

/// What is known of a song beside its file.
#[derive(Clone, Debug)]
pub struct Told {
    pub source: SongSource,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub preview_only: bool,
    /// Its source's word goes before the file's tags.
    pub sure: bool,
}

impl Studio {
    pub fn new(pool: Pool, disk: Disk, store: Store) -> Self {
        Self {
            pool,
            disk,
            store,
            stills: Arc::default(),
        }
    }

    /// Room for a file that comes from outside.
    pub async fn room(&self, bytes: u64) -> Result<Reservation, Line> {
        let disk = self.disk.clone();
        off_runtime(move || disk.reserve("part", bytes))
            .await
            .map_err(|error| disk_line(&error))
    }

    /// The same for one whose length nobody knows, when it is its turn.
    pub async fn room_in_turn(&self, bytes: u64) -> Result<Reservation, Line> {
        let turn = self.disk.turn().await;
        Ok(self.room(bytes).await?.in_turn(turn))
    }

    /// Looks into a file that has arrived and keeps it, with the cover in its tags.
    pub async fn song(&self, user_id: i64, file: Reservation, extension: &str, told: Told) -> Result<Song, Line> {
        let cover = self.room(PICTURE_BYTES).await?;
        let facts = self
            .pool
            .probe(file.path(), Some(cover.path()), CancellationToken::new())
            .await;
        let facts = facts.map_err(|error| work_line(&error))?;
        if facts.length_ms < crate::model::limits::MIN_FRAGMENT.as_millis() as u64 {
            return Err(Line::new("media-too-short"));
        }
        let tag_cover = match facts.cover_bytes {
            Some(_) => Some(keep(user_id, cover, "png").await?),
            None => None,
        };
        let file = keep(user_id, file, extension).await?;
        let choose = |told_name: Option<String>, tag: Option<String>| match told.sure {
            true => told_name.or(tag),
            false => tag.or(told_name),
        };
        Ok(Song {
            file,
            source: told.source,
            title: choose(told.title, facts.title),
            artist: choose(told.artist, facts.artist),
            duration_ms: facts.length_ms,
            preview_only: told.preview_only,
            tag_cover,
            source_cover: None,
            lyrics: None,
            tag_lyrics: facts.has_lyrics,
        })
    }

    /// Somebody's picture as a square one that any program may open.
    pub async fn picture(&self, user_id: i64, file: &Path) -> Result<Blob, Line> {
        let clean = self.room(PICTURE_BYTES).await?;
        let made = self.pool.cover(file, clean.path(), CancellationToken::new()).await;
        made.map_err(|error| work_line(&error))?;
        keep(user_id, clean, "png").await
    }

    /// Looks into a file of words and keeps it, if they have their times.
    pub async fn lyrics(&self, user_id: i64, file: Reservation) -> Result<Blob, Line> {
        let lines = self.pool.lyrics(file.path(), CancellationToken::new()).await;
        lines.map_err(|error| work_line(&error))?;
        keep(user_id, file, "lrc").await
    }

    /// The best parts of a song, as start and length in milliseconds.
    pub async fn best(&self, song: &Path, length_ms: u64) -> Result<Vec<(u64, u64)>, Line> {
        let length = Duration::from_millis(length_ms);
        let heard = self.pool.survey(song, length, CancellationToken::new()).await;
        let heard = heard.map_err(|error| work_line(&error))?;
        let parts = heard
            .highlights
            .iter()
            .map(|best| (best.start_ms, best.end_ms.saturating_sub(best.start_ms)));
        Ok(parts.collect())
    }

    /// One moment of the circle that was asked for.
    pub async fn still(&self, user_id: i64, spec: &JobSpec, name: String) -> Result<Blob, Line> {
        if let Some(still) = self.remembered(&name).await {
            return Ok(still);
        }
        let files = Files::of(spec, self.store.folder()).ok_or_else(|| Line::new("files-gone"))?;
        let wanted = Wanted {
            spec: spec.clone(),
            files,
        };
        let picture = self.room(PICTURE_BYTES).await?;
        let at = Duration::from_millis(spec.length_ms).mul_f64(STILL_SHARE);
        let drawn = self
            .pool
            .frame(wanted, at, picture.path(), CancellationToken::new())
            .await;
        drawn.map_err(|error| work_line(&error))?;
        let still = keep(user_id, picture, "png").await?;
        let mut stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        stills.truncate(STILLS - 1);
        stills.push_front((name, still.clone()));
        Ok(still)
    }

    async fn remembered(&self, name: &str) -> Option<Blob> {
        let found = {
            let stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
            stills
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, still)| still.clone())
        };
        let still = found?;
        self.is_here(&still).await.then_some(still)
    }

    /// Whether a file of ours was not removed to make room.
    pub async fn is_here(&self, blob: &Blob) -> bool {
        let Some(path) = blob.path() else { return false };
        let store = self.store.clone();
        off_runtime(move || store.read(|conn| files::is_kept(conn, &path)))
            .await
            .unwrap_or(false)
    }
}

/// Theirs from its first moment, also when no card comes to speak of it: who wants to be forgotten takes it along.
async fn keep(user_id: i64, file: Reservation, extension: &str) -> Result<Blob, Line> {
    let extension = extension.to_owned();
    let own = move |tx: &Tx<'_>, blob: &Blob| blob.path().map_or(Ok(()), |path| files::own(tx, &path, user_id));
    let kept = off_runtime(move || file.keep_blob(&extension, own).map(|(blob, ())| blob)).await;
    kept.map_err(|error| disk_line(&error))
}

pub fn disk_line(error: &DiskError) -> Line {
    tracing::warn!(%error, "a file could not be kept");
    Line::new(match error {
        DiskError::TooLarge { .. } => "source-too-large",
        DiskError::Low | DiskError::BudgetFull => "reject-disk-low",
        DiskError::Store(_) | DiskError::Io(_) => "source-disk",
    })
}

/// What a person hears when a worker could not do it.
pub fn work_line(error: &WorkFailed) -> Line {
    let reason = match error {
        WorkFailed::Failed(failure) => failure.reason,
        WorkFailed::WorkerDied(_) => return Line::new("media-timeout"),
        WorkFailed::Cancelled | WorkFailed::NotReady | WorkFailed::Stopping => return Line::new("media-machine"),
    };
    Line::new(reason_key(reason))
}

/// The text for a reason of the workers'.
pub fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::SongMissing | Reason::SongUnreadable => "files-gone",
        Reason::SongEmpty | Reason::NotASong | Reason::OnlyACover => "media-not-sound",
        Reason::UnknownCodec | Reason::SongDamaged => "media-broken",
        Reason::SongTooShort | Reason::TooLittleLeft => "media-too-short",
        Reason::StartBeyondEnd | Reason::MomentOutside => "failed-request",
        Reason::CoverMissing | Reason::CoverDamaged => "picture-broken",
        Reason::CoverTooLarge => "picture-too-large",
        Reason::LyricsDamaged => "lyrics-broken",
        Reason::LyricsWithoutTimes => "lyrics-untimed",
        Reason::Look | Reason::Format | Reason::TooFewBytes => "failed-request",
        Reason::DiskFull | Reason::Unwritable => "reject-disk-low",
        Reason::Device | Reason::Encoder | Reason::Stopped | Reason::Mistake => "media-machine",
    }
}
