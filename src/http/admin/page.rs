//! The page itself, part of the program. There is nothing in it to hide: everything it shows is asked for.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use include_dir::{Dir, include_dir};

use crate::http::assets;
use crate::http::error::{Answer, ApiError};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/admin");
static VERSION: LazyLock<String> = LazyLock::new(|| assets::version(&FILES));
/// Stricter than the studio's: no media, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub async fn index(headers: HeaderMap) -> Answer {
    send("index.html", &headers)
}

pub async fn file(Path(name): Path<String>, headers: HeaderMap) -> Answer {
    send(&name, &headers)
}

fn send(name: &str, headers: &HeaderMap) -> Answer<Response> {
    let file = FILES
        .get_file(name)
        .ok_or_else(|| ApiError::not_found("there is nothing at this address; the operator's page is at /admin"))?;
    let mut response = assets::send(name, file.contents(), &VERSION, headers);
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
