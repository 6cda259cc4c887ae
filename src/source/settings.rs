//! What the operator may choose about sources, checked elsewhere. A source is on when its settings are there and it stands in
//! the order; the helpers (links, covers, lyrics) when their settings are there.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::Source;

/// Results taken from one source for one search: five pages of five.
pub const MAX_RESULTS: usize = 25;
/// Longer texts are no names of songs.
pub const MAX_QUERY_CHARS: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Asked in this order.
    pub order: Vec<Source>,
    pub library: Option<Library>,
    pub yandex: Option<Yandex>,
    pub deezer: Option<Open>,
    pub itunes: Option<Itunes>,
    pub odesli: Option<Open>,
    pub musicbrainz: Option<Open>,
    pub cover_archive: Option<Open>,
    pub lrclib: Option<Open>,
    /// How services can reach the operator: an e-mail or a page. MusicBrainz blocks programs that do not tell.
    pub contact: Option<String>,
}

/// A service that anyone may ask.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// In place of its own address. Exactly this host and port may then lie anywhere, also on a private network.
    pub base_url: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Library {
    pub folder: PathBuf,
    /// A full look at the folder this often, for changes that nobody told us of.
    pub rescan: Duration,
}

impl Library {
    pub const RESCAN: Duration = Duration::from_secs(900);
}

#[derive(Clone, Debug)]
pub struct Yandex {
    pub token: SecretString,
    pub base_url: Option<String>,
    /// The best mp3 up to this many kbit/s is taken: the circle's own sound has 128.
    pub max_kbits: u32,
}

impl Yandex {
    pub const MAX_KBITS: u32 = 192;
}

#[derive(Clone, Debug)]
pub struct Itunes {
    pub base_url: Option<String>,
    /// Two letters: whose shop is searched.
    pub country: String,
}

impl Itunes {
    pub const COUNTRY: &'static str = "US";
}

impl Default for Itunes {
    fn default() -> Self {
        Self {
            base_url: None,
            country: Self::COUNTRY.into(),
        }
    }
}

/// How much a download may take.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    pub max_bytes: u64,
    pub total: Duration,
}

impl Default for FetchLimits {
    /// An hour at 320 kbit/s, within the patience of someone who looks at a progress bar.
    fn default() -> Self {
        Self {
            max_bytes: 150_000_000,
            total: Duration::from_secs(60),
        }
    }
}
