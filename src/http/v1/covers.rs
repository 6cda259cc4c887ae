//! `/api/v1/covers`: a picture becomes a square one that circles wear.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::error::Answer;
use crate::http::file::{self, About};
use crate::http::input::Path;
use crate::http::limits::PICTURE_BYTES;
use crate::http::order::{self, Picture};
use crate::http::upload::{self, Wanted};
use crate::http::{Web, media};

#[derive(Serialize)]
struct Shown {
    cover: String,
}

pub async fn add(State(web): State<Web>, request: Request) -> Answer {
    let wanted = Wanted {
        name: "file",
        max_bytes: PICTURE_BYTES,
    };
    let upload = upload::form(&web, request, &[wanted]).await?.file("file")?;
    let file = media::picture(&web, upload.file).await?;
    let cover = media::name(&web, "cover", &file, &Picture { file: file.clone() }).await?;
    Ok((StatusCode::CREATED, Json(Shown { cover })).into_response())
}

pub async fn one(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let cover = order::cover(&web, &name).await?;
    let about = About {
        kind: "image/png",
        tag: &cover.sha256,
        save_as: None,
    };
    file::answer(&media::path(&web, &cover).await?, about, &headers).await
}
