//! What a tap does to a conversation: on a song of a list, on the card, below a circle. A button of something that is no
//! longer current is answered kindly and changes nothing.

use super::step::say;
use super::{Action, Card, Menu, Preset, Reopen, Rules, Talk, What, changes_card};
use crate::bot::tap::{CardPress, CirclePress, JobPress, Serial, Tap};
use crate::bot::texts::Line;

impl Talk {
    pub(super) fn tapped(&mut self, query: String, message: i64, tap: Option<Tap>, rules: &Rules<'_>) -> Vec<Action> {
        match tap {
            None => vec![old(query)],
            Some(Tap::Pick { serial, nth }) => self.pick(query, serial, nth, rules),
            Some(Tap::Page { serial, forward }) => self.turn(query, serial, forward),
            Some(Tap::Card { serial, press }) => self.press(query, message, serial, press, rules),
            Some(Tap::Job { job, press }) => vec![match press {
                JobPress::Cancel => Action::CancelJob { query, job },
                JobPress::SendAgain => Action::SendAgain { query, job },
                JobPress::Retry => Action::Retry { query, job },
            }],
            Some(Tap::Settings(press)) => vec![
                Action::Prefer { press },
                answer(query),
                Action::ShowSettings { edit: Some(message) },
            ],
            Some(Tap::History(job)) => self.reopen(query, job, Reopen::Same, rules),
            Some(Tap::Forget { yes: true }) => {
                *self = Self {
                    lang: self.lang,
                    ..Self::default()
                };
                vec![answer(query), Action::Forget, close(message, "forgotten")]
            }
            Some(Tap::Forget { yes: false }) => vec![answer(query), close(message, "forget-kept")],
        }
    }

    fn pick(&mut self, query: String, serial: Serial, nth: u8, rules: &Rules<'_>) -> Vec<Action> {
        let list = self.list.as_ref().filter(|list| list.serial == serial);
        let Some(found) = list.and_then(|list| list.results.get(usize::from(nth))).cloned() else {
            return vec![old(query)];
        };
        let what = found.track.to_string();
        if self.fetching.as_ref().is_some_and(|fetching| fetching.what == what) {
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

    fn turn(&mut self, query: String, serial: Serial, forward: bool) -> Vec<Action> {
        let Some(list) = self.list.as_mut().filter(|list| list.serial == serial) else {
            return vec![old(query)];
        };
        if forward {
            let Some(next) = list.next.take() else {
                return vec![answer(query)];
            };
            list.starts.push(next);
        } else if list.starts.len() > 1 {
            list.starts.pop();
        } else {
            return vec![answer(query)];
        }
        let from = list.starts.last().copied().unwrap_or_default();
        let search = Action::Search {
            serial,
            query: list.query.clone(),
            from,
        };
        vec![answer(query), search]
    }

    fn press(
        &mut self,
        query: String,
        message: i64,
        serial: Serial,
        press: CardPress,
        rules: &Rules<'_>,
    ) -> Vec<Action> {
        let shown_here = |card: &&mut Card| card.serial == serial && card.message.is_none_or(|shown| shown == message);
        let Some(card) = self.card.as_mut().filter(shown_here) else {
            return vec![old(query)];
        };
        card.message = Some(message);
        match press {
            CardPress::Create => {
                card.menu = Menu::Main;
                let submit = card.submit(rules);
                let find = self.find_lyrics(rules);
                let then = if self.waits_for_lyrics(rules) {
                    find
                } else {
                    Some(submit)
                };
                return [answer_with(query, "accepted")].into_iter().chain(then).collect();
            }
            CardPress::NewSong => {
                self.forget_song();
                return vec![answer(query), say("ask-song")];
            }
            _ => debug_assert!(changes_card(press)),
        }
        if !card.press(press, rules) {
            let line = match press {
                CardPress::Best(_) if card.best.is_none() => "best-wait",
                CardPress::CoverOwn => "cover-send",
                _ => "tap-nothing",
            };
            return vec![answer_with(query, line)];
        }
        let drawn = matches!(
            press,
            CardPress::Preview | CardPress::Themes | CardPress::ThemeNext | CardPress::ThemePrevious
        );
        let mut actions = vec![if press == CardPress::Preview {
            answer_with(query, "drawing")
        } else {
            answer(query)
        }];
        if press != CardPress::Preview {
            actions.push(Action::Show(What::Card));
        }
        actions.extend(self.draw(rules).filter(|_| drawn));
        actions.extend(self.find_lyrics(rules));
        actions
    }

    pub(super) fn draw(&self, rules: &Rules<'_>) -> Option<Action> {
        self.card.as_ref().map(|card| Action::Draw {
            serial: card.serial,
            spec: Box::new(card.spec(rules)),
        })
    }

    pub(super) fn circle_tapped(
        &mut self,
        query: String,
        job: Option<crate::model::JobId>,
        press: CirclePress,
        rules: &Rules<'_>,
    ) -> Vec<Action> {
        let how = match press {
            CirclePress::AnotherMoment => Reopen::AnotherMoment,
            CirclePress::AnotherLook => Reopen::AnotherLook,
        };
        match job {
            Some(job) => self.reopen(query, job, how, rules),
            None => vec![old(query)],
        }
    }

    fn reopen(&mut self, query: String, job: crate::model::JobId, how: Reopen, rules: &Rules<'_>) -> Vec<Action> {
        let serial = self.begin(rules, &format!("job:{job}:{how:?}"));
        vec![answer(query), Action::Reopen { serial, job, how }]
    }
}

fn close(message: i64, key: &'static str) -> Action {
    Action::Close {
        message,
        line: Line::new(key),
    }
}

fn answer(query: String) -> Action {
    Action::Answer {
        query,
        line: None,
        alert: false,
    }
}

fn answer_with(query: String, key: &'static str) -> Action {
    Action::Answer {
        query,
        line: Some(Line::new(key)),
        alert: false,
    }
}

/// A button of a card that is no longer the current one, or never was.
fn old(query: String) -> Action {
    Action::Answer {
        query,
        line: Some(Line::new("tap-old")),
        alert: true,
    }
}
