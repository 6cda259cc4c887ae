//! What cannot be done is refused in one sentence that says what to do, with exit code 2, and leaves no file.

use std::path::Path;

use image::ImageFormat;

use crate::support::command::{Desk, song};
use crate::support::picture::{self, png_claiming, quadrants};
use crate::support::sound::{Noise, Sketch, ffmpeg};

/// A command line and what its sentence must hold.
type Case = (&'static str, &'static [&'static str]);

fn all_refused(desk: &Desk, cases: &[Case]) {
    for (line, words) in cases {
        println!("{line}");
        desk.type_in(line).failed(2, words);
    }
}

#[test]
fn a_wrong_command_line() {
    let desk = Desk::with_song(2.0);
    all_refused(
        &desk,
        &[
            ("rendr", &["rendr", "render"]),
            ("zzz", &["zzz", "--help"]),
            (
                "render",
                &["<AUDIO>", "--output", "musiccircles render <AUDIO> -o <OUT>"],
            ),
            ("render song.wav", &["--output <OUT>", "musiccircles render"]),
            ("frame -o a.png", &["<AUDIO>"]),
            ("render song.wav -o", &["--output", "value"]),
            ("render song.wav -o a.mp4 --siez 480", &["--siez", "--size"]),
            ("render song.wav -o a.mp4 --wobble", &["--wobble", "--help"]),
            ("render -song.wav -o a.mp4", &["-s", "dash", "--"]),
            ("render my song.wav -o a.mp4", &["song.wav", "quotes"]),
            ("render song.wav -o a.mp4 --size 480 --size 384", &["--size", "twice"]),
            ("render song.wav -o a.mp4 --auto --start 1", &["--auto", "--start"]),
            ("render song.wav -o a.mp4 --auto --end 5", &["--auto", "--end"]),
            (
                "render song.wav -o a.mp4 --end 5 --duration 3",
                &["--end", "--duration"],
            ),
            ("render song.wav -o - --json", &["--json", "-o -", "file"]),
            ("frame song.wav -o - --json", &["--json", "-o -", "file"]),
            ("render song.wav -o a.mp4 --at 1", &["--at"]),
            ("bench --runs 0", &["--runs 0", "1 to 20"]),
            ("themes show", &["<NAME>"]),
            ("themes show disco", &["disco", "vinyl"]),
        ],
    );
}

#[test]
fn values_out_of_range() {
    let desk = Desk::with_song(2.0);
    all_refused(
        &desk,
        &[
            (
                "render song.wav -o a.mp4 --size 641",
                &["--size 641", "even", "240", "640"],
            ),
            ("render song.wav -o a.mp4 --size 333", &["--size 333", "even"]),
            ("render song.wav -o a.mp4 --size 238", &["--size 238", "240"]),
            ("render song.wav -o a.mp4 --size 99999999999999", &["240", "640"]),
            ("render song.wav -o a.mp4 --size -480", &["--size -480", "240"]),
            ("render song.wav -o a.mp4 --fps 29", &["--fps 29", "25, 30 or 60"]),
            ("render song.wav -o a.mp4 --fps 0", &["25, 30 or 60"]),
            ("render song.wav -o a.mp4 --rpm 15.9", &["--rpm 15.9", "16 to 78"]),
            ("render song.wav -o a.mp4 --rpm nan", &["16 to 78"]),
            ("render song.wav -o a.mp4 --rpm -33", &["--rpm -33", "16 to 78"]),
            ("render song.wav -o a.mp4 --seed -1", &["--seed -1", "whole number"]),
            (
                "render song.wav -o a.mp4 --max-bytes 5",
                &["--max-bytes 5", "100000", "8000000"],
            ),
            ("render song.wav -o a.mp4 --max-bytes -5", &["100000"]),
            (
                "render song.wav -o a.mp4 --encoder av1",
                &["av1", "nvenc", "vaapi", "x264"],
            ),
            ("render song.wav -o a.mp4 --adapter tpu", &["tpu", "gpu", "cpu"]),
            ("render song.wav -o a.mp4 --theme disco", &["disco", "vinyl"]),
            (
                "render song.wav -o a.mp4 --set wobble=1",
                &["wobble", "glow", "light", "ring"],
            ),
            ("render song.wav -o a.mp4 --set glow=99", &["glow", "99", "0 to 2"]),
            ("render song.wav -o a.mp4 --set glow=much", &["glow", "much", "0 to 2"]),
            ("render song.wav -o a.mp4 --set accent=purplish", &["accent", "#ff8800"]),
            ("render song.wav -o a.mp4 --set glow", &["glow", "KEY=VALUE"]),
        ],
    );
}

#[test]
fn times_that_make_no_fragment() {
    let desk = Desk::with_song(3.0);
    for text in [
        "-5", "x", "1:60", "1:2:3", "1e1", "nan", "inf", ":5", "1.", "12,5", "1234567", "５",
    ] {
        for option in ["--start", "--end", "--duration"] {
            let done = desk.run(["render", "song.wav", "-o", "a.mp4", option, text]);
            done.failed(2, &[&format!("{option} {text}"), "time", "12.5"]);
        }
    }
    all_refused(
        &desk,
        &[
            ("render song.wav -o a.mp4 --start 3", &["0:03", "song ends", "earlier"]),
            ("render song.wav -o a.mp4 --start 999999:59", &["song ends at 0:03"]),
            ("render song.wav -o a.mp4 --start 2.5", &["0.5 s", "earlier"]),
            (
                "render song.wav -o a.mp4 --start 2 --end 1",
                &["end", "before", "2.0 s"],
            ),
            (
                "render song.wav -o a.mp4 --start 2 --end 2",
                &["end", "before", "2.0 s"],
            ),
            ("render song.wav -o a.mp4 --end 0", &["end", "before"]),
            ("render song.wav -o a.mp4 --end 61", &["60 s", "61.0 s"]),
            ("render song.wav -o a.mp4 --duration 60.1", &["60 s", "60.1 s"]),
            ("render song.wav -o a.mp4 --start 1 --end 1.9", &["1 s", "0.90 s"]),
            ("render song.wav -o a.mp4 --duration 0", &["1 s", "longer"]),
            ("render song.wav -o a.mp4 --auto --duration 90", &["60 s", "90.0 s"]),
            ("frame song.wav -o a.png --at 3", &["0:03", "fragment"]),
            (
                "frame song.wav -o a.png --start 1 --duration 1 --at 1.5",
                &["0:01.5", "0:01 long"],
            ),
            ("frame song.wav -o a.png --at -1", &["--at -1", "negative"]),
        ],
    );
}

/// Files that claim to be songs, made from a good one of 20 s.
fn broken_songs(desk: &Desk) -> Vec<(&'static str, &'static [&'static str])> {
    let mut noise = Noise::new(5);
    let bytes: Vec<u8> = (0..300_000).map(|_| noise.bits() as u8).collect();
    desk.file("noise.mp3", &bytes);
    desk.file("noise", &bytes);
    desk.file("empty.mp3", b"");
    desk.file("words.flac", "Это не музыка. ".repeat(4000).as_bytes());
    desk.file("page.m4a", b"<!doctype html><title>404</title>");
    desk.file("picture.mp3", &picture::file(quadrants(400, 400), ImageFormat::Jpeg));
    Sketch::silence(44_100, 0.9).write_wav(&desk.path("short.wav"));
    std::fs::create_dir(desk.path("album.mp3")).unwrap();

    let long = desk.path("long.wav");
    song(20.0).write_wav(&long);
    let truncated = |name: &str, args: &str, keep: usize| {
        let whole = ffmpeg(&long, args, desk.path(name));
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(&whole, &bytes[..keep.min(bytes.len() / 2)]).unwrap();
    };
    // Each holds some sound, and less than a second of it; an m4a whose index comes last holds no sound without it.
    truncated("cut.mp3", "-c:a libmp3lame -b:a 128k", 9_000);
    truncated("cut.flac", "-c:a flac", 15_000);
    truncated("cut.m4a", "-c:a aac", 100_000);
    truncated("index.m4a", "-c:a aac -movflags +faststart", 9_000);

    let cover = desk.file("cover.jpg", &picture::file(quadrants(300, 300), ImageFormat::Jpeg));
    ffmpeg(
        &cover,
        "-c:v copy -f mp4 -disposition:v attached_pic",
        desk.path("cover only.m4a"),
    );
    vec![
        ("noise.mp3", &["noise.mp3", "mp3, m4a"]),
        ("noise", &["noise", "mp3, m4a"]),
        ("empty.mp3", &["empty.mp3", "empty"]),
        ("words.flac", &["words.flac", "mp3, m4a"]),
        ("page.m4a", &["page.m4a", "mp3, m4a"]),
        ("picture.mp3", &["picture.mp3"]),
        ("short.wav", &["short.wav", "0.9 s", "1 s"]),
        ("album.mp3", &["album.mp3", "folder"]),
        ("missing.mp3", &["missing.mp3", "no file"]),
        ("cut.mp3", &["cut.mp3", "0.", "1 s"]),
        ("cut.flac", &["cut.flac", "0.", "1 s"]),
        ("cut.m4a", &["cut.m4a"]),
        ("index.m4a", &["index.m4a"]),
        ("cover only.m4a", &["cover only.m4a", "cover", "song"]),
        ("/dev/zero", &["/dev/zero", "device"]),
        ("", &["<AUDIO>", "empty"]),
    ]
}

#[test]
fn songs_that_are_none() {
    let desk = Desk::new();
    for (name, words) in broken_songs(&desk) {
        println!("{name}");
        desk.run(["render", name, "-o", "a.mp4"]).failed(2, words);
    }
    for (name, words) in [
        ("noise.mp3", "mp3, m4a"),
        ("empty.mp3", "empty"),
        ("missing.mp3", "no file"),
    ] {
        desk.run(["probe", name]).failed(2, &[name, words]);
        desk.run(["probe", name, "--json"]).failed(2, &[name, words]);
        desk.run(["frame", name, "-o", "a.png"]).failed(2, &[name, words]);
    }
}

#[test]
fn covers_that_are_none() {
    let desk = Desk::with_song(2.0);
    desk.file("words.png", b"no picture");
    desk.file("empty.png", b"");
    let png = picture::file(quadrants(64, 64), ImageFormat::Png);
    desk.file("cut.png", &png[..png.len() / 2]);
    desk.file("huge.png", &png_claiming(16_384, 16_384, 8, 2));
    desk.file("deep.png", &png_claiming(5000, 5000, 16, 6));
    desk.file("bomb.png", &bomb());
    std::fs::create_dir(desk.path("folder.png")).unwrap();
    for (name, words) in [
        ("words.png", ["picture", "JPEG"]),
        ("empty.png", ["picture", "JPEG"]),
        ("song.wav", ["picture", "JPEG"]),
        ("cut.png", ["broken", "PNG"]),
        ("huge.png", ["16384 x 16384", "25 million"]),
        ("bomb.png", ["16000 x 16000", "25 million"]),
        ("deep.png", ["memory", "128 MiB"]),
        ("folder.png", ["folder.png", "is a folder"]),
        ("missing.png", ["no picture missing.png", "name"]),
        ("/dev/zero", ["/dev/zero is a pipe or a device", "name a picture file"]),
    ] {
        println!("{name}");
        let done = desk.run(["render", "song.wav", "--cover", name, "-o", "a.mp4"]);
        done.failed(2, &words);
    }
}

/// 256 million white pixels in a file of a few kilobytes: a whole, valid stream, unlike a header that only claims.
fn bomb() -> Vec<u8> {
    let picture = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "color=white:s=16000x16000,format=monow",
        ])
        .args(["-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-"])
        .output()
        .unwrap();
    assert!(picture.status.success(), "{}", String::from_utf8_lossy(&picture.stderr));
    assert!(picture.stdout.len() < 1_000_000);
    picture.stdout
}

#[test]
fn outputs_that_cannot_be() {
    let desk = Desk::with_song(2.0);
    std::fs::create_dir(desk.path("folder.mp4")).unwrap();
    desk.file("clip.mp4", &desk.read("song.wav"));
    desk.file("cover.png", &picture::file(quadrants(64, 64), ImageFormat::Png));
    std::os::unix::fs::symlink("clip.mp4", desk.path("link.mp4")).unwrap();
    all_refused(
        &desk,
        &[
            ("render song.wav -o a.avi", &["a.avi", ".mp4", ".y4m"]),
            ("render song.wav -o circle", &["circle", ".mp4"]),
            ("frame song.wav -o a.jpg", &["a.jpg", ".png"]),
            (
                "render song.wav -o no/such/a.mp4",
                &["no/such", "does not exist", "create"],
            ),
            ("render song.wav -o no/such/a.y4m", &["no/such", "does not exist"]),
            ("frame song.wav -o no/such/a.png", &["no/such", "does not exist"]),
            ("render song.wav -o song.wav/a.mp4", &["song.wav", "folder"]),
            ("render song.wav -o folder.mp4", &["folder.mp4", "folder", "name"]),
            ("render clip.mp4 -o clip.mp4", &["clip.mp4", "song", "another name"]),
            ("render clip.mp4 -o link.mp4", &["link.mp4", "song", "another name"]),
            (
                "frame song.wav --cover cover.png -o ./cover.png",
                &["cover.png", "another name"],
            ),
            // Nobody may create a file in these, not even the superuser.
            ("render song.wav -o /proc/a.mp4", &["/proc/a.mp4", "may not be written"]),
            ("render song.wav -o /sys/a.mp4", &["/sys/a.mp4", "may not be written"]),
            ("render song.wav -o /proc/a.y4m", &["/proc/a.y4m", "may not be written"]),
            ("frame song.wav -o /sys/a.png", &["/sys/a.png", "may not be written"]),
        ],
    );
    assert_eq!(desk.read("clip.mp4"), desk.read("song.wav"), "untouched");
    let long = format!("{}.mp4", "я".repeat(200));
    desk.run(["render", "song.wav", "-o", &long])
        .failed(2, &["name", "long"]);
    let odd = Path::new("two\nlines\u{1b}[31m.mp3");
    desk.run([Path::new("render"), odd, Path::new("-o"), Path::new("a.mp4")])
        .failed(2, &["two\\nlines\\u{1b}[31m.mp3", "no file"]);
}
