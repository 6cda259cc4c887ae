//! Step scene: features, cover, theme and parameters in, the uniforms of every frame out. Pure: the same values give the
//! same scene, and nothing here reads a clock, a file or a random number.

mod lettering;
pub mod lyrics;
pub mod motion;
pub mod palette;
pub mod params;
pub mod theme;
pub mod title;

use std::sync::Arc;

use crate::cover::Cover;
use crate::flow::LyricLine;
use crate::flow::{Features, Look, Scene};
use crate::model::{Corners, Fault, FrameIndex, Tags, VideoFormat};
use motion::{Motion, Speed};
use params::ParamValues;
use theme::Theme;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SceneError {
    #[error("there is no theme `{name}`; known themes: {known}")]
    UnknownTheme { name: String, known: String },
    #[error("the theme `{theme}` has no parameter `{name}`; it has: {known}")]
    UnknownParam { theme: String, name: String, known: String },
    #[error("`{text}` is no setting; write KEY=VALUE, for example glow=0.5")]
    NotASetting { text: String },
    #[error("`{value}` does not suit the parameter `{name}`: {wanted}")]
    BadValue {
        name: String,
        value: String,
        wanted: String,
    },
    #[error("{file} is not a theme manifest: {reason}")]
    BadManifest { file: String, reason: String },
}

impl SceneError {
    pub fn fault(&self) -> Fault {
        Fault::Request
    }
}

/// What a circle looks like, apart from the music.
#[derive(Clone, Debug)]
pub struct SceneRequest<'a> {
    pub format: VideoFormat,
    pub corners: Corners,
    pub theme: &'a Theme,
    pub params: &'a ParamValues,
    pub speed: Speed,
    pub cover: Arc<Cover>,
    pub tags: &'a Tags,
    /// The lyrics of the fragment, in times from its start.
    pub lyrics: &'a [LyricLine],
    pub seed: u64,
}

/// Builds the scene of the whole circle.
pub fn compose(request: &SceneRequest<'_>, features: &Features) -> Scene {
    let motion = Motion {
        speed: request.speed,
        spin: request.theme.is_on(request.params, "spin"),
        looped: request.theme.is_on(request.params, "loop"),
    };
    let rpm = motion.rpm(features.tempo_bpm);
    let palette = palette::from_cover(&request.cover);
    let size_px = request.format.size.px() as f32;
    let mut moments = motion::moments(features, &motion);
    let (lyrics, rows) = lyrics::set(&lyrics::Setting {
        lines: request.lyrics,
        tags: request.tags,
        place: request.theme.manifest.lyrics,
        size: request.format.size,
        length_ms: features.frames.len() as i64 * 1000 / i64::from(features.fps.get()),
        looped: motion.looped,
    });
    lyrics::tell(&mut moments, &rows, features.fps, motion.looped);
    let text = title::etch(request.tags, request.theme.manifest.text, request.format.size);
    let color = |rgb: [f32; 3]| [rgb[0], rgb[1], rgb[2], 1.0];
    let look = Look {
        size_px,
        frames: features.frames.len() as f32,
        text_turns: text.turns,
        // 24 bits are what a float holds exactly.
        seed: (request.seed & 0xff_ffff) as f32 / 16_777_216.0,
        has_beat: f32::from(u8::from(features.tempo_bpm.is_some())),
        length_secs: FrameIndex(features.frames.len() as u32).time_secs(features.fps) as f32,
        looped: f32::from(u8::from(motion.looped)),
        lines: lyrics.lines as f32,
        corners: f32::from(u8::from(request.corners == Corners::Cover)),
        unused: [0.0; 3],
        accent: color(palette.accent),
        glow: color(palette.glow),
        ink: color(palette.ink),
        paper: color(palette.paper),
        dark: color(palette.dark),
    };
    Scene {
        format: request.format,
        shader: Arc::clone(&request.theme.shader),
        look,
        params: request.theme.pack_params(request.params, &palette),
        moments,
        envelope: features.envelope.clone(),
        cover: Arc::clone(&request.cover),
        shutter_rad: if request.theme.manifest.cover_turns {
            motion.shutter_rad(rpm, request.format.fps, request.theme.manifest.shutter)
        } else {
            0.0
        },
        cover_px: (request.theme.manifest.cover_span * size_px).ceil() as u32,
        text,
        lyrics,
    }
}
