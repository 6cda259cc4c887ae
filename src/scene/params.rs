//! A theme's parameters: what its manifest declares, what a person sets, and how both become the shader's `Params`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::SceneError;
use super::palette::Palette;

/// One sentence in both languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    pub en: String,
    pub ru: String,
}

/// A parameter as its manifest declares it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ParamSpec {
    Float {
        default: f32,
        range: [f32; 2],
        help: Localized,
    },
    Int {
        default: i32,
        range: [i32; 2],
        help: Localized,
    },
    Bool {
        default: bool,
        help: Localized,
    },
    /// `default` is `#rrggbb`, or `auto`: the colour of the cover named by `role`.
    Color {
        default: String,
        role: Role,
        help: Localized,
    },
}

/// The colours a palette has; see [`Palette`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Accent,
    Glow,
    Ink,
    Paper,
    Dark,
}

impl Role {
    fn of(self, palette: &Palette) -> [f32; 3] {
        match self {
            Self::Accent => palette.accent,
            Self::Glow => palette.glow,
            Self::Ink => palette.ink,
            Self::Paper => palette.paper,
            Self::Dark => palette.dark,
        }
    }
}

/// A checked value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamValue {
    Number(f32),
    Rgb([f32; 3]),
    /// The cover's colour.
    Auto,
}

/// What a person set, checked against the manifest; everything else has its default.
pub type ParamValues = BTreeMap<String, ParamValue>;

impl ParamSpec {
    pub fn help(&self) -> &Localized {
        match self {
            Self::Float { help, .. } | Self::Int { help, .. } | Self::Bool { help, .. } | Self::Color { help, .. } => {
                help
            }
        }
    }

    pub fn is_color(&self) -> bool {
        matches!(self, Self::Color { .. })
    }

    /// Reads a value as a person writes it.
    pub fn parse(&self, name: &str, text: &str) -> Result<ParamValue, SceneError> {
        let text = text.trim();
        let value = match self {
            Self::Float { range, .. } => text
                .parse()
                .ok()
                .filter(|value| (range[0]..=range[1]).contains(value))
                .map(ParamValue::Number),
            Self::Int { range, .. } => {
                let whole: Option<i32> = text.parse().ok();
                whole
                    .filter(|value| (range[0]..=range[1]).contains(value))
                    .map(|value| ParamValue::Number(value as f32))
            }
            Self::Bool { .. } => match text {
                "true" | "on" | "yes" | "1" => Some(ParamValue::Number(1.0)),
                "false" | "off" | "no" | "0" => Some(ParamValue::Number(0.0)),
                _ => None,
            },
            Self::Color { .. } => parse_color(text),
        };
        value.ok_or_else(|| SceneError::BadValue {
            name: name.to_owned(),
            value: text.to_owned(),
            wanted: format!("it takes {self}"),
        })
    }

    /// The value when nothing is set. A manifest with a default outside its own range is refused when it is read.
    pub fn default_text(&self) -> String {
        match self {
            Self::Float { default, .. } => default.to_string(),
            Self::Int { default, .. } => default.to_string(),
            Self::Bool { default, .. } => if *default { "on" } else { "off" }.to_owned(),
            Self::Color { default, .. } => default.clone(),
        }
    }

    /// The colour of a color parameter.
    pub fn rgb(&self, value: ParamValue, palette: &Palette) -> [f32; 3] {
        match (value, self) {
            (ParamValue::Rgb(rgb), _) => rgb,
            (_, Self::Color { role, .. }) => role.of(palette),
            _ => [0.0; 3],
        }
    }
}

/// What it takes, for messages and `themes show`.
impl fmt::Display for ParamSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float { range: [low, high], .. } => write!(f, "a number from {low} to {high}"),
            Self::Int { range: [low, high], .. } => write!(f, "a whole number from {low} to {high}"),
            Self::Bool { .. } => write!(f, "on or off"),
            Self::Color { .. } => write!(f, "a colour such as #ff8800, or auto"),
        }
    }
}

fn parse_color(text: &str) -> Option<ParamValue> {
    if text == "auto" {
        return Some(ParamValue::Auto);
    }
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, 16).ok()?;
    let channel = |shift: u32| ((code >> shift) & 0xff) as f32 / 255.0;
    Some(ParamValue::Rgb([channel(16), channel(8), channel(0)]))
}
