//! `/api/v1/frames`: one moment of a circle as a picture, for who cannot draw it themselves.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About};
use crate::http::input;
use crate::http::limits::SQUARE_BYTES;
use crate::http::order::{self, Order};
use crate::http::upload::{keep, room};
use crate::http::{Web, media};
use crate::model::{Blob, JobSpec};

#[derive(Deserialize)]
struct Moment {
    /// From the fragment's start.
    at_ms: u64,
    #[serde(flatten)]
    order: Order,
}

pub async fn draw(State(web): State<Web>, request: Request) -> Answer {
    let asked: Moment = input::json(&web, request).await?;
    let spec = asked.order.spec(&web).await?;
    if asked.at_ms >= spec.length_ms {
        let length = spec.length_ms;
        return Err(ApiError::bad(format!(
            "the circle has {length} ms; choose an `at_ms` below that"
        )));
    }
    let still = still(&web, spec, asked.at_ms).await?;
    let about = About {
        kind: "image/png",
        tag: &still.sha256,
        save_as: None,
    };
    file::answer(&media::path(&web, &still).await?, about, &HeaderMap::new()).await
}

async fn still(web: &Web, spec: JobSpec, at_ms: u64) -> Answer<Blob> {
    let key = (spec.fingerprint(&(web.house.look_version)(&spec.theme)), at_ms);
    if let Some(still) = web.stills.get(&key)
        && media::path(web, &still).await.is_ok()
    {
        return Ok(still);
    }
    let wanted = order::wanted(web, spec)?;
    let picture = room(web, SQUARE_BYTES).await?;
    let at = Duration::from_millis(at_ms);
    web.pool
        .frame(wanted, at, picture.path(), CancellationToken::new())
        .await?;
    let still = keep(picture, "png").await?;
    web.stills.keep(key, still.clone());
    Ok(still)
}
