//! A song that lies on our disk, as a conversation and a job's context know it.

use serde::{Deserialize, Serialize};

use super::ThemeSettings;
use crate::bot::recipe::{Recipe, SongRef};
use crate::model::{Blob, TrackRef};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Song {
    pub file: Blob,
    pub source: SongSource,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub duration_ms: u64,
    /// Only about half a minute of it can be had.
    pub preview_only: bool,
    /// The picture in its tags, made small for showing; circles take it from the song itself.
    pub tag_cover: Option<Blob>,
    /// Its source's picture, for songs without one of their own.
    pub source_cover: Option<Blob>,
    /// Its words with their times, sent by somebody or found.
    pub lyrics: Option<Blob>,
    /// Its tags hold such words.
    #[serde(default)]
    pub tag_lyrics: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SongSource {
    Upload,
    Track(TrackRef),
}

/// What a card begins with, where it is not the usual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Start and length in milliseconds.
    pub part: Option<(u64, u64)>,
    pub theme: Option<String>,
    pub speed: Option<String>,
    pub settings: ThemeSettings,
    pub own_cover: Option<Blob>,
    /// Begin with the gallery of themes.
    pub gallery: bool,
    /// Begin with the best part that is not this one.
    pub elsewhere: bool,
}

impl Preset {
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            part: Some((recipe.start_ms, recipe.length_ms)),
            theme: Some(recipe.theme.clone()),
            speed: Some(recipe.speed.clone()),
            settings: recipe.settings.clone(),
            ..Self::default()
        }
    }
}

impl Song {
    /// How a link names it.
    pub fn reference(&self) -> SongRef {
        match &self.source {
            SongSource::Track(track) => SongRef::Track(track.clone()),
            SongSource::Upload => SongRef::File(self.file.clone()),
        }
    }

    pub fn files(&self) -> impl Iterator<Item = &Blob> {
        let others = [&self.tag_cover, &self.source_cover, &self.lyrics];
        [&self.file].into_iter().chain(others.into_iter().flatten())
    }

    pub fn has_lyrics(&self) -> bool {
        self.lyrics.is_some() || self.tag_lyrics
    }
}
