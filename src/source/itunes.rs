//! The iTunes search: names and identifiers in, pieces of 30 seconds out.

use std::path::Path;

use serde::Deserialize;

use super::error::SourceError;
use super::fetch::{Call, Gate, Saved, audio_extension};
use super::service::Service;
use super::settings::{FetchLimits, Itunes as Settings, MAX_RESULTS};
use super::wire;
use crate::model::{Found, Source, TrackRef};

const SERVICE: Service = Service::Itunes;
/// The pictures come in any size that stands in their name.
const COVER_AS_TOLD: &str = "100x100bb";
const COVER_WANTED: &str = "600x600bb";

pub(super) struct Itunes {
    pub(super) gate: Gate,
    country: String,
}

impl Itunes {
    pub fn new(settings: &Settings, user_agent: &str) -> Result<Self, SourceError> {
        Ok(Self {
            gate: Gate::new(SERVICE, settings.base_url.as_deref(), user_agent)?,
            country: settings.country.clone(),
        })
    }

    pub async fn search(&self, text: &str) -> Result<Vec<Found>, SourceError> {
        let limit = MAX_RESULTS.to_string();
        let query = [
            ("term", text),
            ("media", "music"),
            ("entity", "song"),
            ("limit", &limit),
            ("country", &self.country),
        ];
        let call = Call::get(self.gate.url(&["search"], &query));
        let songs = self.gate.ask(&call, songs).await?;
        Ok(songs.into_iter().filter_map(Song::found).collect())
    }

    pub async fn info(&self, id: &str) -> Result<Found, SourceError> {
        let song = self.song(id).await?;
        song.found().ok_or(SourceError::NotPlayable { service: SERVICE })
    }

    pub async fn fetch(&self, id: &str, into: &Path, limits: FetchLimits) -> Result<Saved, SourceError> {
        let preview = self.song(id).await?.preview_url.filter(|link| !link.is_empty());
        let preview = preview.ok_or(SourceError::NotPlayable { service: SERVICE })?;
        let mut call = Call::get(self.gate.link(&preview)?);
        (call.max_bytes, call.total) = (limits.max_bytes, limits.total);
        self.gate.save(&call, into, audio_extension).await
    }

    async fn song(&self, id: &str) -> Result<Song, SourceError> {
        let url = self.gate.url(&["lookup"], &[("id", id), ("country", &self.country)]);
        let songs = self.gate.ask(&Call::get(url), songs).await?;
        let song = songs.into_iter().find(|song| song.track_id == id);
        song.ok_or(SourceError::NotFound { service: SERVICE })
    }
}

fn songs(body: &[u8]) -> Result<Vec<Song>, SourceError> {
    let answer: Answer = wire::json(SERVICE, body)?;
    Ok(answer.results)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "wire::list")]
    results: Vec<Song>,
}

/// Albums and artists have no `trackId` and so are no songs to us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Song {
    #[serde(deserialize_with = "wire::id")]
    track_id: String,
    track_name: Option<String>,
    artist_name: Option<String>,
    collection_name: Option<String>,
    track_view_url: Option<String>,
    preview_url: Option<String>,
    artwork_url100: Option<String>,
    track_time_millis: Option<f64>,
    track_explicitness: Option<String>,
}

impl Song {
    fn found(self) -> Option<Found> {
        if self.preview_url.unwrap_or_default().is_empty() {
            return None;
        }
        Some(Found {
            track: TrackRef::new(Source::Itunes, self.track_id)?,
            title: wire::name(self.track_name)?,
            artists: wire::name(self.artist_name).into_iter().collect(),
            album: wire::name(self.collection_name),
            duration: wire::duration(self.track_time_millis),
            preview_only: true,
            explicit: self.track_explicitness.as_deref() == Some("explicit"),
            cover_url: self
                .artwork_url100
                .map(|link| link.replace(COVER_AS_TOLD, COVER_WANTED)),
            page_url: self.track_view_url,
        })
    }
}
