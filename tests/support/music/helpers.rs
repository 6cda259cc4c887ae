//! Odesli, MusicBrainz, the Cover Art Archive and LRCLIB.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Knows pages by their last letters: `...bloodtype` is song 1001 everywhere, `...named` has only a name, `...album` is none.
pub fn odesli() -> Router {
    let links = async |Query(query): Query<HashMap<String, String>>| {
        let page = query["url"].as_str();
        let entity = |id: &str, kind: &str, title: &str, artist: &str| json!({"id": id, "type": kind, "title": title, "artistName": artist, "apiProvider": "spotify"});
        let (kind, title, artist) = match page {
            page if page.ends_with("album") => ("album", "Группа крови", "Кино"),
            page if page.ends_with("bloodtype") => ("song", "Gruppa Krovi", "Kino"),
            page if page.ends_with("named") => ("song", "Nothing Else Matters", "Metallica"),
            page if page.ends_with("rare") => ("song", "No Such Song", "No Such Artist"),
            page if page.ends_with("/1002") => ("song", "Звезда по имени Солнце", "Кино"),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        let mut entities = json!({"SPOTIFY_SONG::x": entity("x", kind, title, artist)});
        let mut links = json!({"spotify": {"entityUniqueId": "SPOTIFY_SONG::x", "url": page}});
        if page.ends_with("bloodtype") {
            entities["DEEZER_SONG::1001"] = entity("1001", "song", title, artist);
            links["deezer"] =
                json!({"entityUniqueId": "DEEZER_SONG::1001", "url": "https://www.deezer.com/track/1001"});
            entities["YANDEX_SONG::1001"] = entity("1001", "song", title, artist);
            links["yandex"] =
                json!({"entityUniqueId": "YANDEX_SONG::1001", "url": "https://music.yandex.ru/track/1001"});
        }
        let answer: Value = json!({"entityUniqueId": "SPOTIFY_SONG::x", "userCountry": "US", "pageUrl": "https://song.link/x",
                                   "linksByPlatform": links, "entitiesByUniqueId": entities});
        Json(answer).into_response()
    };
    Router::new().route("/v1-alpha.1/links", get(links))
}

pub fn musicbrainz() -> Router {
    let group = |id: &str, kind: &str, others: &[&str]| json!({"release-group": {"id": id, "primary-type": kind, "secondary-types": others}});
    let recording = async move |Query(query): Query<HashMap<String, String>>| {
        let known = query["query"].contains("Nothing Else Matters");
        let recordings = match known {
            true => json!([
                {"title": "Something Else", "artist-credit": [{"name": "Metallica"}], "releases": [group("wrong", "Album", &[])]},
                {"title": "Nothing Else Matters", "artist-credit": [{"name": "Metallica"}],
                 "releases": [group("collection", "Album", &["Compilation"]), group("bare", "Album", &[]), group("album", "Album", &[])]},
            ]),
            false => json!([]),
        };
        Json(json!({"recordings": recordings}))
    };
    Router::new().route("/ws/2/recording", get(recording))
}

/// `album` has a picture, kept elsewhere; the others have none.
pub fn cover_archive(host: &str) -> Router {
    let host = host.to_owned();
    let front = async move |Path(id): Path<String>| match id.as_str() {
        "album" => {
            let to = format!("http://{host}/kept/album.jpg");
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    Router::new()
        .route("/release-group/{id}/front-500", get(front))
        .route("/kept/album.jpg", get(async || super::jpeg()))
}

pub fn lrclib() -> Router {
    let lyrics = async |Query(query): Query<HashMap<String, String>>| match query["track_name"].as_str() {
        // Known under one name alone.
        "Группа крови" if !query["artist_name"].contains(',') => Json(
            json!({"id": 1, "trackName": "Группа крови", "instrumental": false, "plainLyrics": "Тёплое место",
                                      "syncedLyrics": "[00:21.50] Тёплое место"}),
        )
        .into_response(),
        "One" => Json(json!({"id": 2, "trackName": "One", "instrumental": true, "syncedLyrics": null})).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    Router::new().route("/api/get", get(lyrics))
}
