//! The HTTP side: requests in, answers out, through the same queue, workers and sources as the bot.
//!
//! ```text
//! listen (sockets, time-outs) -> headers -> caller (key or address, how often) -> contract/  what the original services answer
//!                                                                             \-> v1/        our own API
//!                                                                             \-> assets     the studio
//! ```
//!
//! Media of strangers is never opened here: it goes to the disk within the disk's budget, and from there to a confined worker.
//! What goes wrong is [`error::ApiError`], one sentence as `{"detail": ...}`.

mod admin;
mod assets;
mod caller;
mod chat;
mod contract;
mod docs;
mod doors;
mod error;
mod failed;
mod file;
mod headers;
mod health;
mod input;
mod jobs;
mod limits;
mod listen;
mod media;
mod metrics;
pub mod openapi;
mod order;
mod progress;
mod rate;
mod remembered;
mod routes;
mod sessions;
mod state;
mod telegram;
mod unlike;
mod upload;
mod v1;

use std::sync::{Arc, OnceLock};

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower::ServiceExt;

pub use admin::sessions::Role;
pub use admin::{routes as operators_routes, token as admin_token};
pub use caller::Caller;
pub use doors::Doors;
pub use error::{Answer, ApiError};
pub use listen::serve;
pub use routes::Routes;
pub use state::{ForChat, House, Operating, Parts};
pub use telegram::MiniApp;

use limits::{JSON_BYTES, QUICK};
use state::Shared;

/// The state of every handler.
pub type Web = Arc<Shared>;

/// Routes that are known only later, when Telegram has told who the bot is: its webhook, made by [`before_files`].
pub type Later = Arc<OnceLock<Router>>;

/// All routes, and what listens to the queue for them. To be called inside the runtime.
pub fn router(parts: Parts, later: Later) -> Router {
    let web = Arc::new(Shared::new(parts));
    tokio::spawn(progress::listen(Arc::clone(&web)));
    health::watch(&web);
    let quick = quick_routes().router.layer(from_fn(in_time));
    let counted = quick
        .merge(long_routes().router)
        .merge(Router::new().route("/metrics", get(metrics::answer)))
        // A form's files raise it for themselves.
        .layer(DefaultBodyLimit::max(JSON_BYTES))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&web), caller::admit));
    let others = move |request: Request| elsewhere(later, request);
    counted
        .merge(admin::router(&web))
        .merge(watched())
        .merge(pages())
        .fallback(others)
        .layer(from_fn_with_state(Arc::clone(&web), headers::cors))
        .layer(from_fn(headers::security))
        .layer(from_fn(metrics::count))
        .with_state(web)
}

/// What is for eyes: not counted, not described.
fn pages() -> Router<Web> {
    Router::new()
        .route("/docs", get(docs::page))
        .route("/docs/start.js", get(docs::start))
        .route("/docs/swagger-ui.css", get(docs::file))
        .route("/docs/swagger-ui-bundle.js", get(docs::file))
}

/// Every route of the API; a test holds the description against this list.
pub fn routes() -> Routes {
    quick_routes().and(long_routes())
}

/// For whoever watches us: answered to anybody at once, and never refused for being asked often.
fn watched() -> Router<Web> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

fn quick_routes() -> Routes {
    Routes::default()
        .get("/health", health)
        .get("/api/openapi.json", openapi::answer)
        .and(contract::routes())
        .and(v1::routes())
}

fn long_routes() -> Routes {
    contract::long_routes().and(v1::long_routes())
}

/// What needs nobody else is answered soon, also when the request's body comes slowly.
async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(QUICK, next.run(request));
    answer.await.unwrap_or_else(|_| ApiError::too_slow().into_response())
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address takes another method; see /docs for which",
    )
}

async fn health() -> Response {
    Json(serde_json::json!({ "status": "healthy" })).into_response()
}

/// Routes that are asked before the studio's files.
pub fn before_files(route: Router) -> Router {
    route.fallback(nowhere_else)
}

async fn elsewhere(later: Later, request: Request) -> Response {
    match later.get() {
        Some(router) => router.clone().oneshot(request).await.into_response(),
        None => nowhere_else(request).await,
    }
}

/// What no route took: an address of the original written a little differently, else one of the studio's files.
async fn nowhere_else(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Some(path) = contract::meant(parts.uri.path()) {
        let query = parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
        return Redirect::temporary(&format!("{path}{query}")).into_response();
    }
    assets::file(parts.method, parts.uri, parts.headers).await
}
