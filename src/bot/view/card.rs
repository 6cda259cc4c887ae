//! The card: its words, and its buttons in each menu.

use super::{Page, Rows, button, key, name, part, theme_title};
use crate::bot::dialogue::{Card, CoverChoice, LyricsSearch, Menu, Rules};
use crate::bot::tap::{CardPress, LENGTHS_SECS, STEPS_SECS, Tap};
use crate::bot::texts::{Lang, Line, escape};
use crate::deliver::telegram::{Button, Press};

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
