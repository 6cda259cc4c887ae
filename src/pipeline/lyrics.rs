//! Where a request's lyrics come from: the file that was named, the one beside the song, the song's tags.

use std::path::{Path, PathBuf};

use crate::lyrics::{self, Lyrics, LyricsError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LyricsChoice {
    /// It must be good.
    File(PathBuf),
    /// The `.lrc` file beside the song, else what its tags hold, else none.
    Nearby,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LyricsFound {
    /// The theme shows none, and nobody looked.
    NotShown,
    /// The fragment has lines to sing.
    Shown,
    /// There are lyrics, but no line of them is sung in the fragment.
    NotInFragment,
    /// There are none; this file would have been taken.
    Missing { wanted: PathBuf },
    /// The file beside the song was passed over, and there were no others.
    Broken { path: PathBuf, reason: String },
}

/// The lyrics of the whole song. What was named must be good; what happens to lie about may be broken.
pub(super) fn load(
    choice: &LyricsChoice,
    song: &Path,
    in_tags: Option<&str>,
) -> Result<(Lyrics, LyricsFound), LyricsError> {
    let mut found = LyricsFound::Missing {
        wanted: song.with_extension("lrc"),
    };
    let beside = match choice {
        LyricsChoice::File(path) => return Ok((lyrics::load_file(path)?, LyricsFound::Shown)),
        LyricsChoice::Nearby => lyrics::beside(song),
    };
    if let Some(path) = beside {
        match lyrics::load_file(&path) {
            Ok(lyrics) => return Ok((lyrics, LyricsFound::Shown)),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the lyrics beside the song were not used");
                let reason = error.to_string();
                found = LyricsFound::Broken { path, reason };
            }
        }
    }
    // Most lyrics in tags have no times, and then they are of no use here.
    match in_tags.map(lyrics::parse) {
        Some(Ok(lyrics)) => Ok((lyrics, LyricsFound::Shown)),
        _ => Ok((Lyrics::default(), found)),
    }
}
