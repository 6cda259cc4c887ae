//! The description of every route (OpenAPI 3.1), written by hand beside the code; tests hold it against the list of routes and
//! against what a running server answers.

mod admin;
mod contract;
mod operation;
mod schemas;
mod v1;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use operation::Operation;

static TEXT: LazyLock<String> = LazyLock::new(|| description().to_string());

pub async fn answer() -> Response {
    let about = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (about, TEXT.as_str()).into_response()
}

/// The whole description.
pub fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let operations = [contract::operations(), v1::operations(), admin::operations()];
    for operation in operations.into_iter().flatten() {
        let Operation { method, path, told } = operation;
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = entry {
            methods.insert(method.to_owned(), told);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MusicCircles",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": "Songs become animated round video messages. What goes wrong is one sentence: `{\"detail\": ...}`. \
                            Times are milliseconds unless a name says otherwise.",
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "key": [] }],
        "tags": [
            { "name": "v1", "description": "Our own API." },
            { "name": "admin", "description": "What the operator's page asks for." },
            { "name": "watch", "description": "For whoever watches the service." },
            { "name": "original", "description": "What the original MusicCircles services answer." },
        ],
        "paths": paths,
        "components": {
            "schemas": all_schemas(),
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "A key that the operator made (`musiccircles keys`)." },
                "operator": { "type": "apiKey", "in": "cookie", "name": "musiccircles_operator", "description": "As signing in sets it." },
            },
        },
    })
}

fn all_schemas() -> Value {
    let mut all = schemas::all();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), admin::schemas()) {
        all.extend(more);
    }
    all
}
