//! What holds for every theme of the program, however it looks: its manifest, its frames, and the circles made with it.

use musiccircles::model::{FrameIndex, Tags};
use musiccircles::render::Renderer;
use musiccircles::scene::params::ParamSpec;
use musiccircles::scene::theme::{self, Theme};

use crate::support::sound::Sketch;
use crate::support::stage::{GPU, SILENCE, Stage, assert_golden, draw, features, format, lively, picture, plain};
use crate::support::studio::{Studio, assert_black_outside, assert_contract, photo, song};

/// The least that a theme's finished file may resemble its lossless frames, all planes: what is drawn with light alone is
/// mostly edges.
fn least_ssim(theme: &str) -> f64 {
    if ["neon", "lyrics"].contains(&theme) {
        0.93
    } else {
        0.95
    }
}

fn stage(theme: &Theme, side_px: u32) -> Stage {
    let theme = theme::names().into_iter().find(|name| *name == theme.name).unwrap();
    Stage {
        theme,
        tags: Tags {
            title: Some("Первый оттиск".into()),
            artist: Some("Test Pressing".into()),
            album: None,
        },
        ..Stage::new(side_px, lively(30, 40))
    }
}

#[test]
fn there_are_eight_and_all_of_them_can_be_read() {
    let read: Vec<_> = theme::built_in().iter().map(|theme| theme.name.as_str()).collect();
    assert_eq!(read, theme::names());
    assert!(read.len() >= 8, "{read:?}");
}

/// Titles and help are written in both languages, and what is the same thing is called the same everywhere.
#[test]
fn manifests_are_complete_in_both_languages() {
    let cyrillic = |text: &str| {
        text.chars()
            .any(|c| ('а'..='я').contains(&c.to_ascii_lowercase()) || ('А'..='я').contains(&c))
    };
    for theme in theme::built_in() {
        let manifest = &theme.manifest;
        assert!(!manifest.author.is_empty(), "{}", theme.name);
        let texts = manifest.params.values().map(ParamSpec::help).chain([&manifest.title]);
        for text in texts {
            assert!(
                !text.en.is_empty() && !cyrillic(&text.en),
                "{}: {}",
                theme.name,
                text.en
            );
            // CD is called so in Russian too.
            assert!(
                cyrillic(&text.ru) || text.ru.starts_with("CD"),
                "{}: {}",
                theme.name,
                text.ru
            );
        }
        for name in ["spin", "loop", "text", "tonearm", "needle"] {
            if let Some(spec) = manifest.params.get(name) {
                assert!(matches!(spec, ParamSpec::Bool { .. }), "{}: {name}", theme.name);
            }
        }
    }
}

#[test]
fn every_theme_looks_as_it_did() {
    for theme in theme::built_in() {
        assert_golden(
            &format!("theme-{}", theme.name),
            &picture(&stage(theme, 320).build(), 37),
        );
    }
}

#[test]
fn every_theme_is_black_outside_and_draws_a_frame_alone_as_in_a_row() {
    for theme in theme::built_in() {
        let scene = stage(theme, 242).build();
        let frame = draw(&scene, 21);
        assert_black_outside(&frame, 242);
        let row = crate::render::all_frames(&scene, 7, 2);
        let bytes = scene.format.size.nv12_bytes();
        assert!(
            row[21 * bytes..22 * bytes] == frame[..],
            "{}: frame 21 alone is another",
            theme.name
        );
        let single = Renderer::single(&GPU, &scene).unwrap().frame(FrameIndex(21)).unwrap();
        assert!(single == frame, "{}: drawn by one pipeline it is another", theme.name);
        assert!(
            row[..bytes] != row[20 * bytes..21 * bytes],
            "{} does not move",
            theme.name
        );
    }
}

/// In a loop the frame after the last would be the first.
#[test]
fn every_theme_with_a_loop_closes_it() {
    for theme in theme::built_in() {
        if !theme.manifest.params.contains_key("loop") {
            continue;
        }
        let mut stage = stage(theme, 240);
        stage.settings = vec!["loop=on"];
        // A steady sound: whatever still jumps at the seam is the theme's own.
        stage.features = features(
            30,
            (0..180).map(|_| musiccircles::flow::FrameFeatures {
                bass: 0.4,
                loudness: 0.6,
                bands: [0.5; 64],
                ..SILENCE
            }),
        );
        let scene = stage.build();
        let frames = crate::render::all_frames(&scene, 12, 2);
        let bytes = scene.format.size.nv12_bytes();
        let apart = |a: usize, b: usize| {
            let pair = frames[a * bytes..(a + 1) * bytes]
                .iter()
                .zip(&frames[b * bytes..(b + 1) * bytes]);
            pair.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
        };
        let usual = (0..179).map(|n| apart(n, n + 1)).max().unwrap();
        assert!(
            apart(179, 0) <= usual + usual / 10,
            "{}: {} at the seam, {usual} elsewhere",
            theme.name,
            apart(179, 0)
        );
    }
}

/// No cover, a white one, a black one, silence: nothing breaks, nothing vanishes.
#[test]
fn every_theme_is_seen_on_any_cover_and_in_silence() {
    for theme in theme::built_in() {
        for rgb in [[255, 255, 255], [0, 0, 0], [128, 128, 128], [0, 255, 0]] {
            let mut stage = stage(theme, 240);
            stage.cover = plain(rgb);
            stage.features = features(30, [SILENCE]);
            let picture = picture(&stage.build(), 0);
            let light = |pixel: &image::Rgb<u8>| pixel.0.iter().map(|&v| u32::from(v)).max().unwrap();
            let seen = picture.pixels().filter(|&pixel| light(pixel) > 60).count();
            assert!(
                seen * 120 > 240 * 240,
                "{} on {rgb:?}: {seen} pixels are lit",
                theme.name
            );
        }
    }
}

/// Hard hits after silence show somewhere in the picture in their own frame.
#[test]
fn every_theme_shows_a_hit_in_its_own_frame() {
    for theme in theme::built_in() {
        let clicks: Vec<f64> = (0..5).map(|n| 0.61 + f64::from(n) * 0.777).collect();
        let mut track = Sketch::silence(48_000, 5.0);
        clicks.iter().for_each(|&at| track.click(at));
        let mut studio = Studio::new(&track, format(240, 30));
        studio.request.theme = theme.clone();
        let frames = studio.raw();
        let light: Vec<f64> = frames
            .iter()
            .map(|frame| frame[..240 * 240].iter().map(|&v| f64::from(v)).sum())
            .collect();
        for &at in &clicks {
            let frame = (at * 30.0) as usize;
            let rise = |n: usize| light[n] - light[n - 1];
            let shown = (frame - 4..=frame + 4)
                .max_by(|&a, &b| rise(a).total_cmp(&rise(b)))
                .unwrap();
            assert!(
                shown.abs_diff(frame) <= 1,
                "{}: the hit in frame {frame} shows in frame {shown}",
                theme.name
            );
        }
    }
}

#[test]
#[ignore = "two minutes: make test-more"]
fn every_theme_keeps_every_promise_of_a_circle() {
    for theme in theme::built_in() {
        let mut studio = Studio::new(&song(12.0), format(640, 30));
        studio.cover(&photo(700));
        studio.request.theme = theme.clone();
        // The budget of a full minute, so that what is measured is what a minute looks like.
        studio.request.max_bytes = 8_000_000 / 5;
        let (mp4, report) = studio.render();
        assert_contract(&mp4, &report, 12.0);
        let frames = studio.raw();
        let ssim = mp4.ssim(report.format, report.frames, |n| frames[n as usize].clone());
        println!("{}: SSIM {ssim:.4}", theme.name);
        assert!(ssim >= least_ssim(&theme.name), "{}: SSIM {ssim}", theme.name);
    }
}
