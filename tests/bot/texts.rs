//! What the bot says: everything in both languages, with nothing in it that a person must not see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use musiccircles::bot::texts::{Lang, Line, is_known};
use musiccircles::bot::{failure_key, reason_key, refusal_key};
use musiccircles::queue::delivery::Refusal;
use musiccircles::source::ErrorKind;
use musiccircles::worker::Reason;

fn keys(lang: Lang) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets/locales")
        .join(lang.code());
    let texts = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let all: Vec<String> = texts.collect();
    let lines = all.iter().flat_map(|text| text.lines());
    let keys = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    keys.filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim().to_owned())
        .collect()
}

#[test]
fn both_languages_say_the_same_things() {
    let (ru, en) = (keys(Lang::Ru), keys(Lang::En));
    assert_eq!(ru.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(en.difference(&ru).collect::<Vec<_>>(), Vec::<&String>::new());
    for key in &ru {
        for lang in Lang::ALL {
            assert!(is_known(lang, key), "{key} cannot be read in {lang:?}");
        }
    }
}

/// The texts as they are written: key, and everything up to the next key.
fn written(lang: Lang, file: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets/locales")
        .join(lang.code())
        .join(file);
    let (mut texts, mut last) = (BTreeMap::<String, String>::new(), String::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let is_key = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((key, rest)) = line.split_once('=').filter(|_| is_key) {
            last = key.trim().to_owned();
            texts.insert(last.clone(), rest.to_owned());
        } else if let Some(text) = texts.get_mut(&last).filter(|_| line.starts_with(' ')) {
            text.push_str(line);
        }
    }
    texts
}

const FILES: [&str; 2] = ["talk.ftl", "errors.ftl"];

/// A gap that only one language has stays empty in the other.
#[test]
fn both_languages_have_the_same_gaps() {
    let gaps = |text: &str| -> BTreeSet<String> {
        let parts = text.split('$').skip(1);
        let name = |part: &str| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        parts.map(name).collect()
    };
    let mut filled = 0;
    for file in FILES {
        let (ru, en) = (written(Lang::Ru, file), written(Lang::En, file));
        assert_eq!(ru.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>(), "{file}");
        for (key, text) in &ru {
            assert_eq!(gaps(text), gaps(&en[key]), "{key}");
            filled += gaps(text).len();
        }
    }
    assert!(filled > 20, "only {filled} gaps were found");
}

/// What is told beside the errors when something did not go as somebody wished.
const DEAD_ENDS: [&str; 18] = [
    "send-a-song",
    "unknown-command",
    "query-too-long",
    "search-empty",
    "search-no-more",
    "search-off",
    "times-unclear",
    "times-backwards",
    "times-beyond",
    "tap-old",
    "tap-turned",
    "tap-copy",
    "cover-send",
    "files-gone",
    "recipe-unreadable",
    "recipe-gone",
    "status-set-aside",
    "status-unknown",
];

/// Nobody is left with "something went wrong".
#[test]
fn every_error_says_what_to_do_next() {
    let verbs = |lang| match lang {
        Lang::Ru => "ришли ыбери овтори опробуй ождись ажми ткрой ерни азреши апиши роверь тправь начала проси /help",
        Lang::En => "end hoose ry wait Wait ress pen ring llow ype heck Ask irst /help",
    };
    for lang in Lang::ALL {
        let errors = written(lang, "errors.ftl").into_keys();
        for key in errors.chain(DEAD_ENDS.map(str::to_owned)) {
            let line = Line::new(key.clone()).with("seconds", 5_i64).with("megabytes", 20_i64);
            let said = line.with("query", "a song").with("length", "3:00").plain(lang);
            assert!(
                verbs(lang).split(' ').any(|verb| said.contains(verb)),
                "{key} in {lang:?} is a dead end: {said}"
            );
        }
    }
}

/// Keys are written out in the sources: each of them has a text, and no text is left over.
#[test]
fn every_text_is_used_and_every_used_text_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut code) = (vec![root.join("bot"), root.join("source")], String::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => code.push_str(&std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    let known = keys(Lang::En);
    for key in &known {
        let quoted = format!("\"{key}\"");
        assert!(
            code.contains(&quoted) || key.starts_with("command-"),
            "nobody says {key}"
        );
    }
    for part in code.split("Line::new(\"").skip(1).chain(code.split("say(\"").skip(1)) {
        let key = part.split('"').next().unwrap();
        assert!(known.contains(key), "{key} has no text");
    }
}

#[test]
fn every_error_has_a_sentence() {
    let reasons = [
        Reason::SongMissing,
        Reason::SongEmpty,
        Reason::SongUnreadable,
        Reason::NotASong,
        Reason::OnlyACover,
        Reason::UnknownCodec,
        Reason::SongDamaged,
        Reason::SongTooShort,
        Reason::StartBeyondEnd,
        Reason::TooLittleLeft,
        Reason::CoverMissing,
        Reason::CoverTooLarge,
        Reason::CoverDamaged,
        Reason::LyricsDamaged,
        Reason::LyricsWithoutTimes,
        Reason::Look,
        Reason::Format,
        Reason::MomentOutside,
        Reason::TooFewBytes,
        Reason::DiskFull,
        Reason::Unwritable,
        Reason::Device,
        Reason::Encoder,
        Reason::Stopped,
        Reason::Mistake,
    ];
    let refusals = [
        Refusal::VoiceForbidden,
        Refusal::FileIdGone,
        Refusal::TooLarge,
        Refusal::ChatGone,
        Refusal::Unreachable,
        Refusal::Other,
    ];
    let keys = ErrorKind::ALL.into_iter().map(ErrorKind::text_key);
    let keys = keys.chain(reasons.into_iter().map(reason_key));
    let keys = keys.chain(refusals.into_iter().map(refusal_key));
    let keys = keys.chain(["file_gone", "timeout", "request", "device", "no such kind"].map(failure_key));
    for key in keys {
        for lang in Lang::ALL {
            assert!(is_known(lang, key), "{key} in {lang:?}");
            let said = Line::new(key).plain(lang);
            assert!(
                said.chars().count() >= 20 && said.ends_with(['.', '!', '?']),
                "{key}: {said}"
            );
        }
    }
}

#[test]
fn no_text_shows_what_nobody_must_see() {
    for lang in Lang::ALL {
        for key in keys(lang) {
            let said = Line::new(key.clone()).plain(lang);
            for hidden in [
                "/home", "/tmp", "/var", "://", "panicked", "Error", "None", "unwrap", "0x", "token",
            ] {
                assert!(!said.contains(hidden), "{key} in {lang:?} says {hidden}");
            }
        }
    }
}

#[test]
fn numbers_agree_with_their_nouns() {
    let said = |secs: i64, lang| Line::new("reject-queue-full").with("seconds", secs).plain(lang);
    for (secs, words) in [
        (1, "1 секунду"),
        (2, "2 секунды"),
        (5, "5 секунд"),
        (11, "11 секунд"),
        (21, "21 секунду"),
        (104, "104 секунды"),
    ] {
        assert!(
            said(secs, Lang::Ru).contains(&format!("{words}.")),
            "{}",
            said(secs, Lang::Ru)
        );
    }
    assert!(said(1, Lang::En).contains("1 second.") && said(2, Lang::En).contains("2 seconds."));
}

#[test]
fn names_are_shown_as_they_are() {
    let line = Line::new("search-empty").with("query", "<b>Tom & Jerry</b>");
    assert!(line.html(Lang::En).contains("“&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;”"));
    assert!(line.plain(Lang::En).contains("“<b>Tom & Jerry</b>”"));
}

#[test]
fn telegrams_language_chooses_ours() {
    for (code, lang) in [
        (Some("ru"), Lang::Ru),
        (Some("uk"), Lang::Ru),
        (Some("en-GB"), Lang::En),
        (Some("de"), Lang::En),
        (None, Lang::En),
    ] {
        assert_eq!(Lang::of_telegram(code), lang, "{code:?}");
    }
}
