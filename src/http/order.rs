//! What a circle is to be: a song on our disk and an order in, the job's specification out, every number and name checked here,
//! so that what cannot be done is refused before it stands in the line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Web;
use super::error::{Answer, ApiError};
use super::input::{is_random_name, line};
use super::media::{self, Song};
use super::unlike;
use super::upload::{keep, room};
use crate::model::limits::{MAX_FRAGMENT, MAX_LYRICS_BYTES, MIN_FRAGMENT};
use crate::model::{Blob, Corners, Fps, JobSpec, Size};
use crate::queue::Rejection;
use crate::scene::motion::Speed;
use crate::scene::theme;
use crate::worker::{Files, Wanted};

/// Longest value of a parameter: a colour.
const VALUE_CHARS: usize = 40;

/// How the circle of a song is to look and what of the song it plays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    #[serde(default)]
    pub start_ms: u64,
    pub length_ms: Option<u64>,
    pub theme: Option<String>,
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    pub speed: Option<Value>,
    pub size_px: Option<u32>,
    pub fps: Option<u32>,
    #[serde(default)]
    pub corners: Corners,
    pub title: Option<String>,
    pub artist: Option<String>,
    /// An LRC file's text.
    pub lyrics: Option<String>,
    #[serde(default)]
    pub seed: u64,
}

/// The same of a song that was sent before; what the studio and the API send as JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    pub song: Option<String>,
    /// In its place: the id of a source's song, which is fetched first.
    pub track: Option<String>,
    pub cover: Option<String>,
    #[serde(flatten)]
    pub look: Fields,
}

/// [`Look`] beside other fields: `deny_unknown_fields` and `flatten` exclude each other, so it is read in a second step.
pub type Fields = serde_json::Map<String, Value>;

/// A picture that was sent before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    pub file: Blob,
}

impl Order {
    pub async fn spec(self, web: &Web) -> Answer<JobSpec> {
        Ok(self.with_song(web).await?.0)
    }

    pub async fn with_song(self, web: &Web) -> Answer<(JobSpec, Song)> {
        let look = Look::read(self.look)?;
        let song = match (&self.song, &self.track) {
            (Some(name), None) => song(web, name).await?,
            (None, Some(track)) => media::track(web, &media::track_id(track)?).await?,
            _ => return Err(ApiError::unreadable("name either a `song` or a `track`")),
        };
        let cover = match &self.cover {
            Some(name) => Some(cover(web, name).await?),
            None => None,
        };
        Ok((look.spec(web, &song, cover).await?, song))
    }
}

/// What a worker is handed.
pub fn wanted(web: &Web, spec: JobSpec) -> Answer<Wanted> {
    let files = Files::of(&spec, web.store.folder()).ok_or_else(|| ApiError::from(Rejection::FileGone))?;
    Ok(Wanted { spec, files })
}

/// A song by its name.
pub async fn song(web: &Web, name: &str) -> Answer<Song> {
    let unknown = || ApiError::not_found("there is no such song here any more; send it again");
    if !is_random_name(name) {
        return Err(unknown());
    }
    media::known(web, &format!("song:{name}")).await?.ok_or_else(unknown)
}

/// A cover by its name.
pub async fn cover(web: &Web, name: &str) -> Answer<Blob> {
    let unknown = || ApiError::not_found("there is no such cover here any more; send it again");
    if !is_random_name(name) {
        return Err(unknown());
    }
    let known: Option<Picture> = media::known(web, &format!("cover:{name}")).await?;
    Ok(known.ok_or_else(unknown)?.file)
}

impl Look {
    pub fn read(fields: Fields) -> Answer<Self> {
        serde_path_to_error::deserialize(Value::Object(fields))
            .map_err(|error| ApiError::unreadable(unlike::sentence(&error.to_string())))
    }

    pub async fn spec(self, web: &Web, song: &Song, cover: Option<Blob>) -> Answer<JobSpec> {
        let (start_ms, length_ms) = fragment(self.start_ms, self.length_ms, song.duration_ms)?;
        let bad = |error: crate::scene::SceneError| ApiError::bad(error.to_string());
        let theme = theme::find(self.theme.as_deref().unwrap_or(&web.house.theme)).map_err(bad)?;
        let settings = settings(self.parameters)?;
        let pairs: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        theme.parse_settings(pairs.iter().map(String::as_str)).map_err(bad)?;
        let speed: Speed = match self.speed {
            Some(speed) => plain(&speed)?.parse().map_err(ApiError::bad)?,
            None => Speed::default(),
        };
        let size = Size::new(self.size_px.unwrap_or(web.house.format.size.px()));
        let (min, max) = (Size::MIN, Size::MAX);
        let size = size.ok_or_else(|| {
            ApiError::bad(format!(
                "a circle's side must be an even number of pixels from {min} to {max}"
            ))
        })?;
        let fps = Fps::new(self.fps.unwrap_or(web.house.format.fps.get()));
        let fps = fps.ok_or_else(|| ApiError::bad("`fps` must be 25, 30 or 60"))?;
        let lyrics = match self.lyrics.filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(lyrics(web, text).await?),
            None => None,
        };
        Ok(JobSpec {
            song: song.file.clone(),
            cover: cover.or_else(|| song.cover.clone()),
            lyrics,
            start_ms,
            length_ms,
            theme: theme.name.clone(),
            settings,
            speed: speed.to_string(),
            size_px: size.px(),
            fps: fps.get(),
            corners: self.corners,
            title: line(self.title.as_deref()).or_else(|| song.title.clone()),
            artist: line(self.artist.as_deref()).or_else(|| song.artist.clone()),
            seed: self.seed,
            max_bytes: web.house.max_circle_bytes,
        })
    }
}

/// Within the song, and as long as a circle may be: its first minute when nothing is said.
pub fn fragment(start_ms: u64, length_ms: Option<u64>, song_ms: u64) -> Answer<(u64, u64)> {
    let (min, max) = (MIN_FRAGMENT.as_millis() as u64, MAX_FRAGMENT.as_millis() as u64);
    let left = song_ms.saturating_sub(start_ms);
    if left < min {
        return Err(ApiError::bad(format!(
            "the song has {song_ms} ms; start at least a second before its end"
        )));
    }
    match length_ms {
        Some(length) if !(min..=max).contains(&length) => Err(ApiError::bad(format!(
            "a circle is {min} to {max} ms long; choose another length"
        ))),
        length => Ok((start_ms, length.unwrap_or(max).min(left))),
    }
}

/// Parameters as they would follow `--set`.
fn settings(given: BTreeMap<String, Value>) -> Answer<BTreeMap<String, String>> {
    given
        .into_iter()
        .map(|(name, value)| Ok((name, plain(&value)?)))
        .collect()
}

fn plain(value: &Value) -> Answer<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        _ => return Err(ApiError::unreadable("a parameter is a number, a text or true or false")),
    };
    if text.chars().count() > VALUE_CHARS {
        return Err(ApiError::unreadable(format!(
            "a parameter has at most {VALUE_CHARS} letters"
        )));
    }
    Ok(text)
}

async fn lyrics(web: &Web, text: String) -> Answer<Blob> {
    if text.len() as u64 > MAX_LYRICS_BYTES {
        return Err(ApiError::too_large(MAX_LYRICS_BYTES));
    }
    let file = room(web, MAX_LYRICS_BYTES).await?;
    tokio::fs::write(file.path(), text)
        .await
        .map_err(|error| ApiError::trouble(&error))?;
    keep(file, "lrc").await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_by_its_name() {
        let cases = [
            (
                json!({ "x": 1 }),
                "there is no field `x` here; see /docs for those there are",
            ),
            (json!({ "fps": "30" }), "`fps` must be a whole number, 0 or more"),
            (
                json!({ "start_ms": -1 }),
                "`start_ms` must be a whole number, 0 or more",
            ),
            (
                json!({ "size_px": 5_000_000_000_u64 }),
                "`size_px` is too large a number",
            ),
            (json!({ "title": 5 }), "`title` must be a text"),
            (json!({ "parameters": [] }), "`parameters` must be an object of JSON"),
            (json!({ "corners": "blue" }), "`corners` must be one of: black, cover"),
            (json!({ "corners": null }), "`corners` must be a text"),
        ];
        for (fields, expected) in cases {
            let Value::Object(fields) = fields else { unreachable!() };
            let told = Look::read(fields).unwrap_err();
            assert_eq!(told.to_string(), expected);
        }
    }

    #[test]
    fn a_fragment_lies_within_its_song() {
        let told = |start, length, song| fragment(start, length, song).ok();
        assert_eq!(told(0, None, 200_000), Some((0, 60_000)));
        assert_eq!(told(180_000, None, 200_000), Some((180_000, 20_000)));
        assert_eq!(told(180_000, Some(30_000), 200_000), Some((180_000, 20_000)));
        assert_eq!(told(10, Some(5_000), 200_000), Some((10, 5_000)));
        for (start, length, song) in [
            (199_500, None, 200_000),
            (u64::MAX, None, 9_000),
            (0, Some(60_001), 90_000),
            (0, Some(999), 9_000),
        ] {
            assert_eq!(told(start, length, song), None, "{start} {length:?}");
        }
    }
}
