//! What a button carries: `callback_data` of at most 64 bytes out and in. The first letter and digit name the kind and the
//! version of the form; nothing that comes in is believed, only compared with what the conversation knows.

mod press;

use crate::model::JobId;

pub use press::{CardPress, CirclePress, JobPress, LENGTHS_SECS, STEPS_SECS, SettingPress};

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

#[cfg(test)]
mod tests {
    use super::press::PLAIN;
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
