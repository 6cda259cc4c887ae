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

mod assets;
mod caller;
mod contract;
mod docs;
mod error;
mod file;
mod headers;
mod input;
mod jobs;
mod limits;
mod listen;
mod media;
pub mod openapi;
mod order;
mod progress;
mod rate;
mod remembered;
mod routes;
mod state;
mod upload;
mod v1;

use std::sync::{Arc, OnceLock};

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower::ServiceExt;

pub use caller::Caller;
pub use error::{Answer, ApiError};
pub use listen::serve;
pub use routes::Routes;
pub use state::{House, Parts};

use limits::{FORM_BYTES, JSON_BYTES, PICTURE_BYTES, QUICK};
use state::Shared;

/// The state of every handler.
pub type Web = Arc<Shared>;

/// Routes that are known only later, when Telegram has told who the bot is: its webhook, made by [`before_files`].
pub type Later = Arc<OnceLock<Router>>;

/// All routes, and what listens to the queue for them. To be called inside the runtime.
pub fn router(parts: Parts, later: Later) -> Router {
    let web = Arc::new(Shared::new(parts));
    tokio::spawn(progress::listen(Arc::clone(&web)));
    let uploads = (web.house.upload_bytes + PICTURE_BYTES + FORM_BYTES) as usize;
    let quick = quick_routes()
        .router
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::max(JSON_BYTES));
    let long = long_routes().router.layer(DefaultBodyLimit::max(uploads));
    let counted = quick
        .merge(long)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&web), caller::admit));
    let others = move |request: Request| elsewhere(later, request);
    counted
        .merge(pages())
        .fallback(others)
        .layer(from_fn_with_state(Arc::clone(&web), headers::cors))
        .layer(from_fn(headers::security))
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
    route.fallback(assets::file)
}

async fn elsewhere(later: Later, request: Request) -> Response {
    match later.get() {
        Some(router) => router.clone().oneshot(request).await.into_response(),
        None => {
            let (parts, _) = request.into_parts();
            assets::file(parts.method, parts.uri, parts.headers).await
        }
    }
}
