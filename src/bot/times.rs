//! Times as a person types them: a text in, the part of the song they mean out. `30 75`, `0:30 - 1:15`, `1:05`, `с 30 по 45`,
//! `30 секунд с 1:20`, `from 1:20 for 15 s`... What it cannot read it says so; nothing is guessed from words it does not know.

mod items;

use crate::model::limits::{MAX_FRAGMENT, MIN_FRAGMENT};

use items::{Item, Moment, items};

const MAX_MS: u64 = MAX_FRAGMENT.as_millis() as u64;
const MIN_MS: u64 = MIN_FRAGMENT.as_millis() as u64;
/// Nobody needs more to name two times.
const MAX_CHARS: usize = 80;

/// What a text asks for, in milliseconds of the song.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Start(u64),
    End(u64),
    Length(u64),
    Range { start: u64, end: u64 },
    Piece { start: u64, length: u64 },
    ToEnd { start: u64 },
    Last(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimesError {
    EndBeforeStart,
    BeyondEnd,
}

/// A part of a song, and whether less of it was taken than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub start_ms: u64,
    pub length_ms: u64,
    pub cut: bool,
}

impl Wanted {
    /// Whether it can be nothing but times: a bare number may also be the name of a song.
    pub fn is_plain(text: &str) -> bool {
        let numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|digits| !digits.is_empty());
        numbers.count() > 1
    }

    /// What becomes of the part that is chosen now.
    pub fn apply(self, now: Part, song_ms: u64) -> Result<Part, TimesError> {
        let (start, end) = match self {
            Self::Start(start) => (start, start.saturating_add(now.length_ms).min(song_ms.max(start))),
            Self::End(end) if end <= now.start_ms => (end.saturating_sub(now.length_ms), end),
            Self::End(end) => (now.start_ms, end),
            Self::Length(length) => {
                let length = length.min(MAX_MS).min(song_ms);
                let start = now.start_ms.min(song_ms.saturating_sub(length));
                (start, start + length)
            }
            Self::Range { start, end } if end <= start => return Err(TimesError::EndBeforeStart),
            Self::Range { start, end } => (start, end),
            Self::Piece { start, length } => (start, start.saturating_add(length)),
            Self::ToEnd { start } => (start, song_ms.max(start)),
            Self::Last(length) => (song_ms.saturating_sub(length), song_ms),
        };
        if start.saturating_add(MIN_MS) > song_ms {
            return Err(TimesError::BeyondEnd);
        }
        let asked = end - start;
        let length_ms = asked.min(MAX_MS).min(song_ms - start);
        let cut = length_ms < asked && !matches!(self, Self::Start(_));
        Ok(Part {
            start_ms: start,
            length_ms: length_ms.max(MIN_MS),
            cut,
        })
    }
}

/// Reads a text. `None`: it is not times.
pub fn parse(text: &str) -> Option<Wanted> {
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    use Item::{End, First, For, From, Last, Time, To};
    let items = items(&text.to_lowercase())?;
    let wanted = match *items.as_slice() {
        [Time(t)] if t.is_length => Wanted::Length(t.ms),
        [Time(t)] | [From, Time(t)] => Wanted::Start(t.ms),
        [To, Time(t)] => Wanted::End(t.ms),
        [For, Time(t)] => Wanted::Length(t.ms),
        [First, Time(t)] => Wanted::Piece { start: 0, length: t.ms },
        [Last, Time(t)] => Wanted::Last(t.ms),
        [Time(a), Time(b)] | [From, Time(a), Time(b)] if b.is_length && !a.is_length => piece(a, b),
        [Time(a), Time(b)] if a.is_length && !b.is_length => piece(b, a),
        [Time(a), Time(b)] | [From, Time(a), Time(b)] => range(a, b),
        [Time(a), To, Time(b)] | [From, Time(a), To, Time(b)] => range(a, b),
        [Time(a), From, Time(b)] | [For, Time(a), From, Time(b)] => piece(b, a),
        [Time(a), For, Time(b)] | [From, Time(a), For, Time(b)] => piece(a, b),
        [Time(t), To, End] | [From, Time(t), To, End] => Wanted::ToEnd { start: t.ms },
        _ => return None,
    };
    Some(wanted)
}

fn range(a: Moment, b: Moment) -> Wanted {
    Wanted::Range { start: a.ms, end: b.ms }
}

fn piece(start: Moment, length: Moment) -> Wanted {
    Wanted::Piece {
        start: start.ms,
        length: length.ms,
    }
}
