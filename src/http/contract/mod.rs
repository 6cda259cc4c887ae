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

/// Those that fetch, encode or render, and take as long as that takes.
pub fn long_routes() -> Routes {
    Routes::default()
        .get("/track/{id}/stream", tracks::stream)
        .post("/trim_audio", trim::trim)
        .post("/create_video", video::create)
}
