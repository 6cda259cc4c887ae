//! Scenes made of synthetic features, one adapter for all tests, and goldens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use image::RgbImage;
use musiccircles::cover::Cover;
use musiccircles::deliver::picture::rgb_from_nv12;
use musiccircles::flow::LyricLine;
use musiccircles::flow::{ENVELOPE_POINTS, Features, FrameFeatures, Scene};
use musiccircles::model::{Corners, Fps, FrameIndex, Size, Tags, VideoFormat};
use musiccircles::render::{AdapterChoice, Gpu, RenderSettings, Renderer};
use musiccircles::scene::motion::Speed;
use musiccircles::scene::{SceneRequest, compose, theme};

/// The software adapter: the same on every machine that runs the tests.
pub static GPU: LazyLock<Gpu> =
    LazyLock::new(|| Gpu::open(AdapterChoice::Cpu).expect("mesa-vulkan-drivers is installed"));

pub const SILENCE: FrameFeatures = FrameFeatures::SILENT;

/// Everything a scene is made of; change what the test is about and call `build`.
pub struct Stage {
    pub format: VideoFormat,
    pub theme: &'static str,
    pub settings: Vec<&'static str>,
    pub speed: Speed,
    pub cover: Cover,
    pub tags: Tags,
    pub features: Features,
    pub lyrics: Vec<LyricLine>,
    pub seed: u64,
    pub corners: Corners,
}

pub fn format(side_px: u32, fps: u32) -> VideoFormat {
    VideoFormat {
        size: Size::new(side_px).unwrap(),
        fps: Fps::new(fps).unwrap(),
    }
}

pub fn features(fps: u32, frames: impl IntoIterator<Item = FrameFeatures>) -> Features {
    Features {
        fps: Fps::new(fps).unwrap(),
        frames: frames.into_iter().collect(),
        tempo_bpm: None,
        beats_secs: Vec::new(),
        envelope: vec![0.6; ENVELOPE_POINTS],
    }
}

/// Beats a minute of what `lively` plays.
pub const LIVELY_BPM: f32 = 120.0;

/// Loud music with a hard hit on every beat, bands and bass that move in every frame, and an envelope with a loud and a quiet part.
pub fn lively(fps: u32, frames: u32) -> Features {
    let frame = |n: u32| {
        let t = n as f32 / fps as f32;
        let band = |k: usize| (0.5 + 0.4 * (k as f32 * 0.5 + t * 3.0).sin()) * (1.0 - k as f32 / 110.0);
        let bass = 0.5 + 0.5 * (t * 12.0).sin();
        let beat_phase = (t * LIVELY_BPM / 60.0).fract();
        FrameFeatures {
            rms: 0.5,
            loudness: 0.8,
            bass,
            mid: 0.5,
            treble: 0.4,
            bands: std::array::from_fn(band),
            onset: (1.0 - 6.0 * beat_phase).max(0.0),
            beat_phase,
        }
    };
    let envelope = |i: usize| if i < ENVELOPE_POINTS / 3 { 0.25 } else { 0.85 };
    Features {
        envelope: (0..ENVELOPE_POINTS).map(envelope).collect(),
        tempo_bpm: Some(LIVELY_BPM),
        ..features(fps, (0..frames).map(frame))
    }
}

/// Four coloured quarters: it tells how far the label has turned.
pub fn quarters() -> Cover {
    let side = 128;
    let colors = [
        [230, 40, 40, 255],
        [40, 200, 60, 255],
        [250, 210, 40, 255],
        [50, 90, 230, 255],
    ];
    let pixel = |i: u32| colors[usize::from(i % side >= side / 2) + 2 * usize::from(i / side >= side / 2)];
    Cover {
        side,
        rgba: (0..side * side).flat_map(pixel).collect(),
    }
}

pub fn plain(rgb: [u8; 3]) -> Cover {
    let side = 64;
    Cover {
        side,
        rgba: [rgb[0], rgb[1], rgb[2], 255].repeat((side * side) as usize),
    }
}

impl Stage {
    pub fn new(side_px: u32, features: Features) -> Self {
        Self {
            format: VideoFormat {
                size: Size::new(side_px).unwrap(),
                fps: features.fps,
            },
            theme: "vinyl",
            settings: Vec::new(),
            speed: Speed::default(),
            cover: quarters(),
            tags: Tags::default(),
            features,
            lyrics: Vec::new(),
            seed: 0,
            corners: Corners::Black,
        }
    }

    pub fn build(&self) -> Scene {
        let theme = theme::find(self.theme).unwrap();
        let request = SceneRequest {
            format: self.format,
            corners: self.corners,
            theme,
            params: &theme.parse_settings(self.settings.iter().copied()).unwrap(),
            speed: self.speed,
            cover: Arc::new(self.cover.clone()),
            tags: &self.tags,
            lyrics: &self.lyrics,
            seed: self.seed,
        };
        compose(&request, &self.features)
    }
}

/// One frame as NV12, drawn alone.
pub fn draw(scene: &Scene, frame: u32) -> Vec<u8> {
    let mut renderer = Renderer::new(
        &GPU,
        scene,
        RenderSettings {
            batch_frames: 1,
            slots: 1,
        },
    )
    .unwrap();
    renderer.frame(FrameIndex(frame)).unwrap()
}

pub fn picture(scene: &Scene, frame: u32) -> RgbImage {
    rgb_from_nv12(&draw(scene, frame), scene.format.size)
}

/// Levels two adapters may differ by (the design's promise), and a little for the PNG's chroma.
const GOLDEN_TOLERANCE: i32 = 4;
/// How much of the picture may be beyond it: antialiased edges that fall on the other side of a rounding.
const GOLDEN_SHARE: f64 = 0.002;

/// Compares with `tests/goldens/NAME.png`; `UPDATE_GOLDENS=1` writes it anew. A failure leaves actual, expected and
/// difference in the target folder.
pub fn assert_golden(name: &str, actual: &RgbImage) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens")
        .join(format!("{name}.png"));
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        actual.save(&golden).unwrap();
        return;
    }
    let expected = image::open(&golden)
        .unwrap_or_else(|error| panic!("{}: {error}", golden.display()))
        .into_rgb8();
    assert_eq!(actual.dimensions(), expected.dimensions(), "{name}: size");
    let pairs = actual.pixels().zip(expected.pixels());
    let apart = |(a, b): (&image::Rgb<u8>, &image::Rgb<u8>)| {
        (0..3)
            .map(|c| (i32::from(a.0[c]) - i32::from(b.0[c])).abs())
            .max()
            .unwrap_or(0)
    };
    let beyond = pairs.clone().filter(|&pair| apart(pair) > GOLDEN_TOLERANCE).count();
    let share = beyond as f64 / f64::from(actual.width() * actual.height());
    if share > GOLDEN_SHARE {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let difference: Vec<u8> = pairs.flat_map(|pair| [(apart(pair) * 8).min(255) as u8; 3]).collect();
        actual.save(folder.join(format!("{name}-actual.png"))).unwrap();
        expected.save(folder.join(format!("{name}-expected.png"))).unwrap();
        let difference = RgbImage::from_raw(actual.width(), actual.height(), difference).unwrap();
        difference.save(folder.join(format!("{name}-difference.png"))).unwrap();
        panic!(
            "{name}: {:.2} % of the pixels differ by more than {GOLDEN_TOLERANCE}; see {}",
            share * 100.0,
            folder.display()
        );
    }
}
