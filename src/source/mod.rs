//! Step 1: a name or a link in, songs to choose from out; a chosen song in, its file, cover and lyrics out.
//!
//! ```text
//! text -> Sources::search  -> Found ..  -+-> Sources::fetch  -> LocalMedia
//! link -> Sources::resolve -> Found     -+-> Sources::cover, Sources::lyrics
//! ```
//!
//! Each source is off unless it is configured. They are asked in the configured order, and one that fails is told of beside
//! what the others gave. Every byte from outside comes through `fetch`, which connects to the services' own hosts alone.
//! Never: a host that a user named, a token in an error or a log, a file that is left after a failure.

mod covers;
mod deezer;
mod error;
mod fetch;
mod health;
mod itunes;
mod library;
pub mod link;
mod lyrics;
mod odesli;
mod resolve;
mod search;
mod service;
pub mod settings;
mod wire;
mod yandex;

use std::path::Path;

pub use error::{ErrorKind, SourceError};
pub use fetch::audio_extension;
pub use health::{Health, State};
pub use library::{LibraryStatus, ReadFacts};
pub use search::{Cursor, Page};
pub use service::Service;
pub use settings::{FetchLimits, Settings};

use crate::flow::LocalMedia;
use crate::model::{Found, Source, TrackRef};
use crate::store::catalogue::Catalogue;
use covers::{Covers, MAX_COVER_BYTES};
use deezer::Deezer;
use fetch::{Call, Gate};
use itunes::Itunes;
use library::Library;
use lyrics::Lrclib;
use odesli::Odesli;
use search::Lists;
use yandex::Yandex;

/// All sources that are on, and the helpers. Made once; its methods may be called from many tasks at once.
pub struct Sources {
    order: Vec<Source>,
    library: Option<Library>,
    yandex: Option<Yandex>,
    deezer: Option<Deezer>,
    itunes: Option<Itunes>,
    odesli: Option<Odesli>,
    covers: Option<Covers>,
    lrclib: Option<Lrclib>,
    lists: Lists,
}

impl Sources {
    /// Connects to nothing yet; the library begins its scan. `index` and `read_facts` are the library's.
    pub fn start(settings: &Settings, index: Option<(Catalogue, ReadFacts)>) -> Result<Self, SourceError> {
        let version = env!("CARGO_PKG_VERSION");
        let agent = match &settings.contact {
            Some(contact) => format!("MusicCircles/{version} ({contact})"),
            None => format!("MusicCircles/{version}"),
        };
        let listed = |source| settings.order.contains(&source);
        let library = settings.library.as_ref().filter(|_| listed(Source::Library));
        let yandex = settings.yandex.as_ref().filter(|_| listed(Source::Yandex));
        let deezer = settings.deezer.as_ref().filter(|_| listed(Source::Deezer));
        let itunes = settings.itunes.as_ref().filter(|_| listed(Source::Itunes));
        let library = match (library, index) {
            (Some(library), Some((index, read_facts))) => Some(Library::start(library, index, read_facts)?),
            _ => None,
        };
        let records = settings.musicbrainz.as_ref().zip(settings.cover_archive.as_ref());
        let sources = Self {
            library,
            yandex: yandex.map(Yandex::new).transpose()?,
            deezer: deezer.map(|deezer| Deezer::new(deezer, &agent)).transpose()?,
            itunes: itunes.map(|itunes| Itunes::new(itunes, &agent)).transpose()?,
            odesli: settings
                .odesli
                .as_ref()
                .map(|odesli| Odesli::new(odesli, &agent))
                .transpose()?,
            covers: records
                .map(|(brainz, archive)| Covers::new(brainz, archive, &agent))
                .transpose()?,
            lrclib: settings
                .lrclib
                .as_ref()
                .map(|lrclib| Lrclib::new(lrclib, &agent))
                .transpose()?,
            lists: Lists::default(),
            order: Vec::new(),
        };
        let mut order = Vec::new();
        for &source in &settings.order {
            if sources.is_on(source) && !order.contains(&source) {
                order.push(source);
            }
        }
        Ok(Self { order, ..sources })
    }

    /// Which sources are on, in the order they are asked.
    pub fn order(&self) -> &[Source] {
        &self.order
    }

    /// What a source says of one of its tracks.
    pub async fn info(&self, track: &TrackRef) -> Result<Found, SourceError> {
        let (source, id) = (track.source(), track.id());
        match source {
            Source::Library => on(source, &self.library)?.info(id).await,
            Source::Yandex => on(source, &self.yandex)?.info(id).await,
            Source::Deezer => on(source, &self.deezer)?.info(id).await,
            Source::Itunes => on(source, &self.itunes)?.info(id).await,
        }
    }

    /// The song as a new file at exactly `into`, where nothing may be yet; nothing is there after a failure, nor when the
    /// future is dropped.
    pub async fn fetch(&self, track: &TrackRef, into: &Path, limits: FetchLimits) -> Result<LocalMedia, SourceError> {
        let (source, id) = (track.source(), track.id());
        let (saved, preview_only) = match source {
            Source::Library => (on(source, &self.library)?.fetch(id, into, limits).await?, false),
            Source::Yandex => on(source, &self.yandex)?.fetch(id, into, limits).await?,
            Source::Deezer => (on(source, &self.deezer)?.fetch(id, into, limits).await?, true),
            Source::Itunes => (on(source, &self.itunes)?.fetch(id, into, limits).await?, true),
        };
        Ok(LocalMedia {
            path: into.to_owned(),
            sha256: saved.sha256,
            size_bytes: saved.size_bytes,
            extension: saved.extension,
            preview_only,
        })
    }

    /// The song's picture as the bytes of an image file: its own source's, else that of the record it came out on. `None`:
    /// there is none.
    pub async fn cover(&self, found: &Found) -> Result<Option<Vec<u8>>, SourceError> {
        let own = self.own_cover(found).await;
        if let Ok(Some(_)) = own {
            return own;
        }
        match self.record_cover(&found.title, &found.artist()).await {
            Ok(None) => own,
            outcome => outcome,
        }
    }

    /// The picture of the record a song came out on, for songs that come from no source.
    pub async fn record_cover(&self, title: &str, artist: &str) -> Result<Option<Vec<u8>>, SourceError> {
        match &self.covers {
            Some(covers) if !title.is_empty() && !artist.is_empty() => covers.find(title, artist).await,
            _ => Ok(None),
        }
    }

    /// Synced lyrics as LRC text. `None`: nobody knows any.
    pub async fn lyrics(&self, found: &Found) -> Result<Option<String>, SourceError> {
        match (&self.lrclib, found.artists.first()) {
            (Some(lrclib), Some(artist)) => lrclib.find(&found.title, artist, found.duration).await,
            _ => Ok(None),
        }
    }

    /// How each service has been doing; the library has its [`LibraryStatus`] instead.
    pub fn health(&self) -> Vec<Health> {
        let sources = [
            self.yandex.as_ref().map(|yandex| &yandex.gate),
            self.deezer.as_ref().map(|deezer| &deezer.gate),
            self.itunes.as_ref().map(|itunes| &itunes.gate),
            self.odesli.as_ref().map(|odesli| &odesli.gate),
            self.covers.as_ref().map(|covers| &covers.musicbrainz),
            self.covers.as_ref().map(|covers| &covers.archive),
            self.lrclib.as_ref().map(|lrclib| &lrclib.gate),
        ];
        sources.into_iter().flatten().map(Gate::health).collect()
    }

    pub fn library(&self) -> Option<LibraryStatus> {
        self.library.as_ref().map(Library::status)
    }

    async fn own_cover(&self, found: &Found) -> Result<Option<Vec<u8>>, SourceError> {
        let source = found.track.source();
        let gate = match source {
            Source::Library => return on(source, &self.library)?.cover(found.track.id()).await,
            Source::Yandex => &on(source, &self.yandex)?.gate,
            Source::Deezer => &on(source, &self.deezer)?.gate,
            Source::Itunes => &on(source, &self.itunes)?.gate,
        };
        let Some(link) = &found.cover_url else {
            return Ok(None);
        };
        let mut call = Call::get(gate.link(link)?);
        call.max_bytes = MAX_COVER_BYTES;
        match covers::picture(gate, &call).await {
            Err(SourceError::NotFound { .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    fn is_on(&self, source: Source) -> bool {
        match source {
            Source::Library => self.library.is_some(),
            Source::Yandex => self.yandex.is_some(),
            Source::Deezer => self.deezer.is_some(),
            Source::Itunes => self.itunes.is_some(),
        }
    }
}

fn on<T>(source: Source, part: &Option<T>) -> Result<&T, SourceError> {
    part.as_ref().ok_or(SourceError::Off { service: source.into() })
}
