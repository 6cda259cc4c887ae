//! What the program needs of the machine: what it says where something is missing, and how much it takes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::command::Desk;

/// Where the Vulkan loader looks for drivers; newer and older name.
const DRIVERS: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

#[test]
fn without_vulkan_the_package_is_named() {
    let desk = Desk::with_song(2.0);
    for line in [
        "render song.wav -o a.mp4",
        "render song.wav -o a.y4m",
        "frame song.wav -o a.png",
    ] {
        let mut command = desk.command();
        command
            .args(line.split_whitespace())
            .envs(DRIVERS.map(|name| (name, "/nonexistent")));
        let done = desk.finish(&mut command);
        done.failed(1, &["no Vulkan", "mesa-vulkan-drivers"]);
    }
    // Neither of these needs any.
    for line in ["probe song.wav", "themes list"] {
        let mut command = desk.command();
        command
            .args(line.split_whitespace())
            .envs(DRIVERS.map(|name| (name, "/nonexistent")));
        desk.finish(&mut command).worked(&[]);
    }
    let mut doctor = desk.command();
    doctor.arg("doctor").envs(DRIVERS.map(|name| (name, "/nonexistent")));
    let done = desk.finish(&mut doctor);
    assert_eq!((done.code, done.stderr.lines().count()), (1, 1), "{}", done.stderr);
    assert!(done.text().contains("mesa-vulkan-drivers"), "{}", done.text());
    done.failed_at_last(&["cannot make circles"]);
}

/// What is asked for by name is used, or it is said why not. On a machine that has it, it works.
#[test]
fn what_is_forced_works_or_says_why() {
    let desk = Desk::with_song(2.0);
    let machine = desk.type_in("doctor --json").json();
    let any = |list: &str, name: &str| {
        let checks = machine[list].as_array().unwrap();
        checks
            .iter()
            .any(|check| check["name"].as_str().unwrap().contains(name) && check["ok"] == true)
    };
    for (option, there, words) in [
        ("--encoder nvenc", any("encoders", "nvenc"), ["nvenc", "--encoder auto"]),
        ("--encoder vaapi", any("encoders", "vaapi"), ["vaapi", "--encoder auto"]),
        (
            "--adapter gpu",
            any("adapters", "(GPU)"),
            ["graphics card", "--adapter gpu"],
        ),
        ("--encoder x264 --adapter cpu", true, ["", ""]),
    ] {
        println!("{option}");
        let done = desk.type_in(&format!("render song.wav --size 240 -o a.mp4 {option}"));
        if there {
            done.worked(&["a.mp4"]);
            std::fs::remove_file(desk.path("a.mp4")).unwrap();
        } else {
            done.failed(1, &words);
        }
    }
}

/// A minute at full size: under 400 MB, and not a byte on the disk before the circle is complete.
#[test]
fn a_minute_takes_little_memory_and_no_disk() {
    let desk = Desk::with_song(70.0);
    let mut running = desk.start("render song.wav --duration 60 --json -o a.mp4");
    let status = format!("/proc/{}/status", running.child.id());
    let before = desk.names();
    let mut peak_kb = 0;
    while running.child.try_wait().unwrap().is_none() {
        assert_eq!(desk.scraps(), BTreeSet::new());
        let names = desk.names_meanwhile();
        if !names.contains("a.mp4") {
            assert_eq!(names, before);
        }
        let facts = std::fs::read_to_string(&status).unwrap_or_default();
        let line = facts.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak_kb = peak_kb.max(peak.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(10));
    }
    let done = running.wait();
    assert_eq!(
        (done.json()["frames"].as_u64(), done.made),
        (Some(1800), vec!["a.mp4".to_owned()])
    );
    println!("peak: {} MB", peak_kb / 1024);
    assert!((10_000..400_000).contains(&peak_kb), "{peak_kb} kB");
}
