//! Deezer's open interface: names and identifiers in, pieces of 30 seconds out. Its refusals come with the status 200.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::SourceError;
use super::fetch::{Call, Gate, Saved, audio_extension};
use super::service::Service;
use super::settings::{FetchLimits, MAX_RESULTS, Open};
use super::wire;
use crate::model::{Found, Source, TrackRef};

const SERVICE: Service = Service::Deezer;
/// The allowance is 50 requests in this time.
const QUOTA_WINDOW: Duration = Duration::from_secs(5);
/// Codes of the errors.
const QUOTA_EXCEEDED: i64 = 4;
const NO_DATA: i64 = 800;

pub(super) struct Deezer {
    pub(super) gate: Gate,
}

impl Deezer {
    pub fn new(settings: &Open, user_agent: &str) -> Result<Self, SourceError> {
        Ok(Self {
            gate: Gate::new(SERVICE, settings.base_url.as_deref(), user_agent)?,
        })
    }

    pub async fn search(&self, text: &str) -> Result<Vec<Found>, SourceError> {
        let limit = MAX_RESULTS.to_string();
        let url = self
            .gate
            .url(&["search"], &[("q", text), ("limit", &limit), ("index", "0")]);
        let page: Page = self.gate.ask(&Call::get(url), answer).await?;
        Ok(page.data.into_iter().filter_map(Track::found).collect())
    }

    pub async fn info(&self, id: &str) -> Result<Found, SourceError> {
        let track = self.track(id).await?;
        track.found().ok_or(SourceError::NotPlayable { service: SERVICE })
    }

    /// The link to the piece runs out, so it is asked for anew each time.
    pub async fn fetch(&self, id: &str, into: &Path, limits: FetchLimits) -> Result<Saved, SourceError> {
        let preview = self.track(id).await?.preview.filter(|link| !link.is_empty());
        let preview = preview.ok_or(SourceError::NotPlayable { service: SERVICE })?;
        let mut call = Call::get(self.gate.link(&preview)?);
        (call.max_bytes, call.total) = (limits.max_bytes, limits.total);
        self.gate.save(&call, into, audio_extension).await
    }

    async fn track(&self, id: &str) -> Result<Track, SourceError> {
        let call = Call::get(self.gate.url(&["track", id], &[]));
        self.gate.ask(&call, answer).await
    }
}

fn answer<T: DeserializeOwned>(body: &[u8]) -> Result<T, SourceError> {
    let Refused { error } = wire::json(SERVICE, body)?;
    match error.map(|error| error.code) {
        None => wire::json(SERVICE, body),
        Some(QUOTA_EXCEEDED) => Err(SourceError::Busy {
            service: SERVICE,
            retry_after: QUOTA_WINDOW,
        }),
        Some(NO_DATA) => Err(SourceError::NotFound { service: SERVICE }),
        Some(code) => Err(SourceError::Garbled {
            service: SERVICE,
            what: format!("its error {code}"),
        }),
    }
}

#[derive(Deserialize)]
struct Refused {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: i64,
}

#[derive(Deserialize)]
struct Page {
    #[serde(deserialize_with = "wire::list")]
    data: Vec<Track>,
}

#[derive(Deserialize)]
struct Track {
    #[serde(deserialize_with = "wire::id")]
    id: String,
    readable: Option<bool>,
    title: Option<String>,
    link: Option<String>,
    /// Seconds.
    duration: Option<f64>,
    #[serde(default)]
    explicit_lyrics: bool,
    preview: Option<String>,
    artist: Option<Artist>,
    album: Option<Album>,
}

#[derive(Deserialize)]
struct Artist {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Album {
    title: Option<String>,
    cover_xl: Option<String>,
    cover_big: Option<String>,
}

impl Track {
    /// `None`: there is nothing to hear.
    fn found(self) -> Option<Found> {
        if self.readable == Some(false) || self.preview.as_deref().unwrap_or_default().is_empty() {
            return None;
        }
        let album = self.album;
        let cover_url = album.as_ref().and_then(|album| {
            let pictures = [&album.cover_xl, &album.cover_big];
            pictures.into_iter().flatten().find(|link| !link.is_empty()).cloned()
        });
        Some(Found {
            page_url: self
                .link
                .or_else(|| Some(format!("https://www.deezer.com/track/{}", self.id))),
            track: TrackRef::new(Source::Deezer, self.id)?,
            title: wire::name(self.title)?,
            artists: wire::name(self.artist.and_then(|artist| artist.name))
                .into_iter()
                .collect(),
            album: wire::name(album.and_then(|album| album.title)),
            duration: wire::duration(self.duration.map(|secs| secs * 1000.0)),
            preview_only: true,
            explicit: self.explicit_lyrics,
            cover_url,
        })
    }
}
