//! What people type when they mean a part of a song.

use musiccircles::bot::times::{Part, TimesError, Wanted, parse};

use Wanted::{End, Last, Length, Piece, Range, Start, ToEnd};

fn range(start: u64, end: u64) -> Option<Wanted> {
    Some(Range {
        start: start * 1000,
        end: end * 1000,
    })
}

fn piece(start: u64, length: u64) -> Option<Wanted> {
    Some(Piece {
        start: start * 1000,
        length: length * 1000,
    })
}

#[test]
fn times_are_read_however_they_are_typed() {
    let table = [
        ("30 75", range(30, 75)),
        ("30-75", range(30, 75)),
        ("30 - 75", range(30, 75)),
        ("30—75", range(30, 75)),
        ("30 – 75", range(30, 75)),
        ("30,75", range(30, 75)),
        ("30, 75", range(30, 75)),
        ("30 до 75", range(30, 75)),
        ("30…75", range(30, 75)),
        ("0:30 - 1:15", range(30, 75)),
        ("0:30-1:15", range(30, 75)),
        ("0:30 — 1:15", range(30, 75)),
        ("00:30 01:15", range(30, 75)),
        ("0.30 - 1.15", range(30, 75)),
        ("0.30-1.15", range(30, 75)),
        ("1,05 - 1,30", range(65, 90)),
        ("с 30 по 45", range(30, 45)),
        ("С 30 ПО 45", range(30, 45)),
        ("с 0:30 до 1:15", range(30, 75)),
        ("от 30 до 45", range(30, 45)),
        ("from 30 to 45", range(30, 45)),
        ("From 0:30 until 1:00", range(30, 60)),
        ("с 1 мин 5 сек до 1 мин 30 сек", range(65, 90)),
        ("1м5с - 1м30с", range(65, 90)),
        ("1m5s-1m30s", range(65, 90)),
        ("30 секунд - 75 секунд", range(30, 75)),
        ("30с-45с", range(30, 45)),
        ("с 30 с по 45 с", range(30, 45)),
        ("30s to 45s", range(30, 45)),
        ("[0:30, 1:15]", range(30, 75)),
        ("(0:30–1:15)", range(30, 75)),
        ("с начала до 0:30", range(0, 30)),
        ("from the beginning to 0:30", range(0, 30)),
        ("1:02:03 - 1:02:33", range(3723, 3753)),
        ("1:05", Some(Start(65_000))),
        ("1.05", Some(Start(65_000))),
        ("1,05", Some(Start(65_000))),
        ("1м5с", Some(Start(65_000))),
        ("1 мин 5 сек", Some(Start(65_000))),
        ("1 minute 5 seconds", Some(Start(65_000))),
        ("с 1:05", Some(Start(65_000))),
        ("from 1:05", Some(Start(65_000))),
        ("начиная с 1:05", Some(Start(65_000))),
        ("65", Some(Start(65_000))),
        ("12.5", Some(Start(12_500))),
        ("12,5", Some(Start(12_500))),
        ("1:05.5", Some(Start(65_500))),
        ("с 12.5", Some(Start(12_500))),
        ("до 1:15", Some(End(75_000))),
        ("to 1:15", Some(End(75_000))),
        ("-1:15", Some(End(75_000))),
        ("30 секунд", Some(Length(30_000))),
        ("30 seconds", Some(Length(30_000))),
        ("30s", Some(Length(30_000))),
        ("30 сек.", Some(Length(30_000))),
        ("1 минута", Some(Length(60_000))),
        ("на 30", Some(Length(30_000))),
        ("30 секунд с 1:20", piece(80, 30)),
        ("30 сек с 1:20", piece(80, 30)),
        ("30s from 1:20", piece(80, 30)),
        ("30 seconds at 1:20", piece(80, 30)),
        ("15 from 1:20", piece(80, 15)),
        ("1:20 + 30", piece(80, 30)),
        ("1:20+30", piece(80, 30)),
        ("1:20 на 30 секунд", piece(80, 30)),
        ("с 1:20 на 30 секунд", piece(80, 30)),
        ("с 1:20 30 секунд", piece(80, 30)),
        ("from 1:20 for 15 s", piece(80, 15)),
        ("1:20 30 секунд", piece(80, 30)),
        ("первые 30 секунд", piece(0, 30)),
        ("first 15 seconds", piece(0, 15)),
        ("последние 20 секунд", Some(Last(20_000))),
        ("the last 20 s", Some(Last(20_000))),
        ("с 1:20 до конца", Some(ToEnd { start: 80_000 })),
        ("from 1:20 to the end", Some(ToEnd { start: 80_000 })),
        ("2:10 - конец", Some(ToEnd { start: 130_000 })),
    ];
    for (text, wanted) in table {
        assert_eq!(parse(text), wanted, "{text}");
    }
}

#[test]
fn what_is_no_time_is_not_guessed() {
    for text in [
        "",
        " ",
        "-",
        "Queen",
        "Кино",
        "99 Luftballons",
        "7 rings",
        "1:75",
        "1:5:99",
        "30 75 90",
        "с по",
        "до",
        "2 минуты назад",
        "1:",
        ":30",
        "1234567",
        "30 $",
        "с 30 по 45 и ещё",
        "a30",
        "0x10",
        "30😀",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
    assert_eq!(parse(&"1 ".repeat(60)), None);
}

#[test]
fn a_bare_number_may_be_a_song() {
    assert!(Wanted::is_plain("30 75") && Wanted::is_plain("1:05"));
    assert!(!Wanted::is_plain("22") && !Wanted::is_plain("1979"));
}

#[test]
fn a_part_lies_in_the_song_and_may_be_a_circle() {
    const SONG_MS: u64 = 200_000;
    let now = Part {
        start_ms: 10_000,
        length_ms: 30_000,
        cut: false,
    };
    let apply = |text: &str| parse(text).unwrap().apply(now, SONG_MS);
    let part = |start: u64, length: u64, cut| {
        Ok(Part {
            start_ms: start * 1000,
            length_ms: length * 1000,
            cut,
        })
    };
    assert_eq!(apply("30 75"), part(30, 45, false));
    assert_eq!(apply("1:05"), part(65, 30, false));
    assert_eq!(apply("до 0:30"), part(10, 20, false));
    assert_eq!(apply("15 секунд"), part(10, 15, false));
    // Longer than a circle may be, or than the song is.
    assert_eq!(apply("0 - 3:00"), part(0, 60, true));
    assert_eq!(apply("3:00 - 4:00"), part(180, 20, true));
    assert_eq!(apply("с 1:00 до конца"), part(60, 60, true));
    assert_eq!(apply("последние 20 секунд"), part(180, 20, false));
    // A start near the end takes what is left, as it would with a button.
    assert_eq!(apply("3:10"), part(190, 10, false));
    assert_eq!(apply("75 30"), Err(TimesError::EndBeforeStart));
    assert_eq!(apply("30 30"), Err(TimesError::EndBeforeStart));
    assert_eq!(apply("3:20"), Err(TimesError::BeyondEnd));
    assert_eq!(apply("5:00 - 5:30"), Err(TimesError::BeyondEnd));
}
