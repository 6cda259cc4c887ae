//! What was found for a name: pages of songs, turned and picked from. A tap counts only where it shows what was meant.

use serde::{Deserialize, Serialize};

use super::step::say;
use super::taps::{answer, answer_with, old};
use super::{Action, Preset, Rules, Talk, What};
use crate::bot::tap::Serial;
use crate::bot::texts::Line;
use crate::model::Found;
use crate::source::Cursor;

/// Songs on a page of results.
pub const PAGE: usize = 5;

/// Results of a search, a page of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List {
    pub serial: Serial,
    pub query: String,
    /// Where each page begins, as far as they are known.
    pub starts: Vec<Cursor>,
    /// The page that is shown, and the songs on it.
    pub page: usize,
    pub results: Vec<Found>,
    /// The page that is being searched for.
    pub asked: Option<usize>,
    /// The message that shows it.
    pub message: Option<i64>,
}

impl List {
    pub fn has_next(&self) -> bool {
        self.starts.len() > self.page + 1
    }

    /// Where the page begins that is being searched for.
    pub fn asked_from(&self) -> Option<Cursor> {
        self.starts.get(self.asked?).copied()
    }
}

impl Talk {
    pub(super) fn search(&mut self, query: &str, rules: &Rules<'_>) -> Vec<Action> {
        let (serial, from) = (rules.serial, Cursor::default());
        self.list = Some(List {
            serial,
            query: query.to_owned(),
            starts: vec![from],
            page: 0,
            results: vec![],
            asked: Some(0),
            message: None,
        });
        vec![Action::Search {
            serial,
            query: query.to_owned(),
            from,
        }]
    }

    pub(super) fn searched(
        &mut self,
        serial: Serial,
        from: Cursor,
        results: Vec<Found>,
        next: Option<Cursor>,
        trouble: Option<Line>,
    ) -> Vec<Action> {
        let Some(list) = self.list.as_mut().filter(|list| list.serial == serial) else {
            return vec![];
        };
        // What comes late of a page that was left again is not shown.
        let Some(page) = list.asked.filter(|_| list.asked_from() == Some(from)) else {
            return vec![];
        };
        list.asked = None;
        if !results.is_empty() {
            list.starts.truncate(page + 1);
            list.starts.extend(next);
            (list.page, list.results) = (page, results);
            return vec![Action::Show(What::List)];
        }
        if !list.results.is_empty() {
            // The page that was there stays; after a failure the other one can be asked for again.
            return match trouble {
                Some(trouble) => vec![Action::Say(trouble)],
                None => {
                    list.starts.truncate(page);
                    vec![Action::Show(What::List), say("search-no-more")]
                }
            };
        }
        let nothing = Line::new("search-empty").with("query", list.query.as_str());
        self.list = None;
        vec![Action::Say(trouble.unwrap_or(nothing))]
    }

    pub(super) fn pick(&mut self, query: String, serial: Serial, nth: u16, rules: &Rules<'_>) -> Vec<Action> {
        let Some(list) = self.list.as_mut().filter(|list| list.serial == serial) else {
            return vec![old(query)];
        };
        let (page, nth) = (usize::from(nth) / PAGE, usize::from(nth) % PAGE);
        let Some(found) = list.results.get(nth).filter(|_| list.page == page).cloned() else {
            // The finger was faster than the new page.
            return vec![answer_with(query, "tap-turned")];
        };
        let what = found.track.to_string();
        if self.is_fetching_what(&what) {
            return vec![answer(query)];
        }
        let serial = self.begin(rules, &what);
        let fetch = Action::Fetch {
            serial,
            found: Box::new(found),
            preset: Preset::default(),
        };
        vec![answer(query), fetch]
    }

    pub(super) fn turn(&mut self, query: String, serial: Serial, forward: bool) -> Vec<Action> {
        let Some(list) = self.list.as_mut().filter(|list| list.serial == serial) else {
            return vec![old(query)];
        };
        let at = list.asked.unwrap_or(list.page);
        let wanted = if forward { Some(at + 1) } else { at.checked_sub(1) };
        let Some((page, from)) = wanted.and_then(|page| Some((page, *list.starts.get(page)?))) else {
            return vec![answer(query)];
        };
        list.asked = Some(page);
        let search = Action::Search {
            serial,
            query: list.query.clone(),
            from,
        };
        vec![answer(query), search]
    }
}
