//! Where a song comes from: which source, which of its tracks, and what the source says of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who can give us songs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The operator's own folder.
    Library,
    Yandex,
    Deezer,
    Itunes,
}

impl Source {
    pub const ALL: [Self; 4] = [Self::Library, Self::Yandex, Self::Deezer, Self::Itunes];

    /// As it is written in the configuration and in a [`TrackRef`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Yandex => "yandex",
            Self::Deezer => "deezer",
            Self::Itunes => "itunes",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Source {
    type Err = UnknownTrack;

    fn from_str(name: &str) -> Result<Self, UnknownTrack> {
        Self::ALL
            .into_iter()
            .find(|source| source.name() == name)
            .ok_or(UnknownTrack)
    }
}

/// One track of one source; written `deezer:3135556`. The identifier is letters and digits, at most
/// [`TrackRef::MAX_ID_CHARS`] of them, so it can stand in a path, a file name and a button as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackRef {
    source: Source,
    id: String,
}

impl TrackRef {
    /// The longest in use is the library's, 16 hexadecimal digits; the services have numbers.
    pub const MAX_ID_CHARS: usize = 24;

    pub fn new(source: Source, id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        let plain = !id.is_empty() && id.len() <= Self::MAX_ID_CHARS && id.bytes().all(|b| b.is_ascii_alphanumeric());
        plain.then_some(Self { source, id })
    }

    pub fn source(&self) -> Source {
        self.source
    }

    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for TrackRef {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.id)
    }
}

impl FromStr for TrackRef {
    type Err = UnknownTrack;

    fn from_str(text: &str) -> Result<Self, UnknownTrack> {
        let (source, id) = text.split_once(':').ok_or(UnknownTrack)?;
        Self::new(source.parse()?, id).ok_or(UnknownTrack)
    }
}

impl TryFrom<String> for TrackRef {
    type Error = UnknownTrack;

    fn try_from(text: String) -> Result<Self, UnknownTrack> {
        text.parse()
    }
}

impl From<TrackRef> for String {
    fn from(track: TrackRef) -> Self {
        track.to_string()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no track of a source we know")]
pub struct UnknownTrack;

/// What a source says of a track. Serialisable, so that a dialogue can keep it over a restart; it holds nothing secret and
/// nothing that runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub track: TrackRef,
    /// One printable line, as are the other names.
    pub title: String,
    pub artists: Vec<String>,
    pub album: Option<String>,
    /// Of the whole song, also where only a piece of it can be had.
    pub duration: Option<Duration>,
    /// Only a piece of about 30 seconds can be had, from where in the song is not known. `false` is a promise for the
    /// library alone: Yandex tells when the song is fetched.
    pub preview_only: bool,
    pub explicit: bool,
    /// Where the source keeps its picture; fetched by `Sources::cover` alone.
    pub cover_url: Option<String>,
    /// The song's page, for people.
    pub page_url: Option<String>,
}

impl Found {
    /// All artists in one line.
    pub fn artist(&self) -> String {
        self.artists.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_written_and_read_back() {
        let track = TrackRef::new(Source::Deezer, "3135556").unwrap();
        assert_eq!(track.to_string(), "deezer:3135556");
        assert_eq!("deezer:3135556".parse(), Ok(track.clone()));
        let json = serde_json::to_string(&track).unwrap();
        assert_eq!(json, r#""deezer:3135556""#);
        assert_eq!(serde_json::from_str::<TrackRef>(&json).unwrap(), track);
    }

    #[test]
    fn what_could_leave_its_place_is_no_track() {
        for text in [
            "",
            "deezer",
            "deezer:",
            "deezer:../1",
            "deezer:1/2",
            "deezer:1?x=2",
            "deezer:1 2",
            "napster:1",
            "Deezer:1",
            "deezer:1234567890123456789012345",
            "yandex:песня",
        ] {
            assert_eq!(text.parse::<TrackRef>(), Err(UnknownTrack), "{text}");
        }
    }
}
