//! `/api/v1/telegram/session`: what Telegram signed about who opened the studio, for a session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::http::error::{Answer, ApiError};
use crate::http::telegram::LIFE_MS;
use crate::http::{Web, input};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// `Telegram.WebApp.initData`.
    init_data: String,
}

#[derive(Serialize)]
struct Session<'a> {
    /// Sent as `Authorization: Bearer`, as an API key is.
    session: &'a str,
    expires_in_seconds: i64,
    user_id: i64,
    language: Option<String>,
}

pub async fn sign_in(State(web): State<Web>, input::Json(signed): input::Json<Signed>) -> Answer {
    let Some(app) = &web.mini_app else {
        return Err(ApiError::not_found(
            "there is no bot here; open the studio in a browser",
        ));
    };
    let signed_in = app.sign_in(&signed.init_data, web.clock.now());
    let (session, person) =
        signed_in.map_err(|refused| ApiError::new(StatusCode::UNAUTHORIZED, refused.to_string()))?;
    let told = Session {
        session: &session,
        expires_in_seconds: LIFE_MS / 1000,
        user_id: person.user_id,
        language: person.language_code,
    };
    Ok(Json(told).into_response())
}
