//! `/api/v1/admin/session`: in by the admin token or a code of the bot's, out again. Every way in is tried by few: attempts are
//! counted by address, and one token is hashed at a time.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::time::timeout;

use super::guard::{self, Peer};
use super::sessions::{LIFE_MS, Role, Session};
use super::token;
use crate::http::error::{Answer, ApiError};
use crate::http::rate::Who;
use crate::http::{Web, input};
use crate::store::operators::{self, Operator};

/// Of one address: a person mistypes twice, a machine tries thousands.
const ATTEMPTS_PER_MINUTE: u32 = 10;
/// Behind others whose tokens are hashed.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Key {
    Token(String),
    Code(String),
}

pub async fn who(Extension(session): Extension<Session>) -> Json<Session> {
    Json(session)
}

pub async fn sign_in(
    State(web): State<Web>,
    Extension(from): Extension<Peer>,
    headers: HeaderMap,
    key: Result<input::Json<Key>, ApiError>,
) -> Answer {
    guard::own_page(&Method::POST, &headers)?;
    let key = key.map_err(|refused| ApiError {
        detail: "send {\"token\": ...} or {\"code\": ...} as JSON".into(),
        ..refused
    });
    let input::Json(key) = key?;
    web.attempts
        .take(Who::of(from.address), ATTEMPTS_PER_MINUTE, Instant::now())
        .map_err(|wait| {
            let secs = wait.as_secs_f64().ceil() as u32;
            ApiError::too_many(format!("too many attempts; try again in {} s", secs.max(1)), secs)
        })?;
    let found = match key {
        Key::Token(token) => by_token(&web, token).await?,
        Key::Code(code) => by_code(&web, code).await?,
    };
    let Some((role, who)) = found else {
        tracing::warn!(address = %from.address, "somebody could not sign in to the operator's page");
        let admin = &web.operating.admin;
        let closed = admin.token_hash.is_none() && admin.viewer_token_hash.is_none() && web.operating.owners.is_empty();
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            if closed {
                "no token and no owner is set here that could come in; `musiccircles admin-token` makes one"
            } else {
                "this lets nobody in; check the token, or send /admin to the bot for a new code"
            },
        ));
    };
    let (by, now) = (
        Operator {
            who: who.clone(),
            address: from.address.to_string(),
        },
        web.clock.now(),
    );
    web.record(move |store| store.write(move |tx| operators::note(tx, &by, "sign in", "", now)))
        .await?;
    let session = Session { role, who };
    let secret = web.operators.open(session.clone(), now);
    let cookie = guard::set_cookie(&secret, LIFE_MS / 1000, from);
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

pub async fn sign_out(State(web): State<Web>, Extension(from): Extension<Peer>, headers: HeaderMap) -> Answer {
    if let Some(secret) = guard::cookie(&headers) {
        web.operators.close(secret);
    }
    let cookie = guard::set_cookie("", 0, from);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn by_token(web: &Web, token: String) -> Answer<Option<(Role, String)>> {
    let Ok(Ok(turn)) = timeout(PATIENCE, web.hashing.clone().acquire_owned()).await else {
        return Err(ApiError::busy("others are signing in; try again in a moment", 1));
    };
    let admin = web.operating.admin.clone();
    let tried = tokio::task::spawn_blocking(move || {
        // Until the hashing is over, also when nobody waits for it any more.
        let _turn = turn;
        let ways = [
            (admin.token_hash, Role::Admin, "admin token"),
            (admin.viewer_token_hash, Role::Viewer, "viewer token"),
        ];
        let found = ways.into_iter().find(|(hash, ..)| {
            let hash = hash.as_ref().map(ExposeSecret::expose_secret);
            hash.is_some_and(|hash| token::belongs(&token, hash))
        });
        found.map(|(_, role, who)| (role, who.to_owned()))
    });
    tried.await.map_err(|error| ApiError::trouble(&error))
}

/// Codes are made for owners; who is none any more has none.
async fn by_code(web: &Web, code: String) -> Answer<Option<(Role, String)>> {
    let now = web.clock.now();
    let owner = web
        .record(move |store| store.write(move |tx| operators::use_code(tx, &code, now)))
        .await?;
    let owner = owner.filter(|owner| web.operating.owners.contains(owner));
    Ok(owner.map(|owner| (Role::Admin, format!("owner {owner}"))))
}
