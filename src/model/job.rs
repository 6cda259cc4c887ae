//! A job: one serialisable value from which a worker makes a circle, given the files it names and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Corners, Fragment, TrackRef};

/// Longest extension of a file we keep: `flac`, `opus`, `webp`; anything longer is no extension.
const MAX_EXTENSION_CHARS: usize = 8;

/// The number of a job; never given twice, also after the job is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A file of the data folder, named by its content: `blobs/<sha256>.<extension>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blob {
    /// Lower-case hexadecimal, 64 characters.
    pub sha256: String,
    pub bytes: u64,
    /// Lower-case letters and digits, without the dot.
    pub extension: String,
}

impl Blob {
    /// Where it lies below the data folder. `None` when the value is not one we could have written: it came from outside
    /// and its name could lead anywhere.
    pub fn path(&self) -> Option<PathBuf> {
        let named = is_sha256(&self.sha256) && is_extension(&self.extension);
        named.then(|| PathBuf::from(format!("blobs/{}.{}", self.sha256, self.extension)))
    }
}

/// Everything that decides what a circle shows and plays. Paths, people and places to send it are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    pub song: Blob,
    /// `None`: the picture in the song's tags, else the built-in one.
    pub cover: Option<Blob>,
    pub lyrics: Option<Blob>,
    pub start_ms: u64,
    pub length_ms: u64,
    pub theme: String,
    /// Parameters of the theme as they would follow `--set`.
    pub settings: BTreeMap<String, String>,
    /// Turns a minute, `33.333`, or `beat`.
    pub speed: String,
    pub size_px: u32,
    pub fps: u32,
    /// Not named by jobs of before 2026-11-29.
    #[serde(default)]
    pub corners: Corners,
    /// In place of what the tags say.
    pub title: Option<String>,
    pub artist: Option<String>,
    pub seed: u64,
    pub max_bytes: u64,
}

impl JobSpec {
    pub fn fragment(&self) -> Fragment {
        Fragment {
            start: Duration::from_millis(self.start_ms),
            length: Duration::from_millis(self.length_ms),
        }
    }

    /// The files it is made from.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        [Some(&self.song), self.cover.as_ref(), self.lyrics.as_ref()]
            .into_iter()
            .flatten()
    }

    /// A cheap name for this request, made without opening a file: SHA-256 in hexadecimal over the request and `look`, which
    /// stands for the program and the theme that will draw it (`pipeline::look_version`). The same name means the same
    /// circle; different names may still mean the same one, which only the content key tells.
    pub fn fingerprint(&self, look: &str) -> String {
        let mut hash = Sha256::new();
        hash.update((look.len() as u64).to_le_bytes());
        hash.update(look);
        // A derived `Debug` names every field in its order, and no field is a float or an unordered map.
        hash.update(format!("{self:?}"));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_extension(text: &str) -> bool {
    let short = (1..=MAX_EXTENSION_CHARS).contains(&text.len());
    short && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// What is known of a job's song that its circle does not depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SongFacts {
    /// `None`: it came as a file.
    pub track: Option<TrackRef>,
    pub duration_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(sha256: &str, extension: &str) -> Blob {
        Blob {
            sha256: sha256.into(),
            bytes: 1,
            extension: extension.into(),
        }
    }

    #[test]
    fn a_blob_never_leads_out_of_its_folder() {
        let sha = "0f".repeat(32);
        assert_eq!(
            blob(&sha, "mp3").path(),
            Some(PathBuf::from(format!("blobs/{sha}.mp3")))
        );
        let hostile = [
            ("../../etc/passwd", "mp3"),
            (&*"0F".repeat(32), "mp3"),
            (&*sha, "../x"),
            (&*sha, ""),
        ];
        for (name, extension) in hostile {
            assert_eq!(blob(name, extension).path(), None, "{name} {extension}");
        }
    }

    #[test]
    fn a_fingerprint_follows_every_field_and_the_look() {
        let spec = JobSpec {
            song: blob(&"0f".repeat(32), "mp3"),
            cover: None,
            lyrics: None,
            start_ms: 0,
            length_ms: 30_000,
            theme: "vinyl".into(),
            settings: BTreeMap::new(),
            speed: "33.333".into(),
            size_px: 640,
            fps: 30,
            corners: Corners::Black,
            title: None,
            artist: None,
            seed: 0,
            max_bytes: 8_000_000,
        };
        let other = JobSpec {
            seed: 1,
            ..spec.clone()
        };
        assert_eq!(spec.fingerprint("1"), spec.clone().fingerprint("1"));
        assert_ne!(spec.fingerprint("1"), other.fingerprint("1"));
        assert_ne!(spec.fingerprint("1"), spec.fingerprint("2"));
    }
}
