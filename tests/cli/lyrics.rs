//! Lyrics as a person gives them: after `--lyrics`, beside the song, in its tags, broken or not at all.

use crate::support::command::{Desk, Done};
use crate::support::sound::ffmpeg;

const LRC: &str = "[00:00.00]Silent river\n[00:01.00]Тихая река\n";
const FRAME: &str = "frame song.wav --size 240 --theme lyrics --at 0.5 -o";
const NAMED: &str = "frame song.wav --size 240 --theme lyrics --lyrics words.lrc --at 0.5 -o";

/// A frame drawn without a word, as its bytes.
fn drawn(desk: &Desk, line: &str) -> Vec<u8> {
    let done = desk.type_in(line);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{line}");
    desk.read(line.rsplit(' ').next().unwrap())
}

fn key(desk: &Desk, line: &str) -> String {
    desk.type_in(line).json()["key"].as_str().unwrap().to_owned()
}

/// Worked, and told in one line why there are no lyrics.
fn worked_but(done: &Done, words: &[&str]) {
    assert_eq!((done.code, done.stderr.lines().count()), (0, 1), "{}", done.stderr);
    for word in words {
        assert!(done.stderr.contains(word), "no {word:?} in {}", done.stderr);
    }
}

#[test]
fn they_are_named_or_lie_beside_the_song() {
    let desk = Desk::with_song(3.0);
    let without = desk.type_in(&format!("{FRAME} none.png --title Река"));
    worked_but(&without, &["no lyrics", "song.lrc", "--lyrics", "title"]);
    desk.file("words.lrc", LRC.as_bytes());
    let named = drawn(&desk, &format!("{NAMED} a.png"));
    desk.file("song.lrc", LRC.as_bytes());
    let beside = drawn(&desk, &format!("{FRAME} b.png"));
    assert!(named == beside && named != desk.read("none.png"));
    // The named file goes first, and then the song's own is not even looked at.
    desk.file("song.lrc", b"no stamps");
    let still = drawn(&desk, &format!("{NAMED} c.png"));
    assert!(still == named);
}

#[test]
fn what_is_named_must_be_good_and_what_lies_about_may_be_broken() {
    let desk = Desk::with_song(3.0);
    desk.file("plain.txt", "Просто слова\n".as_bytes());
    desk.file("picture.lrc", &[0; 500]);
    std::fs::create_dir(desk.path("folder.lrc")).unwrap();
    for (name, words) in [
        ("nothing.lrc", &["nothing.lrc", "name"][..]),
        ("folder.lrc", &["folder.lrc", ".lrc file"]),
        ("plain.txt", &["no times", "[00:12.50]"]),
        ("picture.lrc", &["no text", ".lrc"]),
    ] {
        desk.type_in(&format!("render song.wav --theme lyrics --lyrics {name} -o a.mp4"))
            .failed(2, words);
    }
    desk.type_in("render song.wav --lyrics plain.txt -o a.mp4")
        .failed(2, &["vinyl", "--theme lyrics", "--lyrics"]);
    desk.file("words.png", LRC.as_bytes());
    desk.type_in("frame song.wav --theme lyrics --lyrics words.png -o words.png")
        .failed(2, &["words.png", "overwritten"]);
    desk.file("song.lrc", b"no stamps");
    worked_but(
        &desk.type_in(&format!("{FRAME} b.png")),
        &["song.lrc", "passed over", "no times"],
    );
    desk.file("song.lrc", b"[05:00.00]much later");
    worked_but(&desk.type_in(&format!("{FRAME} b.png")), &["no line", "fragment"]);
    // A theme without lyrics says nothing of them, and JSON stays alone.
    assert!(!drawn(&desk, "frame song.wav --size 240 -o v.png").is_empty());
    key(&desk, &format!("{FRAME} j.png --json"));
}

#[test]
fn the_key_follows_the_lyrics_where_they_are_shown() {
    let desk = Desk::with_song(2.0);
    let keys = || {
        let lyrics = key(&desk, &format!("{FRAME} a.png --json"));
        (lyrics, key(&desk, "frame song.wav --size 240 --json -o a.png"))
    };
    let (none, vinyl_none) = keys();
    desk.file("song.lrc", LRC.as_bytes());
    let (some, vinyl_some) = keys();
    desk.file("song.lrc", LRC.replace("river", "sea").as_bytes());
    let (others, _) = keys();
    assert!(none != some && some != others);
    assert_eq!(vinyl_none, vinyl_some);
}

#[test]
fn they_may_be_in_the_tags() {
    let desk = Desk::with_song(2.0);
    let wav = desk.path("song.wav");
    for (name, key) in [("a.flac", "LYRICS"), ("b.mp3", "lyrics"), ("c.m4a", "lyrics")] {
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-v", "error", "-i"]).arg(&wav);
        command
            .args(["-metadata", &format!("{key}={LRC}")])
            .arg(desk.path(name));
        assert!(command.status().unwrap().success());
        let done = desk.type_in(&format!(
            "frame {name} --size 240 --theme lyrics --at 0.5 -o {name}.png"
        ));
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{name}");
    }
    ffmpeg(&wav, "-metadata LYRICS=words", desk.path("d.flac"));
    let plain = desk.type_in("frame d.flac --size 240 --theme lyrics -o d.png");
    worked_but(&plain, &["no lyrics found"]);
}
