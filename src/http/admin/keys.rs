//! `/api/v1/admin/keys`: who may use the API beyond what anybody may. A key is shown once, to whoever makes it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Web;
use crate::http::caller::PEOPLE;
use crate::http::error::{Answer, ApiError};
use crate::http::input::{self, Path};
use crate::store::api_keys::{self, ApiKey};
use crate::store::operators::{self, Operator};

const PER_MINUTE: std::ops::RangeInclusive<u32> = 1..=1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    name: String,
    requests_per_minute: u32,
    people: u32,
}

pub async fn list(State(web): State<Web>) -> Answer {
    let keys = web.record(|store| store.read(api_keys::all)).await?;
    let told = keys.into_iter().map(|row| {
        json!({
            "key": row.key.key_id, "name": row.key.name, "requests_per_minute": row.key.requests_per_minute,
            "people": row.key.people, "created_ms": row.created, "revoked_ms": row.revoked,
        })
    });
    Ok(Json(json!({ "keys": Value::from_iter(told) })).into_response())
}

pub async fn make(
    State(web): State<Web>,
    Extension(by): Extension<Operator>,
    input::Json(wanted): input::Json<Wanted>,
) -> Answer {
    let name = input::line(Some(&wanted.name)).ok_or_else(|| ApiError::bad("give the key a name that can be read"))?;
    if !PER_MINUTE.contains(&wanted.requests_per_minute) || !(1..=PEOPLE).contains(&wanted.people) {
        return Err(ApiError::bad(format!(
            "a key may ask {} to {} times a minute and counts as 1 to {PEOPLE} people",
            PER_MINUTE.start(),
            PER_MINUTE.end()
        )));
    }
    let key = ApiKey {
        key_id: 0,
        name,
        requests_per_minute: wanted.requests_per_minute,
        people: wanted.people,
    };
    let now = web.clock.now();
    let made = web.record(move |store| {
        store.write(move |tx| {
            let (number, text) = api_keys::create(tx, &key, now)?;
            operators::note(tx, &by, "make key", &format!("key {number}, {}", key.name), now)?;
            Ok((number, text))
        })
    });
    let (number, text) = made.await?;
    Ok((StatusCode::CREATED, Json(json!({ "key": number, "secret": text }))).into_response())
}

pub async fn revoke(State(web): State<Web>, Extension(by): Extension<Operator>, Path(key): Path<i64>) -> Answer {
    let now = web.clock.now();
    let revoked = web.record(move |store| {
        store.write(move |tx| {
            operators::note(tx, &by, "revoke key", &format!("key {key}"), now)?;
            api_keys::revoke(tx, key, now)
        })
    });
    match revoked.await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(ApiError::not_found(
            "there is no key of this number that is still taken",
        )),
    }
}
