//! Deezer's open interface: refusals with status 200, pieces that may be missing.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::songs::{self, Song};

const LACKING: &[u32] = &[4002];

pub fn routes(host: &str) -> Router {
    let (search_host, track_host) = (host.to_owned(), host.to_owned());
    Router::new()
        .route(
            "/search",
            get(async move |Query(query): Query<HashMap<String, String>>| {
                let found: Vec<_> = songs::search(&query["q"], LACKING)
                    .map(|song| track(song, &search_host))
                    .collect();
                Json(json!({"total": found.len(), "data": found}))
            }),
        )
        .route(
            "/track/{id}",
            get(async move |Path(id): Path<String>| match songs::by_id(&id, LACKING) {
                Some(song) => Json(track(song, &track_host)),
                None => Json(json!({"error": {"type": "DataException", "message": "no data", "code": 800}})),
            }),
        )
        .route("/stream/{file}", get(async || super::mp3()))
        .route("/cover/{file}", get(async || super::jpeg()))
}

fn track(song: &Song, host: &str) -> Value {
    let preview = match song.id {
        3000 => String::new(),
        id => format!("http://{host}/stream/c-{id}-3.mp3"),
    };
    json!({
        "id": song.id, "readable": true, "title": song.title, "title_short": song.title,
        "link": format!("https://www.deezer.com/track/{}", song.id),
        "duration": song.duration_ms / 1000, "rank": 1, "explicit_lyrics": song.explicit, "preview": preview,
        "artist": {"id": 1, "name": song.artist},
        "album": {"id": 2, "title": song.album, "cover_big": "", "cover_xl": format!("http://{host}/cover/{}.jpg", song.id)},
        "type": "track",
    })
}
