//! The presses a button may carry, and how each is written: letters and digits that were agreed on, nothing else is read.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardPress {
    Create,
    Best(u8),
    Start(i8),
    End(i8),
    Length(u8),
    TypeTimes,
    Themes,
    ThemeNext,
    ThemePrevious,
    ThemeTake,
    Covers,
    CoverOwn,
    CoverTags,
    CoverDefault,
    Preview,
    NewSong,
    Back,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobPress {
    Cancel,
    SendAgain,
    Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingPress {
    Russian,
    English,
    Length(u8),
    NextTheme,
}

/// What the steps of the fragment's buttons are, in seconds.
pub const STEPS_SECS: [i8; 4] = [-5, -1, 1, 5];
/// The lengths offered, in seconds.
pub const LENGTHS_SECS: [u8; 4] = [15, 30, 45, 60];

pub(super) const PLAIN: [(CardPress, &str); 12] = [
    (CardPress::Create, "go"),
    (CardPress::TypeTimes, "t"),
    (CardPress::Themes, "h"),
    (CardPress::ThemeNext, "h>"),
    (CardPress::ThemePrevious, "h<"),
    (CardPress::ThemeTake, "hy"),
    (CardPress::Covers, "c"),
    (CardPress::CoverOwn, "co"),
    (CardPress::CoverTags, "ct"),
    (CardPress::CoverDefault, "cd"),
    (CardPress::Preview, "p"),
    (CardPress::NewSong, "n"),
];

impl CardPress {
    pub(super) fn data(self) -> String {
        match self {
            Self::Best(nth) => format!("b{nth}"),
            Self::Start(secs) => format!("s{secs}"),
            Self::End(secs) => format!("e{secs}"),
            Self::Length(secs) => format!("l{secs}"),
            Self::Back => "x".into(),
            plain => PLAIN
                .iter()
                .find(|(press, _)| *press == plain)
                .map_or("x", |(_, data)| data)
                .into(),
        }
    }

    pub(super) fn read(data: &str) -> Option<Self> {
        if data == "x" {
            return Some(Self::Back);
        }
        if let Some((press, _)) = PLAIN.iter().find(|(_, plain)| *plain == data) {
            return Some(*press);
        }
        let number = data.get(1..)?;
        let step = || number.parse().ok().filter(|step| STEPS_SECS.contains(step));
        match data.get(..1)? {
            "b" => number.parse().ok().filter(|nth| *nth < 3).map(Self::Best),
            "s" => step().map(Self::Start),
            "e" => step().map(Self::End),
            "l" => number
                .parse()
                .ok()
                .filter(|secs| LENGTHS_SECS.contains(secs))
                .map(Self::Length),
            _ => None,
        }
    }
}

impl JobPress {
    pub(super) fn data(self) -> char {
        match self {
            Self::Cancel => 'x',
            Self::SendAgain => 'a',
            Self::Retry => 'r',
        }
    }

    pub(super) fn read(data: &str) -> Option<Self> {
        [Self::Cancel, Self::SendAgain, Self::Retry]
            .into_iter()
            .find(|press| data.chars().eq([press.data()]))
    }
}

impl SettingPress {
    pub(super) fn data(self) -> String {
        match self {
            Self::Russian => "ru".into(),
            Self::English => "en".into(),
            Self::Length(secs) => format!("l{secs}"),
            Self::NextTheme => "h".into(),
        }
    }

    pub(super) fn read(data: &str) -> Option<Self> {
        Some(match data {
            "ru" => Self::Russian,
            "en" => Self::English,
            "h" => Self::NextTheme,
            _ => {
                let secs = data.strip_prefix('l')?.parse().ok()?;
                Self::Length(Some(secs).filter(|secs| LENGTHS_SECS.contains(secs))?)
            }
        })
    }
}

/// What the buttons below a sent circle do, behind the delivery's marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CirclePress {
    AnotherMoment,
    AnotherLook,
}

impl CirclePress {
    pub fn action(self) -> &'static str {
        match self {
            Self::AnotherMoment => "m",
            Self::AnotherLook => "l",
        }
    }

    pub fn read(action: &str) -> Option<Self> {
        [Self::AnotherMoment, Self::AnotherLook]
            .into_iter()
            .find(|press| press.action() == action)
    }
}
