//! Where a circle goes: files that appear whole, pipes, devices, full disks.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::{Desk, code_of};
use crate::support::disk::not_tried;
use crate::support::video::{Mp4, number};

const SMALL: &str = "--size 240 --fps 25";

fn frames_of(mp4: &[u8]) -> f64 {
    number(&Mp4::new(mp4).stream("v")["nb_frames"])
}

#[test]
fn standard_output_streams_a_whole_circle() {
    let desk = Desk::with_song(2.0);
    let done = desk.type_in(&format!("render song.wav {SMALL} -o -"));
    done.worked(&[]);
    assert_eq!(frames_of(&done.stdout), 50.0);
    // The same request gives the same bytes, wherever they go.
    desk.type_in(&format!("render song.wav {SMALL} -o a.mp4"))
        .worked(&["a.mp4"]);
    assert!(desk.read("a.mp4") == done.stdout);

    let done = desk.type_in("frame song.wav --size 240 -o -");
    done.worked(&[]);
    assert!(done.stdout.starts_with(b"\x89PNG") && done.stdout.ends_with(b"IEND\xaeB`\x82"));
}

#[test]
fn a_reader_that_leaves_early_is_no_crash() {
    let desk = Desk::with_song(8.0);
    // Loud and long enough to fill a pipe, which holds 64 KiB.
    let mut running = desk.start("render song.wav --size 640 -o -");
    let mut head = [0; 1000];
    running.child.stdout.take().unwrap().read_exact(&mut head).unwrap();
    assert_eq!(&head[4..8], b"ftyp");
    let done = running.wait();
    assert_eq!(done.code, 1);
    done.failed_at_last(&["stopped reading"]);

    // Whoever reads the words may leave, too: then they are not said, and the circle is made.
    let mut running = desk.start(&format!("render song.wav {SMALL} -o a.mp4"));
    drop(running.child.stderr.take());
    running.wait().worked(&["a.mp4"]);
    // An answer cut off by `head` is no failure.
    let mut running = desk.start("themes list --json");
    drop(running.child.stdout.take());
    running.wait().worked(&[]);
}

#[test]
fn lossless_frames() {
    let desk = Desk::with_song(2.0);
    let done = desk.type_in("render song.wav --size 242 --fps 60 --duration 1.5 -o x.y4m --json");
    let json = done.json();
    assert_eq!(
        (json["frames"].as_u64(), json["encoder"].as_str()),
        (Some(90), Some("none"))
    );
    let y4m = desk.read("x.y4m");
    let header = "YUV4MPEG2 W242 H242 F60:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n";
    assert!(y4m.starts_with(header.as_bytes()));
    assert_eq!(y4m.len(), header.len() + 90 * (6 + 242 * 242 * 3 / 2));
    assert_eq!(json["bytes"].as_u64(), Some(y4m.len() as u64));
    // Frame by frame it is what `frame` shows.
    let shown = desk.type_in("frame song.wav --size 242 --fps 60 --duration 1.5 --at 0.5 -o a.png --json");
    assert_eq!(shown.json()["key"], json["key"]);
    let png = image::load_from_memory(&desk.read("a.png")).unwrap().into_rgb8();
    let frame = &y4m[header.len() + 30 * (6 + 242 * 242 * 3 / 2) + 6..];
    for (x, y, pixel) in png.enumerate_pixels() {
        // The luma of what is shown is the luma that was written, but for the rounding of chroma and clipping.
        let [r, g, b] = pixel.0.map(f64::from);
        let luma = 16.0 + (0.2126 * r + 0.7152 * g + 0.0722 * b) * 219.0 / 255.0;
        let written = f64::from(frame[(y * 242 + x) as usize]);
        let clipped = pixel.0.iter().any(|&c| c == 0 || c == 255);
        assert!(
            clipped || (luma - written).abs() < 2.0,
            "{x}, {y}: {luma} for {written}"
        );
    }
}

#[test]
fn a_file_is_replaced_only_when_the_new_one_is_complete() {
    let desk = Desk::with_song(20.0);
    for name in ["a.mp4", "a.y4m"] {
        desk.file(name, b"the old one");
        let mut running = desk.start(&format!("render song.wav --size 480 -o {name}"));
        let before = desk.names();
        let mut looks = 0;
        // Until the moment it ends there is the old file alone, and nothing beside it.
        loop {
            let (names, text) = (desk.names_meanwhile(), desk.read(name));
            if running.child.try_wait().unwrap().is_some() {
                break;
            }
            if text == b"the old one" {
                assert_eq!(names, before);
                assert_eq!(desk.scraps(), BTreeSet::new());
                looks += 1;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(looks > 20, "seen only {looks} times");
        running.wait().worked(&[]);
        assert!(desk.read(name).len() > 100_000);
    }
}

#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    let desk = Desk::with_song(1.0);
    let mode = |name: &str| std::fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o7777;
    for name in ["a.mp4", "a.y4m"] {
        desk.type_in(&format!("render song.wav {SMALL} -o {name}"))
            .worked(&[name]);
        desk.file("plain", b"as any program makes a file");
        assert_eq!(mode(name), mode("plain"));
        // Less than the umask leaves, and more.
        for wanted in [0o600, 0o666] {
            std::fs::set_permissions(desk.path(name), Permissions::from_mode(wanted)).unwrap();
            desk.type_in(&format!("render song.wav {SMALL} -o {name}")).worked(&[]);
            assert_eq!(mode(name), wanted, "{name}");
        }
    }
}

#[test]
fn two_renders_at_once_leave_one_whole_file() {
    let desk = Desk::with_song(4.0);
    let line = |size| format!("render song.wav --size {size} --fps 25 -o a.mp4");
    let (one, other) = (desk.start(&line(240)), desk.start(&line(242)));
    let (one, other) = (one.wait(), other.wait());
    assert_eq!((one.code, other.code), (0, 0), "{}{}", one.stderr, other.stderr);
    assert_eq!(desk.names().len(), 2);
    assert_eq!(frames_of(&desk.read("a.mp4")), 100.0);
}

#[test]
fn pipes_and_devices_are_written_straight() {
    let desk = Desk::with_song(1.5);
    for name in ["pipe.mp4", "pipe.y4m"] {
        assert!(Command::new("mkfifo").arg(desk.path(name)).status().unwrap().success());
        let running = desk.start(&format!("render song.wav {SMALL} -o {name}"));
        let bytes = std::fs::read(desk.path(name)).unwrap();
        running.wait().worked(&[]);
        assert!(bytes.starts_with(b"YUV4MPEG2") || frames_of(&bytes) == 37.0);
    }
    desk.type_in(&format!("render song.wav {SMALL} -o /dev/null"))
        .worked(&[]);
    // A link stays a link; its file is replaced.
    desk.file("real.mp4", b"old");
    symlink("real.mp4", desk.path("link.mp4")).unwrap();
    desk.type_in(&format!("render song.wav {SMALL} -o link.mp4"))
        .worked(&[]);
    assert!(desk.path("link.mp4").is_symlink());
    assert_eq!(frames_of(&desk.read("real.mp4")), 37.0);
}

#[test]
fn a_full_disk() {
    let desk = Desk::with_song(3.0);
    for name in ["full.mp4", "full.y4m", "full.png"] {
        symlink("/dev/full", desk.path(name)).unwrap();
        let what = if name.ends_with("png") { "frame" } else { "render" };
        let done = desk.type_in(&format!("{what} song.wav {SMALL} -o {name}"));
        assert_eq!(done.code, 1, "{}", done.stderr);
        done.failed_at_last(&[name, "full", "free some space"]);
    }
    // Frames of 0.6 MB on a disk of 1 MB, and a circle where not one byte is left.
    for (name, before) in [("a.y4m", "true"), ("a.mp4", "head -c 2M /dev/zero > small/filler")] {
        let script = format!("{before}; \"$0\" render song.wav --size 640 -o small/{name} || echo $?; ls -A small");
        let Some((said, stderr)) = on_a_disk(&desk, "size=1m", &script) else {
            return;
        };
        assert!(
            stderr.contains(&format!("the disk of small/{name} is full")),
            "{stderr}"
        );
        assert!(
            said.starts_with("1\n") && !said.contains(name) && !said.contains(".part"),
            "{said}"
        );
    }
}

#[test]
fn a_disk_that_may_only_be_read() {
    let desk = Desk::with_song(2.0);
    let script = "\"$0\" render song.wav -o small/a.mp4 || echo $?; ls -A small";
    if let Some((said, stderr)) = on_a_disk(&desk, "ro", script) {
        assert_eq!((said.as_str(), stderr.lines().count()), ("2\n", 1), "{stderr}");
        assert!(stderr.contains("small/a.mp4 may not be written"), "{stderr}");
    }
}

/// Runs a script beside a file system of its own, mounted at `small` for it alone; the program is its `$0`. What it said
/// on stdout and stderr. `None` only where tests may be left out.
fn on_a_disk(desk: &Desk, options: &str, script: &str) -> Option<(String, String)> {
    std::fs::create_dir_all(desk.path("small")).unwrap();
    for unshare in [&["-m"][..], &["-rm"]] {
        let mount = format!("mount -t tmpfs -o {options} none small || exit 99; {script}");
        let mut command = Command::new("unshare");
        command
            .args(unshare)
            .args(["sh", "-c", &mount, env!("CARGO_BIN_EXE_musiccircles")]);
        desk.dress(&mut command);
        let output = command.stdout(Stdio::piped()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (said, stderr) = (text(output.stdout), text(output.stderr));
        if code_of(output.status) == 0 {
            return Some((said, stderr));
        }
        eprintln!("unshare {unshare:?}: {stderr}");
    }
    not_tried(&format!("this user may not mount a file system (options {options})"));
    None
}

#[test]
fn a_circle_keeps_to_the_bytes_it_may_have() {
    let desk = Desk::with_song(2.0);
    desk.type_in("render song.wav --max-bytes 100000 -o a.mp4")
        .worked(&["a.mp4"]);
    assert!(desk.read("a.mp4").len() <= 100_000);
    assert!(Path::new(&desk.path("a.mp4")).is_file());
}
