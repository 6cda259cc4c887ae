//! A song as we know it before it is decoded.

use std::time::Duration;

/// What the file says of itself; empty strings are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
}

/// What `audio::probe` finds.
#[derive(Clone, Debug)]
pub struct TrackFacts {
    /// Playable length, encoder delay and padding taken off.
    pub duration: Duration,
    pub tags: Tags,
    /// The picture in the tags as the bytes of an image file: the front cover if it is marked, else the first.
    pub cover: Option<Vec<u8>>,
    /// Short codec name, `mp3`, `aac`, `vorbis`...
    pub codec: String,
    pub sample_rate: u32,
    pub channels: u32,
}
