//! What a button carries: `callback_data` of at most 64 bytes out and in. The first letter and digit name the kind and the
//! version of the form; nothing that comes in is believed, only compared with what the conversation knows.

use serde::{Deserialize, Serialize};

use crate::model::JobId;

/// Names one list or one card of a conversation: a tap on an older one is told apart.
pub type Serial = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tap {
    /// The nth song of all results, over the pages.
    Pick {
        serial: Serial,
        nth: u16,
    },
    Page {
        serial: Serial,
        forward: bool,
    },
    Card {
        serial: Serial,
        press: CardPress,
    },
    Job {
        job: JobId,
        press: JobPress,
    },
    Settings(SettingPress),
    /// A circle of the history, to begin from.
    History(JobId),
    Forget {
        yes: bool,
    },
}

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

impl Tap {
    pub fn data(self) -> String {
        match self {
            Self::Pick { serial, nth } => format!("p1:{serial}:{nth}"),
            Self::Page { serial, forward } => format!("g1:{serial}:{}", if forward { '>' } else { '<' }),
            Self::Card { serial, press } => format!("c1:{serial}:{}", press.data()),
            Self::Job { job, press } => format!("j1:{job}:{}", press.data()),
            Self::Settings(press) => format!("s1:{}", press.data()),
            Self::History(job) => format!("h1:{job}"),
            Self::Forget { yes } => format!("f1:{}", if yes { 'y' } else { 'n' }),
        }
    }

    /// `None`: none of ours, or of a form we no longer make.
    pub fn read(data: &str) -> Option<Self> {
        let (kind, rest) = data.split_once(':')?;
        let pair = || rest.split_once(':');
        let serial = || pair()?.0.parse().ok();
        Some(match kind {
            "p1" => Self::Pick {
                serial: serial()?,
                nth: pair()?.1.parse().ok()?,
            },
            "g1" => Self::Page {
                serial: serial()?,
                forward: match pair()?.1 {
                    ">" => true,
                    "<" => false,
                    _ => return None,
                },
            },
            "c1" => Self::Card {
                serial: serial()?,
                press: CardPress::read(pair()?.1)?,
            },
            "j1" => Self::Job {
                job: JobId(serial()?),
                press: JobPress::read(pair()?.1)?,
            },
            "s1" => Self::Settings(SettingPress::read(rest)?),
            "h1" => Self::History(JobId(rest.parse().ok()?)),
            "f1" if rest == "y" => Self::Forget { yes: true },
            "f1" if rest == "n" => Self::Forget { yes: false },
            _ => return None,
        })
    }
}

const PLAIN: [(CardPress, &str); 12] = [
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
    fn data(self) -> String {
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

    fn read(data: &str) -> Option<Self> {
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
    fn data(self) -> char {
        match self {
            Self::Cancel => 'x',
            Self::SendAgain => 'a',
            Self::Retry => 'r',
        }
    }

    fn read(data: &str) -> Option<Self> {
        [Self::Cancel, Self::SendAgain, Self::Retry]
            .into_iter()
            .find(|press| data.chars().eq([press.data()]))
    }
}

impl SettingPress {
    fn data(self) -> String {
        match self {
            Self::Russian => "ru".into(),
            Self::English => "en".into(),
            Self::Length(secs) => format!("l{secs}"),
            Self::NextTheme => "h".into(),
        }
    }

    fn read(data: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_is_short_and_read_back() {
        let serial = i64::MAX;
        let mut taps = vec![
            Tap::Pick { serial, nth: u16::MAX },
            Tap::Page { serial, forward: true },
            Tap::Page { serial, forward: false },
            Tap::History(JobId(i64::MAX)),
            Tap::Forget { yes: true },
            Tap::Forget { yes: false },
        ];
        let presses = PLAIN.iter().map(|(press, _)| *press).chain([CardPress::Back]);
        let presses = presses.chain((0..3).map(CardPress::Best));
        let presses = presses.chain(
            STEPS_SECS
                .into_iter()
                .flat_map(|s| [CardPress::Start(s), CardPress::End(s)]),
        );
        let presses = presses.chain(LENGTHS_SECS.map(CardPress::Length));
        taps.extend(presses.map(|press| Tap::Card { serial, press }));
        taps.extend(
            [JobPress::Cancel, JobPress::SendAgain, JobPress::Retry].map(|press| Tap::Job {
                job: JobId(serial),
                press,
            }),
        );
        taps.extend([SettingPress::Russian, SettingPress::English, SettingPress::NextTheme].map(Tap::Settings));
        for tap in taps {
            let data = tap.data();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(Tap::read(&data), Some(tap), "{data}");
        }
    }

    #[test]
    fn what_we_never_wrote_is_nothing() {
        for data in [
            "", "c1", "c1:", "c1:x:go", "c1:1:s7", "c1:1:l61", "c1:1:b3", "c0:1:go", "j1:1:z", "s1:l7", "f1:", "d:0",
        ] {
            assert_eq!(Tap::read(data), None, "{data}");
        }
    }
}
