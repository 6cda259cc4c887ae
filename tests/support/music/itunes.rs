//! The iTunes search. Beside songs it finds albums, which have no track in them.

use std::collections::HashMap;

use axum::extract::Query;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::songs::{self, Song};

const LACKING: &[u32] = &[4001];
/// The beginning of an m4a, which is all that is looked at.
const M4A: &[u8] = b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0";

pub fn routes(host: &str) -> Router {
    let (search_host, lookup_host) = (host.to_owned(), host.to_owned());
    Router::new()
        .route(
            "/search",
            get(async move |Query(query): Query<HashMap<String, String>>| {
                let mut found =
                    vec![json!({"wrapperType": "collection", "collectionId": 9, "collectionName": "An album"})];
                found.extend(songs::search(&query["term"], LACKING).map(|song| track(song, &search_host)));
                Json(json!({"resultCount": found.len(), "results": found}))
            }),
        )
        .route(
            "/lookup",
            get(async move |Query(query): Query<HashMap<String, String>>| {
                let found: Vec<_> = songs::by_id(&query["id"], LACKING)
                    .map(|song| track(song, &lookup_host))
                    .into_iter()
                    .collect();
                Json(json!({"resultCount": found.len(), "results": found}))
            }),
        )
        .route("/preview/{file}", get(async || super::bytes("audio/x-m4a", M4A)))
        .route("/art/{file}", get(async || super::jpeg()))
}

fn track(song: &Song, host: &str) -> Value {
    json!({
        "wrapperType": "track", "kind": "song", "artistId": 1, "collectionId": 2, "trackId": song.id,
        "artistName": song.artist, "collectionName": song.album, "trackName": song.title,
        "trackViewUrl": format!("https://music.apple.com/us/album/x/2?i={}", song.id),
        "previewUrl": format!("http://{host}/preview/mzaf_{}.plus.aac.p.m4a", song.id),
        "artworkUrl100": format!("http://{host}/art/100x100bb.jpg"),
        "trackTimeMillis": song.duration_ms, "trackExplicitness": if song.explicit { "explicit" } else { "notExplicit" },
    })
}
