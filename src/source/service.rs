//! The outside services we ask, and what is fixed about each: its address, the hosts it keeps its files on, how often it may
//! be asked. Everything that is a number or a host stands in this one table.

use std::fmt;
use std::time::Duration;

use crate::model::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The operator's folder; asked through the disk.
    Library,
    Yandex,
    Deezer,
    Itunes,
    /// Knows the same song at other services.
    Odesli,
    /// Knows which record a song is on.
    MusicBrainz,
    CoverArchive,
    /// Synced lyrics.
    Lrclib,
}

impl Service {
    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "the music library",
            Self::Yandex => "Yandex Music",
            Self::Deezer => "Deezer",
            Self::Itunes => "iTunes",
            Self::Odesli => "Odesli",
            Self::MusicBrainz => "MusicBrainz",
            Self::CoverArchive => "the Cover Art Archive",
            Self::Lrclib => "LRCLIB",
        }
    }

    pub(super) fn base_url(self) -> &'static str {
        match self {
            // Never fetched.
            Self::Library => "https://library.invalid",
            Self::Yandex => "https://api.music.yandex.net",
            Self::Deezer => "https://api.deezer.com",
            Self::Itunes => "https://itunes.apple.com",
            Self::Odesli => "https://api.song.link",
            Self::MusicBrainz => "https://musicbrainz.org",
            Self::CoverArchive => "https://coverartarchive.org",
            Self::Lrclib => "https://lrclib.net",
        }
    }

    /// These hosts and the ones below them, and no others, are ever connected to for this service.
    pub(super) fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Library => &[],
            // The interface, the storage of the songs and the pictures.
            Self::Yandex => &["yandex.net"],
            Self::Deezer => &["api.deezer.com", "dzcdn.net"],
            // The shop, its previews below it, and the pictures.
            Self::Itunes => &["itunes.apple.com", "mzstatic.com"],
            Self::Odesli => &["api.song.link"],
            Self::MusicBrainz => &["musicbrainz.org"],
            // The archive answers with a redirect to the Internet Archive, which keeps the pictures.
            Self::CoverArchive => &["coverartarchive.org", "archive.org"],
            Self::Lrclib => &["lrclib.net"],
        }
    }

    /// Requests that may be made at once, and the time after which one more may. What a service does not tell is our own
    /// courtesy.
    pub(super) fn allowance(self) -> (u32, Duration) {
        match self {
            // Courtesy: a search and a download are four requests.
            Self::Library | Self::Yandex => (20, Duration::from_millis(100)),
            // 50 in 5 s from one address; a tenth is left for clocks that differ.
            Self::Deezer => (25, Duration::from_millis(200)),
            // About 20 a minute.
            Self::Itunes => (5, Duration::from_secs(4)),
            // 10 a minute without a key.
            Self::Odesli => (3, Duration::from_millis(8_500)),
            Self::MusicBrainz => (1, Duration::from_millis(1_050)),
            // Courtesy.
            Self::CoverArchive | Self::Lrclib => (5, Duration::from_millis(500)),
        }
    }
}

impl From<Source> for Service {
    fn from(source: Source) -> Self {
        match source {
            Source::Library => Self::Library,
            Source::Yandex => Self::Yandex,
            Source::Deezer => Self::Deezer,
            Source::Itunes => Self::Itunes,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.title())
    }
}
