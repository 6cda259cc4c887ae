//! Ctrl-C and a polite kill end any command within two seconds, with exit code 130, one word, and no file.

use std::io::Read;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::command::{Desk, Running};

/// Longer than any of these commands needs once it is told to stop.
const AT_ONCE: Duration = Duration::from_secs(2);

fn stop(running: Running<'_>, signal: Signal) {
    let began = Instant::now();
    running.signal(signal);
    let done = running.wait();
    assert!(began.elapsed() < AT_ONCE, "{:?} after the signal", began.elapsed());
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
