//! Answers and failures of a service: what the network gave in, the body or the error it means out. No error holds an
//! address: links to songs are signed, and base addresses may be the operator's own.

use std::error::Error;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use super::hosts::AddressRefused;
use super::{AFTER_TIMEOUT, Explain};
use crate::source::error::SourceError;
use crate::source::service::Service;

/// A busy service that does not say for how long, or says it as a date.
const USUAL_REST: Duration = Duration::from_secs(30);
/// Of a refusal's body, what is looked at.
const MAX_REFUSAL_BYTES: u64 = 4_096;

/// The whole body, at most `max_bytes` of it after unpacking.
pub(super) async fn body(service: Service, mut response: Response, max_bytes: u64) -> Result<Vec<u8>, SourceError> {
    let too_large = SourceError::TooLarge {
        service,
        limit_bytes: max_bytes,
    };
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| failure(service, error))? {
        if (body.len() + piece.len()) as u64 > max_bytes {
            return Err(too_large);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What a status that is neither good nor a redirect means.
pub(super) async fn refusal(service: Service, response: Response, explain: Option<Explain>) -> SourceError {
    let status = response.status();
    let rest = rest_asked_for(&response);
    if let Some(explain) = explain {
        let body = body(service, response, MAX_REFUSAL_BYTES).await.unwrap_or_default();
        if let Some(meant) = explain(status.as_u16(), &body) {
            return meant;
        }
    }
    match status {
        StatusCode::NOT_FOUND => SourceError::NotFound { service },
        StatusCode::GONE => SourceError::Expired { service },
        StatusCode::TOO_MANY_REQUESTS => SourceError::Busy {
            service,
            retry_after: rest.unwrap_or(USUAL_REST),
        },
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => SourceError::WrongCountry { service },
        status if status.is_server_error() => SourceError::Unavailable {
            service,
            reason: format!("it answered with the status {}", status.as_u16()),
            retry_after: rest,
        },
        status => SourceError::Garbled {
            service,
            what: format!("the status {}", status.as_u16()),
        },
    }
}

fn rest_asked_for(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(text.trim().parse().map_or(USUAL_REST, Duration::from_secs))
}

/// A connection that was not made or did not hold.
pub(super) fn failure(service: Service, error: reqwest::Error) -> SourceError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(deeper) = cause {
        if let Some(AddressRefused(what)) = deeper.downcast_ref() {
            return SourceError::Forbidden { service, what };
        }
        cause = deeper.source();
    }
    let (reason, retry_after) = match &error {
        error if error.is_timeout() => ("it took too long", Some(AFTER_TIMEOUT)),
        error if error.is_connect() => ("no connection could be made", None),
        error if error.is_decode() => {
            return SourceError::Garbled {
                service,
                what: "a body that cannot be unpacked".into(),
            };
        }
        _ => ("the connection broke", None),
    };
    SourceError::Unavailable {
        service,
        reason: reason.into(),
        retry_after,
    }
}
