//! The operator's page, `/admin`, and what it asks for, `/api/v1/admin/`. Which role a route needs follows from the list it
//! stands in: one that stands in none is reached by nobody. What changes something is written into the audit first.

mod guard;
mod jobs;
mod keys;
mod live;
mod numbers;
mod page;
mod people;
mod service;
pub mod sessions;
mod sign_in;
pub mod token;
mod user;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

use super::routes::Routes;
use super::{Web, in_time};
use sessions::Role;

/// A body of ours is a few fields.
const BODY_BYTES: usize = 8 << 10;

/// All of it, behind its doors.
pub fn router(web: &Web) -> Router<Web> {
    let viewer = watching()
        .router
        .layer(from_fn_with_state(Arc::clone(web), guard::viewer));
    let admin = acting().router.layer(from_fn_with_state(Arc::clone(web), guard::admin));
    let doors = entering().router.merge(viewer).merge(admin);
    let pages = Router::new()
        .route("/admin", get(page::index))
        .route("/admin/{file}", get(page::file));
    doors
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .method_not_allowed_fallback(super::wrong_method)
        .merge(pages)
        .layer(from_fn_with_state(Arc::clone(web), guard::count))
}

/// Every route with the role it needs, `None` for the way in; a test tries them all.
pub fn routes() -> Vec<(Method, &'static str, Option<Role>)> {
    let with = |routes: Routes, role| {
        routes
            .listed
            .into_iter()
            .map(move |(method, path)| (method, path, role))
    };
    with(entering(), None)
        .chain(with(watching(), Some(Role::Viewer)))
        .chain(with(acting(), Some(Role::Admin)))
        .collect()
}

fn entering() -> Routes {
    Routes::default().post("/api/v1/admin/session", sign_in::sign_in)
}

fn watching() -> Routes {
    Routes::default()
        .get("/api/v1/admin/session", sign_in::who)
        .delete("/api/v1/admin/session", sign_in::sign_out)
        .get("/api/v1/admin/live", live::live)
        .get("/api/v1/admin/numbers", numbers::numbers)
        .get("/api/v1/admin/jobs", jobs::list)
        .get("/api/v1/admin/jobs/{job}", jobs::story)
        .get("/api/v1/admin/blocked", people::blocked)
        .get("/api/v1/admin/keys", keys::list)
        .get("/api/v1/admin/audit", service::audit)
}

fn acting() -> Routes {
    Routes::default()
        .post("/api/v1/admin/jobs/{job}/retry", jobs::retry)
        .post("/api/v1/admin/jobs/{job}/cancel", jobs::cancel)
        .post("/api/v1/admin/blocked", people::block)
        .delete("/api/v1/admin/blocked/{user}", people::unblock)
        .post("/api/v1/admin/keys", keys::make)
        .delete("/api/v1/admin/keys/{key}", keys::revoke)
        .post("/api/v1/admin/drain", service::drain)
}
