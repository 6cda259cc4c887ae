//! `/api/v1/admin/drain` and `/api/v1/admin/audit`: the line let run empty, and what operators did.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Web;
use crate::http::error::Answer;
use crate::http::input::{self, Query};
use crate::store::operators::{self, Operator};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    before: Option<i64>,
}

pub async fn drain(
    State(web): State<Web>,
    Extension(by): Extension<Operator>,
    input::Json(drain): input::Json<Drain>,
) -> Answer {
    let (now, about) = (web.clock.now(), if drain.on { "on" } else { "off" });
    web.record(move |store| store.write(move |tx| operators::note(tx, &by, "drain", about, now)))
        .await?;
    web.queue.drain(drain.on);
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub async fn audit(State(web): State<Web>, Query(Before { before }): Query<Before>) -> Answer {
    let rows = web
        .record(move |store| store.read(|conn| operators::audit(conn, before)))
        .await?;
    let told = rows.into_iter().map(|row| {
        json!({
            "number": row.audit_id, "at_ms": row.at, "who": row.by.who, "address": row.by.address,
            "action": row.action, "about": row.about,
        })
    });
    Ok(Json(json!({ "audit": Value::from_iter(told) })).into_response())
}
