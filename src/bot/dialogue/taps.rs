//! What a tap does to a conversation: on a song of a list, on the card, below a circle. A button of something that is no
//! longer current is answered kindly and changes nothing.

use super::step::say;
use super::{Action, Menu, Reopen, Rules, Talk, What, changes_card};
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
            // In a group anybody can tap.
            Some(Tap::Forget { .. }) if !self.forget_asked => vec![old(query)],
            Some(Tap::Forget { yes: true }) => {
                *self = Self {
                    lang: self.lang,
                    ..Self::default()
                };
                vec![answer(query), Action::Forget, close(message, "forgotten")]
            }
            Some(Tap::Forget { yes: false }) => {
                self.forget_asked = false;
                vec![answer(query), close(message, "forget-kept")]
            }
        }
    }

    fn press(
        &mut self,
        query: String,
        message: i64,
        serial: Serial,
        press: CardPress,
        rules: &Rules<'_>,
    ) -> Vec<Action> {
        let Some(card) = self.card.as_mut().filter(|card| card.serial == serial) else {
            return vec![old(query)];
        };
        // An older copy may show another moment than the one that would be made.
        if card.message.is_some_and(|shown| shown != message) {
            return vec![answer_with(query, "tap-copy")];
        }
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
        if drawn {
            actions.extend(self.draw(rules));
        }
        actions.extend(self.find_lyrics(rules));
        actions
    }

    pub(super) fn draw(&mut self, rules: &Rules<'_>) -> Option<Action> {
        let card = self.card.as_mut()?;
        card.drawing = Some(rules.serial);
        Some(Action::Draw {
            serial: card.serial,
            nth: rules.serial,
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
        let what = format!("job:{job}:{how:?}");
        if self.is_fetching_what(&what) {
            return vec![answer(query)];
        }
        let serial = self.begin(rules, &what);
        vec![answer(query), Action::Reopen { serial, job, how }]
    }
}

fn close(message: i64, key: &'static str) -> Action {
    Action::Close {
        message,
        line: Line::new(key),
    }
}

pub(super) fn answer(query: String) -> Action {
    Action::Answer {
        query,
        line: None,
        alert: false,
    }
}

pub(super) fn answer_with(query: String, key: &'static str) -> Action {
    Action::Answer {
        query,
        line: Some(Line::new(key)),
        alert: false,
    }
}

/// A button of a card that is no longer the current one, or never was.
pub(super) fn old(query: String) -> Action {
    Action::Answer {
        query,
        line: Some(Line::new("tap-old")),
        alert: true,
    }
}
