//! `/api/v1/songs`: a file or a track becomes a song that circles are made of; its sound, cover, waveform and beats.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About, file_name};
use crate::http::input::{self, Path, Query};
use crate::http::media::{self, Song, Told};
use crate::http::upload::{self, Wanted};
use crate::http::{Web, order};
use crate::model::Corners;
use crate::model::limits::{MAX_FRAGMENT, MIN_FRAGMENT};
use crate::worker::Surveyed;

/// Of a waveform, when nothing else is asked for: a phone held upright.
const POINTS: usize = 800;
const MOST_POINTS: usize = 4000;
/// Of the best fragments.
const LENGTH_MS: u64 = 30_000;

#[derive(Deserialize)]
struct Chosen {
    track: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    song: &'a str,
    title: Option<String>,
    artist: Option<String>,
    duration_ms: u64,
    has_cover: bool,
    /// Only a piece of the song can be had: as long as this.
    limited_to_ms: Option<u64>,
}

#[derive(Deserialize)]
pub struct Points {
    points: Option<usize>,
}

#[derive(Serialize)]
struct Waveform {
    duration_ms: u64,
    /// 0 to 1.
    peaks: Vec<f32>,
}

#[derive(Deserialize)]
pub struct Length {
    length_ms: Option<u64>,
}

#[derive(Serialize)]
struct Survey<'a> {
    tempo_bpm: Option<f32>,
    integrated_lufs: Option<f64>,
    beats_ms: &'a [u32],
    highlights: Vec<Highlight>,
}

#[derive(Serialize)]
struct Highlight {
    start_ms: u64,
    end_ms: u64,
    score: f64,
}

pub async fn add(State(web): State<Web>, request: Request) -> Answer {
    let song = if input::is_form(&request) {
        let wanted = Wanted {
            name: "file",
            max_bytes: web.house.upload_bytes,
        };
        let upload = upload::form(&web, request, &[wanted]).await?.file("file")?;
        let extension = upload.song_extension();
        media::song(&web, upload.file, extension, Told::default()).await?
    } else {
        let Chosen { track } = input::json(&web, request).await?;
        media::track(&web, &media::track_id(&track)?).await?
    };
    let name = media::name(&web, "song", &song.file, &song).await?;
    Ok((StatusCode::CREATED, Json(shown(&name, &song))).into_response())
}

pub async fn one(State(web): State<Web>, Path(name): Path<String>) -> Answer {
    let song = order::song(&web, &name).await?;
    Ok(Json(shown(&name, &song)).into_response())
}

fn shown<'a>(name: &'a str, song: &Song) -> Shown<'a> {
    Shown {
        song: name,
        title: song.title.clone(),
        artist: song.artist.clone(),
        duration_ms: song.duration_ms,
        has_cover: song.cover.is_some(),
        limited_to_ms: song.limited_to_ms,
    }
}

/// As it was sent where every browser plays it, else as an mp3.
pub async fn audio(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let song = order::song(&web, &name).await?;
    let (blob, kind) = match (&*song.codec, &*song.file.extension) {
        ("mp3", _) => (song.file.clone(), "audio/mpeg"),
        ("aac", "m4a") => (song.file.clone(), "audio/mp4"),
        ("flac", "flac") => (song.file.clone(), "audio/flac"),
        (codec, "wav") if codec.starts_with("pcm_s16") => (song.file.clone(), "audio/wav"),
        _ => (media::mp3(&web, &song).await?, "audio/mpeg"),
    };
    let save_as = None;
    let tag = &blob.sha256;
    file::answer(&media::path(&web, &blob).await?, About { kind, tag, save_as }, &headers).await
}

pub async fn cover(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let song = order::song(&web, &name).await?;
    let cover = song
        .cover
        .ok_or_else(|| ApiError::not_found("this song brought no picture"))?;
    let about = About {
        kind: "image/png",
        tag: &cover.sha256,
        save_as: None,
    };
    file::answer(&media::path(&web, &cover).await?, about, &headers).await
}

pub async fn waveform(State(web): State<Web>, Path(name): Path<String>, Query(asked): Query<Points>) -> Answer {
    let points = asked.points.unwrap_or(POINTS);
    if !(1..=MOST_POINTS).contains(&points) {
        return Err(ApiError::unreadable(format!(
            "`points` must be from 1 to {MOST_POINTS}"
        )));
    }
    let song = order::song(&web, &name).await?;
    let heard = hear(&web, &song, LENGTH_MS).await?;
    let waveform = Waveform {
        duration_ms: heard.length_ms,
        peaks: spread(&heard.waveform, points),
    };
    Ok(Json(waveform).into_response())
}

pub async fn survey(State(web): State<Web>, Path(name): Path<String>, Query(asked): Query<Length>) -> Answer {
    let length_ms = asked.length_ms.unwrap_or(LENGTH_MS);
    let bounds = MIN_FRAGMENT.as_millis() as u64..=MAX_FRAGMENT.as_millis() as u64;
    if !bounds.contains(&length_ms) {
        let (min, max) = (bounds.start(), bounds.end());
        return Err(ApiError::unreadable(format!("`length_ms` must be from {min} to {max}")));
    }
    let song = order::song(&web, &name).await?;
    let heard = hear(&web, &song, length_ms).await?;
    let highlights = heard.highlights.iter().map(|best| Highlight {
        start_ms: best.start_ms,
        end_ms: best.end_ms,
        score: best.score,
    });
    let survey = Survey {
        tempo_bpm: heard.tempo_bpm,
        integrated_lufs: heard.integrated_lufs,
        beats_ms: &heard.beats_ms,
        highlights: highlights.collect(),
    };
    Ok(Json(survey).into_response())
}

/// What hearing the whole song tells; remembered.
async fn hear(web: &Web, song: &Song, length_ms: u64) -> Answer<Arc<Surveyed>> {
    let key = (song.file.sha256.clone(), length_ms);
    if let Some(heard) = web.surveys.get(&key) {
        return Ok(heard);
    }
    // The waveform and the survey are asked for together; and one worker hears songs anyway.
    let _turn = web.hearing.lock().await;
    if let Some(heard) = web.surveys.get(&key) {
        return Ok(heard);
    }
    let path = media::path(web, &song.file).await?;
    let length = Duration::from_millis(length_ms);
    let heard = Arc::new(web.pool.survey(&path, length, CancellationToken::new()).await?);
    web.surveys.keep(key, Arc::clone(&heard));
    Ok(heard)
}

/// As many points as asked for, of as many as there are: the highest of those that fall together.
fn spread(peaks: &[u8], points: usize) -> Vec<f32> {
    let at = |n: usize| n * peaks.len() / points;
    let highest = |n: usize| {
        let (from, to) = (at(n), at(n + 1).max(at(n) + 1).min(peaks.len()));
        let peak = peaks.get(from..to).and_then(|some| some.iter().max());
        f32::from(peak.copied().unwrap_or(0)) / 255.0
    };
    (0..points).map(|n| (highest(n) * 1000.0).round() / 1000.0).collect()
}

/// For the name a song's circle is saved under.
pub fn saved_name(title: Option<&str>, artist: Option<&str>, corners: Corners) -> String {
    let square = (corners == Corners::Cover).then_some("square");
    file_name(&[artist, title, square], "circle", "mp4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_has_as_many_points_as_asked_for_and_keeps_its_peaks() {
        let peaks = [0, 51, 255, 102];
        assert_eq!(spread(&peaks, 2), [0.2, 1.0]);
        assert_eq!(spread(&peaks, 8), [0.0, 0.0, 0.2, 0.2, 1.0, 1.0, 0.4, 0.4]);
        assert_eq!(spread(&peaks, 3).len(), 3);
        assert_eq!(spread(&[], 2), [0.0, 0.0]);
    }
}
