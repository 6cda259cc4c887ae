//! What holds for every theme of the program, however it looks: its manifest, its frames, and the circles made with it.

use std::collections::BTreeMap;

use musiccircles::model::{Corners, FrameIndex, Tags};
use musiccircles::render::Renderer;
use musiccircles::scene::params::ParamSpec;
use musiccircles::scene::theme::{self, Theme};

use crate::support::sound::Sketch;
use crate::support::stage::{GPU, SILENCE, Stage, assert_golden, draw, features, format, lively, picture, plain};
use crate::support::studio::{Studio, assert_black_outside, assert_contract, photo, rise_near, song};

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
    let cyrillic = |text: &str| text.chars().any(|c| ('А'..='я').contains(&c) || "Ёё".contains(c));
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
            assert!(cyrillic(&text.ru), "{}: {}", theme.name, text.ru);
        }
    }
}

/// What a person has set for one theme means the same in the next.
#[test]
fn parameters_of_one_name_have_one_type_and_one_range() {
    let kind = |spec: &ParamSpec| match spec {
        ParamSpec::Float { range, .. } => format!("float {range:?}"),
        ParamSpec::Int { range, .. } => format!("int {range:?}"),
        ParamSpec::Bool { .. } => "bool".to_owned(),
        ParamSpec::Color { .. } => "color".to_owned(),
    };
    let mut known = BTreeMap::new();
    for theme in theme::built_in() {
        for (name, spec) in &theme.manifest.params {
            let (first, first_kind) = known.entry(name).or_insert((&theme.name, kind(spec)));
            assert_eq!(*first_kind, kind(spec), "{name} in {first} and in {}", theme.name);
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

/// The ring, the text and the glow are to be seen whatever the cover: without them the picture is another.
#[test]
fn what_can_be_turned_off_is_seen_on_any_cover() {
    for theme in theme::built_in() {
        for rgb in [[255, 255, 255], [0, 0, 0], [128, 128, 128]] {
            let shown = |settings: Vec<&'static str>| {
                let mut stage = stage(theme, 240);
                stage.cover = plain(rgb);
                stage.settings = settings;
                picture(&stage.build(), 37)
            };
            let whole = shown(Vec::new());
            for (name, off) in [("ring", "ring=0"), ("text", "text=off"), ("glow", "glow=0")] {
                if !theme.manifest.params.contains_key(name) {
                    continue;
                }
                let without = shown(vec![off]);
                let pairs = whole.pixels().zip(without.pixels());
                let differ = pairs
                    .filter(|(a, b)| (0..3).any(|c| a.0[c].abs_diff(b.0[c]) > 12))
                    .count();
                assert!(differ > 150, "{} on {rgb:?}: {off} changes {differ} pixels", theme.name);
            }
        }
    }
}

/// Relative luminance of an sRGB pixel, WCAG 2.2.
fn luminance(pixel: &image::Rgb<u8>) -> f64 {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 {
            v / 12.92
        } else {
            ((v + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(pixel.0[0]) + 0.7152 * linear(pixel.0[1]) + 0.0722 * linear(pixel.0[2])
}

/// The contrast of ink and ground among the pixels of a small place where there is text: most of it is ground, and the most
/// unlike twentieth is ink.
fn contrast(mut lights: Vec<f64>) -> f64 {
    lights.sort_by(f64::total_cmp);
    let at = |share: f64| lights[(share * (lights.len() - 1) as f64) as usize];
    let ratio = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    ratio(at(0.95), at(0.5)).max(ratio(at(0.05), at(0.5)))
}

/// Text etched around a label can be read on any cover: 4.5 to 1, as WCAG asks of print.
#[test]
fn etched_text_can_be_read_on_any_cover() {
    let mut faint = Vec::new();
    let color = |style| ("color", vec![style, "loop=on"]);
    for (name, settings) in [
        ("vinyl", vec!["loop=on"]),
        ("cd", vec!["loop=on"]),
        color("style=0"),
        color("style=1"),
        color("style=2"),
    ] {
        let theme = theme::find(name).unwrap();
        let text = theme.manifest.text.unwrap();
        for (rgb, accent) in [
            ([255, 255, 255], "accent=auto"),
            ([0, 0, 0], "accent=auto"),
            ([128, 128, 128], "accent=auto"),
            ([255, 0, 200], "accent=auto"),
            ([128, 128, 128], "accent=#ffff00"),
            ([128, 128, 128], "accent=#3060c0"),
        ] {
            let mut stage = stage(theme, 480);
            stage.cover = plain(rgb);
            stage.settings = settings.clone();
            stage.settings.push(accent);
            let scene = stage.build();
            let picture = picture(&scene, 0);
            // In the first frame the text's middle is at the top. Its band in pieces of a fiftieth of a turn.
            let mut pieces = vec![Vec::new(); 50];
            for (x, y, pixel) in picture.enumerate_pixels() {
                let (x, y) = ((f64::from(x) + 0.5) / 240.0 - 1.0, (f64::from(y) + 0.5) / 240.0 - 1.0);
                let turns = (x.atan2(-y) / std::f64::consts::TAU + 0.5) * 50.0;
                if (x.hypot(y) - f64::from(text.radius)).abs() < f64::from(text.width) * 0.35 {
                    pieces[(turns as usize).min(49)].push(luminance(pixel));
                }
            }
            let half = (f64::from(scene.look.text_turns) * 25.0) as usize;
            let mut found: Vec<f64> = pieces.drain(26 - half..24 + half).map(contrast).collect();
            found.sort_by(f64::total_cmp);
            let middle = found[found.len() / 2];
            println!(
                "{name} {settings:?} {rgb:?} {accent}: {middle:.1}, {:.1} to {:.1}",
                found[0],
                found[found.len() - 1]
            );
            if middle < 4.5 {
                faint.push(format!("{name} {settings:?} on {rgb:?}, {accent}: {middle:.2}"));
            }
        }
    }
    assert!(faint.is_empty(), "{faint:#?}");
}

/// At the far end of both ranges the sleeve keeps its corners and the caption its letters.
#[test]
fn the_sleeve_is_whole_however_far_it_drifts_and_swells() {
    let theme = theme::find("cover").unwrap();
    let mut stage = stage(theme, 480);
    stage.features = features(
        30,
        (0..720).map(|_| musiccircles::flow::FrameFeatures {
            bass: 1.0,
            loudness: 1.0,
            ..SILENCE
        }),
    );
    stage.features.tempo_bpm = Some(120.0);
    let light = |pixel: &image::Rgb<u8>| pixel.0.iter().map(|&v| u32::from(v)).min().unwrap();
    let mut drawn = |cover, settings: Vec<&'static str>| {
        stage.cover = plain(cover);
        stage.settings = settings;
        let scene = stage.build();
        let mut renderer = Renderer::single(&GPU, &scene).unwrap();
        let frames = (0..720).step_by(45);
        let pictures = frames.map(|n| {
            let frame = renderer.frame(FrameIndex(n)).unwrap();
            musiccircles::deliver::picture::rgb_from_nv12(&frame, scene.format.size)
        });
        pictures.collect::<Vec<_>>()
    };
    for settings in [
        vec!["drift=2", "pulse=1.5", "ring=0", "glow=0", "text=off"],
        vec!["drift=2", "pulse=1.5", "ring=0", "glow=0"],
    ] {
        for picture in drawn([255, 255, 255], settings) {
            // The sleeve is the bright area around the middle.
            let is_print = |x: u32, y: u32| light(picture.get_pixel(x, y)) > 150;
            let left = (0..240).rev().find(|&x| !is_print(x, 220)).unwrap() + 1;
            let right = (240..480).find(|&x| !is_print(x, 220)).unwrap() - 1;
            let top = (0..220).rev().find(|&y| !is_print(240, y)).unwrap() + 1;
            let bottom = (220..480).find(|&y| !is_print(240, y)).unwrap() - 1;
            assert!(right - left > 240 && bottom - top > 240);
            for (x, y) in [
                (left + 4, top + 4),
                (right - 4, top + 4),
                (left + 4, bottom - 4),
                (right - 4, bottom - 4),
            ] {
                assert!(is_print(x, y), "a corner is missing at {x}, {y}");
            }
        }
    }
    // A dark sleeve on a dark wall leaves the caption alone bright.
    let inked = |picture: &image::RgbImage| {
        let lower = picture.enumerate_pixels().filter(|(_, y, _)| *y > 300);
        lower.filter(|(.., pixel)| light(pixel) > 110).count()
    };
    let quiet = ["ring=0", "glow=0", "sweep=0", "light=0"];
    let still = drawn([0, 0, 0], [&quiet[..], &["drift=0", "pulse=0"]].concat());
    let moved = drawn([0, 0, 0], [&quiet[..], &["drift=2", "pulse=1.5"]].concat());
    let whole = inked(&still[0]);
    assert!(whole > 300, "{whole}");
    for picture in moved {
        let seen = inked(&picture);
        assert!(
            seen.abs_diff(whole) * 50 <= whole,
            "{seen} pixels of the caption's {whole}"
        );
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
            let (frame, shown, rise) = rise_near(&light, at, 30);
            assert!(
                shown.abs_diff(frame) <= 1,
                "{}: the hit in frame {frame} shows in frame {shown}",
                theme.name
            );
            // A level on a hundredth of the picture is what nobody sees.
            assert!(
                rise > 240.0 * 240.0 / 100.0,
                "{}: the hit adds {rise:.0} levels of light",
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

/// A square picture: the same circle, and around it the cover, out of focus, in every theme.
#[test]
fn corners_show_the_cover_and_leave_the_circle_as_it_is() {
    const SIDE: u32 = 240;
    for theme in theme::built_in() {
        let circle = stage(theme, SIDE);
        let square = Stage {
            corners: Corners::Cover,
            ..stage(theme, SIDE)
        };
        let (circle, square) = (picture(&circle.build(), 7), picture(&square.build(), 7));
        let radius = f64::from(SIDE) / 2.0;
        for (x, y, before) in circle.enumerate_pixels() {
            let away = (f64::from(x) + 0.5 - radius).hypot(f64::from(y) + 0.5 - radius);
            // Two by two pixels share their colour.
            if away < radius - 3.0 {
                assert_eq!(before, square.get_pixel(x, y), "{}: {x}, {y}", theme.name);
            }
        }
        // The cover's quarters: red, green, yellow, blue.
        let corner = |right: bool, low: bool| {
            let at = |far: bool| if far { SIDE - 9 } else { 8 };
            square.get_pixel(at(right), at(low)).0.map(i32::from)
        };
        let [red, green, yellow, blue] =
            [(false, false), (true, false), (false, true), (true, true)].map(|(right, low)| corner(right, low));
        let told = format!("{}: {red:?} {green:?} {yellow:?} {blue:?}", theme.name);
        assert!(red[0] > red[1] + 30 && red[0] > red[2] + 30, "{told}");
        assert!(green[1] > green[0] + 30 && green[1] > green[2] + 30, "{told}");
        assert!(yellow[0] > yellow[2] + 30 && yellow[1] > yellow[2] + 30, "{told}");
        assert!(blue[2] > blue[0] + 30 && blue[2] > blue[1] + 10, "{told}");
        // It falls off towards the rim, which is black as ever.
        let beside = square.get_pixel(SIDE - 1 - 34, 33).0.map(i32::from);
        assert!(
            beside.iter().sum::<i32>() < green.iter().sum::<i32>(),
            "{told} {beside:?}"
        );
    }
}
