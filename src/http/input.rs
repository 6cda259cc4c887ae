//! What people send, read and checked: JSON, queries and paths whose errors are in our words, and names that are drawn at
//! random.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use rand::Rng;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::Web;
use super::error::{Answer, ApiError};
use super::limits::{NAME_CHARS, QUERY_CHARS, QUICK, RESULTS};
use crate::model::clean_tag;

#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub struct Json<T>(pub T);

/// A body of JSON where a form would do as well: it may not come slower than one on its own.
pub async fn json<T: DeserializeOwned>(web: &Web, request: Request) -> Answer<T> {
    let read = timeout(QUICK, Json::<T>::from_request(request, web)).await;
    read.map_or_else(|_| Err(ApiError::too_slow()), |read| read.map(|Json(value)| value))
}

/// Whether the body says that it is a form.
pub fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"))
}

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct Query<T>(pub T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct Path<T>(pub T);

/// A name nobody guesses: 128 random bits in hexadecimal.
pub fn random_name() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// Whether a text could be one of [`random_name`].
pub fn is_random_name(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What to search for.
pub fn wanted(query: Option<String>) -> Answer<String> {
    let query = query.ok_or_else(|| ApiError::unreadable("`query` is missing; say what to search for"))?;
    if query.chars().count() > QUERY_CHARS {
        return Err(ApiError::unreadable(format!(
            "`query` has more than {QUERY_CHARS} letters; shorten it"
        )));
    }
    let query = clean_tag(&query).filter(|query| !query.is_empty());
    query.ok_or_else(|| ApiError::unreadable("`query` is empty; say what to search for"))
}

/// How many results.
pub fn count(limit: Option<i64>, usual: usize) -> Answer<usize> {
    let limit = limit.map_or(Ok(usual), usize::try_from).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| ApiError::unreadable("`limit` must be a whole number, 1 or more"))?;
    Ok(limit.min(RESULTS))
}

/// A name or a title: one printable line; `None` when nothing is left of it.
pub fn line(text: Option<&str>) -> Option<String> {
    let text = clean_tag(text?)?;
    Some(text.chars().take(NAME_CHARS).collect::<String>()).filter(|text| !text.is_empty())
}
