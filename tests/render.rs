//! The step render: WGSL, layouts, and what the frames show. On the software adapter.

use std::collections::BTreeSet;

use bytemuck::Zeroable;
use musiccircles::flow::{FrameFeatures, Look, Moment, Scene, ThemeShader};
use musiccircles::model::{FrameIndex, Tags};
use musiccircles::render::{
    AdapterChoice, Entry, Gpu, RenderError, RenderSettings, Renderer, SHARED_LIBRARY, shader_text,
};
use musiccircles::scene::motion::Speed;
use musiccircles::scene::theme;

use crate::support::stage::{GPU, SILENCE, Stage, assert_golden, draw, features, lively, picture, plain};

fn parse(text: &str) -> naga::Module {
    naga::front::wgsl::parse_str(text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)))
}

fn validate(text: &str) -> naga::Module {
    let module = parse(text);
    let mut validator = naga::valid::Validator::new(
        naga::valid::ValidationFlags::all(),
        naga::valid::Capabilities::default(),
    );
    validator
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)));
    module
}

#[test]
fn every_theme_is_valid_wgsl_with_all_entry_points() {
    for theme in theme::built_in() {
        // A browser bakes, and draws by a vertex and a fragment.
        for (entry, points) in [(Entry::Bake, 1), (Entry::Nv12, 1), (Entry::Screen, 3)] {
            let module = validate(&shader_text(&theme.shader, entry));
            assert_eq!(module.entry_points.len(), points, "{}: {entry:?}", theme.name);
        }
    }
}

#[test]
fn shared_shaders_have_no_entry_points() {
    for (file, text) in SHARED_LIBRARY {
        for stage in ["@compute", "@fragment", "@vertex"] {
            assert!(!text.contains(stage), "{file} has an entry point");
        }
    }
}

/// Offsets of a WGSL struct's fields by name, and its size.
fn layout_of(module: &naga::Module, name: &str) -> (Vec<(String, u32)>, u32) {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    let (_, ty) = found.unwrap_or_else(|| panic!("no struct {name}"));
    let naga::TypeInner::Struct { members, span } = &ty.inner else {
        panic!("{name} is no struct")
    };
    let field = |member: &naga::StructMember| (member.name.clone().unwrap_or_default(), member.offset);
    (members.iter().map(field).collect(), *span)
}

/// Compares fields by name with a Rust struct's, given as `offset_of!` of each field.
macro_rules! assert_same_layout {
    ($module:expr, $rust:ty, $wgsl:literal, [$($field:ident),* $(,)?]) => {{
        let (fields, size) = layout_of($module, $wgsl);
        assert_eq!(size as usize, size_of::<$rust>(), "size of {}", $wgsl);
        $(
            let offset = fields.iter().find(|(name, _)| name == stringify!($field)).map(|(_, offset)| *offset as usize);
            assert_eq!(offset, Some(std::mem::offset_of!($rust, $field)), "{}.{}", $wgsl, stringify!($field));
        )*
    }};
}

#[test]
fn rust_and_wgsl_agree_on_every_offset() {
    let vinyl = theme::find("vinyl").unwrap();
    let module = parse(&shader_text(&vinyl.shader, Entry::Nv12));
    assert_same_layout!(
        &module,
        Moment,
        "Moment",
        [
            time_secs,
            progress,
            turn,
            turn_cos,
            turn_sin,
            rms,
            loudness,
            bass,
            mid,
            treble,
            onset,
            beat_phase,
            beat,
            lift,
            spark_age_secs,
            spark_power,
            spark_seed,
            line,
            line_age_secs,
            line_sung,
            bands
        ]
    );
    assert_same_layout!(
        &module,
        Look,
        "Look",
        [
            size_px,
            frames,
            text_turns,
            seed,
            has_beat,
            length_secs,
            looped,
            lines,
            corners,
            accent,
            glow,
            ink,
            paper,
            dark
        ]
    );
    assert_same_layout!(
        &module,
        musiccircles::render::BatchUniform,
        "Batch",
        [first_frame, stride, frame_words]
    );
    for theme in theme::built_in() {
        let module = parse(&shader_text(&theme.shader, Entry::Nv12));
        let (_, size) = layout_of(&module, "Params");
        let packed = Stage {
            theme: &theme.name,
            ..Stage::new(240, features(30, [SILENCE]))
        }
        .build()
        .params;
        assert_eq!(size as usize, packed.len() * 4, "{}: Params", theme.name);
    }
}

/// The value of a constant in a theme's WGSL.
fn constant(module: &naga::Module, name: &str) -> f32 {
    let found = module
        .constants
        .iter()
        .find(|(_, constant)| constant.name.as_deref() == Some(name));
    let (_, constant) = found.unwrap_or_else(|| panic!("no constant {name}"));
    match module.global_expressions[constant.init] {
        naga::Expression::Literal(naga::Literal::F32(value)) => value,
        ref other => panic!("{name} is {other:?}"),
    }
}

/// A value out of two constants.
type Value = fn(f32, f32) -> f32;

/// Manifests repeat geometry of the shaders: what the text is bent to and how large the cover is stored.
#[test]
fn manifests_repeat_the_geometry_of_their_shaders() {
    let (first, middle, between): (Value, Value, Value) = (|a, _| a, |a, b| (a + b) / 2.0, |a, b| a - b);
    let etched = ("ETCHED_OUTER", "ETCHED_INNER");
    let printed = ("TEXT_OUTER", "TEXT_INNER");
    for (name, key, (a, b), value) in [
        ("vinyl", "cover_span", ("LABEL_EDGE", "LABEL_EDGE"), first),
        ("vinyl", "radius", etched, middle),
        ("vinyl", "width", etched, between),
        ("color", "cover_span", ("LABEL_EDGE", "LABEL_EDGE"), first),
        ("color", "radius", etched, middle),
        ("color", "width", etched, between),
        ("cd", "cover_span", ("PRINT_OUTER", "PRINT_OUTER"), first),
        ("cd", "radius", printed, middle),
        ("cd", "width", printed, between),
        ("cover", "cover_span", ("SLEEVE", "SLEEVE"), first),
        ("cover", "radius", ("CAPTION_RADIUS", "SLEEVE"), first),
        ("cover", "width", ("CAPTION_HEIGHT", "SLEEVE"), first),
        ("cassette", "radius", ("TEXT_RADIUS", "TEXT_WIDTH"), first),
        ("cassette", "width", ("TEXT_WIDTH", "TEXT_WIDTH"), first),
        ("neon", "radius", ("TITLE", "TITLE"), first),
        ("neon", "width", ("TITLE_HEIGHT", "TITLE"), first),
    ] {
        let theme = theme::find(name).unwrap();
        let module = parse(&shader_text(&theme.shader, Entry::Nv12));
        let drawn = value(constant(&module, a), constant(&module, b));
        let said = match (key, theme.manifest.text) {
            ("cover_span", _) => theme.manifest.cover_span,
            ("radius", Some(text)) => text.radius,
            (_, Some(text)) => text.width,
            (_, None) => panic!("{name} has no text"),
        };
        assert!(
            (said - drawn).abs() < 1e-4,
            "{name}: {key} is {said} in the manifest, {drawn} in the shader"
        );
    }
}

/// With the edges the wrong way round `smoothstep` is undefined in SPIR-V, and an error for a browser.
#[test]
fn every_smoothstep_goes_up() {
    let literal = |module: &naga::Module, expression: &naga::Expression| match *expression {
        naga::Expression::Literal(naga::Literal::F32(value)) => Some(value),
        naga::Expression::Constant(handle) => match module.global_expressions[module.constants[handle].init] {
            naga::Expression::Literal(naga::Literal::F32(value)) => Some(value),
            _ => None,
        },
        _ => None,
    };
    for theme in theme::built_in() {
        for entry in [Entry::Bake, Entry::Nv12, Entry::Screen] {
            let module = parse(&shader_text(&theme.shader, entry));
            let mut seen = 0;
            for (_, function) in module.functions.iter() {
                for (_, expression) in function.expressions.iter() {
                    let naga::Expression::Math {
                        fun: naga::MathFunction::SmoothStep,
                        arg,
                        arg1: Some(high),
                        ..
                    } = *expression
                    else {
                        continue;
                    };
                    let of = |handle| literal(&module, &function.expressions[handle]);
                    if let (Some(low), Some(high)) = (of(arg), of(high)) {
                        seen += 1;
                        let name = function.name.as_deref().unwrap_or_default();
                        assert!(low < high, "{}: smoothstep({low}, {high}, …) in {name}", theme.name);
                    }
                }
            }
            assert!(seen > 2, "{}: {seen} are understood", theme.name);
        }
    }
}

#[test]
fn another_seed_is_another_pressing() {
    let stage = Stage::new(320, features(30, [SILENCE]));
    let other = Stage {
        seed: 7,
        ..Stage::new(320, features(30, [SILENCE]))
    };
    assert!(draw(&stage.build(), 0) != draw(&other.build(), 0));
}

pub fn all_frames(scene: &Scene, batch_frames: u32, slots: usize) -> Vec<u8> {
    let frames = scene.moments.len() as u32;
    let mut renderer = Renderer::new(&GPU, scene, RenderSettings { batch_frames, slots }).unwrap();
    let mut next = 0;
    let mut bytes = Vec::new();
    loop {
        while renderer.has_room() && next < frames {
            let count = batch_frames.min(frames - next);
            renderer.submit(FrameIndex(next), count);
            next += count;
        }
        match renderer.receive(Vec::new()).unwrap() {
            Some(batch) => bytes.extend_from_slice(&batch.bytes),
            None => return bytes,
        }
    }
}

#[test]
fn frames_are_the_same_in_any_batch_and_alone() {
    let scene = Stage::new(240, lively(30, 23)).build();
    let one_by_one = all_frames(&scene, 1, 1);
    assert_eq!(one_by_one.len(), 23 * 240 * 240 * 3 / 2);
    for (batch_frames, slots) in [(8, 3), (5, 2), (23, 1)] {
        assert!(
            all_frames(&scene, batch_frames, slots) == one_by_one,
            "batches of {batch_frames}"
        );
    }
    let frame_bytes = scene.format.size.nv12_bytes();
    assert!(
        draw(&scene, 17) == one_by_one[17 * frame_bytes..18 * frame_bytes],
        "frame 17 alone"
    );
    assert!(
        one_by_one[..frame_bytes] != one_by_one[frame_bytes..2 * frame_bytes],
        "the record does not move"
    );
}

#[test]
fn frames_read_in_place_and_through_a_copy_are_the_same() {
    let scene = Stage::new(242, lively(30, 13)).build();
    let copying = Gpu::open_copying(AdapterChoice::Cpu).unwrap();
    let settings = RenderSettings {
        batch_frames: 4,
        slots: 2,
    };
    let mut through_copy = Renderer::new(&copying, &scene, settings).unwrap();
    for first in [0, 8, 4] {
        through_copy.submit(FrameIndex(first), 4);
        let batch = through_copy.receive(Vec::new()).unwrap().unwrap();
        assert_eq!((batch.first, batch.frames), (FrameIndex(first), 4));
        let bytes = scene.format.size.nv12_bytes();
        for n in 0..4 {
            let frame = &batch.bytes[n as usize * bytes..(n as usize + 1) * bytes];
            assert!(frame == draw(&scene, first + n), "frame {}", first + n);
        }
    }
}

#[test]
fn frames_are_the_same_again() {
    let stage = Stage::new(240, lively(30, 8));
    assert!(all_frames(&stage.build(), 8, 2) == all_frames(&stage.build(), 8, 2));
}

#[test]
fn outside_the_circle_is_flat_black() {
    for side in [240_u32, 242, 384, 638, 640] {
        let frame = draw(&Stage::new(side, lively(30, 3)).build(), 2);
        let (luma, chroma) = frame.split_at((side * side) as usize);
        assert_eq!(chroma.len(), luma.len() / 2, "{side}");
        let radius = f64::from(side) / 2.0;
        for (i, &value) in luma.iter().enumerate() {
            let (x, y) = (
                f64::from(i as u32 % side) + 0.5 - radius,
                f64::from(i as u32 / side) + 0.5 - radius,
            );
            // Not even a corner of the pixel inside.
            if x.hypot(y) > radius + 0.71 {
                assert_eq!(value, 16, "{side}: luma at {x}, {y}");
            }
        }
        for (i, &value) in chroma.iter().enumerate() {
            let (column, row) = (i as u32 % side / 2, i as u32 / side);
            let (x, y) = (f64::from(column * 2) + 1.0 - radius, f64::from(row * 2) + 1.0 - radius);
            if x.hypot(y) > radius + 1.5 {
                assert_eq!(value, 128, "{side}: chroma at {x}, {y}");
            }
        }
    }
}

/// A theme that paints one colour everywhere, still or moving.
fn flat_theme(rgb: [u8; 3], part: u32) -> ThemeShader {
    let [r, g, b] = rgb.map(|c| f32::from(c) / 255.0);
    let color = format!("vec3f({r:?}, {g:?}, {b:?})");
    ThemeShader {
        name: "flat".to_owned(),
        params_struct: "struct Params { none: vec4f }\n".to_owned(),
        timed_parts: 0,
        trusted: true,
        source: format!(
            "fn theme_still(at: vec2f) -> Still {{ return Still({color}, 1.0, {part}u, vec2f(0.0)); }}\n\
             fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {{ return {color}; }}\n"
        ),
    }
}

/// A dark picture over which a bright column passes from left to right in the fragment's time, drawn only where it is.
fn passing_column(timed: bool) -> ThemeShader {
    ThemeShader {
        name: "column".to_owned(),
        params_struct: "struct Params { none: vec4f }\n".to_owned(),
        timed_parts: if timed { 1 << 3 } else { 0 },
        trusted: true,
        source: "
            fn theme_still(at: vec2f) -> Still {
                let passes = at.x * 0.5 + 0.5;
                return Still(vec3f(0.1), 1.0, 3u, vec2f(passes - 0.05, passes + 0.05));
            }
            fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
                let off = abs(at.x * 0.5 + 0.5 - moments[frame].progress);
                return select(still.color, vec3f(0.9, 0.5, 0.2), off < 0.04);
            }
        "
        .to_owned(),
    }
}

#[test]
fn what_moves_only_for_a_while_is_drawn_only_then_and_put_back_after() {
    let mut scene = Stage::new(240, lively(30, 60)).build();
    scene.params = vec![0.0; 4];
    scene.shader = std::sync::Arc::new(passing_column(false));
    let always = all_frames(&scene, 1, 1);
    scene.shader = std::sync::Arc::new(passing_column(true));
    for (batch_frames, slots) in [(1, 1), (8, 3), (7, 2), (60, 1)] {
        assert!(
            all_frames(&scene, batch_frames, slots) == always,
            "batches of {batch_frames}"
        );
    }
    let settings = RenderSettings {
        batch_frames: 8,
        slots: 1,
    };
    let mut renderer = Renderer::new(&GPU, &scene, settings).unwrap();
    assert!(renderer.moving_share() < 0.01, "{}", renderer.moving_share());
    // Out of order, and a short batch that leaves old frames behind it in the slot.
    let bytes = scene.format.size.nv12_bytes();
    for (first, count) in [(40, 8), (4, 3), (20, 8), (50, 2), (0, 8)] {
        renderer.submit(FrameIndex(first), count);
        let batch = renderer.receive(Vec::new()).unwrap().unwrap();
        let first = first as usize;
        assert!(
            batch.bytes == always[first * bytes..(first + count as usize) * bytes],
            "{count} frames from {first}"
        );
    }
}

#[test]
fn themes_declare_as_timed_what_really_stands_still_at_other_times() {
    let timed = theme::built_in().iter().filter(|theme| theme.shader.timed_parts != 0);
    let mut names = BTreeSet::new();
    for theme in timed {
        names.insert(theme.name.as_str());
        let mut scene = Stage {
            theme: &theme.name,
            ..Stage::new(240, lively(30, 75))
        }
        .build();
        let kept = all_frames(&scene, 8, 2);
        let mut always = ThemeShader::clone(&scene.shader);
        always.timed_parts = 0;
        scene.shader = std::sync::Arc::new(always);
        let always = all_frames(&scene, 8, 2);
        let apart: Vec<_> = (0..kept.len()).filter(|&i| kept[i] != always[i]).collect();
        let bytes = scene.format.size.nv12_bytes();
        let places: Vec<_> = apart.iter().map(|i| (i / bytes, i % bytes)).take(5).collect();
        assert!(
            apart.is_empty(),
            "{}: {} samples, frame and place {places:?}",
            theme.name,
            apart.len()
        );
    }
    assert_eq!(names, ["cassette", "vinyl"].into());
}

/// Where the stylus is seen in a frame, as its distance from the spindle: the middle of the white line at the head's front. The
/// distance from the pivot, which lies outside the picture, tells the head's front from all else that is bright.
fn stylus_radius(scene: &Scene, frame: u32) -> f64 {
    let luma = &draw(scene, frame)[..640 * 640];
    let (mut sum, mut count) = (0.0, 0);
    for (i, _) in luma.iter().enumerate().filter(|&(_, &value)| value > 190) {
        let (x, y) = ((i % 640) as f64 + 0.5, (i / 640) as f64 + 0.5);
        let (x, y) = (x / 320.0 - 1.0, y / 320.0 - 1.0);
        let from_pivot = (x - 0.80350).hypot(y + 0.95755);
        if (1.290..1.325).contains(&from_pivot) && x.hypot(y) > 0.5 {
            sum += x.hypot(y);
            count += 1;
        }
    }
    assert!((4..40).contains(&count), "frame {frame}: {count} pixels of the line");
    sum / f64::from(count)
}

#[test]
fn the_stylus_stands_in_the_groove_that_is_heard() {
    let stage = |settings| Stage {
        settings,
        ..Stage::new(640, features(30, vec![SILENCE; 300]))
    };
    let bare = vec!["ring=0", "glow=0", "dust=0", "light=0", "accent=#101010"];
    let scene = stage(bare.clone()).build();
    let groove = |progress: f64| 0.888 + (0.530 - 0.888) * progress;
    for frame in [18_u32, 75, 150, 225, 282] {
        let (seen, heard) = (stylus_radius(&scene, frame), groove(f64::from(frame) / 300.0));
        assert!(
            (seen - heard).abs() * 320.0 <= 1.5,
            "frame {frame}: {seen}, the groove is at {heard}"
        );
    }
    // Lifted, it is seen farther out.
    for (frame, lift) in [(0_u32, 1.0), (299, 0.99)] {
        let heard = groove(f64::from(frame) / 300.0) * (1.0 + 0.018 * lift);
        let seen = stylus_radius(&scene, frame);
        assert!(
            (seen - heard).abs() * 320.0 <= 1.5,
            "frame {frame}: {seen}, lifted it is at {heard}"
        );
    }
    let with = |setting: &[&'static str]| draw(&stage([&bare[..], setting].concat()).build(), 150);
    assert!(
        with(&["loop=on"]) == with(&["loop=on", "tonearm=off"]),
        "a loop has an arm"
    );
    assert!(with(&["tonearm=on"]) != with(&["tonearm=off"]));
}

#[test]
fn colours_come_back_within_three_levels() {
    for rgb in [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
        [0, 0, 0],
        [128, 128, 128],
        [200, 90, 30],
        [12, 14, 20],
    ] {
        for part in [0, 1] {
            let mut scene = Stage::new(240, features(30, [SILENCE])).build();
            scene.shader = std::sync::Arc::new(flat_theme(rgb, part));
            scene.params = vec![0.0; 4];
            for (x, y, pixel) in picture(&scene, 0).enumerate_pixels() {
                if (f64::from(x) - 119.5).hypot(f64::from(y) - 119.5) > 117.0 {
                    continue;
                }
                for c in 0..3 {
                    let apart = i32::from(pixel.0[c]) - i32::from(rgb[c]);
                    assert!(apart.abs() <= 3, "{rgb:?} as part {part} came back as {pixel:?}");
                }
            }
        }
    }
}

/// The mean colour of a small square around a point in disc coordinates.
fn around(picture: &image::RgbImage, x: f32, y: f32) -> [f32; 3] {
    let radius = picture.width() as f32 / 2.0;
    let (cx, cy) = ((radius + x * radius) as u32, (radius + y * radius) as u32);
    let mut sum = [0.0; 3];
    for (dx, dy) in (0..5).flat_map(|dy| (0..5).map(move |dx| (dx, dy))) {
        for (sum, &value) in sum.iter_mut().zip(&picture.get_pixel(cx + dx - 2, cy + dy - 2).0) {
            *sum += f32::from(value) / 25.0;
        }
    }
    sum
}

#[test]
fn the_label_turns_clockwise_and_the_grooves_stand_still() {
    // At 60 rpm a quarter turn takes 15 of 60 frames.
    let stage = Stage {
        speed: Speed::Rpm(60.0),
        settings: vec!["ring=0", "glow=0", "tonearm=off"],
        ..Stage::new(320, features(60, vec![SILENCE; 16]))
    };
    let scene = stage.build();
    let (start, quarter) = (picture(&scene, 0), picture(&scene, 15));
    let is_red = |[r, g, b]: [f32; 3]| r > 1.6 * g && r > 1.6 * b;
    assert!(is_red(around(&start, -0.2, -0.2)), "red starts at the top left");
    assert!(is_red(around(&quarter, 0.2, -0.2)), "red has come to the top right");
    assert!(!is_red(around(&quarter, -0.2, -0.2)));
    for (x, y) in [(0.7, 0.0), (-0.6, 0.3), (0.0, -0.8)] {
        assert_eq!(around(&start, x, y), around(&quarter, x, y), "grooves at {x}, {y}");
    }
}

#[test]
fn the_ring_shows_each_band_at_its_place() {
    let one = |band: usize| FrameFeatures {
        bands: std::array::from_fn(|k| if k == band { 1.0 } else { 0.0 }),
        loudness: 1.0,
        ..SILENCE
    };
    let scene = Stage {
        settings: vec!["glow=0"],
        ..Stage::new(640, features(30, [SILENCE, one(0), one(63)]))
    }
    .build();
    let light = |frame: u32, y: f32| around(&picture(&scene, frame), 0.01, y).iter().sum::<f32>();
    // Low notes at the bottom, high ones at the top.
    assert!(light(1, 0.975) > light(0, 0.975) + 60.0);
    assert!(light(2, -0.975) > light(0, -0.975) + 60.0);
    assert!((light(1, -0.975) - light(0, -0.975)).abs() < 3.0);
}

#[test]
fn the_glow_follows_the_bass() {
    let scene = Stage {
        settings: vec!["ring=0"],
        ..Stage::new(320, features(30, [SILENCE, FrameFeatures { bass: 1.0, ..SILENCE }]))
    }
    .build();
    let light = |frame: u32| around(&picture(&scene, frame), 0.0, 0.925).iter().sum::<f32>();
    assert!(light(1) > light(0) + 40.0, "{} then {}", light(0), light(1));
}

#[test]
fn loud_and_quiet_passages_show_as_bands() {
    let mut stage = Stage::new(640, features(30, [SILENCE]));
    // How much the grooves stand out from one another on the way from the middle to the rim.
    let coarse = |stage: &Stage| {
        let picture = picture(&stage.build(), 0);
        let at = |k: u32| f32::from(picture.get_pixel(320, 320 + 190 + k).0[1]);
        (0..70).map(|k| (at(k + 1) - at(k)).abs()).sum::<f32>()
    };
    stage.features.envelope.fill(0.1);
    let quiet = coarse(&stage);
    stage.features.envelope.fill(1.0);
    let loud = coarse(&stage);
    assert!(loud > 1.3 * quiet, "{quiet} then {loud}");
}

#[test]
fn most_of_the_picture_never_moves() {
    let scene = Stage::new(640, lively(30, 2)).build();
    let renderer = Renderer::new(
        &GPU,
        &scene,
        RenderSettings {
            batch_frames: 1,
            slots: 1,
        },
    )
    .unwrap();
    assert!(
        renderer.moving_share() < 0.52,
        "{:.3} of the blocks move",
        renderer.moving_share()
    );
}

#[test]
fn vinyl_looks_as_it_did() {
    let tags = Tags {
        title: Some("Первый оттиск".into()),
        artist: Some("Test Pressing".into()),
        album: None,
    };
    for (name, side) in [("vinyl-640", 640), ("vinyl-240", 240)] {
        let stage = Stage {
            tags: tags.clone(),
            ..Stage::new(side, lively(30, 40))
        };
        assert_golden(name, &picture(&stage.build(), 37));
    }
    let calm = Stage {
        cover: plain([250, 250, 250]),
        ..Stage::new(320, features(30, [SILENCE]))
    };
    assert_golden("vinyl-320-calm-white", &picture(&calm.build(), 0));
}

#[test]
fn a_broken_theme_is_an_error_that_names_it() {
    let mut scene = Stage::new(240, features(30, [SILENCE])).build();
    let broken = ThemeShader {
        source: "fn theme_still(".to_owned(),
        ..flat_theme([0; 3], 0)
    };
    scene.shader = std::sync::Arc::new(broken);
    let made = Renderer::new(
        &GPU,
        &scene,
        RenderSettings {
            batch_frames: 1,
            slots: 1,
        },
    );
    assert!(
        matches!(made, Err(RenderError::Shader { ref theme, .. }) if theme == "flat"),
        "{:?}",
        made.err()
    );
}

#[test]
fn the_software_adapter_says_that_it_is_one() {
    assert!(GPU.facts().is_cpu);
    assert_eq!(GPU.facts().to_string(), "llvmpipe (CPU)");
    if Gpu::list().iter().all(|adapter| adapter.is_cpu) {
        let refused = Gpu::open(AdapterChoice::Gpu)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(refused.contains("--adapter gpu"), "{refused}");
    }
}

#[test]
fn zeroed_uniforms_draw_without_trouble() {
    let mut scene = Stage::new(240, features(30, [SILENCE])).build();
    scene.look = Look {
        size_px: 240.0,
        ..Look::zeroed()
    };
    assert_eq!(draw(&scene, 0).len(), scene.format.size.nv12_bytes());
}
