//! Our own API, `/api/v1/`: themes, search, songs, covers, stills, jobs. What each takes and answers is in `openapi`.

mod covers;
mod features;
mod frames;
mod jobs;
mod screen;
mod search;
mod songs;
mod telegram;
mod themes;

use super::Routes;

pub fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/themes", themes::list)
        .get("/api/v1/themes/{name}/preview.jpg", themes::preview)
        .get("/api/v1/themes/{name}/preview.mp4", themes::clip)
        .get("/api/v1/themes/{name}/screen.wgsl", screen::shader)
        .get("/api/v1/search", search::search)
        .get("/api/v1/songs/{song}", songs::one)
        .get("/api/v1/songs/{song}/cover", songs::cover)
        .get("/api/v1/covers/{cover}", covers::one)
        .get("/api/v1/jobs/{job}", jobs::one)
        .delete("/api/v1/jobs/{job}", jobs::cancel)
        .post("/api/v1/jobs/{job}/send", jobs::send)
        .post("/api/v1/telegram/session", telegram::sign_in)
}

/// Those that take, fetch, decode or send files, and take as long as that takes.
pub fn long_routes() -> Routes {
    Routes::default()
        .post("/api/v1/songs", songs::add)
        .get("/api/v1/songs/{song}/audio", songs::audio)
        .get("/api/v1/songs/{song}/waveform", songs::waveform)
        .get("/api/v1/songs/{song}/survey", songs::survey)
        .get("/api/v1/songs/{song}/features", features::features)
        .post("/api/v1/covers", covers::add)
        .post("/api/v1/frames", frames::draw)
        .post("/api/v1/scene", screen::scene)
        .post("/api/v1/jobs", jobs::add)
        .get("/api/v1/jobs/{job}/events", jobs::events)
        .get("/api/v1/jobs/{job}/circle.mp4", jobs::circle)
}
