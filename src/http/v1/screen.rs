//! What a browser needs to draw a circle itself: a theme's shader, and the scene of an order. The same functions and the same
//! numbers as the renderer's, see `render::pack_for_screen`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use tokio_util::sync::CancellationToken;

use crate::http::Web;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{Json, Path};
use crate::http::limits::SCENE_BYTES;
use crate::http::order::{self, Order};
use crate::http::upload::room;
use crate::render::{Entry, shader_text};
use crate::scene::theme;

pub async fn shader(Path(name): Path<String>) -> Answer {
    let theme = theme::find(&name);
    let theme = theme.map_err(|_| ApiError::not_found("there is no theme of this name; see /api/v1/themes"))?;
    // Shader and scene belong together: after an update nobody may keep one of them.
    let about = [
        (header::CONTENT_TYPE, "text/wgsl; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((about, shader_text(&theme.shader, Entry::Screen)).into_response())
}

pub async fn scene(State(web): State<Web>, Json(order): Json<Order>) -> Answer {
    let spec = order.spec(&web).await?;
    let wanted = order::wanted(&web, spec)?;
    let packed = room(&web, SCENE_BYTES).await?;
    // Who drags a slider asks anew and no longer waits for this one.
    let cancel = CancellationToken::new();
    let _gone = cancel.clone().drop_guard();
    web.pool.screen(wanted, packed.path(), cancel).await?;
    let bytes = tokio::fs::read(packed.path()).await;
    let bytes = bytes.map_err(|error| ApiError::trouble(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
