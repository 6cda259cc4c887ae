//! What looks odd and works all the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use crate::support::command::{Desk, song};
use crate::support::picture::{self, animation, quadrants};
use crate::support::sound::{Sketch, ffmpeg};
use crate::support::video::{Mp4, number};

fn png_side(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory_with_format(bytes, ImageFormat::Png).unwrap();
    (picture.width(), picture.height())
}

fn length_secs(mp4: &[u8]) -> f64 {
    number(&Mp4::new(mp4).stream("v")["duration"])
}

#[test]
fn odd_pictures() {
    let desk = Desk::with_song(2.0);
    let rgba = RgbaImage::from_fn(90, 90, |x, y| Rgba([200, 80, 40, (x + y) as u8]));
    let deep = DynamicImage::ImageRgb8(quadrants(64, 64)).into_rgba16();
    for (name, bytes) in [
        ("one pixel.png", picture::file(quadrants(1, 1), ImageFormat::Png)),
        ("transparent.png", picture::file(rgba, ImageFormat::Png)),
        ("16 bits.png", picture::file(deep, ImageFormat::Png)),
        ("cmyk.jpg", include_bytes!("../data/cmyk.jpg").to_vec()),
        ("animated.gif", animation(&["-c:v", "gif"], "gif")),
        ("animated.png", animation(&["-f", "apng"], "png")),
        ("wide.png", picture::file(quadrants(16_000, 1), ImageFormat::Png)),
        ("tall.bmp", picture::file(quadrants(2, 9_000), ImageFormat::Bmp)),
        // The name's ending says nothing.
        ("really a jpeg.png", picture::file(quadrants(64, 64), ImageFormat::Jpeg)),
    ] {
        println!("{name}");
        desk.file(name, &bytes);
        let done = desk.run(["frame", "song.wav", "--size", "240", "--cover", name, "-o", "a.png"]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
        assert_eq!(png_side(&desk.read("a.png")), (240, 240));
    }
}

#[test]
fn odd_songs() {
    let desk = Desk::new();
    Sketch::silence(8_000, 2.0).write_wav(&desk.path("silence.wav"));
    Sketch::silence(44_100, 1.0).write_wav(&desk.path("one second.wav"));
    song(8.0).write_wav(&desk.path("song.wav"));
    for (name, args) in [
        ("cut.mp3", "-c:a libmp3lame -b:a 128k"),
        ("cut.m4a", "-c:a aac -movflags +faststart"),
        ("cut.flac", "-c:a flac"),
    ] {
        let whole = ffmpeg(&desk.path("song.wav"), args, desk.path(name));
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(&whole, &bytes[..bytes.len() / 2]).unwrap();
    }
    for (name, secs) in [
        ("silence.wav", 2.0..2.01),
        ("one second.wav", 1.0..1.01),
        ("cut.mp3", 3.5..4.5),
        ("cut.m4a", 3.0..5.0),
        ("cut.flac", 2.0..6.0),
    ] {
        println!("{name}");
        let done = desk.run(["render", name, "--size", "240", "--fps", "25", "-o", "a.mp4"]);
        done.worked(&["a.mp4"]);
        let length = length_secs(&desk.read("a.mp4"));
        assert!(secs.contains(&length), "{length} s of {name}");
        std::fs::remove_file(desk.path("a.mp4")).unwrap();
    }
}

#[test]
fn odd_names() {
    let desk = Desk::with_song(1.5);
    let song = desk.read("song.wav");
    let cover = picture::file(quadrants(64, 64), ImageFormat::Png);
    desk.file("-song.wav", &song);
    desk.file("-x.png", &cover);
    let small = ["--size", "240"];
    for name in [
        "my song.wav",
        "it's \"quoted\" `here` $HOME.wav",
        "Кино — Группа крови.wav",
        "曲🎵.wav",
        "a=b;c&d|e.wav",
    ] {
        desk.file(name, &song);
        let out = name.replace(".wav", ".mp4");
        desk.run(["render", name, "-o", &out].iter().chain(&small))
            .worked(&[&out]);
    }
    let dashes = [
        "render",
        "-o",
        "-x.mp4",
        "--cover=-x.png",
        "--size",
        "240",
        "--",
        "-song.wav",
    ];
    desk.run(dashes).worked(&["-x.mp4"]);
    let dashes = [
        "frame",
        "-o",
        "-f.png",
        "--cover",
        "-x.png",
        "--title",
        "-5 °C",
        "--",
        "-song.wav",
    ];
    desk.run(dashes).worked(&["-f.png"]);

    // Names are bytes; not every name is text.
    let raw = OsStr::from_bytes(b"caf\xe9.wav");
    desk.file(raw, &song);
    let words = ["render", "-o", "bytes.mp4", "--size", "240"].map(OsStr::new);
    desk.run(words.into_iter().chain([raw])).worked(&["bytes.mp4"]);
}

/// What is typed is cleaned as tags are: the same words make the same circle, and no mark that could reorder what is shown
/// beside them gets into the file.
#[test]
fn odd_titles() {
    let desk = Desk::with_song(1.0);
    let made = |title: &str, artist: &str| {
        let words = ["render", "song.wav", "--size", "240", "--json", "-o", "a.mp4"];
        let done = desk.run(words.iter().chain(&["--title", title, "--artist", artist]));
        let tags = Mp4::new(&desk.read("a.mp4")).facts()["format"]["tags"].clone();
        let text = |name: &str| tags[name].as_str().map(str::to_owned);
        (done.json()["key"].clone(), text("title"), text("artist"))
    };
    let plain = made("Группа крови", &"ю".repeat(200));
    assert_eq!(
        (plain.1.as_deref(), plain.2.clone()),
        (Some("Группа крови"), Some("ю".repeat(200)))
    );
    assert_eq!(made(" Группа\n\u{202e}крови\u{7}\u{feff} ", &"ю".repeat(9_000)), plain);
    // Nothing is a title, too: none.
    let none = made("", "");
    assert_eq!((none.1.clone(), none.2.clone()), (None, None));
    assert_eq!(made("\u{200f} \t", "\u{1b}"), none);
}

#[test]
fn every_way_to_choose_a_fragment() {
    let desk = Desk::with_song(4.0);
    for (choice, secs) in [
        ("", 4.0),
        ("--end 99", 99.0),
        ("--start 1 --end 59", 3.0),
        ("--start 0:01.5 --duration 1", 1.0),
        ("--duration 60", 4.0),
        ("--auto", 4.0),
        ("--auto --duration 2", 2.0),
    ] {
        println!("{choice}");
        let done = desk.type_in(&format!("frame song.wav --size 240 -o a.png --json {choice}"));
        if secs > 60.0 {
            done.failed(2, &["60 s"]);
            continue;
        }
        let length = done.json()["duration_s"].as_f64().unwrap();
        assert!((length - secs).abs() < 0.001, "{choice}: {length} s");
    }
}

#[test]
fn a_square_picture() {
    let desk = Desk::with_song(2.0);
    desk.file("green.png", &picture::file(quadrants(64, 64), ImageFormat::Png));
    let words = [
        "frame",
        "song.wav",
        "--size",
        "240",
        "--cover",
        "green.png",
        "--corners",
    ];
    let corner = |corners: &str| {
        let done = desk.run(words.into_iter().chain([corners, "-o", "a.png"]));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
        let picture = image::load_from_memory(&desk.read("a.png")).unwrap().into_rgb8();
        *picture.get_pixel(2, 2)
    };
    assert_eq!(corner("black").0, [0, 0, 0]);
    assert!(corner("cover").0.iter().any(|&value| value > 40));
    let done = desk.run(words.into_iter().chain(["round", "-o", "b.png"]));
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("corners are black or cover"), "{}", done.stderr);
}
