//! How names are compared: any spelling in, one Latin spelling out, in which «Кино», "Kino" and "kinо" (its last letter
//! Cyrillic) are the same and a typing mistake is a small distance. Never shown to anyone.

use std::time::Duration;

/// Longer names are compared by their beginning.
const MAX_CHARS: usize = 300;
/// Words compared of a name and of what someone typed.
const MAX_WORDS: usize = 16;
/// The same recording at two services differs by silence at its ends.
const SAME_LENGTH: Duration = Duration::from_secs(3);

/// Words of letters and digits with single spaces between, in one spelling: small letters, no marks, Cyrillic as Latin, and
/// the usual ways of writing a Russian sound in Latin made one.
pub fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase).take(MAX_CHARS) {
        match c {
            // Apostrophes join, combining marks vanish: "don't" is "dont", "й" written as two characters is "и".
            '\'' | '’' | 'ʼ' | '`' | 'ь' | 'ъ' | '\u{300}'..='\u{36f}' => {}
            '&' => plain.push_str(" and "),
            c if latin(c).is_some() => plain.push_str(latin(c).unwrap_or_default()),
            c if c.is_alphanumeric() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    let words = plain.split_whitespace().map(one_way);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A letter that is not plain ASCII, as it sounds or as it looks.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'ә' | 'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' | 'ғ' | 'ğ' => "g",
        'д' | 'đ' | 'ð' | 'ď' => "d",
        'е' | 'ё' | 'э' | 'є' | 'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ж' => "zh",
        'з' | 'ź' | 'ż' | 'ž' => "z",
        'и' | 'й' | 'ы' | 'і' | 'ї' | 'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' | 'ý' | 'ÿ' => "i",
        'к' | 'қ' => "k",
        'л' | 'ł' | 'ľ' => "l",
        'м' => "m",
        'н' | 'ң' | 'ñ' | 'ń' | 'ň' => "n",
        'о' | 'ө' | 'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'п' => "p",
        'р' | 'ř' => "r",
        'с' | 'ś' | 'š' | 'ş' | 'ș' => "s",
        'т' | 'ť' | 'ţ' | 'ț' => "t",
        'у' | 'ў' | 'ү' | 'ұ' | 'ю' | 'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ф' => "f",
        'х' | 'һ' => "h",
        'ц' => "ts",
        'ч' | 'č' | 'ć' => "ch",
        'ш' | 'щ' => "sh",
        'я' => "a",
        'ç' => "s",
        'ß' => "ss",
        'æ' => "e",
        'œ' => "e",
        'þ' => "t",
        _ => return None,
    })
}

/// One way to write each sound, longest spellings first: "Tsoy", "Tsoj" and «Цой» become "tsoi"; "Viktor", "Victor" and
/// «Виктор» "viktor". Doubled letters become one.
fn one_way(word: &str) -> String {
    const SOUNDS: [(&str, &str); 24] = [
        ("shch", "sh"),
        ("sch", "sh"),
        ("ch", "\u{1}"),
        ("kh", "h"),
        ("ph", "f"),
        ("ck", "k"),
        ("tz", "ts"),
        ("yu", "u"),
        ("iu", "u"),
        ("ju", "u"),
        ("ya", "a"),
        ("ia", "a"),
        ("ja", "a"),
        ("yo", "e"),
        ("ye", "e"),
        ("ie", "e"),
        ("je", "e"),
        ("ce", "se"),
        ("ci", "si"),
        ("c", "k"),
        ("x", "ks"),
        ("w", "v"),
        ("q", "k"),
        ("y", "i"),
    ];
    // "yo" in "you" or "ia" in "diana" is no Russian sound; what matters is that every spelling of a name goes one way.
    let mut sound = word.to_owned();
    for (written, heard) in SOUNDS {
        if sound.contains(written) {
            sound = sound.replace(written, heard);
        }
    }
    let mut folded = String::with_capacity(sound.len());
    let mut last = None;
    for c in sound.chars().map(|c| if c == 'j' { 'i' } else { c }) {
        if last != Some(c) || c.is_numeric() {
            match c {
                '\u{1}' => folded.push_str("ch"),
                c => folded.push(c),
            }
        }
        last = Some(c);
    }
    folded
}

/// How well a name answers what was typed, both folded: 1 when every typed word is there as it is, 0 when none resembles any.
/// Of two names that hold all the words, the one with fewer others is a little better.
pub fn likeness(typed: &str, name: &str) -> f32 {
    let typed_words: Vec<_> = typed.split(' ').filter(|w| !w.is_empty()).take(MAX_WORDS).collect();
    let name_words: Vec<_> = name.split(' ').filter(|w| !w.is_empty()).take(MAX_WORDS).collect();
    if typed_words.is_empty() || name_words.is_empty() {
        return 0.0;
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for typed in &typed_words {
        // A wrong long word says more than a wrong short one.
        let weight = typed.chars().count() as f32;
        let best = name_words.iter().map(|name| word_likeness(typed, name));
        sum += weight * best.fold(0.0, f32::max);
        weights += weight;
    }
    let by_words = sum / weights;
    // Written together or apart: "linkinpark", "lin kin park".
    let together = typed_words.concat();
    let joined = if together.len() >= 5 && name_words.concat().contains(&together) {
        0.95
    } else {
        0.0
    };
    let surplus = name_words.len().saturating_sub(typed_words.len()) as f32;
    by_words.max(joined) - 0.01 * (surplus / (surplus + 4.0))
}

fn word_likeness(typed: &str, name: &str) -> f32 {
    if typed == name {
        return 1.0;
    }
    let (a, b): (Vec<char>, Vec<char>) = (typed.chars().collect(), name.chars().collect());
    let longest = a.len().max(b.len()).min(64);
    // One mistake in three letters, or the words are different ones.
    let allowed = longest / 3;
    let distance = distance(&a[..a.len().min(64)], &b[..b.len().min(64)], allowed);
    let near = distance.map_or(0.0, |distance| 1.0 - distance as f32 / longest as f32);
    // The beginning of a word is that word, typed so far.
    let begun = if a.len() >= 3 && b.starts_with(&a) {
        0.75 + 0.2 * a.len() as f32 / b.len() as f32
    } else {
        0.0
    };
    near.max(begun)
}

/// Letters added, left out, changed or two neighbours swapped; `None` above `allowed`.
fn distance(a: &[char], b: &[char], allowed: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().all(|&cost| cost > allowed) {
            return None;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    (above[b.len()] <= allowed).then_some(above[b.len()])
}

/// A song as two services may both have it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub title: &'a str,
    pub artist: &'a str,
    pub duration: Option<Duration>,
}

/// Whether both are the same recording, as far as names and lengths tell. What stands in brackets («Remastered», "feat.") is
/// told differently everywhere and does not count; a concert recording has another length.
pub fn same_song(a: Named, b: Named) -> bool {
    let lengths = match (a.duration, b.duration) {
        (Some(a), Some(b)) => a.abs_diff(b) <= SAME_LENGTH,
        _ => true,
    };
    let artists = || {
        let (a, b) = (fold(a.artist), fold(b.artist));
        likeness(&a, &b).max(likeness(&b, &a)) > 0.8
    };
    lengths && likeness_of_titles(a.title, b.title) > 0.8 && artists()
}

fn likeness_of_titles(a: &str, b: &str) -> f32 {
    let bare = |title: &str| {
        let end = title.find(['(', '[']).filter(|&at| at > 0).unwrap_or(title.len());
        fold(&title[..end])
    };
    let (a, b) = (bare(a), bare(b));
    likeness(&a, &b).min(likeness(&b, &a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        let same = [
            vec!["Кино", "Kino", "kinо", "КИНО", "  «Кино» "],
            vec!["Виктор Цой", "Viktor Tsoi", "Victor Tsoy", "Viktor Tsoj"],
            vec!["Мумий Тролль", "Mumiy Troll", "Mumii Trol"],
            vec!["Чайф", "Chaif", "Chayf"],
            vec!["Ляпис Трубецкой", "Lyapis Trubetskoy", "Ljapis Trubetzkoj"],
            vec!["Юрий Шевчук", "Yuriy Shevchuk", "Iurii Shevchuk"],
            vec!["Щека", "Shcheka", "Scheka"],
            vec!["Би-2", "Bi-2", "БИ 2"],
            vec!["Ёлка", "Елка", "Yolka"],
            vec!["Beyoncé", "Beyonce", "Beyonce\u{301}"],
            vec!["Sigur Rós", "sigur ros"],
            vec!["Don't", "Don’t", "dont"],
            vec!["Мой", "Мои\u{306}"],
        ];
        for spellings in same {
            let folded: Vec<_> = spellings.iter().map(|s| fold(s)).collect();
            assert!(
                folded.windows(2).all(|pair| pair[0] == pair[1]),
                "{spellings:?}: {folded:?}"
            );
        }
        assert_eq!(fold("!?—"), "");
        assert_eq!(fold("東京 1999"), "東京 1999");
    }

    #[test]
    fn mistakes_cost_little_and_other_names_much() {
        let name = fold("Кино Группа крови");
        for typed in [
            "кино група крови",
            "kino gruppa krovi",
            "кинo гурппа кровь",
            "группакрови",
            "krovi",
        ] {
            assert!(likeness(&fold(typed), &name) > 0.75, "{typed}");
        }
        for typed in ["metallica", "алла пугачёва", "кит"] {
            assert!(likeness(&fold(typed), &name) < 0.5, "{typed}");
        }
        assert!(likeness("kino", "kino") > likeness("kino", "kino zvezda po imeni solntse"));
    }

    #[test]
    fn one_recording_at_two_services() {
        let named = |title, artist, secs| Named {
            title,
            artist,
            duration: Some(Duration::from_secs(secs)),
        };
        let ours = named("Группа крови", "Кино", 285);
        assert!(same_song(ours, named("Gruppa Krovi (Remastered)", "KINO", 287)));
        assert!(!same_song(ours, named("Группа крови (концерт)", "Кино", 310)));
        assert!(!same_song(ours, named("Пачка сигарет", "Кино", 285)));
        assert!(!same_song(ours, named("Группа крови", "Би-2", 285)));
    }
}
