//! `/api/v1/songs/{song}/features`: what the music does in each frame of a fragment, for whoever draws it in their own way.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::http::Web;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{Path, Query};
use crate::http::limits::FEATURES_BYTES;
use crate::http::order::{self, Look};
use crate::http::upload::room;

#[derive(Deserialize)]
pub struct Fragment {
    #[serde(default)]
    start_ms: u64,
    length_ms: Option<u64>,
    fps: Option<u32>,
}

pub async fn features(State(web): State<Web>, Path(name): Path<String>, Query(asked): Query<Fragment>) -> Answer {
    let song = order::song(&web, &name).await?;
    let look = Look {
        start_ms: asked.start_ms,
        length_ms: asked.length_ms,
        fps: asked.fps,
        ..Look::default()
    };
    let spec = look.spec(&web, &song, None).await?;
    let wanted = order::wanted(&web, spec)?;
    let told = room(&web, FEATURES_BYTES).await?;
    // Who hangs up no longer waits for it.
    let cancel = CancellationToken::new();
    let _gone = cancel.clone().drop_guard();
    web.pool.features(wanted, told.path(), cancel).await?;
    let bytes = tokio::fs::read(told.path()).await;
    let bytes = bytes.map_err(|error| ApiError::trouble(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
