//! What each button of the card changes.

use super::card::{MAX_MS, MIN_MS};
use super::{Card, CoverChoice, Menu, Picture, Rules};
use crate::bot::tap::CardPress;

impl Card {
    /// What a press changes. `false`: nothing can be done with it now.
    pub fn press(&mut self, press: CardPress, rules: &Rules<'_>) -> bool {
        let themes = rules.themes.len().max(1);
        match press {
            CardPress::Best(nth) => {
                let part = self.best.as_ref().and_then(|best| best.get(usize::from(nth))).copied();
                let Some((start_ms, length_ms)) = part else {
                    return false;
                };
                self.set_part(start_ms, length_ms);
                self.touched = true;
            }
            CardPress::Start(secs) => self.move_start(secs),
            CardPress::End(secs) => self.move_end(secs),
            CardPress::Length(secs) => {
                let length_ms = (u64::from(secs) * 1000).min(self.song.duration_ms);
                let latest = self.song.duration_ms - length_ms;
                self.set_part(self.start_ms.min(latest), length_ms);
                self.touched = true;
            }
            CardPress::TypeTimes => self.menu = Menu::Typing,
            CardPress::Themes => {
                let at = rules.themes.iter().position(|name| *name == self.look.theme);
                self.menu = Menu::Themes(at.unwrap_or(0));
            }
            CardPress::ThemeNext | CardPress::ThemePrevious => {
                let Menu::Themes(at) = self.menu else { return false };
                let step = if press == CardPress::ThemeNext { 1 } else { themes - 1 };
                self.menu = Menu::Themes((at + step) % themes);
            }
            CardPress::ThemeTake => {
                let Menu::Themes(at) = self.menu else { return false };
                let Some(name) = rules.themes.get(at) else { return false };
                if self.look.theme != *name {
                    self.look.theme.clone_from(name);
                    self.look.settings.clear();
                }
                self.menu = Menu::Main;
            }
            CardPress::Covers => self.menu = Menu::Covers,
            CardPress::CoverOwn if self.own_cover.is_none() => return false,
            CardPress::CoverOwn => self.take_cover(CoverChoice::Own),
            CardPress::CoverTags => self.take_cover(CoverChoice::Song),
            CardPress::CoverDefault => self.take_cover(CoverChoice::Default),
            CardPress::Back => {
                if matches!(self.menu, Menu::Themes(_)) {
                    (self.picture, self.drawing) = (Picture::Cover, None);
                }
                self.menu = Menu::Main;
            }
            CardPress::Preview | CardPress::Create | CardPress::NewSong => {}
        }
        true
    }

    fn take_cover(&mut self, cover: CoverChoice) {
        (self.cover, self.menu) = (cover, Menu::Main);
        (self.picture, self.drawing) = (Picture::Cover, None);
    }

    /// The end stays, unless the part would become too short or too long.
    fn move_start(&mut self, secs: i8) {
        let step_ms = i64::from(secs) * 1000;
        let start_ms = self.start_ms.saturating_add_signed(step_ms);
        let latest = self.song.duration_ms.saturating_sub(MIN_MS);
        let start_ms = start_ms.min(latest);
        let end_ms = self.end_ms();
        self.set_part(start_ms, end_ms.saturating_sub(start_ms).clamp(MIN_MS, MAX_MS));
        self.touched = true;
    }

    /// The start stays, unless the part would become too short or too long.
    fn move_end(&mut self, secs: i8) {
        let step_ms = i64::from(secs) * 1000;
        let end_ms = self.end_ms().saturating_add_signed(step_ms);
        let end_ms = end_ms.clamp(MIN_MS, self.song.duration_ms.max(MIN_MS));
        let start_ms = self.start_ms.min(end_ms - MIN_MS).max(end_ms.saturating_sub(MAX_MS));
        self.set_part(start_ms, end_ms - start_ms);
        self.touched = true;
    }
}
