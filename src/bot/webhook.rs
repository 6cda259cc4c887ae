//! Telegram's calls to us, for whoever prefers them to polling: a route to be put into the service's HTTP side.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};

use super::desk::Desk;
use super::intake::{self, MAX_BODY_BYTES, SECRET_HEADER};
use crate::torture;

#[derive(Clone)]
struct Door {
    desk: Arc<Desk>,
    secret: SecretString,
}

/// The route at `path`, the path of the address Telegram was given.
pub fn route(desk: Arc<Desk>, path: &str, secret: SecretString) -> Router {
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Router::new()
        .route(&path, post(take))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Door { desk, secret })
}

async fn take(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut given = headers.get_all(SECRET_HEADER).iter();
    let (first, second) = (given.next(), given.next());
    let first = first.filter(|_| second.is_none()).map(|value| value.as_bytes());
    if !intake::knows_secret(first, door.secret.expose_secret()) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(update) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    if torture::mistake("ack_before_commit") {
        tokio::spawn(async move { intake::keep(&door.desk, vec![update]).await });
        return StatusCode::OK;
    }
    match intake::keep(&door.desk, vec![update]).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            tracing::error!(%error, "an update could not be written down, and will come again");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
