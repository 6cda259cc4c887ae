//! `/trim_audio`: a song and two moments in, the mp3 between them out.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use tokio_util::sync::CancellationToken;

use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About, file_name};
use crate::http::limits::SONG_BYTES;
use crate::http::upload::{self, Wanted, keep, room_in_turn};
use crate::http::{Web, media};

pub async fn trim(State(web): State<Web>, request: Request) -> Answer {
    let wanted = Wanted {
        name: "file",
        max_bytes: web.house.upload_bytes,
    };
    let mut form = upload::form(&web, request, &[wanted]).await?;
    let upload = form.file("file")?;
    let (start, end) = (whole(&form, "start")?, whole(&form, "end")?);
    if start >= end {
        return Err(ApiError::bad("`end` must be after `start`"));
    }
    let facts = web
        .pool
        .probe(upload.file.path(), None, CancellationToken::new())
        .await?;
    if end.saturating_mul(1000) > facts.length_ms {
        let secs = facts.length_ms / 1000;
        return Err(ApiError::bad(format!(
            "the song has only {secs} s; choose an `end` up to that"
        )));
    }
    let into = room_in_turn(&web, SONG_BYTES).await?;
    let (from, length) = (Duration::from_secs(start), Duration::from_secs(end - start));
    let done = web.pool.mp3(
        upload.file.path(),
        from,
        Some(length),
        into.path(),
        CancellationToken::new(),
    );
    done.await?;
    let made = keep(into, "mp3").await?;
    let stem = upload
        .name
        .as_deref()
        .map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let about = About {
        kind: "audio/mpeg",
        tag: &made.sha256,
        save_as: Some(file_name(&[stem, Some("trimmed")], "song", "mp3")),
    };
    file::answer(&media::path(&web, &made).await?, about, &HeaderMap::new()).await
}

/// Whole seconds.
fn whole(form: &upload::Form, name: &str) -> Answer<u64> {
    let text = form
        .texts
        .get(name)
        .ok_or_else(|| ApiError::unreadable(format!("`{name}` is missing; give whole seconds")))?;
    let number: i64 = text
        .trim()
        .parse()
        .map_err(|_| ApiError::unreadable(format!("`{name}` must be whole seconds")))?;
    u64::try_from(number).map_err(|_| ApiError::bad(format!("`{name}` may not be negative")))
}
