//! `/api/v1/search`: songs of the configured sources by name.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::http::Web;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{Query, count, wanted};
use crate::model::{Found, Source};
use crate::source::Cursor;

const RESULTS: usize = 20;

#[derive(Deserialize)]
pub struct Search {
    query: Option<String>,
    limit: Option<i64>,
    source: Option<String>,
}

#[derive(Serialize)]
struct Tracks {
    tracks: Vec<Track>,
}

#[derive(Serialize)]
struct Track {
    id: String,
    title: String,
    artists: Vec<String>,
    duration_ms: Option<u64>,
    preview_only: bool,
    cover: Option<String>,
}

pub async fn search(State(web): State<Web>, Query(asked): Query<Search>) -> Answer {
    let (query, limit) = (wanted(asked.query)?, count(asked.limit, RESULTS)?);
    let sources = web.sources()?;
    let only: Option<Source> = match asked.source.as_deref() {
        None | Some("") => None,
        Some(name) => {
            let on = sources
                .order()
                .iter()
                .map(|source| source.name())
                .collect::<Vec<_>>()
                .join(", ");
            let unknown = || ApiError::unreadable(format!("`source` must be one of those that are on: {on}"));
            let source = name.parse().ok().filter(|source| sources.order().contains(source));
            Some(source.ok_or_else(unknown)?)
        }
    };
    let from = only.map_or_else(Cursor::default, Cursor::at);
    let page = sources.search(&query, limit, from).await;
    let wanted = |found: &Found| only.is_none_or(|source| found.track.source() == source);
    let tracks: Vec<Track> = page.results.into_iter().filter(wanted).map(shown).collect();
    match page.failures.into_iter().next() {
        // Nothing, because somebody could not be asked: that is no empty list.
        Some(failure) if tracks.is_empty() => Err(failure.into()),
        _ => Ok(Json(Tracks { tracks }).into_response()),
    }
}

fn shown(found: Found) -> Track {
    let id = found.track.to_string();
    Track {
        // Through us: nobody's page talks to another host than ours.
        cover: Some(format!("/track/{id}/cover")),
        id,
        title: found.title,
        artists: found.artists,
        duration_ms: found.duration.map(|duration| duration.as_millis() as u64),
        preview_only: found.preview_only,
    }
}
