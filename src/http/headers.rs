//! The headers of every answer: what a browser may load and who may show us; and which other sites may use the API.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body;

use super::Web;

/// Pages of ours: everything from here, nothing inline, songs and pictures also from memory. Telegram shows the studio in a
/// frame of its web client.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                    media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
                    base-uri 'none'; form-action 'self'; frame-ancestors 'self' https://web.telegram.org";
/// Swagger UI sets styles on its elements.
const DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// An answer that is no page loads nothing.
const ANSWER: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// A song, a picture or a circle opened by itself: the browser puts a player of its own around it.
const MEDIA: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=()";

pub async fn security(request: Request, next: Next) -> Response {
    let docs = request.uri().path().starts_with("/docs");
    let brings = !request.body().is_end_stream();
    let mut response = next.run(request).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if brings && refused {
        // The rest of its body may still be on the way: whoever sends it must not put another request behind it.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let policy = match kind {
        Some(kind) if kind.starts_with("text/html") && docs => DOCS,
        Some(kind) if kind.starts_with("text/html") => PAGE,
        // A worker or a module has the policy of its own answer.
        Some(kind) if kind.starts_with("text/javascript") => PAGE,
        Some(kind)
            if ["audio/", "image/", "video/"]
                .iter()
                .any(|media| kind.starts_with(media)) =>
        {
            MEDIA
        }
        _ => ANSWER,
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let foreign = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let shared = if foreign { "cross-origin" } else { "same-origin" };
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static(shared),
    );
    // Songs, places in the line, names: nobody's cache may keep them unless an answer says otherwise.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets pages of the configured sites use the API; off unless there are any. Credentials are never sent along: keys travel in
/// a header.
pub async fn cors(State(web): State<Web>, request: Request, next: Next) -> Response {
    let Some(origin) = allowed(&web.settings.cors_origins, request.headers()) else {
        return next.run(request).await;
    };
    let asks_first =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match asks_first {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Range",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Content-Disposition, Content-Range, Retry-After, ETag",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in told {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn allowed(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = origins
        .iter()
        .any(|known| known == "*" || known.as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}
