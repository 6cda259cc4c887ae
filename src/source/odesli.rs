//! Odesli: a link to a song at some service in, the same song at ours out.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::SourceError;
use super::fetch::{Call, Gate};
use super::service::Service;
use super::settings::Open;
use super::wire;
use crate::model::{Source, TrackRef};

const SERVICE: Service = Service::Odesli;

pub(super) struct Odesli {
    pub(super) gate: Gate,
}

/// A song as Odesli knows it.
pub(super) struct Elsewhere {
    pub title: Option<String>,
    pub artist: Option<String>,
    /// The song at services that are sources of ours.
    pub tracks: Vec<TrackRef>,
}

impl Odesli {
    pub fn new(settings: &Open, user_agent: &str) -> Result<Self, SourceError> {
        Ok(Self {
            gate: Gate::new(SERVICE, settings.base_url.as_deref(), user_agent)?,
        })
    }

    pub async fn lookup(&self, link: &str) -> Result<Elsewhere, SourceError> {
        let url = self
            .gate
            .url(&["v1-alpha.1", "links"], &[("url", link), ("userCountry", "US")]);
        self.gate.ask(&Call::get(url), elsewhere).await
    }
}

fn elsewhere(body: &[u8]) -> Result<Elsewhere, SourceError> {
    let answer: Answer = wire::json(SERVICE, body)?;
    let entities: HashMap<String, Entity> = answer
        .entities_by_unique_id
        .into_iter()
        .filter_map(|(key, value)| Some((key, serde_json::from_value(value).ok()?)))
        .collect();
    let asked = entities.get(&answer.entity_unique_id);
    if asked.is_some_and(|entity| entity.kind != "song") {
        return Err(SourceError::NotOneSong);
    }
    let named = asked.or_else(|| entities.values().find(|entity| entity.kind == "song"));
    let named = named.ok_or(SourceError::NotFound { service: SERVICE })?;
    let platforms = [
        ("yandex", Source::Yandex),
        ("deezer", Source::Deezer),
        ("itunes", Source::Itunes),
        ("appleMusic", Source::Itunes),
    ];
    let mut tracks: Vec<TrackRef> = Vec::new();
    for (platform, source) in platforms {
        let entity = answer.links_by_platform.get(platform).and_then(|link| {
            let key = link.get("entityUniqueId")?.as_str()?;
            entities.get(key)
        });
        let track = entity.and_then(|entity| TrackRef::new(source, entity.id.clone()));
        tracks.extend(track.filter(|track| !tracks.contains(track)));
    }
    Ok(Elsewhere {
        title: wire::name(named.title.clone()),
        artist: wire::name(named.artist_name.clone()),
        tracks,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    entity_unique_id: String,
    #[serde(default)]
    links_by_platform: HashMap<String, Value>,
    #[serde(default)]
    entities_by_unique_id: HashMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    #[serde(deserialize_with = "wire::id")]
    id: String,
    #[serde(rename = "type")]
    kind: String,
    title: Option<String>,
    artist_name: Option<String>,
}
