//! The index of the music folder: what the files say of themselves in, songs that answer a typed name out. A cache: it can
//! be dropped and filled again from the folder.
//!
//! Names are indexed in one Latin spelling (`model::spelling`) by their trigrams, each word with its borders: " kino " is
//! found by " ki", "kin", "ino", "no ". A search looks for the words as they are; only when that gives too little, for names
//! that share some of each word's rarest trigrams, and then for names that share any. What is found so is put in order by
//! how far its words are from the typed ones.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::spelling;

/// Candidates whose words are compared one by one.
const MAX_CANDIDATES: usize = 300;
/// Of each typed word's trigrams, the rarest this many are looked for: enough that a mistake spoils some and not all.
const TRIGRAMS_A_WORD: usize = 5;
/// Trigrams in more names than this say too little for the time they take.
const MAX_NAMES_A_TRIGRAM: i64 = 20_000;
/// Typed words that are looked at.
const MAX_WORDS: usize = 10;
/// Below this likeness a name has little to do with what was typed.
const MIN_LIKENESS: f32 = 0.7;

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
    USING fts5(spelling, content='', contentless_delete=1, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE IF NOT EXISTS library_trigrams USING fts5vocab(library_names, row);
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
            .execute(params![rowid, format!(" {spelled} ")])?;
    }
    Ok(())
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
    let words: Vec<&str> = typed
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .collect();
    if words.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut best = ranked(conn, &typed, &whole_words(&words))?;
    if best.len() < limit {
        let rare = words.iter().map(|word| rarest_trigrams(conn, word));
        let rare: Vec<Vec<String>> = rare.collect::<rusqlite::Result<_>>()?;
        for joined in [" AND ", " OR "] {
            let groups = rare.iter().filter(|group| !group.is_empty());
            let groups: Vec<String> = groups.map(|group| format!("({})", group.join(" OR "))).collect();
            if best.len() < limit && !groups.is_empty() {
                let more = ranked(conn, &typed, &groups.join(joined))?;
                best.extend(more);
            }
        }
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
    let mut seen = std::collections::HashSet::new();
    best.retain(|(_, track)| seen.insert(track.id.clone()));
    Ok(best.into_iter().map(|(_, track)| track).take(limit).collect())
}

/// Quotes cannot occur: what is folded holds letters, digits and spaces.
fn whole_words(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\" {word} \"")).collect();
    quoted.join(" AND ")
}

fn rarest_trigrams(conn: &Connection, word: &str) -> rusqlite::Result<Vec<String>> {
    let letters: Vec<char> = format!(" {word} ").chars().collect();
    let mut known = Vec::new();
    let mut names = conn.prepare_cached("SELECT doc FROM library_trigrams WHERE term = ?1")?;
    for trigram in letters.windows(3).take(24) {
        let trigram: String = trigram.iter().collect();
        let count: Option<i64> = names.query_row([&trigram], |row| row.get(0)).optional()?;
        known.extend(count.map(|count| (count, format!("\"{trigram}\""))));
    }
    known.sort();
    known.dedup();
    // The rarest one always counts, however common it is.
    let kept = known.iter().enumerate();
    let kept = kept.filter(|(at, (count, _))| *at == 0 || *count <= MAX_NAMES_A_TRIGRAM);
    Ok(kept
        .take(TRIGRAMS_A_WORD)
        .map(|(_, (_, trigram))| trigram.clone())
        .collect())
}

/// Songs that match, by likeness to what was typed; of equals, the one in whose name the words weigh more.
fn ranked(conn: &Connection, typed: &str, matching: &str) -> rusqlite::Result<Vec<(f32, LibraryTrack)>> {
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
