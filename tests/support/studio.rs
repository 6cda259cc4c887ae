//! Whole circles for tests: a song and a cover made here, the request for them, and what every finished file must be.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use musiccircles::encode::EncoderChoice;
use musiccircles::model::{Corners, SAMPLE_RATE, VideoFormat};
use musiccircles::pipeline::{self, CoverChoice, FragmentChoice, LyricsChoice, Report, Request, SharedGpu};
use musiccircles::render::AdapterChoice;
use musiccircles::scene::motion::Speed;
use musiccircles::scene::params::ParamValues;
use musiccircles::scene::theme;

use super::sound::{Noise, Sketch};
use super::video::{Mp4, number};

/// A song on disk with a cover beside it, and the request that makes a circle of both.
pub struct Studio {
    pub folder: tempfile::TempDir,
    pub request: Request,
}

impl Studio {
    pub fn new(song: &Sketch, format: VideoFormat) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.wav");
        song.write_wav(&path);
        let request = Request {
            song: path,
            cover: CoverChoice::FromTags,
            lyrics: LyricsChoice::Nearby,
            fragment: FragmentChoice::From {
                start: Duration::ZERO,
                length: None,
            },
            theme: theme::find("vinyl").unwrap().clone(),
            params: ParamValues::new(),
            speed: Speed::default(),
            format,
            corners: Corners::Black,
            title: Some("Проба".into()),
            artist: Some("Test".into()),
            encoder: EncoderChoice::X264,
            cores: None,
            max_bytes: 8_000_000,
            seed: 0,
        };
        Self { folder, request }
    }

    pub fn cover(&mut self, picture: &image::RgbImage) {
        let path = self.folder.path().join("cover.png");
        picture.save(&path).unwrap();
        self.request.cover = CoverChoice::File(path);
    }

    pub fn render(&self) -> (Mp4, Report) {
        let gpu = SharedGpu::new(AdapterChoice::Cpu);
        let never = AtomicBool::new(false);
        let (circle, report) = pipeline::render(&self.request, &gpu, &|_| {}, &never).unwrap();
        (Mp4::new(&circle.mp4), report)
    }

    /// Every frame as it was rendered, NV12.
    pub fn raw(&self) -> Vec<Vec<u8>> {
        let gpu = SharedGpu::new(AdapterChoice::Cpu);
        let mut frames = Vec::new();
        let mut keep = |frame: &[u8]| {
            frames.push(frame.to_vec());
            Ok(())
        };
        pipeline::render_raw(&self.request, &gpu, &mut keep, &|_| {}, &AtomicBool::new(false)).unwrap();
        frames
    }
}

/// Drums, a bass line and a tune: an ordinary song of one loud and one quiet half.
pub fn song(secs: f64) -> Sketch {
    let mut song = Sketch::silence(48_000, secs);
    let mut beat = 0;
    while f64::from(beat) * 0.5 < secs {
        let at = f64::from(beat) * 0.5;
        let level = if at < secs / 2.0 { 0.8 } else { 0.3 };
        song.kick(at, level);
        song.hat(at + 0.25, level * 0.5);
        if beat % 2 == 1 {
            song.snare(at, level * 0.6);
        }
        song.note(at, 0.45, [55.0, 65.4, 73.4, 49.0][beat as usize / 4 % 4], level * 0.4);
        song.note(
            at,
            0.4,
            [440.0, 523.3, 659.3, 587.3, 784.0][beat as usize % 5],
            level * 0.25,
        );
        beat += 1;
    }
    song
}

/// Every pixel another colour: nothing compresses worse.
pub fn noisy_picture(side: u32) -> image::RgbImage {
    let mut noise = Noise::new(9);
    image::RgbImage::from_fn(side, side, |_, _| {
        let bits = noise.bits();
        image::Rgb([(bits >> 8) as u8, (bits >> 24) as u8, (bits >> 40) as u8])
    })
}

pub fn assert_contract(mp4: &Mp4, report: &Report, secs: f64) {
    let fps = f64::from(report.format.fps.get());
    let side = f64::from(report.format.size.px());
    let facts = mp4.facts();
    assert_eq!(facts["streams"].as_array().unwrap().len(), 2);
    assert!(number(&facts["format"]["size"]) <= 8_000_000.0);
    let (video, sound) = (mp4.stream("v"), mp4.stream("a"));
    for (key, value) in [
        ("codec_name", "h264"),
        ("profile", "High"),
        ("pix_fmt", "yuv420p"),
        ("color_range", "tv"),
        ("color_space", "bt709"),
        ("color_primaries", "bt709"),
        ("color_transfer", "bt709"),
        ("sample_aspect_ratio", "1:1"),
    ] {
        assert_eq!(video[key], value, "{key}");
    }
    assert_eq!(number(&video["level"]), 31.0);
    assert_eq!((number(&video["width"]), number(&video["height"])), (side, side));
    assert_eq!(video["r_frame_rate"], format!("{fps}/1"));
    assert_eq!(sound["codec_name"], "aac");
    assert_eq!(sound["profile"], "LC");
    assert_eq!(number(&sound["sample_rate"]), f64::from(SAMPLE_RATE));
    assert_eq!(number(&sound["channels"]), 2.0);
    let (picture_secs, sound_secs) = (number(&video["duration"]), number(&sound["duration"]));
    assert_eq!((number(&video["start_time"]), number(&sound["start_time"])), (0.0, 0.0));
    assert!(
        (picture_secs - sound_secs).abs() <= 1.0 / fps + 1e-6,
        "{picture_secs} s of picture, {sound_secs} s of sound"
    );
    assert!(picture_secs <= 60.0 && sound_secs <= 60.0 && number(&facts["format"]["duration"]) <= 60.0);
    assert!(
        (picture_secs - secs).abs() <= 1.0 / fps + 1e-6,
        "{picture_secs} of {secs} s"
    );
    assert_eq!(number(&video["nb_frames"]), f64::from(report.frames));

    let order: Vec<_> = mp4.boxes().into_iter().map(|(kind, _)| kind).collect();
    let at = |kind: &str| order.iter().position(|found| found == kind).unwrap();
    assert!(at("moov") < at("mdat"), "{order:?}");
    let packets = mp4.packets("v");
    let keys: Vec<_> = (0..packets.len())
        .filter(|&n| packets[n]["flags"].as_str().unwrap().starts_with('K'))
        .collect();
    assert_eq!(keys[0], 0);
    let ends = keys[1..].iter().copied().chain([packets.len()]);
    for (&from, to) in keys.iter().zip(ends) {
        assert!((to - from) as f64 <= 2.0 * fps, "{} frames from key to key", to - from);
    }
}

/// Black in every decoded frame wherever the circle does not reach. The lossless frames are flat black there (`render`);
/// H.264 lets a bright edge ring within its own block of 16 pixels, faintly, and nowhere else.
pub fn assert_black_outside(decoded: &[u8], side: usize) {
    const BLOCK_PX: f64 = 16.0 * std::f64::consts::SQRT_2;
    let frame_bytes = side * side * 3 / 2;
    let radius = side as f64 / 2.0;
    let beyond = |i: usize| ((i % side) as f64 + 0.5 - radius).hypot((i / side) as f64 + 0.5 - radius) - radius;
    let near: Vec<_> = (0..side * side)
        .filter(|&i| (2.0..BLOCK_PX).contains(&beyond(i)))
        .collect();
    let far: Vec<_> = (0..side * side).filter(|&i| beyond(i) >= BLOCK_PX).collect();
    for (n, frame) in decoded.chunks_exact(frame_bytes).enumerate() {
        let brightest = far.iter().map(|&i| frame[i]).max().unwrap_or(16);
        assert!(brightest <= 17, "frame {n}: luma {brightest} outside the circle");
        let mean = near.iter().map(|&i| f64::from(frame[i])).sum::<f64>() / near.len() as f64;
        assert!(mean <= 17.0, "frame {n}: mean luma {mean} just outside the circle");
    }
}

/// Something like a photograph: broad shapes, edges, and detail of the kind leaves and hair have.
pub fn photo(side: u32) -> image::RgbImage {
    let mut noise = Noise::new(3);
    let waves: Vec<[f32; 4]> = (0..40).map(|_| std::array::from_fn(|_| noise.sample())).collect();
    image::RgbImage::from_fn(side, side, |x, y| {
        let (x, y) = (x as f32 / side as f32, y as f32 / side as f32);
        let mut color = [0.45_f32, 0.40, 0.50];
        for (k, [a, b, phase, tint]) in waves.iter().enumerate() {
            let scale = 2.0 + k as f32 * 2.2;
            let wave = ((x * a + y * b) * scale * 6.0 + phase * 9.0).sin() / (1.0 + k as f32 * 0.35);
            for (c, value) in color.iter_mut().enumerate() {
                *value += 0.22 * wave * (1.0 + tint * [0.9, -0.4, -0.8][c]);
            }
        }
        image::Rgb(color.map(|c| (c.clamp(0.0, 1.0) * 255.0) as u8))
    })
}

/// The frame in which a sound at `at_secs` is heard, the frame near it in which `light` rises most, and by how much.
pub fn rise_near(light: &[f64], at_secs: f64, fps: u32) -> (usize, usize, f64) {
    let heard = (at_secs * f64::from(fps)) as usize;
    let rise = |n: usize| light[n] - light[n - 1];
    let shown = (heard - 4..=heard + 4)
        .max_by(|&a, &b| rise(a).total_cmp(&rise(b)))
        .unwrap();
    (heard, shown, rise(shown))
}
