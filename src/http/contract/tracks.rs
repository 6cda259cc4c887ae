//! `/search/` and `/track/...`: songs by name, what is known of one, its picture, its sound.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About, file_name};
use crate::http::input::{Path, Query, count, wanted};
use crate::http::{Web, media};
use crate::model::{Found, Source, TrackRef};
use crate::source::Cursor;

/// As many as the original gives.
const RESULTS: usize = 5;

#[derive(Deserialize)]
pub struct Search {
    query: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Results {
    results: Vec<Hit>,
}

#[derive(Serialize)]
struct Hit {
    id: String,
    title: String,
    artists: Vec<String>,
    /// Milliseconds.
    duration: u64,
}

#[derive(Serialize)]
struct Info {
    title: String,
    artists: Vec<Artist>,
    duration: u64,
}

#[derive(Serialize)]
struct Artist {
    id: u64,
    name: String,
}

pub async fn search(State(web): State<Web>, Query(asked): Query<Search>) -> Answer {
    let (query, limit) = (wanted(asked.query)?, count(asked.limit, RESULTS)?);
    let page = web.sources()?.search(&query, limit, Cursor::default()).await;
    if page.results.is_empty() {
        return Err(match page.failures.into_iter().next() {
            Some(failure) => ApiError {
                status: axum::http::StatusCode::BAD_GATEWAY,
                ..failure.into()
            },
            None => ApiError::not_found("no song of this name was found; try other words"),
        });
    }
    let results = page.results.into_iter().map(|found| Hit {
        id: found.track.to_string(),
        duration: duration(&found),
        title: found.title,
        artists: found.artists,
    });
    let results = results.collect();
    Ok(Json(Results { results }).into_response())
}

pub async fn info(State(web): State<Web>, Path(id): Path<String>) -> Answer {
    let found = web.sources()?.info(&track(&id)?).await?;
    let artists = found.artists.iter().map(|name| Artist {
        id: number_of(name),
        name: name.clone(),
    });
    let info = Info {
        artists: artists.collect(),
        duration: duration(&found),
        title: found.title,
    };
    Ok(Json(info).into_response())
}

pub async fn cover(State(web): State<Web>, Path(id): Path<String>) -> Answer {
    let sources = web.sources()?;
    let found = sources.info(&track(&id)?).await?;
    let bytes = sources.cover(&found).await?;
    let bytes = bytes.ok_or_else(|| ApiError::not_found("this song has no picture"))?;
    let bytes = match &*bytes {
        [0xff, 0xd8, 0xff, ..] => bytes,
        // Clients of the original expect a JPEG, and nothing else.
        _ => media::jpeg(&web, &bytes).await?,
    };
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], Body::from(bytes)).into_response())
}

pub async fn stream(State(web): State<Web>, Path(id): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let song = media::track(&web, &track(&id)?).await?;
    let mp3 = media::mp3(&web, &song).await?;
    let path = media::path(&web, &mp3).await?;
    let about = About {
        kind: "audio/mpeg",
        tag: &mp3.sha256,
        save_as: Some(file_name(
            &[song.artist.as_deref(), song.title.as_deref()],
            "song",
            "mp3",
        )),
    };
    file::answer(&path, about, &headers).await
}

/// A bare number is Yandex's, as it was in the original.
fn track(id: &str) -> Answer<TrackRef> {
    let track = id.parse().ok().or_else(|| TrackRef::new(Source::Yandex, id));
    track.ok_or_else(|| ApiError::not_found("there is no such song; search for it again"))
}

fn duration(found: &Found) -> u64 {
    found.duration.map_or(0, |duration| duration.as_millis() as u64)
}

/// Not every source numbers its artists: the same name has the same number, which a JavaScript number can hold.
fn number_of(name: &str) -> u64 {
    let hash = Sha256::digest(name);
    hash.iter()
        .take(6)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
