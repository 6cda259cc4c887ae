//! The same picture on another adapter: SwiftShader, the software Vulkan that chromium brings, beside Mesa's. The two share no
//! code: another compiler, other arithmetic.

use std::path::Path;

use musiccircles::scene::theme;

use crate::support::command::Desk;

const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
/// What a frame may differ by, and in how many of a million samples it may differ by more.
const LEVELS: u8 = 2;
const BEYOND_PER_MILLION: usize = 1000;

/// Every frame of a second of `theme`, by the default driver and by SwiftShader.
fn compare(theme: &str) {
    assert!(
        Path::new(SWIFTSHADER).exists(),
        "there is no second Vulkan adapter here: .ci/install test"
    );
    let desk = Desk::with_song(2.0);
    let line = format!("render song.wav --theme {theme} --duration 1 --fps 25 --size 320 --title Песня --adapter cpu");
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
    let apart = mesa
        .iter()
        .zip(&swiftshader)
        .filter(|(a, b)| a.abs_diff(**b) > LEVELS)
        .count();
    assert!(
        apart * 1_000_000 <= mesa.len() * BEYOND_PER_MILLION,
        "{theme}: {apart} of {} samples differ by more than {LEVELS} levels",
        mesa.len()
    );
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
