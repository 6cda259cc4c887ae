//! The index of the music folder: what the files say of themselves in, songs that answer a typed name out. A cache: it can
//! be dropped and filled again from the folder.
//!
//! Names are kept in one Latin spelling (`model::spelling`), and so is every word of them.

mod search;

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::spelling;
pub use search::search;

/// Longer words are kept by their beginning.
const MAX_WORD_CHARS: usize = 40;

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
