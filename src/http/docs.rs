//! `/docs`: Swagger UI over our description, all of it out of the program.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Uri, header};
use axum::response::{Html, IntoResponse, Response};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt;

/// Our own page: the crate's has a script inside it, which our policy forbids.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MusicCircles: the API</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"#;
const START: &str =
    "SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n";
const KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "max-age=86400");

static FILES: LazyLock<Router> = LazyLock::new(|| {
    generate_routes(ApiDefinition {
        uri_prefix: "/docs",
        api_definition: OpenApiSource::Uri("/api/openapi.json"),
        title: Some("MusicCircles"),
    })
});

pub async fn page() -> Html<&'static str> {
    Html(PAGE)
}

pub async fn start() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), KEPT], START).into_response()
}

/// A file of Swagger UI.
pub async fn file(uri: Uri) -> Response {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let response = FILES.clone().oneshot(request).await;
    ([KEPT], response).into_response()
}
