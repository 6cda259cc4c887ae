//! `/api/v1/themes`: the looks there are, what of each can be set, and a picture of it.

use std::sync::LazyLock;

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::assets::{self, Preview};
use crate::http::error::{Answer, ApiError};
use crate::http::file::{self, About};
use crate::http::input::Path;
use crate::scene::params::{Localized, ParamSpec};
use crate::scene::theme::{self, Theme};

/// One name for what all clips show: they change together, with the program.
static CLIPS: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for theme in theme::built_in() {
        hash.update(assets::theme_preview(&theme.name).map_or(&[][..], |preview| preview.clip));
    }
    let name = hash.finalize();
    name.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

#[derive(Serialize)]
struct Themes {
    themes: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    name: &'static str,
    title: &'static Localized,
    author: &'static str,
    about: Option<&'static Localized>,
    /// Whether it can be made to repeat without a seam.
    loops: bool,
    shows_lyrics: bool,
    parameters: Vec<Parameter>,
    preview: String,
    /// The same, moving.
    clip: String,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    title: &'static Localized,
    kind: &'static str,
    min: Option<f64>,
    max: Option<f64>,
    step: Option<f64>,
    default: Value,
    choices: Option<Vec<Value>>,
}

pub async fn list() -> Answer {
    let themes = theme::built_in().iter().map(shown).collect();
    let kept = [(header::CACHE_CONTROL, "no-cache")];
    Ok((kept, Json(Themes { themes })).into_response())
}

pub async fn preview(Path(name): Path<String>) -> Answer {
    let about = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "max-age=86400"),
    ];
    Ok((about, known(&name)?.still).into_response())
}

pub async fn clip(Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let preview = known(&name)?;
    let about = About {
        kind: "video/mp4",
        tag: &format!("{}-{}", *CLIPS, preview.theme),
        save_as: None,
    };
    file::answer_part(preview.clip, about, &headers)
}

fn known(name: &str) -> Answer<Preview> {
    let unknown = || ApiError::not_found("there is no theme of this name; see /api/v1/themes");
    assets::theme_preview(name).ok_or_else(unknown)
}

fn shown(theme: &'static Theme) -> Shown {
    let manifest = &theme.manifest;
    Shown {
        name: &theme.name,
        title: &manifest.title,
        author: &manifest.author,
        about: None,
        loops: manifest.params.contains_key("loop"),
        shows_lyrics: manifest.lyrics.is_some(),
        parameters: manifest
            .params
            .iter()
            .map(|(name, spec)| parameter(name, spec))
            .collect(),
        preview: format!("/api/v1/themes/{}/preview.jpg", theme.name),
        clip: format!("/api/v1/themes/{}/preview.mp4", theme.name),
    }
}

fn parameter(name: &'static str, spec: &'static ParamSpec) -> Parameter {
    let (kind, bounds, step, default) = match spec {
        ParamSpec::Float { default, range, .. } => {
            let [min, max] = range.map(decimal);
            (
                "number",
                Some((min, max)),
                Some((max - min) / 100.0),
                json!(decimal(*default)),
            )
        }
        ParamSpec::Int { default, range, .. } => {
            let [min, max] = range.map(f64::from);
            ("number", Some((min, max)), Some(1.0), json!(default))
        }
        ParamSpec::Bool { default, .. } => ("switch", None, None, json!(default)),
        ParamSpec::Color { default, .. } => ("color", None, None, json!(default)),
    };
    Parameter {
        name,
        title: spec.help(),
        kind,
        min: bounds.map(|(min, _)| min),
        max: bounds.map(|(_, max)| max),
        step,
        default,
        choices: None,
    }
}

/// As it is written in the manifest: 0.1 and not 0.10000000149.
fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
