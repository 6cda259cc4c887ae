//! `/log-interaction/`, `/users/...` and `/interactions/...`: what people did, written down and read back.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::http::Web;
use crate::http::caller::Insider;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{self, Path, Query};
use crate::store::people::{self, Interaction, InteractionKind, PAGE};

/// Telegram's have at most 32; the original took any.
const NAME_CHARS: usize = 255;

#[derive(Deserialize)]
pub struct Did {
    user_id: i64,
    username: Option<String>,
    interaction_type: String,
}

#[derive(Serialize)]
struct Written {
    interaction_id: i64,
    user_id: i64,
    username: Option<String>,
    interaction_type: &'static str,
    /// UTC, as Python writes a moment without a zone.
    interaction_date: String,
}

#[derive(Serialize)]
struct Person {
    user_id: i64,
    username: Option<String>,
}

#[derive(Deserialize)]
pub struct Page {
    limit: Option<i64>,
    /// The number of the last one seen.
    after: Option<i64>,
}

pub async fn log(_: Insider, State(web): State<Web>, input::Json(did): input::Json<Did>) -> Answer {
    let kind = InteractionKind::from_name(&did.interaction_type).ok_or_else(|| {
        let (search, circle) = (InteractionKind::Search.name(), InteractionKind::Circle.name());
        ApiError::bad(format!("`interaction_type` must be \"{search}\" or \"{circle}\""))
    })?;
    let name = did.username.filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS) {
        return Err(ApiError::unreadable(format!(
            "`username` has more than {NAME_CHARS} letters; shorten it"
        )));
    }
    let now = web.clock.now();
    let written = web
        .record(move |store| store.write(move |tx| people::log(tx, did.user_id, name.as_deref(), kind, now)))
        .await?;
    Ok(Json(row(written)).into_response())
}

pub async fn user(_: Insider, State(web): State<Web>, Path(id): Path<i64>) -> Answer {
    let found = web
        .record(move |store| store.read(|conn| people::user(conn, id)))
        .await?;
    let found = found.ok_or_else(|| ApiError::not_found("there is no such user"))?;
    let person = Person {
        user_id: found.user_id,
        username: found.username,
    };
    Ok(Json(person).into_response())
}

pub async fn interactions(_: Insider, State(web): State<Web>, Query(page): Query<Page>) -> Answer {
    list(&web, None, page).await
}

pub async fn interactions_of(
    _: Insider,
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(page): Query<Page>,
) -> Answer {
    list(&web, Some(id), page).await
}

/// Newest last. The newest of all, or from `after` on: the next page begins after the last number of this one.
async fn list(web: &Web, of: Option<i64>, page: Page) -> Answer {
    let limit = page
        .limit
        .map_or(Ok(PAGE), u32::try_from)
        .ok()
        .filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| {
        ApiError::unreadable(format!(
            "`limit` must be a whole number, 1 or more; {PAGE} rows are told at most"
        ))
    })?;
    let found = web.record(move |store| store.read(|conn| people::interactions(conn, of, page.after, limit.min(PAGE))));
    let rows: Vec<Written> = found.await?.into_iter().map(row).collect();
    Ok(Json(rows).into_response())
}

fn row(did: Interaction) -> Written {
    let date = DateTime::from_timestamp_millis(did.date).unwrap_or_default();
    Written {
        interaction_id: did.interaction_id,
        user_id: did.user_id,
        username: did.username,
        interaction_type: did.kind.name(),
        interaction_date: date.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
    }
}
