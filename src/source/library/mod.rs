//! The operator's own folder of music: names in, whole songs out. A thread of its own keeps the index (`store::catalogue`) true
//! to the folder; searches only read the index, and a song is copied out of the folder when it is asked for.

mod folder;
mod keeper;
mod scan;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::error::SourceError;
use super::fetch::{Saved, audio_extension, copy_of};
use super::service::Service;
use super::settings::{self, FetchLimits, MAX_RESULTS};
use crate::model::limits::MAX_LYRICS_BYTES;
use crate::model::{Found, Source, TrackFacts, TrackRef};
use crate::store::catalogue::{Catalogue, CatalogueError};
use crate::store::library::LibraryTrack;
use folder::Folder;
use keeper::Keeper;
pub use keeper::LibraryStatus;

/// Reads what a file says of itself; `None`: it is no song. Handed in, because reading sound is another step's work.
pub type ReadFacts = Arc<dyn Fn(&Path, &AtomicBool) -> Option<TrackFacts> + Send + Sync>;

const SERVICE: Service = Service::Library;

pub(super) struct Library {
    folder: Arc<Folder>,
    catalogue: Catalogue,
    read_facts: ReadFacts,
    keeper: Keeper,
}

impl Library {
    /// Begins to scan the folder; what the index still knows can be searched at once.
    pub fn start(
        settings: &settings::Library,
        catalogue: Catalogue,
        read_facts: ReadFacts,
    ) -> Result<Self, SourceError> {
        let folder = Arc::new(Folder::open(&settings.folder).map_err(SourceError::disk)?);
        let scan = scan::Scan {
            folder: folder.clone(),
            catalogue: catalogue.clone(),
            read_facts: read_facts.clone(),
        };
        Ok(Self {
            keeper: Keeper::start(scan, settings.rescan).map_err(SourceError::disk)?,
            folder,
            catalogue,
            read_facts,
        })
    }

    pub fn status(&self) -> LibraryStatus {
        self.keeper.status()
    }

    pub async fn search(&self, text: &str) -> Result<Vec<Found>, SourceError> {
        let (catalogue, text) = (self.catalogue.clone(), text.to_owned());
        let tracks = off_the_runtime(move || catalogue.search(&text, MAX_RESULTS).map_err(index)).await?;
        Ok(tracks.into_iter().filter_map(found).collect())
    }

    pub async fn info(&self, id: &str) -> Result<Found, SourceError> {
        let track = self.track(id).await?;
        found(track).ok_or(SourceError::NotFound { service: SERVICE })
    }

    pub async fn fetch(&self, id: &str, into: &Path, limits: FetchLimits) -> Result<Saved, SourceError> {
        let track = self.track(id).await?;
        let (folder, into) = (self.folder.clone(), into.to_owned());
        off_the_runtime(move || {
            // A file that went between the scan and now is a song we do not have.
            let song = folder
                .file(&track.path)
                .map_err(|_| SourceError::NotFound { service: SERVICE })?;
            copy_of(song, &into, limits.max_bytes, audio_extension)
        })
        .await
    }

    /// The picture in the song's tags.
    pub async fn cover(&self, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let track = self.track(id).await?;
        if !track.has_cover {
            return Ok(None);
        }
        let (folder, read_facts) = (self.folder.clone(), self.read_facts.clone());
        off_the_runtime(move || {
            let path = folder
                .checked_path(&track.path)
                .map_err(|_| SourceError::NotFound { service: SERVICE })?;
            Ok(read_facts(&path, &AtomicBool::new(false)).and_then(|facts| facts.cover))
        })
        .await
    }

    /// The words in the `.lrc` file beside the song, as they are written.
    pub async fn lyrics(&self, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let track = self.track(id).await?;
        let folder = self.folder.clone();
        off_the_runtime(move || {
            let stem = track
                .path
                .iter()
                .rposition(|&byte| byte == b'.')
                .unwrap_or(track.path.len());
            let beside = |extension: &[u8]| folder.file(&[&track.path[..stem], extension].concat()).ok();
            let Some(file) = beside(b".lrc").or_else(|| beside(b".LRC")) else {
                return Ok(None);
            };
            let mut text = Vec::new();
            // One byte more shows whoever looks into them that they are too long.
            let read = file.take(MAX_LYRICS_BYTES + 1).read_to_end(&mut text);
            read.map(|_| Some(text)).map_err(SourceError::disk)
        })
        .await
    }

    async fn track(&self, id: &str) -> Result<LibraryTrack, SourceError> {
        let (catalogue, id) = (self.catalogue.clone(), id.to_owned());
        let track = off_the_runtime(move || catalogue.by_id(&id).map_err(index)).await?;
        track.ok_or(SourceError::NotFound { service: SERVICE })
    }
}

fn found(track: LibraryTrack) -> Option<Found> {
    Some(Found {
        track: TrackRef::new(Source::Library, track.id)?,
        title: track.title,
        artists: track.artist.into_iter().collect(),
        album: track.album,
        duration: Some(Duration::from_millis(track.duration_ms)),
        preview_only: false,
        explicit: false,
        cover_url: None,
        page_url: None,
    })
}

fn index(_: CatalogueError) -> SourceError {
    SourceError::Unavailable {
        service: SERVICE,
        reason: "its index failed".into(),
        retry_after: Some(Duration::from_secs(60)),
    }
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(SourceError::Unavailable {
            service: SERVICE,
            reason: "it was stopped in the middle".into(),
            retry_after: None,
        }),
    }
}
