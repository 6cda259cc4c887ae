//! What the commands say: help, JSON by its contract, progress in lines and as a bar.

use std::process::Command;

use image::GenericImageView;
use serde_json::Value;

use crate::support::command::{Desk, keys, song};
use crate::support::sound::ffmpeg;

const CIRCLE_KEYS: [&str; 11] = [
    "adapter",
    "bytes",
    "duration_s",
    "encoder",
    "fps",
    "frames",
    "key",
    "output",
    "stages",
    "theme",
    "width",
];
const STAGES: [&str; 8] = [
    "analyse",
    "decode",
    "encode_audio",
    "encode_video",
    "gpu_init",
    "mux",
    "render",
    "total",
];
/// What `render` and `frame` share.
const CIRCLE_OPTIONS: &str = "--cover --lyrics --start --end --duration --auto --theme --set --rpm --size --fps --title --artist \
                              --encoder --adapter --max-bytes --seed --json --output -o";

#[test]
fn help_tells_every_option() {
    let desk = Desk::new();
    for (command, words) in [
        ("", "render frame probe themes doctor bench"),
        ("render", CIRCLE_OPTIONS),
        ("frame", CIRCLE_OPTIONS),
        ("frame", "--at"),
        ("probe", "<AUDIO> --json"),
        ("themes", "list show"),
        ("themes list", "--json"),
        ("themes show", "<NAME>"),
        ("doctor", "--json"),
        ("bench", "--json --runs --ours-only"),
    ] {
        let done = desk.type_in(&format!("{command} --help"));
        done.worked(&[]);
        let told: Vec<&str> = done.text().split([' ', ',', '\n']).collect();
        for word in words.split_whitespace() {
            assert!(told.contains(&word), "`{command} --help` is silent about {word}");
        }
    }
    let version = desk.type_in("--version");
    assert_eq!(
        version.worked(&[]).text(),
        concat!("musiccircles ", env!("CARGO_PKG_VERSION"), "\n")
    );
    // No command at all: the list of them, as help, yet not a success.
    let nothing = desk.type_in("");
    assert_eq!((nothing.code, nothing.stdout.len()), (2, 0));
    assert!(nothing.stderr.contains("Usage:"));
}

#[test]
fn json_of_a_circle() {
    let desk = Desk::with_song(3.0);
    let json = desk
        .type_in("render song.wav --start 0.5 --duration 2 --size 240 --fps 25 --json -o a.mp4")
        .json();
    assert_eq!(keys(&json), CIRCLE_KEYS);
    assert_eq!(json["output"], "a.mp4");
    assert_eq!(json["bytes"], desk.read("a.mp4").len());
    assert_eq!(
        (&json["frames"], &json["duration_s"]),
        (&Value::from(50), &Value::from(2.0))
    );
    assert_eq!(
        (&json["width"], &json["fps"], &json["theme"]),
        (&240.into(), &25.into(), &"vinyl".into())
    );
    assert_eq!(json["encoder"], "x264");
    assert_eq!(json["key"].as_str().unwrap().len(), 64);
    let stages = &json["stages"];
    assert_eq!(keys(stages), STAGES);
    let ms = |stage: &str| stages[stage].as_f64().unwrap();
    // Milliseconds: opening a device and rendering 50 frames takes more than 20 of them and less than a minute.
    assert!((20.0..60_000.0).contains(&ms("total")), "{stages}");
    for stage in STAGES {
        assert!((0.0..=ms("total") + 1.0).contains(&ms(stage)), "{stage}: {stages}");
    }

    let frame = desk.type_in("frame song.wav --start 0.5 --duration 2 --size 240 --fps 25 --at 1.96 --json -o a.png");
    let frame = frame.json();
    assert_eq!(keys(&frame), CIRCLE_KEYS);
    assert_eq!(keys(&frame["stages"]), STAGES);
    assert_eq!(
        (&frame["frames"], &frame["key"]),
        (&1.into(), &json["key"]),
        "the same circle"
    );
    let picture = image::load_from_memory(&desk.read("a.png")).unwrap();
    assert_eq!(picture.dimensions(), (240, 240));
}

#[test]
fn probe_of_every_format() {
    let desk = Desk::with_song(4.0);
    let wav = desk.path("song.wav");
    let tags = "-metadata title=Песня -metadata artist=Кто-то -metadata album=Альбом";
    for (name, args) in [
        ("a.mp3", "-c:a libmp3lame"),
        ("a.m4a", "-c:a aac"),
        ("a.ogg", "-c:a libvorbis"),
        ("a.opus", "-c:a libopus"),
        ("a.flac", "-c:a flac"),
        ("b.wav", "-c:a pcm_s24le"),
        ("a.aiff", "-write_id3v2 1"),
    ] {
        println!("{name}");
        ffmpeg(&wav, &format!("{args} {tags}"), desk.path(name));
        let json = desk.type_in(&format!("probe {name} --json")).json();
        assert_eq!(
            keys(&json),
            [
                "album",
                "artist",
                "duration_s",
                "has_cover",
                "highlights",
                "integrated_lufs",
                "tempo_bpm",
                "title"
            ]
        );
        let secs = json["duration_s"].as_f64().unwrap();
        assert!((secs - 4.0).abs() < 0.03, "{name}: {secs} s");
        assert_eq!(
            (&json["title"], &json["artist"]),
            (&"Песня".into(), &"Кто-то".into()),
            "{name}"
        );
        assert_eq!(json["has_cover"], false);
        assert!((-40.0..-3.0).contains(&json["integrated_lufs"].as_f64().unwrap()));
        for best in json["highlights"].as_array().unwrap() {
            assert_eq!(keys(best), ["end", "score", "start"]);
        }
    }
    let words = desk.type_in("probe a.flac");
    words.worked(&[]);
    for word in ["Песня", "Кто-то", "Альбом", "0:04", "flac", "LUFS"] {
        assert!(words.text().contains(word), "no {word} in {}", words.text());
    }
}

#[test]
fn themes_are_listed_and_shown() {
    let desk = Desk::new();
    let json = desk.type_in("themes list --json").json();
    let themes = json["themes"].as_array().unwrap();
    assert!(themes.iter().any(|theme| theme["name"] == "vinyl"));
    for theme in themes {
        let name = theme["name"].as_str().unwrap();
        assert!(desk.type_in("themes").text().contains(name));
        assert!(desk.type_in("themes list").text().contains(name));
        let shown = desk.type_in(&format!("themes show {name}"));
        for parameter in keys(&theme["params"]) {
            assert!(
                shown.text().contains(&format!("--set {parameter}=")),
                "{}",
                shown.text()
            );
        }
    }
}

#[test]
fn doctor_tries_everything() {
    let desk = Desk::new();
    // Where drivers may keep nothing, either.
    let mut command = desk.command();
    command.env_remove("MESA_SHADER_CACHE_DIR").args(["doctor", "--json"]);
    let json = desk.finish(&mut command).json();
    assert_eq!(json["ok"], true);
    let ok = |list: &str, name: &str| {
        let checks = json[list].as_array().unwrap();
        checks
            .iter()
            .any(|check| check["name"].as_str().unwrap().contains(name) && check["ok"] == true)
    };
    assert!(ok("adapters", "(CPU)") && ok("encoders", "x264"), "{json}");
    assert_eq!(json["encoders"].as_array().unwrap().len(), 3);
    let words = desk.type_in("doctor");
    words.worked(&[]);
    for word in [
        "nvenc", "vaapi", "x264", "(CPU)", "GB free", "token", "port", "database",
    ] {
        assert!(words.text().contains(word), "no {word} in {}", words.text());
    }
}

#[test]
fn progress_in_plain_lines() {
    let desk = Desk::with_song(2.0);
    let done = desk.type_in("render song.wav --size 240 --adapter cpu -o a.mp4");
    done.worked(&["a.mp4"]);
    let lines: Vec<_> = done.stderr.lines().collect();
    assert_eq!(lines[0], "rendering on llvmpipe (CPU), encoding with x264");
    let tenths: Vec<_> = (1..=10).map(|tenth| format!("{}/60 frames", tenth * 6)).collect();
    assert_eq!(lines[1..11], tenths);
    assert!(lines[11].starts_with("a.mp4: 0:02 of music from 0:00, 60 frames of 240x240, "));
    assert_eq!(lines.len(), 12);
    assert!(!done.stderr.contains(['\u{1b}', '\r']));
}

#[test]
fn progress_on_a_terminal() {
    let desk = Desk::new();
    song(12.0).write_wav(&desk.path("song.wav"));
    let on_a_terminal = |line: &str| {
        let program = env!("CARGO_BIN_EXE_musiccircles");
        let mut script = Command::new("script");
        script.args(["-qec", &format!("stty cols 100; {program} {line}"), "/dev/null"]);
        desk.dress(&mut script);
        desk.finish(&mut script)
    };
    let done = on_a_terminal("render song.wav --size 480 -o a.mp4");
    done.worked(&["a.mp4"]);
    let screen = done.text();
    assert!(
        screen.contains("rendering on llvmpipe (CPU), encoding with x264"),
        "{screen}"
    );
    assert!(screen.contains("/360 frames") && screen.contains("left"), "{screen}");
    assert!(screen.contains('█') && screen.contains("fps"), "{screen}");
    // The bar is gone at the end; what was made stays.
    let last = screen.trim_end().lines().last().unwrap();
    assert!(last.contains("a.mp4: 0:12 of music"), "{last}");
    // Nothing but the object with --json, also on a terminal.
    let json = on_a_terminal("render song.wav --duration 1 --size 240 -o b.mp4 --json");
    assert_eq!(keys(&serde_json::from_str(json.text()).unwrap()), CIRCLE_KEYS);
    // A video on a terminal helps nobody.
    let refused = on_a_terminal("render song.wav -o -");
    assert_eq!(
        (refused.code, refused.text().lines().count()),
        (2, 1),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("terminal"));
}
