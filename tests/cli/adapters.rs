//! The same picture on another adapter: SwiftShader, the software Vulkan that chromium brings, beside Mesa's. The two share no
//! code: another compiler, other arithmetic.

use std::path::Path;

use musiccircles::scene::theme;

use crate::support::command::Desk;

const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
const SIDE_PX: usize = 320;
/// What a frame may differ by, and in how many of a million samples inside its circle it may differ by more.
const LEVELS: u8 = 2;
const BEYOND_PER_MILLION: usize = 1000;

/// The frames of a y4m file.
fn frames(y4m: &[u8]) -> Vec<&[u8]> {
    let line_end = |from: usize| from + y4m[from..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let mut at = line_end(0);
    let mut found = Vec::new();
    while at < y4m.len() {
        assert!(y4m[at..].starts_with(b"FRAME"));
        let start = line_end(at);
        at = start + SIDE_PX * SIDE_PX * 3 / 2;
        found.push(&y4m[start..at]);
    }
    found
}

/// Whether a sample of a frame, luma first and then two planes of half the size, lies in the circle.
fn is_inside(sample: usize) -> bool {
    let luma = SIDE_PX * SIDE_PX;
    let (side, index) = if sample < luma {
        (SIDE_PX, sample)
    } else {
        (SIDE_PX / 2, (sample - luma) % (luma / 4))
    };
    let off = |n: usize| (n as f64 + 0.5) * 2.0 / side as f64 - 1.0;
    off(index % side).hypot(off(index / side)) < 1.0
}

/// Every frame of a second of `theme`, by the default driver and by SwiftShader.
fn compare(theme: &str) {
    assert!(
        Path::new(SWIFTSHADER).exists(),
        "there is no second Vulkan adapter here: .ci/install test"
    );
    let desk = Desk::with_song(2.0);
    let line =
        format!("render song.wav --theme {theme} --duration 1 --fps 25 --size {SIDE_PX} --title Песня --adapter cpu");
    desk.type_in(&format!("{line} -o mesa.y4m")).worked(&["mesa.y4m"]);
    let mut other = desk.command();
    other
        .args(line.split_whitespace())
        .args(["-o", "swiftshader.y4m"])
        .env("VK_DRIVER_FILES", SWIFTSHADER)
        .env("VK_ICD_FILENAMES", SWIFTSHADER);
    let done = desk.finish(&mut other);
    done.worked(&["swiftshader.y4m"]);
    assert!(done.stderr.contains("SwiftShader"), "{}", done.stderr);

    let (mesa, swiftshader) = (desk.read("mesa.y4m"), desk.read("swiftshader.y4m"));
    assert_eq!(mesa.len(), swiftshader.len());
    let inside: Vec<usize> = (0..SIDE_PX * SIDE_PX * 3 / 2).filter(|&n| is_inside(n)).collect();
    let pairs = frames(&mesa).into_iter().zip(frames(&swiftshader));
    assert_eq!(pairs.len(), 25);
    for (n, (mesa, swiftshader)) in pairs.enumerate() {
        let apart = inside
            .iter()
            .filter(|&&i| mesa[i].abs_diff(swiftshader[i]) > LEVELS)
            .count();
        assert!(
            apart * 1_000_000 <= inside.len() * BEYOND_PER_MILLION,
            "{theme}, frame {n}: {apart} of {} samples differ by more than {LEVELS} levels",
            inside.len()
        );
    }
}

#[test]
fn vinyl_is_the_same_on_another_adapter() {
    compare(theme::DEFAULT_THEME);
}

#[test]
#[ignore = "a minute: make test-more"]
fn every_theme_is_the_same_on_another_adapter() {
    for theme in theme::names() {
        compare(theme);
    }
}
