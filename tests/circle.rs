//! Whole circles: songs made here go in, and what comes out is decoded and measured. No setting of ours is believed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ebur128::{EbuR128, Mode};
use musiccircles::encode::EncodeError;
use musiccircles::model::{Fault, SAMPLE_RATE};
use musiccircles::pipeline::{self, CoverChoice, FragmentChoice, PipelineError, Progress, SharedGpu};
use musiccircles::render::{AdapterChoice, Gpu, RenderError};
use musiccircles::scene::motion::{DEFAULT_RPM, Speed};
use musiccircles::scene::theme;

use crate::support::sound::{Sketch, find_click, write_wav};
use crate::support::stage::format;
use crate::support::studio::{Studio, assert_black_outside, assert_contract, noisy_picture, photo, rise_near, song};
use crate::support::video::Mp4;

#[test]
fn a_minute_of_the_hardest_content_keeps_every_promise() {
    let mut noise = Sketch::silence(48_000, 70.0);
    noise.noise(0.0, 70.0, 0.9);
    let mut studio = Studio::new(&noise, format(640, 30));
    studio.cover(&noisy_picture(900));
    studio.request.fragment = FragmentChoice::From {
        start: Duration::from_secs(5),
        length: Some(Duration::from_secs(60)),
    };
    let (mp4, report) = studio.render();
    assert_eq!(report.frames, 1800);
    assert_contract(&mp4, &report, 60.0);
}

#[test]
fn an_ordinary_circle_is_close_to_its_lossless_frames() {
    let mut studio = Studio::new(&song(12.0), format(640, 30));
    studio.cover(&photo(700));
    // The budget of a full minute, so that what is measured is what a minute looks like.
    studio.request.max_bytes = 8_000_000 / 5;
    let (mp4, report) = studio.render();
    assert_contract(&mp4, &report, 12.0);
    let frames = studio.raw();
    let ssim = mp4.ssim(report.format, report.frames, |n| frames[n as usize].clone());
    assert!(ssim >= 0.95, "SSIM {ssim}");
    assert_black_outside(&mp4.decode_picture(), 640);
}

/// As on a machine with a graphics card and many cores: read back through copies, a lane for every group of pictures.
#[test]
fn many_lanes_join_into_one_circle() {
    let mut studio = Studio::new(&song(16.0), format(640, 30));
    studio.cover(&photo(700));
    studio.request.cores = Some(16);
    studio.request.max_bytes = 8_000_000 * 16 / 60;
    let gpu = SharedGpu::of(Gpu::open_copying(AdapterChoice::Cpu).unwrap());
    let never = AtomicBool::new(false);
    let (circle, report) = pipeline::render(&studio.request, &gpu, &|_| {}, &never).unwrap();
    let mp4 = Mp4::new(&circle.mp4);
    assert_contract(&mp4, &report, 16.0);
    let frames = studio.raw();
    let ssim = mp4.ssim(report.format, report.frames, |n| frames[n as usize].clone());
    assert!(ssim >= 0.95, "SSIM {ssim}");
}

#[test]
fn every_rate_and_size_keeps_the_contract() {
    for (side, fps, millis) in [(240, 25, 3_370), (384, 60, 2_910), (480, 30, 1_000), (638, 25, 2_019)] {
        let mut studio = Studio::new(&song(8.0), format(side, fps));
        studio.request.fragment = FragmentChoice::From {
            start: Duration::from_millis(1_234),
            length: Some(Duration::from_millis(millis)),
        };
        let (mp4, report) = studio.render();
        assert_contract(&mp4, &report, millis as f64 / 1000.0);
        assert_black_outside(&mp4.decode_picture(), side as usize);
    }
}

#[test]
fn known_colours_survive_the_whole_way() {
    for rgb in [[200_u8, 60, 40], [40, 180, 90], [60, 80, 220], [235, 235, 235]] {
        let mut studio = Studio::new(&song(1.0), format(640, 30));
        studio.cover(&image::RgbImage::from_pixel(300, 300, image::Rgb(rgb)));
        let raw = studio.raw();
        let (mp4, _) = studio.render();
        let decoded = mp4.decode_picture();
        let (luma, chroma) = decoded[..640 * 640 * 3 / 2].split_at(640 * 640);
        // A patch of the label between the spindle and the edge, against the frame before encoding and the cover itself.
        for (x, y) in [(256_usize, 320_usize), (360, 380)] {
            let at = |plane: &[u8], stride: usize, x: usize, y: usize| f64::from(plane[y * stride + x]);
            let yuv = [
                at(luma, 640, x, y),
                at(&chroma[..320 * 320], 320, x / 2, y / 2),
                at(&chroma[320 * 320..], 320, x / 2, y / 2),
            ];
            let pair = 640 * 640 + (y / 2) * 640 + x / 2 * 2;
            let before = [raw[0][y * 640 + x], raw[0][pair], raw[0][pair + 1]].map(f64::from);
            for c in 0..3 {
                assert!(
                    (yuv[c] - before[c]).abs() <= 3.0,
                    "{rgb:?} at {x}, {y}: {before:?} became {yuv:?}"
                );
            }
            let hue = |r: f64, g: f64, b: f64| (g - b).atan2(r - (g + b) / 2.0);
            let (cb, cr) = ((yuv[1] - 128.0) / 224.0, (yuv[2] - 128.0) / 224.0);
            let light = (yuv[0] - 16.0) / 219.0;
            let (r, b) = (light + 1.5748 * cr, light + 1.8556 * cb);
            let g = (light - 0.2126 * r - 0.0722 * b) / 0.7152;
            if rgb != [235, 235, 235] {
                let wanted = hue(f64::from(rgb[0]), f64::from(rgb[1]), f64::from(rgb[2]));
                assert!(
                    (hue(r, g, b) - wanted).abs() < 0.12,
                    "{rgb:?}: hue {} for {wanted}",
                    hue(r, g, b)
                );
            }
        }
    }
}

/// A theme that paints one colour everywhere.
fn flat_theme(rgb: [u8; 3]) -> theme::Theme {
    let [r, g, b] = rgb.map(|c| f32::from(c) / 255.0);
    let source = format!(
        "fn theme_still(at: vec2f) -> Still {{ return Still(vec3f({r:?}, {g:?}, {b:?}), 0.0, 0u, vec2f(0.0)); }}\n\
         fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {{ return still.color; }}\n"
    );
    let manifest = "author = \"test\"\ncover_span = 0.4\nparts = 0\n[title]\nen = \"Flat\"\nru = \"Цвет\"\n";
    theme::Theme::read("flat", manifest, &source).unwrap()
}

#[test]
fn a_known_patch_is_the_same_rgb_in_a_player() {
    for rgb in [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
        [128, 128, 128],
        [200, 90, 30],
        [20, 24, 40],
    ] {
        let mut studio = Studio::new(&song(1.0), format(240, 30));
        studio.request.theme = flat_theme(rgb);
        let (mp4, _) = studio.render();
        // By the tags of the stream, as a player does it, and not by any arithmetic of ours.
        let out = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(&mp4.path)
            .args([
                "-vf",
                "crop=100:100,scale=flags=accurate_rnd+full_chroma_int",
                "-frames:v",
                "1",
            ])
            .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .output()
            .unwrap();
        assert_eq!(out.stdout.len(), 30_000);
        for pixel in out.stdout.chunks_exact(3) {
            let near = (0..3).all(|c| pixel[c].abs_diff(rgb[c]) <= 3);
            assert!(near, "{rgb:?} is shown as {pixel:?}");
        }
    }
}

#[test]
fn a_theme_the_driver_refuses_is_told_as_such() {
    let mut studio = Studio::new(&song(6.0), format(240, 30));
    studio.request.theme = flat_theme([0; 3]);
    let mut shader = (*studio.request.theme.shader).clone();
    shader.source.push_str("fn broken(");
    // A theme of our own goes to the driver as it is; a stranger's is read by the guard before.
    shader.trusted = true;
    studio.request.theme.shader = std::sync::Arc::new(shader);
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let refused = pipeline::render(&studio.request, &gpu, &|_| {}, &AtomicBool::new(false)).unwrap_err();
    assert!(
        matches!(refused, PipelineError::Render(RenderError::Shader { .. })),
        "{refused}"
    );
    studio.request.theme = flat_theme([9; 3]);
    pipeline::render(&studio.request, &gpu, &|_| {}, &AtomicBool::new(false)).expect("the device still works");
}

/// A writer that fails stands for a lane that fails: with frames waiting everywhere, the render ends at once with its error.
#[test]
fn a_writer_that_fails_ends_the_render_with_its_own_error() {
    let studio = Studio::new(&song(20.0), format(240, 30));
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let mut left = 30;
    let mut write = |_: &[u8]| {
        left -= 1;
        if left == 0 {
            Err(std::io::Error::other("no more"))
        } else {
            Ok(())
        }
    };
    let ended = pipeline::render_raw(&studio.request, &gpu, &mut write, &|_| {}, &AtomicBool::new(false)).unwrap_err();
    assert!(
        matches!(&ended, PipelineError::Raw(error) if error.to_string() == "no more"),
        "{ended}"
    );
}

/// The direction the label points in, radians, from the luma on a ring around the centre.
fn label_angle(luma: &[u8], side: usize) -> f64 {
    let (mut x_sum, mut y_sum) = (0.0, 0.0);
    for step in 0..720 {
        let angle = f64::from(step) * std::f64::consts::TAU / 720.0;
        for radius in [0.20, 0.25, 0.30] {
            let at = |f: f64| (side as f64 / 2.0 * (1.0 + radius * f)) as usize;
            let light = f64::from(luma[at(angle.sin()) * side + at(angle.cos())]);
            x_sum += light * angle.cos();
            y_sum += light * angle.sin();
        }
    }
    f64::atan2(y_sum, x_sum)
}

/// The slope of the best line through the unwrapped angles: what the fixed light adds to single frames averages out.
fn turns_per_sec(angles: &[f64], fps: f64) -> f64 {
    let mut turned = vec![0.0];
    for pair in angles.windows(2) {
        let step = (pair[1] - pair[0]).rem_euclid(std::f64::consts::TAU);
        turned.push(turned[turned.len() - 1] + step);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let times: Vec<f64> = (0..turned.len()).map(|n| n as f64 / fps).collect();
    let (time, turn) = (mean(&times), mean(&turned));
    let covariance: f64 = times.iter().zip(&turned).map(|(t, a)| (t - time) * (a - turn)).sum();
    let variance: f64 = times.iter().map(|t| (t - time).powi(2)).sum();
    covariance / variance / std::f64::consts::TAU
}

#[test]
fn the_record_turns_at_the_speed_asked_for() {
    // Whole turns: what the fixed light adds is the same in each.
    for (rpm, fps, secs) in [
        (DEFAULT_RPM, 30, 9.0),
        (45.0, 25, 8.0),
        (78.0, 60, 10.0),
        (16.0, 30, 15.0),
    ] {
        let mut studio = Studio::new(&song(secs), format(240, fps));
        let half = image::RgbImage::from_fn(256, 256, |x, _| image::Rgb(if x < 128 { [30; 3] } else { [230; 3] }));
        studio.cover(&half);
        studio.request.speed = Speed::Rpm(rpm);
        let (mp4, _) = studio.render();
        let decoded = mp4.decode_picture();
        let angles: Vec<f64> = decoded
            .chunks_exact(240 * 240 * 3 / 2)
            .map(|frame| label_angle(frame, 240))
            .collect();
        let measured = turns_per_sec(&angles, f64::from(fps)) * 60.0;
        assert!((measured / rpm - 1.0).abs() < 0.005, "{rpm} rpm came out as {measured}");
    }
}

/// The light of the ring around the record, by frame.
fn rim_light(decoded: &[u8], side: usize) -> Vec<f64> {
    let radius = side as f64 / 2.0;
    let place = |i: usize| ((i % side) as f64 + 0.5 - radius).hypot((i / side) as f64 + 0.5 - radius) / radius;
    let rim: Vec<_> = (0..side * side)
        .filter(|&i| (0.935..0.995).contains(&place(i)))
        .collect();
    let light = |frame: &[u8]| rim.iter().map(|&i| f64::from(frame[i]) - 16.0).sum::<f64>() / rim.len() as f64;
    decoded.chunks_exact(side * side * 3 / 2).map(light).collect()
}

#[test]
fn clicks_show_at_the_rim_in_their_own_frame() {
    for fps in [25, 30, 60] {
        // Clicks that fall on all parts of a frame, up to the end of the fragment.
        let clicks: Vec<f64> = (0..24).map(|n| 0.61 + f64::from(n) * 0.777).collect();
        let mut track = Sketch::silence(48_000, 20.0);
        for &at in &clicks {
            track.click(at);
        }
        let (mp4, _) = Studio::new(&track, format(240, fps)).render();
        let light = rim_light(&mp4.decode_picture(), 240);
        for &at in &clicks {
            let (frame, shown, rise) = rise_near(&light, at, fps);
            assert!(
                shown.abs_diff(frame) <= 1,
                "{fps} fps: the click in frame {frame} shows in frame {shown}"
            );
            assert!(
                rise > 3.0,
                "{fps} fps: the click at {at} s adds {rise:.1} levels of light"
            );
        }
    }
}

#[test]
fn the_sound_is_in_its_place_and_at_its_loudness() {
    let mut track = song(30.0);
    for at in [12.0, 15.5, 19.0] {
        track.samples[(at * 48_000.0) as usize - 12_000..(at * 48_000.0) as usize + 12_000].fill(0.0);
        track.click(at);
    }
    let mut studio = Studio::new(&track, format(240, 30));
    studio.request.fragment = FragmentChoice::From {
        start: Duration::from_millis(10_250),
        length: Some(Duration::from_secs(15)),
    };
    let (mp4, _) = studio.render();
    let sound = mp4.decode_sound();
    for at in [12.0, 15.5, 19.0] {
        let found = find_click(&sound, at - 10.25).expect("the click is there");
        assert!(
            (found - (at - 10.25)).abs() < 0.001,
            "the click of {at} s came {:.4} s off",
            found - (at - 10.25)
        );
    }
    let mut meter = EbuR128::new(2, SAMPLE_RATE, Mode::I | Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(sound.as_flattened()).unwrap();
    let lufs = meter.loudness_global().unwrap();
    assert!((lufs + 14.0).abs() <= 0.5, "{lufs} LUFS");
    let peak = (0..2).map(|c| meter.true_peak(c).unwrap()).fold(0.0, f64::max);
    assert!(20.0 * peak.log10() <= -1.0, "true peak {:.2} dBTP", 20.0 * peak.log10());
    // The fragment cuts into the song: it fades in from nothing.
    assert!(sound[..48].iter().flatten().all(|s| s.abs() < 0.05));
}

#[test]
fn the_same_request_gives_the_same_frames_and_the_same_key() {
    let studio = Studio::new(&song(3.0), format(320, 30));
    assert!(studio.raw() == studio.raw());
    let (one, two) = (studio.render(), studio.render());
    assert_eq!(one.1.key, two.1.key);
    // It is known before anything is drawn.
    let key = pipeline::content_key(&studio.request, &AtomicBool::new(false)).unwrap();
    assert_eq!(one.1.key, key);
    assert!(
        std::fs::read(&one.0.path).unwrap() == std::fs::read(&two.0.path).unwrap(),
        "the same bytes, too"
    );
    let mut other = Studio::new(&song(3.0), format(320, 30));
    other.request.speed = Speed::Rpm(45.0);
    assert_ne!(other.render().1.key, one.1.key);
}

#[test]
fn a_frame_alone_is_the_frame_of_the_circle() {
    let studio = Studio::new(&song(4.0), format(320, 30));
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let never = AtomicBool::new(false);
    let (alone, _) = pipeline::frame(&studio.request, &gpu, Duration::from_millis(2_350), &never).unwrap();
    assert!(alone == studio.raw()[70]);
    let late = pipeline::frame(&studio.request, &gpu, Duration::from_secs(4), &never).unwrap_err();
    assert_eq!(late.fault(), Fault::Request, "{late}");
}

#[test]
fn silence_makes_a_calm_record() {
    let studio = Studio::new(&Sketch::silence(48_000, 3.0), format(240, 30));
    let (mp4, report) = studio.render();
    assert_contract(&mp4, &report, 3.0);
    let light = rim_light(&mp4.decode_picture(), 240);
    let (low, high) = light
        .iter()
        .fold((f64::MAX, 0.0_f64), |(low, high), &l| (low.min(l), high.max(l)));
    assert!(high - low < 1.0, "the rim moves by {} levels in silence", high - low);
    assert!(mp4.decode_sound().iter().flatten().all(|s| s.abs() < 1e-3));
}

#[test]
fn a_small_budget_is_kept_and_an_impossible_one_refused() {
    let mut studio = Studio::new(&song(20.0), format(640, 30));
    studio.request.max_bytes = 600_000;
    let (mp4, _) = studio.render();
    assert!(std::fs::metadata(&mp4.path).unwrap().len() <= 600_000);
    studio.request.max_bytes = 100_000;
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let refused = pipeline::render(&studio.request, &gpu, &|_| {}, &AtomicBool::new(false)).unwrap_err();
    assert!(
        matches!(refused, PipelineError::Encode(EncodeError::TooSmall { .. })),
        "{refused}"
    );
}

#[test]
fn stopping_in_the_middle_is_quick() {
    let studio = Studio::new(&song(60.0), format(640, 30));
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let stop = AtomicBool::new(false);
    let stopped_at = std::sync::Mutex::new(None);
    let watch = |step: Progress| {
        if step == (Progress::Frames { done: 100 }) {
            stop.store(true, Ordering::Relaxed);
            *stopped_at.lock().unwrap() = Some(std::time::Instant::now());
        }
    };
    let ended = pipeline::render(&studio.request, &gpu, &watch, &stop).unwrap_err();
    assert_eq!(ended.fault(), Fault::Cancelled, "{ended}");
    let took = stopped_at.lock().unwrap().unwrap().elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn six_channels_and_odd_rates_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("surround.wav");
    let rate = 44_100;
    let tone =
        |n: usize, c: usize| 0.2 * ((n as f32 / rate as f32) * (220.0 + 60.0 * c as f32) * std::f32::consts::TAU).sin();
    let interleaved: Vec<f32> = (0..rate as usize * 3)
        .flat_map(|n| (0..6).map(move |c| tone(n, c)))
        .collect();
    write_wav(Path::new(&path), rate, 6, &interleaved);
    let mut studio = Studio::new(&song(1.0), format(240, 30));
    studio.request.song = path;
    let (mp4, report) = studio.render();
    assert_contract(&mp4, &report, 3.0);
    assert!(mp4.decode_sound().iter().flatten().any(|s| s.abs() > 0.05));
}

#[test]
fn the_built_in_cover_stands_in_for_a_missing_one() {
    let with_default = Studio::new(&song(1.0), format(240, 30));
    let mut with_its_file = Studio::new(&song(1.0), format(240, 30));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/default-cover.png");
    with_its_file.request.cover = CoverChoice::File(file);
    assert!(with_default.raw() == with_its_file.raw());
}
