//! Ctrl-C and a polite kill end any command within two seconds, with exit code 130, one word, and no file.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::command::{Desk, Running};
use crate::support::disk::not_tried;

/// Longer than any of these commands needs once it is told to stop.
const AT_ONCE: Duration = Duration::from_secs(2);

fn stop(mut running: Running<'_>, signal: Signal) {
    let began = Instant::now();
    running.signal(signal);
    while running.child.try_wait().unwrap().is_none() {
        if began.elapsed() > AT_ONCE {
            running.child.kill().unwrap();
            panic!("still there {AT_ONCE:?} after the signal");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let done = running.wait();
    assert_eq!(done.code, 130, "{}", done.stderr);
    done.failed_at_last(&["stopped"]);
}

/// Until the first line of progress, when frames are being drawn.
fn drawing(running: &mut Running<'_>) {
    let mut seen = [0; 20];
    running.child.stderr.as_mut().unwrap().read_exact(&mut seen).unwrap();
    std::thread::sleep(Duration::from_millis(150));
}

#[test]
fn in_the_middle_of_a_render() {
    let desk = Desk::with_song(60.0);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for name in ["a.mp4", "a.y4m"] {
            let mut running = desk.start(&format!("render song.wav -o {name}"));
            drawing(&mut running);
            stop(running, signal);
        }
    }
    desk.file("a.mp4", b"the old one");
    let mut running = desk.start("render song.wav -o a.mp4");
    drawing(&mut running);
    stop(running, Signal::INT);
    assert_eq!(desk.read("a.mp4"), b"the old one");
}

#[test]
fn before_the_first_frame() {
    let desk = Desk::with_song(600.0);
    for line in [
        "probe song.wav",
        "render song.wav --auto -o a.mp4",
        "frame song.wav --auto -o a.png",
    ] {
        let running = desk.start(line);
        std::thread::sleep(Duration::from_millis(300));
        stop(running, Signal::INT);
    }
}

#[test]
fn while_nobody_reads() {
    let desk = Desk::with_song(8.0);
    // Pipes hold 64 KiB: the program waits for a reader for ever.
    let mut running = desk.start("render song.wav --size 640 -o -");
    let mut stderr = running.child.stderr.take().unwrap();
    let mut said = String::new();
    let mut byte = [0; 1];
    while !said.ends_with("240/240 frames\n") {
        stderr.read_exact(&mut byte).unwrap();
        said.push(byte[0] as char);
    }
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    running.signal(Signal::INT);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!((running.wait().code, rest.as_str()), (130, "musiccircles: stopped\n"));
    assert!(began.elapsed() < AT_ONCE);
}

/// A driver that never answers: the loader waits for whoever writes to this pipe.
const HANGING_DRIVER: &str = "driver.json";

fn hang_the_driver(desk: &Desk, command: &mut Command) {
    let made = Command::new("mkfifo").arg(desk.path(HANGING_DRIVER)).status();
    assert!(made.unwrap().success());
    command.envs(["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|name| (name, desk.path(HANGING_DRIVER))));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// Until `ready`, at most a minute.
fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Where files without a name cannot be had, here because `/proc` is hidden, an unfinished one has a hidden name.
#[test]
fn while_the_driver_hangs_and_the_unfinished_file_has_a_name() {
    let desk = Desk::with_song(2.0);
    let may_mount = |unshare: &&&[&str]| {
        let mut tried = Command::new("unshare");
        tried.args(**unshare).args(["sh", "-c", "mount -t tmpfs none /proc"]);
        tried.status().unwrap().success()
    };
    let Some(unshare) = [&["-m"][..], &["-rm"]].iter().find(may_mount).copied() else {
        not_tried("this user may not mount a file system");
        return;
    };
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs none /proc && exec \"$0\" render song.wav -o a.y4m";
    command
        .args(unshare)
        .args(["sh", "-c", script, env!("CARGO_BIN_EXE_musiccircles")]);
    desk.dress(&mut command);
    hang_the_driver(&desk, &mut command);
    let running = desk.spawn(&mut command);
    wait_until("a part", || desk.names().iter().any(|name| name.ends_with(".part")));
    stop(running, Signal::TERM);
}

#[test]
fn a_bench_leaves_nothing_while_the_driver_hangs() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.args(["bench", "--ours-only"]);
    hang_the_driver(&desk, &mut command);
    let running = desk.spawn(&mut command);
    wait_until("a temporary folder", || !desk.scraps().is_empty());
    std::thread::sleep(Duration::from_millis(100));
    stop(running, Signal::TERM);
}

/// A polite kill is for the bench alone; the command it times goes with it.
#[test]
fn a_bench_in_the_middle_of_a_timed_command() {
    let desk = Desk::new();
    let running = desk.start("bench --ours-only --runs 1");
    let parent = running.child.id().to_string();
    let mut timed = None;
    wait_until("a timed command", || {
        timed = child_of(&parent);
        timed.is_some()
    });
    std::thread::sleep(Duration::from_millis(100));
    stop(running, Signal::TERM);
    let timed = timed.unwrap();
    assert!(!Path::new("/proc").join(&timed).exists(), "process {timed} is left");
}

/// The number of a process that this one started.
fn child_of(parent: &str) -> Option<String> {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|process| {
            let facts = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // The name before it may hold anything but ends with the last bracket; then come state and parent.
            let rest = facts.rsplit(')').next().unwrap_or_default();
            rest.split_whitespace().nth(1) == Some(parent)
        })
}

/// No program can answer to this one; the system takes the unfinished file back.
#[test]
fn killed_without_a_word() {
    let desk = Desk::with_song(60.0);
    if !desk.has_nameless_files() {
        eprintln!("NOT TRIED: the file system of the temporary folder has no files without a name");
        return;
    }
    let mut running = desk.start("render song.wav -o a.y4m");
    drawing(&mut running);
    running.signal(Signal::KILL);
    let done = running.wait();
    assert_eq!((done.code, done.made), (137, Vec::new()));
}
