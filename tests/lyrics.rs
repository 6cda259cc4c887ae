//! Lyrics from the file to the frame: what is read, what is set on the sheet, what is lit when.

use std::time::Duration;

use image::RgbImage;
use musiccircles::flow::{LyricLine, WordStamp};
use musiccircles::flow::{LyricSheet, Moment, Scene};
use musiccircles::lyrics::{Lyrics, LyricsError, load, parse};
use musiccircles::model::limits::{MAX_LYRIC_LINES, MAX_LYRICS_BYTES};
use musiccircles::model::{Fragment, Tags};
use musiccircles::scene::theme;
use proptest::prelude::*;

use crate::support::stage::{SILENCE, Stage, assert_golden, features, lively, picture, plain};

/// Start, end and text of every line.
fn told(lyrics: &Lyrics) -> Vec<(i64, Option<i64>, &str)> {
    let line = |line: &'_ LyricLine| (line.start_ms, line.end_ms);
    let lines = lyrics.lines.iter();
    lines.map(|l| (line(l).0, line(l).1, l.text.as_str())).collect()
}

#[test]
fn stamps_of_every_kind_are_read() {
    let text = "\u{feff}[ti:Лодки]\r\n[ar: Nobody]\r\n[length:03:00]\r\nno stamp here\r\n\
                [00:01]one\r\n[00:02.5] two \r\n[00:03.25]three\r\n[00:04.125]four\r\n[00:05:50]five\r\n\
                [1:02,5]six\r\n[01:00:00.00]an hour\r\n[00:70.00]no time\r\n[00:06.00]\r\n[xx:yy]\r\n[00:07.00";
    let lyrics = parse(text).unwrap();
    assert_eq!(
        told(&lyrics),
        [
            (1000, Some(2500), "one"),
            (2500, Some(3250), "two"),
            (3250, Some(4125), "three"),
            (4125, Some(5500), "four"),
            (5500, Some(6000), "five"),
            (6000, Some(62_500), ""),
            (62_500, Some(3_600_000), "six"),
            (3_600_000, None, "an hour"),
        ]
    );
}

#[test]
fn a_chorus_is_written_once_and_the_offset_moves_everything() {
    let text = "[offset:+250]\n[00:20.00][00:05.00] [00:10.00]chorus [live]\n[00:07.00]verse";
    assert_eq!(
        told(&parse(text).unwrap()),
        [
            (4750, Some(6750), "chorus [live]"),
            (6750, Some(9750), "verse"),
            (9750, Some(19_750), "chorus [live]"),
            (19_750, None, "chorus [live]"),
        ]
    );
    let later = parse("[offset: -1000]\n[00:05.00]a").unwrap();
    assert_eq!(later.lines[0].start_ms, 6000);
    // An offset no clock has, and one that is no number.
    assert_eq!(
        parse("[offset:99999999]\n[00:05.00]a").unwrap().lines[0].start_ms,
        -595_000
    );
    assert_eq!(parse("[offset:soon]\n[00:05.00]a").unwrap().lines[0].start_ms, 5000);
}

#[test]
fn of_two_lines_at_once_the_first_with_words_is_sung() {
    let text = "[00:05.00]\n[00:05.00]слова\n[00:05.00]words\n[00:08.00]next";
    assert_eq!(
        told(&parse(text).unwrap()),
        [(5000, Some(8000), "слова"), (8000, None, "next")]
    );
}

#[test]
fn word_stamps_leave_the_text_and_keep_their_places() {
    let stamps = |text: &str| {
        let line = parse(text).unwrap().lines.remove(0);
        let words: Vec<_> = line.words.iter().map(|word| (word.at_ms, word.byte)).collect();
        (line.text, words)
    };
    let expected = ("Тихо идёт".to_owned(), vec![(1000, 0), (1500, 9), (2500, 17)]);
    assert_eq!(
        stamps("[00:01.00]<00:01.00>Тихо <00:01.50> идёт<00:02.50>\n[00:03.00]b"),
        expected
    );
    assert_eq!(
        stamps("[00:01.00]Тихо [00:01.50]идёт[00:02.50]\n[00:03.00]b").1,
        [(1500, 9), (2500, 17)]
    );
    // Out of order, outside the line, not a stamp at all.
    let odd = stamps("[00:01.00]<00:02.00>a <00:01.50>b <00:09.00>c <d> 1<2\n[00:03.00]b");
    assert_eq!(odd, ("a b c <d> 1<2".to_owned(), vec![(2000, 0)]));
}

#[test]
fn files_come_in_the_encodings_people_have() {
    let text = "[00:01.00]Ночь над рекой\n[00:02.00]Night";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (old_russian, _, _) = encoding_rs::WINDOWS_1251.encode(text);
    for bytes in [
        text.as_bytes(),
        &[&[0xff, 0xfe], utf16.as_slice()].concat(),
        &old_russian,
    ] {
        assert_eq!(load(bytes).unwrap().lines[0].text, "Ночь над рекой");
    }
    let western = b"[00:01.00]La nuit est tomb\xe9e, \xe0 toi";
    assert_eq!(load(western).unwrap().lines[0].text, "La nuit est tombée, à toi");
}

#[test]
fn what_is_no_lyrics_is_told() {
    let refusal = |bytes: &[u8]| load(bytes).unwrap_err().to_string();
    assert!(refusal(b"just\nsome words\n").contains("[00:12.50]"));
    assert!(refusal(b"").contains("no times"));
    assert!(refusal(b"[00:01.00]a\0\0\0").contains("no text"));
    assert!(refusal(&vec![b' '; MAX_LYRICS_BYTES as usize + 1]).contains("64 kB"));
    let many = "[00:01]".repeat(MAX_LYRIC_LINES + 1);
    assert!(matches!(parse(&many), Err(LyricsError::TooManyLines)));
    let long = parse(&format!("[00:01.00]{}", "ы".repeat(5000))).unwrap();
    assert_eq!(long.lines[0].text.chars().count(), 200);
    let hidden = parse("[00:01.00]a\u{202e}b\tc\u{7}").unwrap();
    assert_eq!(hidden.lines[0].text, "ab c");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_file_is_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = load(&bytes);
    }

    #[test]
    fn no_text_is_too_odd(
        text in "(\\[0?[0-2]:[0-9]{1,2}[.:]?[0-9]{0,3}\\]([a-zё ]{0,9}([<\\[]0:0[0-9][.:][0-9]{2}[>\\]]|[\\[<:\\]>])){0,4}\n?){0,9}"
    ) {
        if let Ok(lyrics) = parse(&text) {
            prop_assert!(lyrics.lines.windows(2).all(|pair| pair[0].end_ms == Some(pair[1].start_ms)));
            prop_assert!(lyrics.lines.windows(2).all(|pair| pair[0].start_ms < pair[1].start_ms));
            for line in &lyrics.lines {
                prop_assert!(line.words.iter().all(|word| line.text.is_char_boundary(word.byte)));
            }
            // Whatever was read can be set and drawn.
            let scene = singing(240, 2.0, lyrics.lines);
            prop_assert_eq!(scene.lyrics.coverage.len() as u32, scene.lyrics.width * scene.lyrics.height);
        }
    }
}

#[test]
fn a_fragment_takes_its_lines_and_the_one_already_running() {
    let lyrics = parse("[00:01.00]a\n[00:04.00]<00:04.00>b <00:05.00>c\n[00:08.00]d\n[00:12.00]e").unwrap();
    let fragment = Fragment {
        start: Duration::from_secs(5),
        length: Duration::from_secs(7),
    };
    let within = lyrics.within(fragment);
    assert_eq!(told(&within), [(-1000, Some(3000), "b c"), (3000, Some(7000), "d")]);
    assert_eq!(within.lines[0].words[1], WordStamp { at_ms: 0, byte: 2 });
}

#[test]
fn long_after_the_last_line_nothing_is_sung() {
    let song = parse("[00:10.00]The end\n").unwrap();
    let from = |start_secs: u64| {
        let fragment = Fragment {
            start: Duration::from_secs(start_secs),
            length: Duration::from_secs(10),
        };
        song.within(fragment).has_text()
    };
    assert!(from(5) && from(15));
    assert!(!from(50), "a line of long ago keeps the title from being shown");
}

fn stage(side: u32, secs: f64, lines: Vec<LyricLine>) -> Stage {
    Stage {
        theme: "lyrics",
        lyrics: lines,
        tags: Tags {
            title: Some("Бумажные лодки".into()),
            artist: Some("Nobody".into()),
            album: None,
        },
        ..Stage::new(side, features(30, vec![SILENCE; (secs * 30.0) as usize]))
    }
}

fn singing(side: u32, secs: f64, lines: Vec<LyricLine>) -> Scene {
    stage(side, secs, lines).build()
}

fn lines(text: &str) -> Vec<LyricLine> {
    parse(text).unwrap().lines
}

/// The first and the last column of a row that has ink, and how much it has.
fn ink(sheet: &LyricSheet, row: u32) -> Option<(u32, u32, usize)> {
    let rows = sheet.coverage.chunks_exact(sheet.width as usize);
    let height = sheet.height / sheet.lines;
    let mut columns = Vec::new();
    for pixels in rows.skip((row * height) as usize).take(height as usize) {
        columns.extend((0..sheet.width).filter(|&x| pixels[x as usize] > 100));
    }
    Some((*columns.iter().min()?, *columns.iter().max()?, columns.len()))
}

#[test]
fn every_line_has_its_row_and_stands_in_its_middle() {
    let scene = singing(
        640,
        10.0,
        lines("[00:00.00]Тихая река\n[00:02.00]\n[00:04.00]Silent river\n[00:06.00]♪\n[00:08.00]川"),
    );
    assert_eq!((scene.lyrics.lines, scene.look.lines), (5, 5.0));
    for row in [0, 2] {
        let (left, right, pixels) = ink(&scene.lyrics, row).unwrap();
        let right = scene.lyrics.width - 1 - right;
        assert!(left.abs_diff(right) < 12, "row {row}: {left} left of it, {right} right");
        assert!(pixels > 1500, "row {row}: {pixels} pixels of ink");
    }
    // A pause, a note and letters the font does not have: nothing is written.
    for row in [1, 3, 4] {
        assert_eq!(ink(&scene.lyrics, row), None, "row {row}");
    }
}

#[test]
fn long_lines_shrink_then_break_and_never_overflow() {
    let fits = |text: &str| singing(640, 10.0, lines(&format!("[00:00.00]{text}\n[00:08.00]b"))).lyrics;
    let shrunk = fits("забыли, и прячет под мостами огни и маяки");
    assert_eq!(shrunk.lines, 2);
    let (left, right, _) = ink(&shrunk, 0).unwrap();
    assert!(
        left < 20 && right > shrunk.width - 20,
        "{left} to {right} of {}",
        shrunk.width
    );
    let broken = fits("теченье помнит имя, что мы с тобой забыли, и прячет под мостами огни и маяки");
    assert_eq!(broken.lines, 3);
    let word = fits(&"ш".repeat(150));
    assert_eq!(word.lines, 2, "a word is not broken but ends in an ellipsis");
    for sheet in [&shrunk, &broken, &word] {
        for row in 0..sheet.lines {
            let (left, right, _) = ink(sheet, row).unwrap();
            assert!(left > 0 && right < sheet.width - 1, "row {row} is cut off");
        }
    }
}

#[test]
fn a_broken_line_is_sung_part_by_part() {
    let text = "теченье помнит имя, что мы с тобой забыли, и прячет под мостами огни и маяки";
    let scene = singing(640, 8.0, lines(&format!("[00:01.00]{text}\n[00:07.00]b")));
    // The title waits for a line that begins after more than a second and a half; here is none.
    let second = scene.moments.iter().position(|moment| moment.line == 1.0).unwrap();
    assert!((80..140).contains(&second), "the second part begins in frame {second}");
    let ends = &scene.moments[second - 1];
    assert!(ends.line_sung > 0.9 && scene.moments[second].line_sung < 0.1);
}

#[test]
fn the_sheet_is_never_larger_than_a_texture() {
    let many: String = (0..400)
        .map(|n| format!("[00:{:02}.{:02}]line {n}\n", n / 10, n % 10 * 10))
        .collect();
    let scene = singing(640, 60.0, lines(&many));
    assert!(
        scene.lyrics.height <= 8192 && scene.lyrics.lines > 60,
        "{}",
        scene.lyrics.lines
    );
    assert!(scene.moments.iter().all(|moment| moment.line < scene.look.lines));
}

fn at(scene: &Scene, secs: f64) -> &Moment {
    &scene.moments[(secs * 30.0).round() as usize]
}

#[test]
fn moments_follow_the_stamps() {
    let scene = singing(
        240,
        30.0,
        lines(
            "[00:02.00]Silent river\n[00:04.00]Silver\n[00:05.00]\n[00:06.00]<00:06.00>Slow <00:08.00>boat\n[00:28.00]b",
        ),
    );
    // The title, four lines with a pause among them, a pause because nobody sings for so long, and the last line.
    assert_eq!(scene.lyrics.lines, 7);
    let line = |secs: f64| at(&scene, secs).line;
    assert_eq!(
        (line(0.0), line(1.9), line(2.0)),
        (0.0, 0.0, 1.0),
        "the title, then the first line"
    );
    assert_eq!((line(4.0), line(5.0), line(6.0), line(28.0)), (2.0, 3.0, 4.0, 6.0));
    assert_eq!(
        (line(11.0), line(20.0)),
        (4.0, 5.0),
        "sung, it stays for a while and goes"
    );
    assert!((at(&scene, 3.0).line_age_secs - 1.0).abs() < 1e-4);
    assert_eq!(at(&scene, 1.0).line_sung, 1.0, "a title is not sung");
    // From before the first letter to behind the last.
    let sung: Vec<f32> = (60..120).map(|n| scene.moments[n].line_sung).collect();
    assert!(sung.windows(2).all(|pair| pair[1] >= pair[0]));
    let (left, right, _) = ink(&scene.lyrics, 1).unwrap();
    let width = scene.lyrics.width as f32;
    assert!(
        sung[0] < left as f32 / width && sung[59] > right as f32 / width,
        "{} to {}",
        sung[0],
        sung[59]
    );
    // With word stamps the light waits for the second word.
    let (before, after) = (at(&scene, 7.9).line_sung, at(&scene, 8.4).line_sung);
    assert!(before < 0.52 && after > before + 0.02, "{before} then {after}");
}

#[test]
fn without_lyrics_title_and_artist_are_shown() {
    let scene = singing(240, 3.0, Vec::new());
    assert_eq!(scene.lyrics.lines, 2);
    assert!(
        scene
            .moments
            .iter()
            .all(|moment| moment.line == 0.0 && moment.line_sung == 1.0)
    );
    // The first frame is the circle's thumbnail: nothing is still coming in.
    let (first, later) = (picture(&scene, 0), picture(&scene, 60));
    for upper in [true, false] {
        assert!((band(&first, upper) - band(&later, upper)).abs() < 0.01);
    }
    let nameless = Stage {
        tags: Tags::default(),
        ..stage(240, 3.0, Vec::new())
    };
    let scene = nameless.build();
    assert_eq!((scene.lyrics, scene.moments[40].line), (LyricSheet::empty(), -1.0));
    let vinyl = Stage {
        theme: "vinyl",
        ..stage(240, 1.0, lines("[00:00.00]a"))
    };
    assert_eq!(
        vinyl.build().lyrics,
        LyricSheet::empty(),
        "a theme without a place for lyrics"
    );
}

#[test]
fn in_a_loop_the_last_line_gives_way_to_the_first() {
    let text = "[00:00.00]first\n[00:01.00]second\n[00:02.00]third";
    let looped = Stage {
        settings: vec!["loop=on"],
        ..stage(240, 3.0, lines(text))
    };
    let scene = looped.build();
    assert_eq!(
        scene.lyrics.lines, 5,
        "a copy of the last one before, and of the first one behind"
    );
    assert_eq!((at(&scene, 0.0).line, at(&scene, 2.9).line), (1.0, 3.0));
    assert_eq!(at(&scene, 0.0).line_age_secs, 0.0, "it comes in at the seam");
    assert_eq!(ink(&scene.lyrics, 0), ink(&scene.lyrics, 3));
    assert_eq!(ink(&scene.lyrics, 1), ink(&scene.lyrics, 4));
}

/// Mean brightness of the upper (or lower) half's band of text.
fn band(picture: &RgbImage, upper: bool) -> f64 {
    let place = theme::find("lyrics").unwrap().manifest.lyrics.unwrap();
    let radius = f64::from(picture.width()) / 2.0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let (x, y) = ((f64::from(x) + 0.5) / radius - 1.0, (f64::from(y) + 0.5) / radius - 1.0);
        let off = (x.hypot(y) - f64::from(place.radius)).abs();
        if off < f64::from(place.width) / 2.0 && (y < 0.0) == upper {
            sum += pixel.0.iter().map(|&c| f64::from(c)).sum::<f64>() / 3.0;
            count += 1.0;
        }
    }
    sum / count
}

#[test]
fn the_line_is_lit_in_the_frame_of_its_stamp() {
    for side in [240, 640] {
        let scene = singing(
            side,
            6.0,
            lines("[00:00.00]\n[00:02.00]Silent river and a boat\n[00:04.00]"),
        );
        let light = |frame: u32| band(&picture(&scene, frame), true);
        let (before, first, arrived, sung) = (light(59), light(60), light(70), light(119));
        assert!(
            first > before + 0.4,
            "{side}: {before:.2} before, {first:.2} in the stamp's frame"
        );
        assert!(
            arrived > first + 1.0 && sung > arrived + 1.0,
            "{first:.2}, {arrived:.2}, {sung:.2}"
        );
        let gone = light(130);
        assert!((gone - before).abs() < 0.2, "{before:.2} before, {gone:.2} after");
        // Below it was announced, and then gives way.
        let below = |frame: u32| band(&picture(&scene, frame), false);
        assert!(below(59) > below(75) + 1.0);
    }
}

#[test]
fn the_light_goes_over_the_line_from_left_to_right() {
    let scene = singing(640, 6.0, lines("[00:00.00]Silent river and a silver boat\n[00:05.00]b"));
    let drawn = picture(&scene, 60);
    let (mut left, mut right) = (0, 0);
    for (x, y, pixel) in drawn.enumerate_pixels() {
        // Only the band of text; grey letters are below 150.
        let away = (f64::from(x) - 320.0).hypot(f64::from(y) - 320.0) / 320.0;
        if y < 320 && (0.75..0.93).contains(&away) && pixel.0.iter().any(|&c| c > 190) {
            if x < 320 { left += 1 } else { right += 1 }
        }
    }
    assert!(
        left > 300 && right < left / 3,
        "{left} lit pixels on the left, {right} on the right"
    );
}

#[test]
fn cyrillic_and_latin_are_drawn() {
    let upper = |text: &str| {
        band(
            &picture(&singing(240, 3.0, lines(&format!("[00:00.00]{text}\n[00:02.00]z"))), 45),
            true,
        )
    };
    let blank = upper("");
    for text in ["Тихая ночь над рекой", "Silent river"] {
        assert!(upper(text) > blank + 2.0, "{text}");
    }
}

#[test]
fn lyrics_look_as_they_did() {
    let text = "[00:00.00]Мы складываем вечер в лодки\n[00:03.00]One for the rain";
    for side in [640, 240] {
        let stage = Stage {
            features: lively(30, 60),
            ..stage(side, 2.0, lines(text))
        };
        assert_golden(&format!("lyrics-{side}"), &picture(&stage.build(), 37));
    }
    let nothing = Stage {
        cover: plain([250, 250, 250]),
        ..stage(320, 1.0, Vec::new())
    };
    assert_golden("lyrics-320-none-white", &picture(&nothing.build(), 0));
}

#[test]
fn the_manifest_repeats_its_geometry() {
    let theme = theme::find("lyrics").unwrap();
    let constant = |name: &str| -> f32 {
        let line = theme
            .shader
            .source
            .lines()
            .find(|line| line.contains(&format!("const {name}: f32 = ")));
        let value = line.unwrap().split(['=', ';']).nth(1).unwrap();
        value.trim().parse().unwrap()
    };
    let place = theme.manifest.lyrics.unwrap();
    let (outer, inner) = (constant("TEXT_OUTER"), constant("TEXT_INNER"));
    assert!((place.radius - (outer + inner) / 2.0).abs() < 1e-4 && (place.width - (outer - inner)).abs() < 1e-4);
    assert!((place.turns - constant("TEXT_TURNS")).abs() < 1e-4);
    assert!((theme.manifest.cover_span - constant("LABEL")).abs() < 1e-4);
}
