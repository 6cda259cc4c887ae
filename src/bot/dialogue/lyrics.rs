//! A song's words in a conversation: sent as a file, or looked for when a look is chosen that shows them.

use super::step::say;
use super::{Action, LyricsSearch, Menu, Rules, Talk, What};
use crate::model::Blob;

impl Talk {
    /// Somebody sent words: of this song, or of the one that is on its way or comes next.
    pub(super) fn got_lyrics(&mut self, lyrics: Blob, rules: &Rules<'_>) -> Vec<Action> {
        let coming = self.fetching.is_some();
        let Some(card) = self.card.as_mut().filter(|_| !coming) else {
            self.lyrics = Some(lyrics);
            return vec![say("lyrics-kept")];
        };
        card.song.lyrics = Some(lyrics);
        card.lyrics_search = LyricsSearch::Over;
        let line = if card.shows_lyrics(rules) {
            "lyrics-set"
        } else {
            // Words are for a look that shows them: it is held out, to be taken with one tap.
            let at = rules.themes.iter().position(|name| rules.lyric_themes.contains(name));
            card.menu = at.map_or(card.menu, Menu::Themes);
            "lyrics-offer"
        };
        let is_gallery = matches!(card.menu, Menu::Themes(_));
        let mut actions = vec![Action::Show(What::Card)];
        actions.extend(self.draw(rules).filter(|_| is_gallery));
        actions.push(say(line));
        actions
    }

    /// Begins to look for the words of the song, if the look on show needs them and nobody looked yet.
    pub(super) fn find_lyrics(&mut self, rules: &Rules<'_>) -> Option<Action> {
        let card = self.card.as_mut()?;
        let wanted = rules.knows_lyrics && card.shows_lyrics(rules) && !card.song.has_lyrics();
        if !wanted || card.lyrics_search != LyricsSearch::NotYet {
            return None;
        }
        card.lyrics_search = LyricsSearch::Running { then_create: false };
        Some(Action::FindLyrics(Box::new(card.song.clone())))
    }

    /// A circle is wanted while its words are looked for: it is asked for when that is over. `false`: nobody looks.
    pub(super) fn waits_for_lyrics(&mut self, rules: &Rules<'_>) -> bool {
        let Some(card) = &mut self.card else { return false };
        let waits = card.shows_lyrics(rules) && matches!(card.lyrics_search, LyricsSearch::Running { .. });
        if waits {
            card.lyrics_search = LyricsSearch::Running { then_create: true };
        }
        waits
    }

    pub(super) fn lyrics_found(&mut self, sha256: &str, lyrics: Option<Blob>, rules: &Rules<'_>) -> Vec<Action> {
        let Some(card) = self.card.as_mut().filter(|card| card.song.file.sha256 == sha256) else {
            return vec![];
        };
        let LyricsSearch::Running { then_create } = card.lyrics_search else {
            // Somebody sent them meanwhile.
            return vec![];
        };
        card.lyrics_search = LyricsSearch::Over;
        let found = lyrics.is_some();
        card.song.lyrics = lyrics;
        let redraw = found && card.shows_lyrics(rules) && matches!(card.menu, Menu::Themes(_));
        let submit = then_create.then(|| card.submit(rules));
        let mut actions = vec![Action::Show(What::Card)];
        actions.extend(self.draw(rules).filter(|_| redraw));
        actions.extend(submit);
        actions
    }
}
