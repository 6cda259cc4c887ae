//! What went wrong, as an answer: a status and `{"detail": "one sentence that says what to do"}`.

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::limits::{RESTART_SECS, TRY_AGAIN_SECS};
use super::unlike;
use crate::queue::{QueueError, Rejection};
use crate::source::{ErrorKind, SourceError};
use crate::store::StoreError;
use crate::store::disk::DiskError;
use crate::worker::{Blame, Reason, WorkFailed};

pub type Answer<T = Response> = Result<T, ApiError>;

#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct ApiError {
    pub status: StatusCode,
    pub detail: Cow<'static, str>,
    pub retry_after_secs: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    detail: &'a str,
}

impl ApiError {
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after_secs: None,
        }
    }

    /// What was asked cannot be done.
    pub fn bad(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What was asked cannot be read.
    pub fn unreadable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn too_large(limit_bytes: u64) -> Self {
        let detail = format!("at most {limit_bytes} bytes are taken; send a smaller file");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "the request did not come to its end; send it again",
        )
    }

    /// Not now.
    pub fn busy(detail: impl Into<Cow<'static, str>>, retry_after_secs: u32) -> Self {
        Self {
            retry_after_secs: Some(retry_after_secs.max(1)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// Not so often.
    pub fn too_many(detail: impl Into<Cow<'static, str>>, retry_after_secs: u32) -> Self {
        Self {
            retry_after_secs: Some(retry_after_secs.max(1)),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    /// Ours, or the machine's; what it was is in the log.
    pub fn trouble(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::busy(
            "the service has a problem of its own; try again in a minute",
            TRY_AGAIN_SECS,
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(Body { detail: &self.detail });
        let mut response = (self.status, body).into_response();
        if let Some(secs) = self.retry_after_secs {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::busy("the service is stopping; try again in a minute", TRY_AGAIN_SECS),
            error => Self::trouble(&error),
        }
    }
}

impl From<DiskError> for ApiError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::TooLarge { limit_bytes } => Self::too_large(limit_bytes),
            DiskError::Low | DiskError::BudgetFull => Self::busy(error.to_string(), TRY_AGAIN_SECS),
            DiskError::Store(error) => error.into(),
            DiskError::Io(_) => Self::trouble(&error),
        }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Store(error) => error.into(),
            QueueError::Disk(error) => error.into(),
            QueueError::Stale => Self::trouble(&error),
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::TooManyWaiting => Self::too_many(
                "enough of your circles are waiting already; come back when one of them is done",
                TRY_AGAIN_SECS,
            ),
            Rejection::QueueFull { come_back_secs } => Self::busy(
                format!("the line is full; come back in {come_back_secs} s"),
                come_back_secs,
            ),
            Rejection::DiskLow => Self::busy(DiskError::Low.to_string(), TRY_AGAIN_SECS),
            Rejection::FileGone => Self::new(
                StatusCode::GONE,
                "the song or the cover was removed to make room; send it again",
            ),
            Rejection::Blocked => Self::new(
                StatusCode::FORBIDDEN,
                "the operator of this service takes no orders from you; ask them why",
            ),
            Rejection::Draining => Self::busy(
                "the service is about to be restarted and takes nothing new; come back in a few minutes",
                RESTART_SECS,
            ),
        }
    }
}

impl From<WorkFailed> for ApiError {
    fn from(error: WorkFailed) -> Self {
        match error {
            WorkFailed::Failed(failure) => match (failure.blame, failure.reason) {
                (_, Reason::SongMissing | Reason::CoverMissing) => Rejection::FileGone.into(),
                (Blame::Request, _) => Self::bad(failure.sentence),
                (Blame::TryAgain, _) => Self::busy(failure.sentence, TRY_AGAIN_SECS),
                (Blame::Bug | Blame::Cancelled, _) => Self::trouble(&failure),
            },
            // Once may be chance; whoever sends it again and again meets the limits.
            WorkFailed::WorkerDied(death) => {
                tracing::warn!(%death, "a worker died over a file that came by HTTP");
                Self::bad("this file took too long or broke what reads it; send another one")
            }
            WorkFailed::Cancelled | WorkFailed::NotReady | WorkFailed::Stopping => Self::busy(
                "no worker is free to look at this; try again in a minute",
                TRY_AGAIN_SECS,
            ),
        }
    }
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        tracing::info!(%error, "a source gave nothing");
        let retry = error.retry_after().map(|wait| wait.as_secs_f64().ceil() as u32);
        let status = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotPlayable | ErrorKind::Off => StatusCode::NOT_FOUND,
            ErrorKind::UnknownLink | ErrorKind::NotOneSong => StatusCode::BAD_REQUEST,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Busy | ErrorKind::Disk => {
                return Self::busy(
                    "the source takes no more requests now; try again later",
                    retry.unwrap_or(TRY_AGAIN_SECS),
                );
            }
            ErrorKind::TokenRefused | ErrorKind::WrongCountry | ErrorKind::Unavailable | ErrorKind::Garbled => {
                StatusCode::BAD_GATEWAY
            }
        };
        let detail = match status {
            StatusCode::BAD_GATEWAY => "the source of this song does not answer as it should; try again later",
            StatusCode::PAYLOAD_TOO_LARGE => "this song is too large; choose another one",
            StatusCode::BAD_REQUEST => "this is no link to one song that we know; send another one",
            _ => "there is no such song; search for it again",
        };
        Self {
            retry_after_secs: retry.filter(|_| status == StatusCode::BAD_GATEWAY),
            ..Self::new(status, detail)
        }
    }
}

/// What the framework could not read, in our words: its own tell of types and fields of ours.
fn rejected(status: StatusCode, what: &'static str) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(status, "the body is too large; send less"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(status, "a body of another type is expected here; see /docs for which")
        }
        _ => ApiError::unreadable(what),
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            // What is wrong with a field of theirs is theirs to know.
            JsonRejection::JsonDataError(error) => {
                let told = error.body_text();
                let told = told.strip_prefix("Failed to deserialize the JSON body into the target type: ");
                Self::unreadable(unlike::sentence(told.unwrap_or_default()))
            }
            other => rejected(
                other.status(),
                "the body is no JSON that can be read; see /docs for what is expected",
            ),
        }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let told = rejection.body_text();
        let told = told.strip_prefix("Failed to deserialize query string: ");
        Self::unreadable(unlike::sentence(told.unwrap_or_default()))
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::unreadable("a part of the address is not what is expected here; see /docs")
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        rejected(rejection.status(), "the body could not be read; send it again")
    }
}

impl From<FormRejection> for ApiError {
    fn from(rejection: FormRejection) -> Self {
        rejected(rejection.status(), "the form could not be read; send it again")
    }
}
