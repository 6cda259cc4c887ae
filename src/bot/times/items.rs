//! The words and numbers of a time as they are typed, told apart; what they mean together is said one step above.

/// More items than the longest form has.
const MAX_ITEMS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub ms: u64,
    /// `30 секунд`, `1 minute`: alone it is how long, not where.
    pub is_length: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Time(Moment),
    From,
    To,
    For,
    First,
    Last,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Minutes,
    Seconds,
    Item(Item),
    Start,
    /// Says nothing that matters here.
    Nothing,
}

fn word(text: &str) -> Option<Word> {
    Some(match text {
        "m" | "min" | "mins" | "minute" | "minutes" | "м" | "мин" | "минут" | "минута" | "минуты" | "минуту"
        | "минуте" => Word::Minutes,
        "s" | "sec" | "secs" | "second" | "seconds" | "сек" | "секунд" | "секунда" | "секунды" | "секунду"
        | "секунде" => Word::Seconds,
        "с" | "со" | "от" | "from" | "at" => Word::Item(Item::From),
        "до" | "по" | "to" | "till" | "until" => Word::Item(Item::To),
        "на" | "for" | "длиной" | "длительностью" => Word::Item(Item::For),
        "первые" | "первая" | "первую" | "first" => Word::Item(Item::First),
        "последние" | "последняя" | "последнюю" | "last" => Word::Item(Item::Last),
        "конца" | "конец" | "end" => Word::Item(Item::End),
        "начала" | "начало" | "начале" | "beginning" | "start" => Word::Start,
        "начиная" | "the" | "of" | "and" | "и" | "песни" | "трека" | "song" | "track" | "давай" | "please" => {
            Word::Nothing
        }
        _ => return None,
    })
}

/// A number as it stands there.
#[derive(Clone, Copy, Debug)]
struct Number {
    ms: u64,
    /// `1:05`, `1.05`: minutes are in it already.
    whole: bool,
}

pub fn items(text: &str) -> Option<Vec<Item>> {
    let chars: Vec<char> = text.chars().collect();
    let (mut items, mut at) = (Vec::new(), 0);
    // A number that waits for its unit.
    let mut open: Option<Number> = None;
    while at < chars.len() {
        let c = chars[at];
        if items.len() > MAX_ITEMS {
            return None;
        }
        if c.is_ascii_digit() {
            close(&mut open, &mut items);
            let (number, next) = number(&chars, at)?;
            (open, at) = (Some(number), next);
            continue;
        }
        if c.is_alphabetic() {
            let end = (at..chars.len())
                .find(|&i| !chars[i].is_alphabetic())
                .unwrap_or(chars.len());
            let text: String = chars[at..end].iter().collect();
            let glued = at > 0 && chars[at - 1].is_ascii_digit();
            let mut meant = word(&text)?;
            // "с" is "from" and the short form of seconds: 5с, and "30 с" where no number follows.
            if text == "с" && open.is_some_and(|open| !open.whole) && (glued || !leads_to_number(&chars[end..])) {
                meant = Word::Seconds;
            }
            at = end;
            match meant {
                Word::Minutes | Word::Seconds => unit(&mut open, &mut items, meant == Word::Minutes)?,
                Word::Item(item) => {
                    close(&mut open, &mut items);
                    items.push(item);
                }
                Word::Start => {
                    close(&mut open, &mut items);
                    let start = Moment {
                        ms: 0,
                        is_length: false,
                    };
                    items.push(Item::Time(start));
                }
                Word::Nothing => {}
            }
            continue;
        }
        match c {
            '-' | '–' | '—' | '−' | '…' | '→' => {
                close(&mut open, &mut items);
                items.push(Item::To);
            }
            '+' => {
                close(&mut open, &mut items);
                items.push(Item::For);
            }
            ' ' | ',' | ';' | '.' | '\n' | '\t' | '(' | ')' | '[' | ']' | '/' | '\u{a0}' => {}
            _ => return None,
        }
        at += 1;
    }
    close(&mut open, &mut items);
    Some(items)
}

fn leads_to_number(chars: &[char]) -> bool {
    let next = chars.iter().find(|c| c.is_alphanumeric());
    next.is_some_and(char::is_ascii_digit)
}

/// A number without a unit is seconds.
fn close(open: &mut Option<Number>, items: &mut Vec<Item>) {
    if let Some(number) = open.take() {
        items.push(Item::Time(Moment {
            ms: number.ms,
            is_length: false,
        }));
    }
}

/// Minutes and seconds beside each other are one time: `1 мин 5 сек`.
fn unit(open: &mut Option<Number>, items: &mut Vec<Item>, minutes: bool) -> Option<()> {
    let number = open.take()?;
    if number.whole {
        // "1:20 минут": it was said already.
        close(&mut Some(number), items);
        return Some(());
    }
    if minutes {
        items.push(Item::Time(Moment {
            ms: number.ms.checked_mul(60)?,
            is_length: true,
        }));
        return Some(());
    }
    match items.last_mut() {
        Some(Item::Time(last)) if last.is_length && last.ms % 60_000 == 0 && last.ms > 0 && number.ms < 60_000 => {
            last.ms += number.ms;
            last.is_length = false;
        }
        _ => items.push(Item::Time(Moment {
            ms: number.ms,
            is_length: true,
        })),
    }
    Some(())
}

/// Reads `12`, `12.5`, `1:05`, `1:05.5`, `1:02:03` and `1.05`, which is how many write `1:05`.
fn number(chars: &[char], at: usize) -> Option<(Number, usize)> {
    let (first, mut next) = digits(chars, at)?;
    let mut parts = vec![first];
    while chars.get(next) == Some(&':') && parts.len() < 3 {
        let (part, after) = digits(chars, next + 1)?;
        if part >= 60 || after - next > 3 {
            return None;
        }
        parts.push(part);
        next = after;
    }
    let whole = parts.len() > 1;
    let secs = parts
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(*part))?;
    let mut number = Number { ms: secs * 1000, whole };
    let mark = chars.get(next).copied().filter(|mark| matches!(mark, '.' | ','));
    let (Some(mark), Some((fraction, after))) = (mark, digits(chars, next + 1)) else {
        return Some((number, next));
    };
    let places = after - next - 1;
    let like_minutes = !whole && places == 2 && fraction < 60 && (mark == '.' || first < 10);
    if like_minutes {
        let secs = first.checked_mul(60)?.checked_add(fraction)?;
        number = Number {
            ms: secs * 1000,
            whole: true,
        };
    } else if mark == '.' || places == 1 {
        let scale = 10_u64.checked_pow(places.min(9) as u32)?;
        number.ms += fraction * 1000 / scale;
    } else {
        // "30,75": two numbers.
        return Some((number, next));
    }
    Some((number, after))
}

/// At most six digits, so that nothing overflows.
fn digits(chars: &[char], at: usize) -> Option<(u64, usize)> {
    let end = (at..chars.len())
        .find(|&i| !chars[i].is_ascii_digit())
        .unwrap_or(chars.len());
    let text: String = chars.get(at..end)?.iter().collect();
    (1..=6)
        .contains(&text.len())
        .then(|| text.parse().ok())
        .flatten()
        .map(|number| (number, end))
}
