//! Yandex Music as its clients know it: a token, an envelope, links that are signed and run out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::songs::{self, Song};

/// No text we produce may contain it.
pub const TOKEN: &str = "y0_canary-token-of-the-operator";
const SALT: &str = "XGRlBW9FXlekgbPrRHuSiA";
const LACKING: &[u32] = &[4001, 4002];

#[derive(Default)]
pub struct Switches {
    /// The account has no subscription.
    pub preview_only: AtomicBool,
    /// So many links turn out to have run out.
    pub expired_links: AtomicUsize,
    /// Links lead to this host.
    pub other_host: std::sync::Mutex<Option<String>>,
}

pub fn routes(host: &str, switches: Arc<Switches>) -> Router {
    let (info_host, xml_host) = (host.to_owned(), host.to_owned());
    let (info_switches, xml_switches) = (switches.clone(), switches.clone());
    let cover_host = host.to_owned();
    let tracks_host = host.to_owned();
    Router::new()
        .route(
            "/search",
            get(async move |headers: HeaderMap, Query(query): Query<HashMap<String, String>>| {
                let found: Vec<_> = songs::search(&query["text"], LACKING).map(|song| track(song, &cover_host)).collect();
                let mut result = json!({"text": query["text"], "page": 0, "perPage": 20});
                if !found.is_empty() {
                    result["tracks"] = json!({"total": found.len(), "perPage": 20, "results": found});
                }
                answer(&headers, result)
            }),
        )
        .route(
            "/tracks",
            post(async move |headers: HeaderMap, form: Bytes| {
                let form = String::from_utf8_lossy(&form).into_owned();
                let id = form.split('&').find_map(|field| field.strip_prefix("track-ids=")).unwrap_or_default();
                let found: Vec<_> = songs::by_id(id, LACKING).map(|song| track(song, &tracks_host)).into_iter().collect();
                answer(&headers, json!(found))
            }),
        )
        .route(
            "/tracks/{id}/download-info",
            get(async move |headers: HeaderMap, Path(id): Path<String>| {
                let preview = info_switches.preview_only.load(Ordering::Relaxed);
                let variant = |codec: &str, kbits: u32| {
                    let url = format!("https://{info_host}/file-download-info/{id}/{kbits}?sign=abc&ts=1");
                    json!({"codec": codec, "gain": false, "preview": preview, "downloadInfoUrl": url,
                           "direct": false, "bitrateInKbps": kbits})
                };
                let variants = match preview {
                    true => vec![variant("mp3", 128)],
                    false => vec![variant("aac", 64), variant("mp3", 320), variant("mp3", 192), variant("aac", 192)],
                };
                answer(&headers, json!(variants))
            }),
        )
        .route(
            "/file-download-info/{id}/{kbits}",
            get(async move |Path((id, kbits)): Path<(String, String)>| {
                let other = xml_switches.other_host.lock().unwrap().clone();
                let host = other.unwrap_or_else(|| xml_host.clone());
                format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<download-info><host>{host}</host>\
                     <path>/music/{kbits}/{id}.mp3</path><ts>0005a</ts><region>-1</region><s>salt{id}</s></download-info>"
                )
            }),
        )
        .route(
            "/get-mp3/{sign}/{ts}/music/{kbits}/{file}",
            get(async move |Path((sign, _, kbits, file)): Path<(String, String, String, String)>| {
                let id = file.trim_end_matches(".mp3");
                let expected = Md5::digest(format!("{SALT}music/{kbits}/{file}salt{id}"));
                let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
                let expired = |left: usize| left.checked_sub(1);
                if sign != expected {
                    StatusCode::FORBIDDEN.into_response()
                } else if switches.expired_links.fetch_update(Ordering::Relaxed, Ordering::Relaxed, expired).is_ok() {
                    StatusCode::GONE.into_response()
                } else {
                    super::mp3()
                }
            }),
        )
        .route("/get-music-content/{a}/{b}/600x600", get(async || super::jpeg()))
}

fn answer(headers: &HeaderMap, result: Value) -> Response {
    let expected = format!("OAuth {TOKEN}");
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|value| value != expected.as_str())
    {
        let error = json!({"error": {"name": "session-expired", "message": "Your OAuth token is likely expired"}});
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    Json(
        json!({"invocationInfo": {"req-id": "1", "hostname": "stand-in", "exec-duration-millis": 4}, "result": result}),
    )
    .into_response()
}

/// Identifiers come as numbers in some answers and as text in others.
fn track(song: &Song, host: &str) -> Value {
    json!({
        "id": if song.id.is_multiple_of(2) { json!(song.id) } else { json!(song.id.to_string()) },
        "title": song.title,
        "artists": [{"id": 7, "name": song.artist}],
        "albums": [{"id": 55, "title": song.album, "year": 1988}],
        "durationMs": song.duration_ms,
        "coverUri": format!("{host}/get-music-content/1/2/%%"),
        "available": song.id != 3000,
        "contentWarning": song.explicit.then_some("explicit"),
        "type": "music",
    })
}
