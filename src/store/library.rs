//! The index of the music folder: what the files say of themselves in, songs that answer a typed name out. A cache: it can
//! be dropped and filled again from the folder.
//!
//! Names are kept in one Latin spelling (`model::spelling`). A search looks for the words as they are; only when that finds
//! too little, for known words that resemble them. Which do is found among the words of all names, not among the names: there
//! are some ten thousand of them, however large the library is, and they are indexed by their trigrams, which a typing
//! mistake spoils only some of. What is found is put in order by how far its words are from the typed ones.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::spelling;

/// Names whose words are compared with the typed ones, one by one.
const MAX_CANDIDATES: usize = 300;
/// Fewer songs than this, which fill one page of results, and words that resemble the typed ones are looked for as well.
const ENOUGH: usize = 5;
/// Typed words that are looked at.
const MAX_WORDS: usize = 10;
/// Longer words are kept by their beginning.
const MAX_WORD_CHARS: usize = 40;
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

pub const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS library_tracks (
    rowid INTEGER PRIMARY KEY,
    -- Follows from the path, so it outlives a new scan.
    id TEXT NOT NULL UNIQUE,
    -- Below the folder, the bytes as the file system has them: names need not be UTF-8.
    path BLOB NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    -- NULL: no song could be made out in it; kept, so that it is not tried again until it changes.
    title TEXT,
    artist TEXT,
    album TEXT,
    duration_ms INTEGER,
    has_cover INTEGER NOT NULL,
    spelling TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS library_names
    USING fts5(spelling, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE IF NOT EXISTS library_terms USING fts5vocab(library_names, row);
-- Every word of a name, also of names that went since: one too many costs nothing.
CREATE TABLE IF NOT EXISTS library_words (rowid INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS library_trigrams
    USING fts5(word, content='', tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE IF NOT EXISTS library_trigram_terms USING fts5vocab(library_trigrams, row);
"#;

/// Which version of a file was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub size_bytes: u64,
    /// Since 1970; files may be older.
    pub modified_ns: i64,
}

/// A song in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryTrack {
    pub id: String,
    pub path: Vec<u8>,
    pub title: String,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub duration_ms: u64,
    pub has_cover: bool,
}

/// A file as the scan found it.
#[derive(Clone, Debug)]
pub struct Scanned {
    pub id: String,
    pub path: Vec<u8>,
    pub stamp: Stamp,
    /// `None`: not a song.
    pub song: Option<Song>,
}

#[derive(Clone, Debug)]
pub struct Song {
    pub title: String,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub duration_ms: u64,
    pub has_cover: bool,
}

/// The files the index knows at or below a path, with the version it knows; all of them below the empty path.
pub fn stamps(conn: &Connection, below: &[u8]) -> rusqlite::Result<HashMap<Vec<u8>, Stamp>> {
    // '0' follows '/', so all that begins with "path/" lies between the two; no byte of a path is above 0xff.
    let (from, to) = match below {
        [] => (Vec::new(), vec![0xff; 2]),
        below => ([below, b"/"].concat(), [below, b"0"].concat()),
    };
    let mut all = conn.prepare_cached(
        "SELECT path, size_bytes, modified_ns FROM library_tracks WHERE path = ?1
         UNION ALL SELECT path, size_bytes, modified_ns FROM library_tracks WHERE path > ?2 AND path < ?3",
    )?;
    let rows = all.query_map(params![below, from, to], |row| {
        let stamp = Stamp {
            size_bytes: row.get::<_, i64>(1)?.max(0) as u64,
            modified_ns: row.get(2)?,
        };
        Ok((row.get(0)?, stamp))
    })?;
    rows.collect()
}

/// A new or changed file.
pub fn put(conn: &Connection, file: &Scanned) -> rusqlite::Result<()> {
    let song = file.song.as_ref();
    let names = song.map(|song| [song.artist.as_deref(), Some(&song.title), song.album.as_deref()]);
    let spelled = names.map_or_else(String::new, |names| {
        spelling::fold(&names.into_iter().flatten().collect::<Vec<_>>().join(" "))
    });
    let rowid: i64 = conn
        .prepare_cached(
            "INSERT INTO library_tracks
             (id, path, size_bytes, modified_ns, title, artist, album, duration_ms, has_cover, spelling)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (path) DO UPDATE SET size_bytes = ?3, modified_ns = ?4, title = ?5, artist = ?6, album = ?7,
             duration_ms = ?8, has_cover = ?9, spelling = ?10 RETURNING rowid",
        )?
        .query_row(
            params![
                file.id,
                file.path,
                i64::try_from(file.stamp.size_bytes).unwrap_or(i64::MAX),
                file.stamp.modified_ns,
                song.map(|song| &song.title),
                song.and_then(|song| song.artist.as_ref()),
                song.and_then(|song| song.album.as_ref()),
                song.map(|song| song.duration_ms as i64),
                song.is_some_and(|song| song.has_cover),
                spelled,
            ],
            |row| row.get(0),
        )?;
    conn.prepare_cached("DELETE FROM library_names WHERE rowid = ?1")?
        .execute([rowid])?;
    if song.is_some() {
        conn.prepare_cached("INSERT INTO library_names (rowid, spelling) VALUES (?1, ?2)")?
            .execute(params![rowid, spelled])?;
        spelled.split(' ').try_for_each(|word| put_word(conn, &cut(word)))?;
    }
    Ok(())
}

fn put_word(conn: &Connection, word: &str) -> rusqlite::Result<()> {
    let new: Option<i64> = conn
        .prepare_cached("INSERT OR IGNORE INTO library_words (word) VALUES (?1) RETURNING rowid")?
        .query_row([word], |row| row.get(0))
        .optional()?;
    if let Some(rowid) = new {
        // With its borders, so that its first and last letters count.
        conn.prepare_cached("INSERT INTO library_trigrams (rowid, word) VALUES (?1, ?2)")?
            .execute(params![rowid, format!(" {word} ")])?;
    }
    Ok(())
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_WORD_CHARS).collect()
}

/// A file that is no longer there.
pub fn remove(conn: &Connection, path: &[u8]) -> rusqlite::Result<()> {
    let rowid: Option<i64> = conn
        .prepare_cached("DELETE FROM library_tracks WHERE path = ?1 RETURNING rowid")?
        .query_row([path], |row| row.get(0))
        .optional()?;
    if let Some(rowid) = rowid {
        conn.prepare_cached("DELETE FROM library_names WHERE rowid = ?1")?
            .execute([rowid])?;
    }
    Ok(())
}

pub fn by_id(conn: &Connection, id: &str) -> rusqlite::Result<Option<LibraryTrack>> {
    conn.prepare_cached(
        "SELECT id, path, title, artist, album, duration_ms, has_cover FROM library_tracks
         WHERE id = ?1 AND title IS NOT NULL",
    )?
    .query_row([id], track)
    .optional()
}

/// How many songs there are.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM library_tracks WHERE title IS NOT NULL")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(|count| count.max(0) as u64)
}

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

fn track(row: &Row) -> rusqlite::Result<LibraryTrack> {
    Ok(LibraryTrack {
        id: row.get(0)?,
        path: row.get(1)?,
        title: row.get(2)?,
        artist: row.get(3)?,
        album: row.get(4)?,
        duration_ms: row.get::<_, i64>(5)?.max(0) as u64,
        has_cover: row.get(6)?,
    })
}
