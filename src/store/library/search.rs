//! Searching the index of the music folder: what someone typed in, songs out, best first.
//!
//! The words are looked for as they are; only when that finds too little, known words that resemble them. Which do is found
//! among the words of all names, not among the names: there are far fewer of them, and they are indexed by their trigrams, of
//! which a typing mistake spoils only some. What is found is put in order by how far its words are from the typed ones.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{LibraryTrack, cut, track};
use crate::model::spelling;

/// Names whose words are compared with the typed ones, one by one.
const MAX_CANDIDATES: usize = 300;
/// Fewer songs than this, which fill one page of results, and words that resemble the typed ones are looked for as well.
const ENOUGH: usize = 5;
/// Typed words that are looked at.
const MAX_WORDS: usize = 10;
/// Of a typed word's trigrams, the rarest this many are looked for.
const TRIGRAMS_A_WORD: usize = 6;
/// Words that share trigrams with a typed one, and of them those that are looked for in its place.
const MAX_LOOKALIKES: usize = 150;
const MAX_VARIANTS: usize = 8;
/// So much of a word stands for every word that begins so.
const MIN_BEGINNING_CHARS: usize = 4;
/// How much a word must resemble the typed one, and a name the typed text.
const MIN_WORD_LIKENESS: f32 = 0.62;
const MIN_LIKENESS: f32 = 0.7;
/// A word in more names than this says too little to be looked for alone.
const MAX_NAMES_A_WORD: i64 = 5_000;

/// The songs whose artist, title and album answer the text best, best first.
pub fn search(conn: &Connection, text: &str, limit: usize) -> rusqlite::Result<Vec<LibraryTrack>> {
    let typed = spelling::fold(text);
    let words: Vec<String> = typed
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(cut)
        .collect();
    if words.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let exact: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let mut best = ranked(conn, &typed, &exact.join(" AND "))?;
    // Several words that all stand in one name are no mistake. A word that is known is most likely meant; only when that leads
    // nowhere is it taken for a mistake as well.
    let mut groups = Vec::new();
    for doubt in [Doubt::UnknownWords, Doubt::AllWords] {
        if best.len() >= ENOUGH || words.len() > 1 && !best.is_empty() {
            break;
        }
        let meant = (0..words.len()).map(|at| variants(conn, &words, at, doubt));
        groups = meant.collect::<rusqlite::Result<_>>()?;
        best.extend(ranked(conn, &typed, &all_of(&groups))?);
    }
    if best.is_empty() {
        best = ranked_by_some(conn, &typed, &groups)?;
    }
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut seen = HashSet::new();
    best.retain(|(_, track)| seen.insert(track.id.clone()));
    Ok(best.into_iter().map(|(_, track)| track).take(limit).collect())
}

/// Quotes cannot occur: what is folded holds letters, digits and spaces.
fn quoted(words: &str) -> String {
    format!("\"{words}\"")
}

/// Nothing holds all, if one group is empty.
fn all_of(groups: &[Vec<String>]) -> String {
    if groups.iter().any(Vec::is_empty) {
        return String::new();
    }
    let groups: Vec<String> = groups.iter().map(|group| format!("({})", group.join(" OR "))).collect();
    groups.join(" AND ")
}

/// Which of the typed words may be mistakes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    UnknownWords,
    AllWords,
}

/// What may have been meant by one of the typed words: itself, a longer word that begins so, words that resemble it, two words
/// typed as one, or one typed as two.
fn variants(conn: &Connection, words: &[String], at: usize, doubt: Doubt) -> rusqlite::Result<Vec<String>> {
    let word = &words[at];
    let letters: Vec<char> = word.chars().collect();
    let mut group = Vec::new();
    let known = names_with(conn, word)? > 0;
    if known {
        group.push(quoted(word));
    }
    if letters.len() >= MIN_BEGINNING_CHARS {
        group.push(format!("{} *", quoted(word)));
    }
    if known && doubt == Doubt::UnknownWords {
        return Ok(group);
    }
    for other in lookalikes(conn, word)? {
        group.push(quoted(&other));
    }
    if letters.len() >= 6 {
        for split in 2..=letters.len() - 2 {
            let (a, b) = (
                String::from_iter(&letters[..split]),
                String::from_iter(&letters[split..]),
            );
            if names_with(conn, &a)? > 0 && names_with(conn, &b)? > 0 {
                group.push(quoted(&format!("{a} {b}")));
            }
        }
    }
    for pair in [at.checked_sub(1), Some(at)].into_iter().flatten() {
        if let Some([a, b]) = words.get(pair..pair + 2) {
            let joined = format!("{a}{b}");
            if names_with(conn, &joined)? > 0 {
                group.push(quoted(&joined));
            }
        }
    }
    Ok(group)
}

/// Known words that resemble a typed one, most alike first.
fn lookalikes(conn: &Connection, word: &str) -> rusqlite::Result<Vec<String>> {
    let letters: Vec<char> = format!(" {word} ").chars().collect();
    let mut trigrams = Vec::new();
    let mut words_with = conn.prepare_cached("SELECT doc FROM library_trigram_terms WHERE term = ?1")?;
    for trigram in letters.windows(3) {
        let trigram = String::from_iter(trigram);
        let count: Option<i64> = words_with.query_row([&trigram], |row| row.get(0)).optional()?;
        trigrams.extend(count.map(|count| (count, quoted(&trigram))));
    }
    trigrams.sort();
    trigrams.dedup();
    trigrams.truncate(TRIGRAMS_A_WORD);
    if trigrams.is_empty() {
        return Ok(Vec::new());
    }
    let matching: Vec<String> = trigrams.into_iter().map(|(_, trigram)| trigram).collect();
    let mut query = conn.prepare_cached(
        "SELECT w.word FROM (SELECT rowid FROM library_trigrams WHERE library_trigrams MATCH ?1 ORDER BY rank LIMIT ?2) AS t
         JOIN library_words AS w ON w.rowid = t.rowid",
    )?;
    let rows = query.query_map(params![matching.join(" OR "), MAX_LOOKALIKES as i64], |row| {
        let other: String = row.get(0)?;
        Ok((spelling::likeness(word, &other), other))
    })?;
    let mut alike: Vec<(f32, String)> = rows.collect::<rusqlite::Result<_>>()?;
    alike.retain(|(likeness, other)| *likeness >= MIN_WORD_LIKENESS && other != word);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(alike.into_iter().take(MAX_VARIANTS).map(|(_, other)| other).collect())
}

/// In how many names a word stands.
fn names_with(conn: &Connection, word: &str) -> rusqlite::Result<i64> {
    let count = conn
        .prepare_cached("SELECT doc FROM library_terms WHERE term = ?1")?
        .query_row([word], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

/// Songs that hold some of the words: there was one too many in what was typed. Common words are only looked for when there
/// are no others.
fn ranked_by_some(
    conn: &Connection,
    typed: &str,
    groups: &[Vec<String>],
) -> rusqlite::Result<Vec<(f32, LibraryTrack)>> {
    let (mut rare, mut common) = (Vec::new(), Vec::new());
    for variant in groups.iter().flatten() {
        let names = names_with(conn, variant.trim_matches('"'))?;
        let kind = if names > MAX_NAMES_A_WORD {
            &mut common
        } else {
            &mut rare
        };
        kind.push(variant.as_str());
    }
    match if rare.is_empty() { common } else { rare } {
        some if some.is_empty() => Ok(Vec::new()),
        some => ranked(conn, typed, &some.join(" OR ")),
    }
}

/// Songs that match, by likeness to what was typed; of equals, the one in whose name the words weigh more.
fn ranked(conn: &Connection, typed: &str, matching: &str) -> rusqlite::Result<Vec<(f32, LibraryTrack)>> {
    if matching.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = conn.prepare_cached(
        "SELECT id, path, title, artist, album, duration_ms, has_cover, t.spelling
         FROM (SELECT rowid, rank FROM library_names WHERE library_names MATCH ?1 ORDER BY rank LIMIT ?2) AS n
         JOIN library_tracks AS t ON t.rowid = n.rowid ORDER BY n.rank",
    )?;
    let rows = query.query_map(params![matching, MAX_CANDIDATES as i64], |row| {
        Ok((spelling::likeness(typed, &row.get::<_, String>(7)?), track(row)?))
    })?;
    let mut found: Vec<(f32, LibraryTrack)> = rows.collect::<rusqlite::Result<_>>()?;
    found.retain(|(likeness, _)| *likeness >= MIN_LIKENESS);
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found)
}
