//! What a conversation looks like: its state in, the words and buttons of a message out. Pure.

use super::dialogue::{Card, CoverChoice, List, LyricsSearch, Menu, PAGE, Prefs, Rules};
use super::tap::{CardPress, JobPress, LENGTHS_SECS, STEPS_SECS, SettingPress, Tap};
use super::texts::{Lang, Line, escape};
use crate::deliver::telegram::{Button, Press};
use crate::model::{Found, JobId};
use crate::scene::theme;

pub type Rows = Vec<Vec<Button>>;

/// A message: Telegram's HTML, and the buttons below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub html: String,
    pub rows: Rows,
}

/// A caption may have 1024 characters, and names are somebody else's.
const MAX_NAME_CHARS: usize = 120;

pub fn button(lang: Lang, line: &Line, tap: Tap) -> Button {
    Button {
        text: line.plain(lang),
        press: Press::Callback(tap.data()),
    }
}

fn key(lang: Lang, key: &'static str, tap: Tap) -> Button {
    button(lang, &Line::new(key), tap)
}

/// `Artist — Title`, as much as is known.
pub fn name(title: Option<&str>, artist: Option<&str>, lang: Lang) -> String {
    let name = match (
        artist.filter(|text| !text.is_empty()),
        title.filter(|text| !text.is_empty()),
    ) {
        (Some(artist), Some(title)) => format!("{artist} — {title}"),
        (None, Some(name)) | (Some(name), None) => name.to_owned(),
        (None, None) => Line::new("card-untitled").plain(lang),
    };
    short(&name)
}

fn short(text: &str) -> String {
    if text.chars().count() <= MAX_NAME_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MAX_NAME_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}

pub fn clock(ms: u64) -> String {
    crate::model::time::show_time(std::time::Duration::from_millis(ms))
}

/// What people call a theme.
pub fn theme_title(name: &str, lang: Lang) -> String {
    let Ok(theme) = theme::find(name) else {
        return name.to_owned();
    };
    let title = &theme.manifest.title;
    match lang {
        Lang::Ru => title.ru.clone(),
        Lang::En => title.en.clone(),
    }
}

/// Whole seconds, for sentences.
fn seconds(ms: u64) -> i64 {
    i64::try_from((ms + 500) / 1000).unwrap_or(i64::MAX)
}

pub fn part(start_ms: u64, length_ms: u64) -> Line {
    Line::new("card-part")
        .with("start", clock(start_ms))
        .with("end", clock(start_ms + length_ms))
        .with("seconds", seconds(length_ms))
}

pub fn list(list: &List, lang: Lang) -> Page {
    let mut html = Line::new("list-title").with("query", short(&list.query)).html(lang);
    html.push('\n');
    for (nth, found) in list.results.iter().enumerate() {
        html.push_str(&format!("\n{}. {}", nth + 1, escape(&song_line(found, lang))));
    }
    if list.results.iter().any(|found| found.preview_only) {
        html.push_str("\n\n");
        html.push_str(&Line::new("list-preview").html(lang));
    }
    let serial = list.serial;
    let numbers = (0..list.results.len().min(PAGE)).map(|nth| Button {
        text: (nth + 1).to_string(),
        press: Press::Callback(Tap::Pick { serial, nth: nth as u8 }.data()),
    });
    let mut turns = Vec::new();
    if list.starts.len() > 1 {
        turns.push(key(lang, "button-page-previous", Tap::Page { serial, forward: false }));
    }
    if list.next.is_some() {
        turns.push(key(lang, "button-page-next", Tap::Page { serial, forward: true }));
    }
    let rows = [numbers.collect(), turns]
        .into_iter()
        .filter(|row: &Vec<_>| !row.is_empty());
    Page {
        html,
        rows: rows.collect(),
    }
}

fn song_line(found: &Found, lang: Lang) -> String {
    let artist = found.artist();
    let mut line = name(Some(&found.title), Some(&artist), lang);
    if let Some(length) = found.duration {
        line.push_str(&format!(" · {}", clock(length.as_secs() * 1000)));
    }
    for (sign, shown) in [(" 🅴", found.explicit), (" ✂️", found.preview_only)] {
        line.push_str(if shown { sign } else { "" });
    }
    line
}

pub fn card(card: &Card, rules: &Rules<'_>) -> Page {
    let lang = rules.prefs.lang;
    let song = &card.song;
    let mut lines = vec![format!(
        "🎵 <b>{}</b>",
        escape(&name(song.title.as_deref(), song.artist.as_deref(), lang))
    )];
    lines.push(part(card.start_ms, card.length_ms).html(lang));
    let theme = theme_title(card.theme_on_show(rules), lang);
    lines.push(match card.menu {
        Menu::Themes(at) => Line::new("card-theme-gallery")
            .with("theme", theme)
            .with("nth", at as i64 + 1)
            .with("count", rules.themes.len() as i64)
            .html(lang),
        _ => Line::new("card-theme").with("theme", theme).html(lang),
    });
    let cover = match card.cover {
        CoverChoice::Own => "card-cover-own",
        CoverChoice::Song => "card-cover-song",
        CoverChoice::Default => "card-cover-default",
    };
    lines.push(Line::new(cover).html(lang));
    if let Some(words) = lyrics_line(card, rules) {
        lines.push(Line::new(words).html(lang));
    }
    if song.preview_only {
        lines.push(Line::new("card-preview-only").html(lang));
    }
    match card.menu {
        Menu::Typing => lines.push(format!("\n{}", Line::new("times-ask").html(lang))),
        Menu::Covers => lines.push(format!("\n{}", Line::new("card-covers").html(lang))),
        Menu::Main | Menu::Themes(_) => {}
    }
    Page {
        html: lines.join("\n"),
        rows: card_rows(card, lang),
    }
}

/// What the card says of the song's words.
fn lyrics_line(card: &Card, rules: &Rules<'_>) -> Option<&'static str> {
    let shown = card.shows_lyrics(rules);
    match card.lyrics_search {
        _ if card.song.lyrics.is_some() || shown && card.song.tag_lyrics => Some("card-lyrics"),
        LyricsSearch::Running { .. } if shown => Some("card-lyrics-search"),
        _ if shown => Some("card-lyrics-none"),
        _ => None,
    }
}

fn card_rows(card: &Card, lang: Lang) -> Rows {
    let tap = |press| Tap::Card {
        serial: card.serial,
        press,
    };
    let plain = |name, press| key(lang, name, tap(press));
    match card.menu {
        Menu::Main => main_rows(card, lang, &tap),
        Menu::Typing => vec![vec![plain("button-back", CardPress::Back)]],
        Menu::Themes(_) => vec![
            vec![
                Button {
                    text: "◀️".into(),
                    press: Press::Callback(tap(CardPress::ThemePrevious).data()),
                },
                plain("button-take", CardPress::ThemeTake),
                Button {
                    text: "▶️".into(),
                    press: Press::Callback(tap(CardPress::ThemeNext).data()),
                },
            ],
            vec![plain("button-back", CardPress::Back)],
        ],
        Menu::Covers => vec![
            vec![
                plain("button-cover-own", CardPress::CoverOwn),
                plain("button-cover-song", CardPress::CoverTags),
                plain("button-cover-default", CardPress::CoverDefault),
            ],
            vec![plain("button-back", CardPress::Back)],
        ],
    }
}

fn main_rows(card: &Card, lang: Lang, tap: &impl Fn(CardPress) -> Tap) -> Rows {
    let line = |line: Line, press| button(lang, &line, tap(press));
    let plain = |name, press| key(lang, name, tap(press));
    let signed = |secs: i8| {
        if secs > 0 {
            format!("+{secs}")
        } else {
            format!("−{}", -i16::from(secs))
        }
    };
    let best = card.best.as_deref().unwrap_or_default().iter().take(3).enumerate();
    let best = best.map(|(nth, _)| {
        let label = Line::new("button-best").with("nth", nth as i64 + 1);
        line(label, CardPress::Best(nth as u8))
    });
    let starts = STEPS_SECS.map(|secs| {
        let label = Line::new("button-start").with("step", signed(secs));
        line(label, CardPress::Start(secs))
    });
    let ends = STEPS_SECS.map(|secs| {
        let label = Line::new("button-end").with("step", signed(secs));
        line(label, CardPress::End(secs))
    });
    let lengths = LENGTHS_SECS.map(|secs| {
        let label = Line::new("button-length").with("seconds", i64::from(secs));
        line(label, CardPress::Length(secs))
    });
    let rows: Rows = vec![
        vec![plain("button-create", CardPress::Create)],
        best.collect(),
        starts.to_vec(),
        ends.to_vec(),
        lengths.to_vec(),
        vec![
            plain("button-times", CardPress::TypeTimes),
            plain("button-theme", CardPress::Themes),
            plain("button-cover", CardPress::Covers),
        ],
        vec![
            plain("button-preview", CardPress::Preview),
            plain("button-new", CardPress::NewSong),
        ],
    ];
    rows.into_iter().filter(|row| !row.is_empty()).collect()
}

pub fn settings(prefs: &Prefs) -> Page {
    let lang = prefs.lang;
    let tap = Tap::Settings;
    let own_name = |text: &str, press| Button {
        text: text.into(),
        press: Press::Callback(tap(press).data()),
    };
    let lengths = LENGTHS_SECS.map(|secs| {
        let label = Line::new("button-length").with("seconds", i64::from(secs));
        button(lang, &label, tap(SettingPress::Length(secs)))
    });
    Page {
        html: Line::new("settings-title")
            .with("seconds", i64::from(prefs.length_secs))
            .with("theme", theme_title(&prefs.theme, lang))
            .html(lang),
        rows: vec![
            vec![
                own_name("🇷🇺 Русский", SettingPress::Russian),
                own_name("🇬🇧 English", SettingPress::English),
            ],
            lengths.to_vec(),
            vec![key(lang, "button-theme-next", tap(SettingPress::NextTheme))],
        ],
    }
}

/// An earlier circle, as the history shows it.
pub struct Past {
    pub job: JobId,
    pub song: String,
    pub start_ms: u64,
    pub length_ms: u64,
}

pub fn history(past: &[Past], lang: Lang) -> Page {
    if past.is_empty() {
        return Page {
            html: Line::new("history-empty").html(lang),
            rows: vec![],
        };
    }
    let lines = past.iter().enumerate().map(|(nth, past)| {
        Line::new("history-line")
            .with("nth", nth as i64 + 1)
            .with("song", past.song.as_str())
            .with("start", clock(past.start_ms))
            .with("end", clock(past.start_ms + past.length_ms))
            .html(lang)
    });
    let title = Line::new("history-title").html(lang);
    let lines: Vec<_> = [title, String::new()].into_iter().chain(lines).collect();
    let numbers = past.iter().enumerate().map(|(nth, past)| Button {
        text: (nth + 1).to_string(),
        press: Press::Callback(Tap::History(past.job).data()),
    });
    Page {
        html: lines.join("\n"),
        rows: vec![numbers.collect()],
    }
}

pub fn ask_forget(lang: Lang) -> Page {
    Page {
        html: Line::new("forget-ask").html(lang),
        rows: vec![vec![
            key(lang, "button-forget-yes", Tap::Forget { yes: true }),
            key(lang, "button-forget-no", Tap::Forget { yes: false }),
        ]],
    }
}

pub fn job_button(lang: Lang, job: JobId, press: JobPress) -> Rows {
    let name = match press {
        JobPress::Cancel => "button-cancel",
        JobPress::SendAgain => "button-send-again",
        JobPress::Retry => "button-retry",
    };
    vec![vec![key(lang, name, Tap::Job { job, press })]]
}

/// A plain sentence.
pub fn line(line: &Line, lang: Lang) -> Page {
    Page {
        html: line.html(lang),
        rows: vec![],
    }
}
