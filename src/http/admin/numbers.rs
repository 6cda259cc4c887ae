//! `/api/v1/admin/numbers`: people and circles by day, week and month, and what they like.

use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::http::Web;
use crate::http::error::Answer;
use crate::store::overview::{self, Busy};
use crate::store::{Millis, Reader, StoreError};

const DAY_MS: Millis = 24 * 3600 * 1000;
/// Days that are listed.
const DAYS: Millis = 31;
/// Songs and themes of so many days; of each so many are named.
const LIKED_DAYS: Millis = 30;
const LIKED: u32 = 10;
/// So old they may be.
const FRESH_MS: Millis = 15_000;

pub async fn numbers(State(web): State<Web>) -> Answer {
    let now = web.clock.now();
    // A month of a busy service takes a while to count: it is counted once for all who look.
    let mut numbers = web.numbers.lock().await;
    if let Some((at, told)) = &*numbers
        && (0..FRESH_MS).contains(&(now - at))
    {
        return Ok(axum::Json(told.clone()).into_response());
    }
    let told = web.record(move |store| store.read(|conn| read(conn, now))).await?;
    *numbers = Some((now, told.clone()));
    Ok(axum::Json(told).into_response())
}

fn read(conn: &Reader, now: Millis) -> Result<Value, StoreError> {
    // A day ends at midnight UTC, for everybody.
    let today = now - now.rem_euclid(DAY_MS);
    let told = |busy: Busy| json!({ "people": busy.people, "circles": busy.circles, "searches": busy.searches });
    let days = overview::days(conn, today - (DAYS - 1) * DAY_MS)?
        .into_iter()
        .map(|(date, busy)| {
            let mut day = told(busy);
            day["date"] = date.into();
            day
        });
    let days: Vec<_> = days.collect();
    let busy = |days: Millis| Ok::<_, StoreError>(told(overview::busy(conn, now - days * DAY_MS)?));
    let named = |top: Vec<(String, u64)>| {
        let named = top
            .into_iter()
            .map(|(name, circles)| json!({ "name": name, "circles": circles }));
        Value::from_iter(named)
    };
    Ok(json!({
        "days": days,
        "day": busy(1)?,
        "week": busy(7)?,
        "month": busy(30)?,
        "songs": named(overview::top_songs(conn, now - LIKED_DAYS * DAY_MS, LIKED)?),
        "themes": named(overview::top_themes(conn, now - LIKED_DAYS * DAY_MS, LIKED)?),
    }))
}
