//! LRCLIB: the name and length of a song in, its synced lyrics as LRC text out.

use std::time::Duration;

use serde::Deserialize;

use super::error::SourceError;
use super::fetch::{Call, Gate};
use super::service::Service;
use super::settings::Open;
use super::wire;

const SERVICE: Service = Service::Lrclib;
/// The words of any song, with their times, many times over.
const MAX_LYRICS_BYTES: u64 = 300_000;

pub(super) struct Lrclib {
    pub(super) gate: Gate,
}

impl Lrclib {
    pub fn new(settings: &Open, user_agent: &str) -> Result<Self, SourceError> {
        Ok(Self {
            gate: Gate::new(SERVICE, settings.base_url.as_deref(), user_agent)?,
        })
    }

    /// `None`: unknown, without words, or known without times.
    pub async fn find(
        &self,
        title: &str,
        artist: &str,
        duration: Option<Duration>,
    ) -> Result<Option<String>, SourceError> {
        let secs = duration.map(|duration| duration.as_secs().to_string());
        let mut query = vec![("track_name", title), ("artist_name", artist)];
        query.extend(secs.as_deref().map(|secs| ("duration", secs)));
        let mut call = Call::get(self.gate.url(&["api", "get"], &query));
        call.max_bytes = MAX_LYRICS_BYTES;
        let known: Result<Known, _> = self.gate.ask(&call, |body| wire::json(SERVICE, body)).await;
        match known {
            Ok(known) => Ok(known
                .synced_lyrics
                .filter(|lyrics| !known.instrumental && !lyrics.trim().is_empty())),
            Err(SourceError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    #[serde(default)]
    instrumental: bool,
    synced_lyrics: Option<String>,
}
