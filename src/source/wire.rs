//! Reading what services answer: bytes in, typed values out. Services add fields, leave some out and write numbers as text, so
//! only what is used is read, and one odd entry of a list does not spoil the others.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::SourceError;
use super::service::Service;
use crate::model::{clean_tag, limits};

pub(super) fn json<T: DeserializeOwned>(service: Service, body: &[u8]) -> Result<T, SourceError> {
    // What serde says may quote the answer, so it is not kept.
    serde_json::from_slice(body).map_err(|_| SourceError::Garbled {
        service,
        what: "JSON of another shape".into(),
    })
}

/// A list of which the entries that cannot be read are left out.
pub(super) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let values = Option::<Vec<Value>>::deserialize(from)?.unwrap_or_default();
    Ok(values
        .into_iter()
        .filter_map(|value| serde_json::from_value(value).ok())
        .collect())
}

/// A number or a text.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("an identifier of another kind")),
    }
}

/// A text for people, or nothing.
pub(super) fn name(text: Option<String>) -> Option<String> {
    clean_tag(&text?)
}

/// Length of a song; what is zero or absurd is not told.
pub(super) fn duration(ms: Option<f64>) -> Option<Duration> {
    let secs = ms? / 1000.0;
    let plausible = secs > 0.0 && secs <= limits::MAX_TRACK.as_secs_f64();
    plausible.then(|| Duration::from_secs_f64(secs))
}
