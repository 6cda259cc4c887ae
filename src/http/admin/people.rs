//! `/api/v1/admin/blocked`: whose orders are not taken, by the number of the user.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::user::User;
use crate::http::Web;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{self, Path};
use crate::store::operators::{self, Operator};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    user: User,
    /// For the other operators; nobody else reads it.
    why: Option<String>,
}

pub async fn blocked(State(web): State<Web>) -> Answer {
    let blocked = web.record(|store| store.read(operators::blocked)).await?;
    let told = blocked
        .into_iter()
        .map(|row| json!({ "user": User(row.user_id), "since_ms": row.since, "why": row.why }));
    Ok(Json(json!({ "blocked": Value::from_iter(told) })).into_response())
}

pub async fn block(
    State(web): State<Web>,
    Extension(by): Extension<Operator>,
    input::Json(wanted): input::Json<Wanted>,
) -> Answer {
    let User(user) = wanted.user;
    if web.operating.owners.contains(&user) {
        return Err(ApiError::bad(
            "an owner cannot be blocked; take them out of telegram.owners first",
        ));
    }
    let why = input::line(wanted.why.as_deref()).unwrap_or_default();
    let now = web.clock.now();
    let written = web.record(move |store| {
        store.write(move |tx| {
            operators::note(tx, &by, "block", &format!("user {user}"), now)?;
            operators::block(tx, user, &why, now)
        })
    });
    written.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub async fn unblock(State(web): State<Web>, Extension(by): Extension<Operator>, Path(user): Path<i64>) -> Answer {
    let now = web.clock.now();
    let written = web.record(move |store| {
        store.write(move |tx| {
            operators::note(tx, &by, "unblock", &format!("user {user}"), now)?;
            operators::unblock(tx, user)
        })
    });
    match written.await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(ApiError::not_found("this user is not blocked")),
    }
}
