//! Themes: a manifest (`NAME.toml`) and a shader (`NAME.wgsl`). The built-in ones are part of the program.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::SceneError;
use super::palette::Palette;
use super::params::{Localized, ParamSpec, ParamValue, ParamValues};
use crate::flow::ThemeShader;

/// The theme a circle has when none is named.
pub const DEFAULT_THEME: &str = "vinyl";

/// Name, manifest and shader of each theme.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../../shaders/themes/", $name, ".toml")),
            include_str!(concat!("../../shaders/themes/", $name, ".wgsl")),
        )),*]
    };
}

/// The themes of the program, in the order they are listed.
const BUILT_IN: &[(&str, &str, &str)] =
    shipped!["vinyl", "picture", "color", "cover", "cd", "cassette", "neon", "lyrics",];

/// The most moving parts a theme may have: they share four bits of a baked pixel with what the renderer needs.
pub const MAX_PARTS: u32 = 8;
/// More than a person would set, and few enough for the smallest uniform buffer a device has.
const MAX_PARAMS: usize = 64;

/// A fifth. A camera's half would blur the label's rim by 7 pixels at 33 1/3 rpm and 30 fps; without any, a turning edge costs
/// the encoder so much that it comes out torn.
fn default_shutter() -> f64 {
    0.2
}

/// The manifest as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub title: Localized,
    pub author: String,
    /// How wide the cover is drawn, as a part of the picture's side: 0.05 to 1.
    pub cover_span: f32,
    /// Whether the cover turns with the disc, and so is blurred along its way as a camera would see it.
    #[serde(default)]
    pub cover_turns: bool,
    /// How long the shutter is open for that blur, as a share of a frame's time, 0 to 1.
    #[serde(default = "default_shutter")]
    pub shutter: f64,
    /// How many moving parts the shader has, see `Still` in `shaders/lib/moment.wgsl`: 0 to [`MAX_PARTS`].
    pub parts: u32,
    /// Those of them whose pixels move only for a while.
    #[serde(default)]
    pub timed_parts: Vec<u32>,
    /// `None` in a theme that shows no text.
    pub text: Option<TextPlace>,
    /// `None` in a theme that shows no lyrics.
    pub lyrics: Option<LyricsPlace>,
    #[serde(default)]
    pub params: BTreeMap<String, ParamSpec>,
}

/// The band text is bent into, in disc units.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TextPlace {
    /// Of the middle of the band: 0.1 to 1.
    pub radius: f32,
    /// 0.02 to 0.5.
    pub width: f32,
}

/// The band a line of the lyrics is bent into, in disc units.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LyricsPlace {
    /// Of the middle of the band: 0.1 to 1.
    pub radius: f32,
    /// 0.02 to 0.5.
    pub width: f32,
    /// The most a line takes of the turn: 0.05 to 1.
    pub turns: f32,
}

#[derive(Clone, Debug)]
pub struct Theme {
    pub name: String,
    pub manifest: Manifest,
    pub shader: Arc<ThemeShader>,
}

/// Every built-in theme. Read once; a test reads each, so none is missing here.
pub fn built_in() -> &'static [Theme] {
    static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
        BUILT_IN
            .iter()
            .filter_map(|(name, manifest, source)| Theme::read(name, manifest, source).ok())
            .map(Theme::trusted)
            .collect()
    });
    &THEMES
}

/// Their names, from the list itself: also of a theme whose manifest cannot be read.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, ..)| *name).collect()
}

/// The built-in theme of this name.
pub fn find(name: &str) -> Result<&'static Theme, SceneError> {
    built_in()
        .iter()
        .find(|theme| theme.name == name)
        .ok_or_else(|| SceneError::UnknownTheme {
            name: name.to_owned(),
            known: join(built_in().iter().map(|theme| theme.name.as_str())),
        })
}

impl Theme {
    /// One of ours.
    fn trusted(self) -> Self {
        let shader = ThemeShader {
            trusted: true,
            ..ThemeShader::clone(&self.shader)
        };
        Self {
            shader: Arc::new(shader),
            ..self
        }
    }

    /// Reads a manifest and joins it with its shader, as a stranger's. The WGSL is checked when it is compiled.
    pub fn read(name: &str, manifest: &str, source: &str) -> Result<Self, SceneError> {
        let bad = |reason: String| SceneError::BadManifest {
            file: format!("{name}.toml"),
            reason,
        };
        let manifest: Manifest = toml::from_str(manifest).map_err(|error| bad(place_and_message(manifest, &error)))?;
        if manifest.params.len() > MAX_PARAMS {
            return Err(bad(format!("a theme may have {MAX_PARAMS} parameters")));
        }
        if !(0.05..=1.0).contains(&manifest.cover_span) {
            return Err(bad("`cover_span` must be from 0.05 to 1".to_owned()));
        }
        if let Some(text) = manifest.text
            && !((0.1..=1.0).contains(&text.radius) && (0.02..=0.5).contains(&text.width))
        {
            return Err(bad(
                "`text.radius` must be from 0.1 to 1 and `text.width` from 0.02 to 0.5".to_owned(),
            ));
        }
        if let Some(lyrics) = manifest.lyrics
            && !((0.1..=1.0).contains(&lyrics.radius)
                && (0.02..=0.5).contains(&lyrics.width)
                && (0.05..=1.0).contains(&lyrics.turns))
        {
            return Err(bad(
                "`lyrics.radius` must be from 0.1 to 1, `lyrics.width` from 0.02 to 0.5 and `lyrics.turns` from 0.05 to 1"
                    .to_owned(),
            ));
        }
        if !(0.0..=1.0).contains(&manifest.shutter) {
            return Err(bad("`shutter` must be from 0 to 1".to_owned()));
        }
        if manifest.parts > MAX_PARTS {
            return Err(bad(format!("`parts` must be from 0 to {MAX_PARTS}")));
        }
        if manifest
            .timed_parts
            .iter()
            .any(|part| !(1..=manifest.parts).contains(part))
        {
            return Err(bad("`timed_parts` must be among the parts, 1 to `parts`".to_owned()));
        }
        for (param, spec) in &manifest.params {
            let letters = param
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !letters || !param.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(bad(format!(
                    "`{param}` is no parameter name; use small letters, digits and _"
                )));
            }
            spec.parse(param, &spec.default_text())
                .map_err(|error| bad(error.to_string()))?;
        }
        let shader = ThemeShader {
            name: name.to_owned(),
            source: source.to_owned(),
            params_struct: params_struct(&manifest.params),
            timed_parts: manifest.timed_parts.iter().fold(0, |bits, part| bits | 1 << part),
            trusted: false,
        };
        Ok(Self {
            name: name.to_owned(),
            manifest,
            shader: Arc::new(shader),
        })
    }

    /// Reads `KEY=VALUE` settings against the manifest.
    pub fn parse_settings<'a>(&self, settings: impl IntoIterator<Item = &'a str>) -> Result<ParamValues, SceneError> {
        let mut values = ParamValues::new();
        for text in settings {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| SceneError::NotASetting { text: text.to_owned() })?;
            let spec = self.manifest.params.get(name).ok_or_else(|| SceneError::UnknownParam {
                theme: self.name.clone(),
                name: name.to_owned(),
                known: join(self.manifest.params.keys().map(String::as_str)),
            })?;
            values.insert(name.to_owned(), spec.parse(name, value)?);
        }
        Ok(values)
    }

    /// Whether the theme has this switch and it is on.
    pub fn is_on(&self, values: &ParamValues, name: &str) -> bool {
        let spec = self.manifest.params.get(name);
        let value = values.get(name).copied();
        let value = value.or_else(|| spec.and_then(|spec| spec.parse(name, &spec.default_text()).ok()));
        matches!((spec, value), (Some(ParamSpec::Bool { .. }), Some(ParamValue::Number(number))) if number > 0.5)
    }

    /// The parameters as the shader's `Params` holds them: colours first, four floats each, then numbers, padded to 16 bytes.
    pub fn pack_params(&self, values: &ParamValues, palette: &Palette) -> Vec<f32> {
        let value_of = |name: &str, spec: &ParamSpec| {
            let set = values.get(name).copied();
            set.or_else(|| spec.parse(name, &spec.default_text()).ok())
                .unwrap_or(ParamValue::Auto)
        };
        let mut packed = Vec::new();
        for (name, spec) in colors(&self.manifest.params) {
            packed.extend(spec.rgb(value_of(name, spec), palette));
            packed.push(1.0);
        }
        for (name, spec) in numbers(&self.manifest.params) {
            packed.push(if let ParamValue::Number(number) = value_of(name, spec) {
                number
            } else {
                0.0
            });
        }
        packed.resize(packed.len().next_multiple_of(4).max(4), 0.0);
        packed
    }

    /// Where each parameter begins among the floats of [`pack_params`](Self::pack_params).
    pub fn param_places(&self) -> BTreeMap<&str, usize> {
        let colors = colors(&self.manifest.params).map(|(name, _)| (name.as_str(), 4));
        let numbers = numbers(&self.manifest.params).map(|(name, _)| (name.as_str(), 1));
        let mut next = 0;
        let mut place = |(name, floats)| {
            let place = (name, next);
            next += floats;
            place
        };
        colors.chain(numbers).map(&mut place).collect()
    }
}

type Params = BTreeMap<String, ParamSpec>;

fn colors(params: &Params) -> impl Iterator<Item = (&String, &ParamSpec)> {
    params.iter().filter(|(_, spec)| spec.is_color())
}

fn numbers(params: &Params) -> impl Iterator<Item = (&String, &ParamSpec)> {
    params.iter().filter(|(_, spec)| !spec.is_color())
}

/// The WGSL struct a theme reads its parameters from, in the order of [`Theme::pack_params`].
fn params_struct(params: &Params) -> String {
    let mut text = String::from("struct Params {\n");
    for (name, _) in colors(params) {
        text.push_str(&format!("    {}: vec4f,\n", wgsl_name(name)));
    }
    for (name, _) in numbers(params) {
        text.push_str(&format!("    {}: f32,\n", wgsl_name(name)));
    }
    if params.is_empty() {
        text.push_str("    none: vec4f,\n");
    }
    text.push_str("}\n");
    text
}

/// Where a manifest is wrong and why, on one line: what stands there is not repeated.
fn place_and_message(manifest: &str, error: &toml::de::Error) -> String {
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    match error.span().and_then(|span| manifest.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}

/// Words no name in WGSL may be, as far as a parameter may be called so: the keywords and what is reserved, WGSL 15.1, 15.2.
const RESERVED: &str = "
    alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
    loop override requires return struct switch true var while abstract active alignas alignof as asm asm_fragment async
    attribute auto await become cast catch class co_await co_return co_yield coherent column_major common compile
    compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote
    demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final finally
    friend from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp macro
    macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation
    non_coherent noncoherent noperspective null nullptr of operator package packoffset partition pass patch
    pixelfragment precise precision premerge priv protected pub public readonly ref regardless register reinterpret_cast
    require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std subroutine super
    target template this thread_local throw trait try type typedef typeid typename typeof union unless unorm unsafe
    unsized use using varying virtual volatile wgsl where with writeonly yield
";

/// A parameter called by a word of WGSL's own gets an underscore behind it.
fn wgsl_name(name: &str) -> String {
    let underscore = if RESERVED.split_whitespace().any(|word| word == name) {
        "_"
    } else {
        ""
    };
    format!("{name}{underscore}")
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
