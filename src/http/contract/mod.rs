//! What the original MusicCircles services answer, so that their clients need not know that it is us: the same paths, fields,
//! types and statuses.

mod people;
mod tracks;
mod trim;
mod video;

use super::Routes;

pub fn routes() -> Routes {
    Routes::default()
        .get("/search/", tracks::search)
        .get("/track/{id}/info", tracks::info)
        .get("/track/{id}/cover", tracks::cover)
        .get("/users/{id}", people::user)
        .get("/interactions/", people::interactions)
        .get("/interactions/user/{id}", people::interactions_of)
        .post("/log-interaction/", people::log)
}

/// The address that was meant, where only the stroke at its end is wrong: the original sends people on.
pub fn meant(path: &str) -> Option<&'static str> {
    const PATHS: [&str; 5] = [
        "/search/",
        "/log-interaction/",
        "/interactions/",
        "/trim_audio",
        "/create_video",
    ];
    let name = path.trim_matches('/');
    PATHS
        .into_iter()
        .find(|known| known.trim_matches('/') == name && *known != path)
}

/// Those that fetch, encode or render, and take as long as that takes.
pub fn long_routes() -> Routes {
    Routes::default()
        .get("/track/{id}/stream", tracks::stream)
        .post("/trim_audio", trim::trim)
        .post("/create_video", video::create)
}
