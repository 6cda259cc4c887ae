//! Packs that mean harm, or are broken in ways nobody means: each ends soon, with a sentence or a picture, and the next good
//! theme is drawn as ever.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musiccircles::flow::{Scene, ThemeShader};
use musiccircles::model::{Corners, FrameIndex, Tags};
use musiccircles::render::{self, RenderError, RenderSettings, Renderer};
use musiccircles::scene::motion::Speed;
use musiccircles::scene::params::ParamValues;
use musiccircles::scene::theme::{self, Theme};
use musiccircles::scene::{SceneRequest, compose};

use crate::support::command::Desk;
use crate::support::stage::{GPU, format, lively, quarters};

const MANIFEST: &str = include_str!("../../shaders/starter/theme.toml");
const STARTER: &str = include_str!("../../shaders/starter/theme.wgsl");
/// No text takes longer to check, on a busy machine and in a debug build; nearly all take some milliseconds.
const CHECK_PATIENCE: Duration = Duration::from_secs(5);
/// No small picture takes longer to draw, with all fuel burnt in every pixel.
const DRAW_PATIENCE: Duration = Duration::from_secs(40);

fn pack(wgsl: &str) -> Theme {
    Theme::read("hostile", MANIFEST, wgsl).unwrap()
}

/// The starter with `code` as the first thing in `theme_color` and `z`, a number, in what it shows.
fn in_color(code: &str) -> String {
    let wgsl = STARTER.replacen(
        "    if (still.part == LABEL_PART) {",
        &format!("{code}\n    if (still.part == LABEL_PART) {{"),
        1,
    );
    let wgsl = wgsl.replacen("return mix(", "return vec3f(z) + mix(", 1);
    let wgsl = wgsl.replacen("return still.color +", "return vec3f(z) + still.color +", 1);
    assert_ne!(wgsl, STARTER);
    wgsl
}

/// The same in `theme_still`.
fn in_still(code: &str) -> String {
    let wgsl = STARTER.replacen("let r = length(at);", &format!("let r = length(at);\n{code}"), 1);
    let wgsl = wgsl.replacen("Still(ground, 0.0", "Still(ground + z, 0.0", 1);
    assert_ne!(wgsl, STARTER);
    wgsl
}

fn scene(theme: &Theme, side_px: u32) -> Scene {
    with_corners(theme, side_px, Corners::Black)
}

fn with_corners(theme: &Theme, side_px: u32, corners: Corners) -> Scene {
    let request = SceneRequest {
        format: format(side_px, 30),
        corners,
        theme,
        params: &ParamValues::new(),
        speed: Speed::default(),
        cover: Arc::new(quarters()),
        tags: &Tags::default(),
        lyrics: &[],
        seed: 0,
    };
    compose(&request, &lively(30, 30))
}

/// Frames 0 to 2 in one batch.
fn draw(scene: &Scene) -> Result<Vec<u8>, RenderError> {
    let settings = RenderSettings {
        batch_frames: 3,
        slots: 1,
    };
    let mut renderer = Renderer::new(&GPU, scene, settings)?;
    renderer.submit(FrameIndex(0), 3);
    Ok(renderer.receive(Vec::new())?.unwrap().bytes)
}

/// What is wrong with it, in one line.
fn refused(what: &str, wgsl: &str) -> render::Complaint {
    let began = Instant::now();
    let complaint = render::check(&pack(wgsl).shader).expect_err(what);
    assert!(began.elapsed() < CHECK_PATIENCE, "{what}: {:?}", began.elapsed());
    assert!(!complaint.message.contains('\n'), "{what}: {complaint:?}");
    assert!((5..400).contains(&complaint.message.len()), "{what}: {complaint:?}");
    complaint
}

#[test]
fn what_no_theme_may_do_is_refused_where_it_stands() {
    let doubling: String = (1..30)
        .map(|n| {
            format!(
                "fn f{n}(x: f32) -> f32 {{ return f{}(x) + f{}(x + 1.0); }}\n",
                n - 1,
                n - 1
            )
        })
        .collect();
    let doubling = format!("fn f0(x: f32) -> f32 {{ return x * 1.1; }}\n{doubling}");
    let structs: String = (1..40)
        .map(|n| format!("struct S{n} {{ a: S{}, b: S{} }}\n", n - 1, n - 1))
        .collect();
    let structs = format!("struct S0 {{ a: f32 }}\n{structs}");
    let first = |line: &str| format!("{line}\n{STARTER}");
    let cases = [
        (
            "exponential calls",
            doubling + &in_color("let z = f29(at.x);"),
            "operations",
        ),
        (
            "a huge array",
            first("var<private> a: array<u32, 100000000>;"),
            "numbers",
        ),
        (
            "a huge array by a const",
            first("const N = 100000000; var<private> a: array<u32, N>;"),
            "numbers",
        ),
        (
            "a size that is computed",
            first("const N = 10000 * 10000; var<private> a: array<u32, N>;"),
            "plain number",
        ),
        (
            "a size hidden by a mark",
            first("const\u{200e}N = 90000; var<private> a: array<u32, N>;"),
            "numbers",
        ),
        (
            "arrays of arrays",
            first("alias A = array<array<array<f32, 900>, 900>, 900>; const B = A()[1][1][1];"),
            "numbers",
        ),
        ("structs of structs", structs + &first("const T = S39().a.b;"), ""),
        (
            "an array without a size",
            first("const A = array(1, 2); const B = array(A, A);"),
            "array<TYPE, NUMBER>",
        ),
        (
            "much memory",
            in_color(
                "var a: array<vec4f, 200>; var b: array<vec4f, 256>; var c: array<vec4f, 256>; var d: array<vec4f, 256>; var e: array<vec4f, 256>; a[frame].x = 1.0; let z = a[frame + 1u].x + b[frame].x + c[frame].x + d[frame].x + e[frame].x;",
            ),
            "bytes",
        ),
        (
            "padding",
            first("struct P { @size(1000000000) a: f32, b: f32 } var<private> p: P;"),
            "bytes",
        ),
        (
            "a binding",
            first("@group(2) @binding(0) var<storage, read_write> mine: array<u32>;"),
            "",
        ),
        (
            "shared memory",
            first("var<workgroup> mine: array<u32, 8>;"),
            "bindings",
        ),
        ("an override", first("override mine: u32 = 1u;"), "const"),
        (
            "an entry point",
            first("@compute @workgroup_size(64) fn mine() { }"),
            "entry point",
        ),
        ("a barrier", in_color("let z = 0.0; workgroupBarrier();"), ""),
        (
            "the renderer's buffers",
            in_color("let z = f32(baked[0].x);"),
            "renderer",
        ),
        (
            "the renderer's functions",
            in_color("let z = still_in_circle(at).weight;"),
            "",
        ),
        ("recursion", in_color("let z = theme_color(at, still, frame).x;"), ""),
        (
            "deep parentheses",
            in_color(&format!("let z = {}1.0{};", "(".repeat(50_000), ")".repeat(50_000))),
            "",
        ),
        (
            "fewer parentheses",
            in_color(&format!("let z = {}1.0{};", "(".repeat(290), ")".repeat(290))),
            "",
        ),
        (
            "deep blocks",
            in_color(&format!("let z = 0.0; {}{}", "{".repeat(7000), "}".repeat(7000))),
            "",
        ),
        (
            "fewer blocks",
            in_color(&format!(
                "let z = 0.0; {}{}",
                "{ if at.x > 0.0 ".repeat(120),
                "}".repeat(120)
            )),
            "",
        ),
        (
            "else if",
            in_color(&format!(
                "let z = 0.0; if at.x == 0.5 {{ }} {}",
                "else if at.x == 0.1 { } ".repeat(399)
            )),
            "deep",
        ),
        (
            "256 kB of one expression",
            in_color(&format!("let z = 1.0{};", " + at.x".repeat(37_000))),
            "",
        ),
        (
            "signs",
            in_color(&format!("let z = {}1.0;", "-".repeat(15_000))),
            "too long",
        ),
        (
            "a long table used often",
            format!("const T = array<f32, 1000>({}1.0);", "1.0, ".repeat(999))
                + &in_color(&format!(
                    "let t = T; let z = 0.0;{}",
                    format!("let y = 0.0{};", " + t[1]".repeat(90)).repeat(40)
                )),
            "table",
        ),
        (
            "constants declared backwards",
            (1..1500)
                .rev()
                .map(|n| format!("const c{n} = c{};", n - 1))
                .collect::<String>()
                + "const c0 = 0.0;"
                + &in_color("let z = c1499;"),
            "table",
        ),
        ("a comment without an end", first("/* /* */"), "no end"),
        ("a name that is taken", first("alias array = f32;"), "WGSL's own"),
        ("nothing", String::new(), ""),
        ("a byte of nothing", "\0".to_owned(), ""),
    ];
    for (what, wgsl, word) in &cases {
        let complaint = refused(what, wgsl);
        assert!(complaint.message.contains(word), "{what}: {complaint:?}");
    }
    let complaint = refused("the third line", &first("\n\nvar<workgroup> mine: array<u32, 8>;"));
    assert_eq!(complaint.place.map(|(line, _)| line), Some(3), "{complaint:?}");
}

#[test]
fn a_stack_of_calls_and_constants_is_read_without_falling_over() {
    let calls: String = (1..900)
        .map(|n| format!("fn g{n}() -> f32 {{ return g{}(); }}", n - 1))
        .collect();
    let backwards: String = (1..50).rev().map(|n| format!("const c{n} = c{};", n - 1)).collect();
    for wgsl in [
        format!("fn g0() -> f32 {{ return 0.0; }}{calls}") + &in_color("let z = g899();"),
        format!("{backwards}const c0 = 0.0;") + &in_color("let z = c49;"),
        in_color(&format!("let z = 0.0{};", " + at.x".repeat(140))),
        in_color(&format!("let z = at.x{};", " * (at.x".repeat(90) + &")".repeat(90))),
    ] {
        let began = Instant::now();
        let checked = render::check(&pack(&wgsl).shader);
        assert_eq!(checked, Ok(()));
        assert!(began.elapsed() < CHECK_PATIENCE, "{:?}", began.elapsed());
    }
}

#[test]
fn what_never_ends_ends() {
    let good = scene(&pack(STARTER), 240);
    let before = draw(&good).unwrap();
    let endless = "var z = 0.0; loop { z += sin(z + at.x); if (z > 1e9) { break; } }";
    let nested = "var z = 0.0; loop { loop { loop { z += sin(z + at.x); if (z > 1e9) { break; } } if (z > 1e9) { break; } } if (z > 1e9) { break; } }";
    let helper = "fn spin(x: f32) -> f32 { var z = x; while (z < 1e9) { z = fract(z * 1.7) + 0.1; } return z; }\n";
    for (what, wgsl) in [
        ("theme_color", in_color(endless)),
        ("theme_still", in_still(endless)),
        (
            "from a frame on",
            in_color("var z = 0.0; for (var i = 0u; i < frame * 4000000000u; i += 2u) { z += sin(z); }"),
        ),
        ("loops in loops", in_color(nested)),
        (
            "loops in called functions",
            helper.to_owned() + &in_color("var z = 0.0; while (z < 1e9) { z = fract(z + spin(at.x)); }"),
        ),
        (
            "a loop that leaves at its end",
            in_color("var z = 0.0; loop { z = fract(z + 0.3); continuing { z += 0.1; break if z > 9.0; } }"),
        ),
        (
            "a loop in a switch",
            in_color("var z = 0.0; switch (still.part) { case 1u: { loop { z = fract(z + 0.3); } } default: { } }"),
        ),
        (
            "a theme that draws itself",
            in_still(
                "var z = 0.0; for (var i = 0u; i < 4000000000u; i++) { z = fract(z + theme_color(at, Still(vec3f(0.0), 0.0, 1u, vec2f(0.0)), 0u).x); }",
            ),
        ),
    ] {
        let theme = pack(&wgsl);
        assert_eq!(render::check(&theme.shader), Ok(()), "{what}");
        let began = Instant::now();
        match draw(&scene(&theme, 240)) {
            Ok(bytes) => assert_eq!(bytes.len(), before.len(), "{what}"),
            Err(RenderError::TooSlow { .. }) => {}
            Err(other) => panic!("{what}: {other}"),
        }
        assert!(began.elapsed() < DRAW_PATIENCE, "{what}: {:?}", began.elapsed());
    }
    assert!(draw(&good).unwrap() == before, "the next good theme is drawn as ever");
}

#[test]
fn what_is_no_colour_and_what_lies_outside_is_drawn_somehow() {
    let good = scene(&pack(STARTER), 240);
    let before = draw(&good).unwrap();
    for (what, wgsl) in [
        ("no numbers", in_color("let zero = at.x * 0.0; let z = zero / zero;")),
        ("infinity", in_color("let z = 1.0 / (at.x * 0.0);")),
        (
            "no numbers, baked",
            in_still("let zero = at.x * 0.0; let z = zero / zero;"),
        ),
        (
            "a moment that never comes",
            in_color("let z = moments[4000000000u].bass + moments[frame].bands[frame * 99999u + 65u];"),
        ),
        (
            "an envelope beyond its end",
            in_color("let z = envelope[frame * 100000u + 1024u];"),
        ),
        (
            "an array beyond its end",
            in_color("var a: array<f32, 4>; a[frame * 1000000u + 4u] = 1.0; let z = a[frame * 99999u + 5u];"),
        ),
        (
            "division by nothing",
            in_color("let z = f32(7u / (frame - frame)) + f32(i32(frame) % (i32(frame) - i32(frame)));"),
        ),
        (
            "a cover far away",
            in_color("let z = cover_at(vec2f(at.x / 0.0, 1e38)).x;"),
        ),
        (
            "a part that is none",
            STARTER.replace("RING_PART: u32 = 2u", "RING_PART: u32 = 4000000000u"),
        ),
    ] {
        let theme = pack(&wgsl);
        if render::check(&theme.shader).is_ok() {
            let bytes = draw(&scene(&theme, 240)).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(bytes.len(), before.len(), "{what}");
        }
        assert!(draw(&good).unwrap() == before, "the theme after {what}");
    }
}

#[test]
fn a_guarded_theme_is_drawn_byte_for_byte_as_an_unguarded_one() {
    for theme in [pack(STARTER), theme::find("vinyl").unwrap().clone()] {
        let drawn = [true, false].map(|trusted| {
            let mut scene = scene(&theme, 240);
            scene.shader = Arc::new(ThemeShader {
                trusted,
                ..ThemeShader::clone(&theme.shader)
            });
            draw(&scene).unwrap()
        });
        assert!(drawn[0] == drawn[1], "{}", theme.name);
    }
}

/// A loop in a theme puts the meter into everything around it: what surrounds the circle is not the theme's to pay.
#[test]
fn a_square_picture_of_a_metered_theme_has_its_corners() {
    let looping = in_still("var z = 0.0; for (var i = 0; i < 4; i++) { z += r * 0.001; }");
    for wgsl in [STARTER, &looping] {
        let frame = draw(&with_corners(&pack(wgsl), 240, Corners::Cover)).unwrap();
        let corners = [(4, 4), (235, 4), (4, 235), (235, 235)].map(|(x, y)| frame[y * 240 + x]);
        assert!(corners.iter().all(|luma| *luma > 40), "{corners:?}");
    }
}

#[test]
fn parameters_may_be_called_as_words_of_wgsl() {
    let words = naga::keywords::wgsl::RESERVED
        .iter()
        .chain(naga::keywords::wgsl::BUILTIN_IDENTIFIERS);
    let words: Vec<_> = words
        .filter(|word| {
            word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| !b.is_ascii_uppercase())
        })
        .collect();
    assert!(words.len() > 150);
    let head = MANIFEST.split("[params").next().unwrap();
    for words in words.chunks(64) {
        let params: String = words
            .iter()
            .map(|word| {
                format!("[params.{word}]\ntype = \"bool\"\ndefault = true\nhelp = {{ en = \"\", ru = \"\" }}\n")
            })
            .collect();
        let wgsl = STARTER
            .replace("params.pulse", "1.0")
            .replace("params.accent", "look.accent");
        let theme = Theme::read("words", &format!("{head}{params}"), &wgsl).unwrap();
        assert_eq!(render::check(&theme.shader), Ok(()));
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same mutations in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

fn mutated(dice: &mut Dice, text: &str) -> String {
    const SPICE: [&str; 16] = [
        "0",
        "-1",
        "4294967295u",
        "1e38",
        "array<f32, 9>()",
        "loop { }",
        "(",
        "}",
        "vec4f()",
        "@",
        "0x",
        "1u << 40u",
        "bitcast<vec2f>(1u)",
        "&at",
        "*still",
        "switch 1 { default { } }",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(bytes.len().max(1));
        match dice.below(4) {
            0 => bytes[at] ^= 1 << dice.below(7),
            1 => {
                // A word or sign less.
                let end = (at..bytes.len())
                    .find(|&n| !bytes[n].is_ascii_alphanumeric())
                    .unwrap_or(bytes.len() - 1);
                bytes.drain(at..=end);
            }
            2 => {
                // A line twice.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let lines: Vec<_> = text.split_inclusive('\n').collect();
                let line = lines[dice.below(lines.len())].as_bytes().to_vec();
                bytes.splice(at..at, line);
            }
            _ => {
                let spice = SPICE[dice.below(SPICE.len())].bytes();
                bytes.splice(at..at, spice);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn whatever_is_typed_wrong_is_told_or_drawn() {
    let good = scene(&pack(STARTER), 240);
    let before = draw(&good).unwrap();
    let vinyl = &theme::find("vinyl").unwrap().shader.source;
    let mut dice = Dice(7);
    let (mut accepted, mut compiler_failures) = (Vec::new(), Vec::new());
    let began = Instant::now();
    let mut tried = 0;
    while tried < 600 && began.elapsed() < Duration::from_secs(8) {
        let wgsl = mutated(&mut dice, if tried % 8 == 0 { vinyl } else { STARTER });
        tried += 1;
        match render::check(&pack(&wgsl).shader) {
            Ok(()) => accepted.push(wgsl),
            Err(complaint) if complaint.message.contains("compiler fails") => compiler_failures.push(wgsl),
            Err(complaint) => assert!(
                !complaint.message.contains('\n') && complaint.message.len() > 3,
                "{complaint:?}"
            ),
        }
    }
    assert_eq!(compiler_failures, Vec::<String>::new());
    assert!(
        tried > 50 && accepted.len() * 2 < tried,
        "{tried} tried, {} accepted",
        accepted.len()
    );
    for wgsl in accepted.iter().filter(|wgsl| wgsl.as_str() != STARTER).take(6) {
        match draw(&scene(&pack(wgsl), 240)) {
            Ok(_) | Err(RenderError::TooSlow { .. }) => {}
            Err(other) => panic!("{other}: {wgsl}"),
        }
    }
    assert!(draw(&good).unwrap() == before);
}

#[test]
fn the_program_ends_with_a_sentence_or_a_picture() {
    let desk = Desk::with_song(1.0);
    desk.type_in("themes new endless").worked(&["endless"]);
    let wgsl = in_color("var z = 0.0; loop { z += sin(z + at.x); if (z > 1e9) { break; } }");
    desk.file("endless/theme.wgsl", wgsl.as_bytes());
    let done = desk.type_in("render song.wav --theme ./endless --size 240 --adapter cpu -o a.mp4");
    assert!(
        done.code == 0 || (done.code == 2 && done.stderr.contains("theme_color")),
        "{}",
        done.stderr
    );
    desk.file(
        "endless/theme.wgsl",
        format!("var<workgroup> mine: u32; {STARTER}").as_bytes(),
    );
    let done = desk.type_in("frame song.wav --theme ./endless --adapter cpu -o a.png");
    done.failed(2, &["endless", "theme.wgsl:1:", "`mine`"]);
}

#[test]
fn a_pack_leads_to_no_other_file() {
    let desk = Desk::new();
    let check = |words: &[&str]| desk.type_in("themes check evil").failed(2, words);
    desk.type_in("themes new evil").worked(&["evil"]);
    for (file, target) in [
        ("theme.toml", "/dev/zero"),
        ("theme.wgsl", "/dev/zero"),
        ("theme.toml", "/etc/passwd"),
        ("theme.wgsl", "/etc/passwd"),
    ] {
        let kept = desk.read(&format!("evil/{file}"));
        std::fs::remove_file(desk.path(format!("evil/{file}"))).unwrap();
        symlink(target, desk.path(format!("evil/{file}"))).unwrap();
        check(&[file, "link"]);
        std::fs::remove_file(desk.path(format!("evil/{file}"))).unwrap();
        desk.file(format!("evil/{file}"), &kept);
    }
    // A pipe nobody writes to.
    std::fs::remove_file(desk.path("evil/theme.wgsl")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(desk.path("evil/theme.wgsl"))
        .status()
        .unwrap();
    assert!(made.success());
    check(&["theme.wgsl", "cannot be read"]);
    std::fs::remove_file(desk.path("evil/theme.wgsl")).unwrap();
    std::fs::create_dir(desk.path("evil/theme.wgsl")).unwrap();
    check(&["theme.wgsl", "cannot be read"]);
}

#[test]
fn a_manifest_is_not_quoted_and_not_endless() {
    let desk = Desk::new();
    desk.type_in("themes new evil").worked(&["evil"]);
    desk.file(
        "evil/theme.toml",
        format!("{MANIFEST}\nroot:x:0:0:secret:/root\n").as_bytes(),
    );
    let line = MANIFEST.lines().count() + 2;
    let done = desk.type_in("themes check evil");
    done.failed(2, &["evil/theme.toml", &format!("line {line}")]);
    assert!(!done.stderr.contains("secret"), "{}", done.stderr);
    let params: String = (0..10_000)
        .map(|n| format!("p{n}={{type=\"bool\",default=true,help={{en=\"\",ru=\"\"}}}}\n"))
        .collect();
    let head = MANIFEST.split("[params").next().unwrap();
    for count in [3000, 10_000] {
        let params: String = params.lines().take(count).flat_map(|line| [line, "\n"]).collect();
        desk.file("evil/theme.toml", format!("{head}\n[params]\n{params}").as_bytes());
        desk.type_in("themes check evil").failed(2, &[]);
    }
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    desk.file("evil/theme.toml", deep.as_bytes());
    desk.type_in("themes check evil").failed(2, &[]);
}
