//! MusicBrainz and the Cover Art Archive: the name of a song in, the picture of the record it came out on out. For songs whose
//! own source has no picture.

use serde::Deserialize;

use super::error::SourceError;
use super::fetch::{Call, Gate, picture_extension};
use super::service::Service;
use super::settings::Open;
use super::wire;
use crate::model::spelling::{self, Named};

/// A picture of 500 or 600 px, many times over.
pub(super) const MAX_COVER_BYTES: u64 = 10_000_000;
/// Records tried for one song.
const MAX_RECORDS: usize = 3;

pub(super) struct Covers {
    pub(super) musicbrainz: Gate,
    pub(super) archive: Gate,
}

impl Covers {
    pub fn new(musicbrainz: &Open, archive: &Open, user_agent: &str) -> Result<Self, SourceError> {
        let gate = |service, settings: &Open| Gate::new(service, settings.base_url.as_deref(), user_agent);
        Ok(Self {
            musicbrainz: gate(Service::MusicBrainz, musicbrainz)?,
            archive: gate(Service::CoverArchive, archive)?,
        })
    }

    /// `None`: no record is known, or none has a picture.
    pub async fn find(&self, title: &str, artist: &str) -> Result<Option<Vec<u8>>, SourceError> {
        for record in self.records(title, artist).await?.into_iter().take(MAX_RECORDS) {
            let call = Call {
                max_bytes: MAX_COVER_BYTES,
                ..Call::get(self.archive.url(&["release-group", &record, "front-500"], &[]))
            };
            match picture(&self.archive, &call).await {
                Err(SourceError::NotFound { .. }) => {}
                outcome => return outcome.map(Some),
            }
        }
        Ok(None)
    }

    /// Identifiers of the records the song is on, albums before collections.
    async fn records(&self, title: &str, artist: &str) -> Result<Vec<String>, SourceError> {
        let query = format!(r#"recording:"{}" AND artist:"{}""#, quoted(title), quoted(artist));
        let url = self.musicbrainz.url(
            &["ws", "2", "recording"],
            &[("query", &query), ("fmt", "json"), ("limit", "5")],
        );
        let answer: Answer = self
            .musicbrainz
            .ask(&Call::get(url), |body| wire::json(Service::MusicBrainz, body))
            .await?;
        let asked = Named {
            title,
            artist,
            duration: None,
        };
        let same = answer.recordings.into_iter().filter(|recording| {
            let credited: Vec<_> = recording
                .artist_credit
                .iter()
                .filter_map(|credit| credit.name.as_deref())
                .collect();
            let known = Named {
                title: recording.title.as_deref().unwrap_or_default(),
                artist: &credited.join(" "),
                duration: None,
            };
            spelling::same_song(asked, known)
        });
        let mut groups: Vec<_> = same
            .flat_map(|recording| recording.releases)
            .filter_map(|release| release.release_group)
            .collect();
        groups.sort_by_key(|group| {
            (
                group.primary_type.as_deref() != Some("Album"),
                !group.secondary_types.is_empty(),
            )
        });
        let mut ids: Vec<String> = Vec::new();
        for group in groups {
            if !ids.contains(&group.id) {
                ids.push(group.id);
            }
        }
        Ok(ids)
    }
}

/// A picture that a service keeps.
pub(super) async fn picture(gate: &Gate, call: &Call) -> Result<Vec<u8>, SourceError> {
    gate.ask(call, |body| match picture_extension(body) {
        Some(_) => Ok(body.to_vec()),
        None => Err(gate.garbled("a picture of no kind we know")),
    })
    .await
}

/// Inside of quotes of a Lucene query, only these two have a meaning.
fn quoted(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "wire::list")]
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Recording {
    title: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    artist_credit: Vec<Credit>,
    #[serde(default, deserialize_with = "wire::list")]
    releases: Vec<Release>,
}

#[derive(Deserialize)]
struct Credit {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Release {
    release_group: Option<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Group {
    id: String,
    primary_type: Option<String>,
    #[serde(default)]
    secondary_types: Vec<String>,
}
