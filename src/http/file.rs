//! A file of ours as an answer: whole, or the piece that was asked for, or the word that it is known already.

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::error::{Answer, ApiError};
use crate::model::is_shown;

/// What is told of a file beside its bytes.
pub struct About<'a> {
    pub kind: &'static str,
    /// The same tag, the same bytes.
    pub tag: &'a str,
    /// How a browser saves it; `None`: it is shown.
    pub save_as: Option<String>,
}

/// A piece of the file's bytes: from, and how many.
type Piece = (u64, u64);

pub async fn answer(path: &Path, about: About<'_>, asked: &HeaderMap) -> Answer {
    let gone = |_| ApiError::new(StatusCode::GONE, "this file was removed to make room; ask for it again");
    let mut file = File::open(path).await.map_err(gone)?;
    let bytes = file.metadata().await.map_err(gone)?.len();
    let (status, headers, (from, length)) = match head(about, bytes, asked)? {
        Head::Finished(response) => return Ok(response),
        Head::Of(status, headers, piece) => (status, headers, piece),
    };
    file.seek(SeekFrom::Start(from))
        .await
        .map_err(|error| ApiError::trouble(&error))?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), 64 << 10));
    Ok((status, headers, body).into_response())
}

/// The same of a file that is part of the program.
pub fn answer_part(bytes: &'static [u8], about: About<'_>, asked: &HeaderMap) -> Answer {
    Ok(match head(about, bytes.len() as u64, asked)? {
        Head::Finished(response) => response,
        Head::Of(status, headers, (from, length)) => {
            let piece = &bytes[from as usize..][..length as usize];
            (status, headers, piece).into_response()
        }
    })
}

/// An answer's status and headers.
enum Head {
    /// There is nothing to add.
    Finished(Response),
    /// This piece belongs below it.
    Of(StatusCode, HeaderMap, Piece),
}

fn head(about: About<'_>, bytes: u64, asked: &HeaderMap) -> Answer<Head> {
    let tag = format!("\"{}\"", about.tag);
    let mut told = HeaderMap::new();
    let text = |text: &str| HeaderValue::from_str(text).map_err(|error| ApiError::trouble(&error));
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(about.kind));
    told.insert(header::ETAG, text(&tag)?);
    told.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if let Some(name) = &about.save_as {
        told.insert(header::CONTENT_DISPOSITION, text(&disposition(name))?);
    }
    let has = |name, tags: &str| {
        let given = asked.get(name).and_then(|value| value.to_str().ok());
        given.map(|given| given.split(',').any(|one| one.trim().trim_start_matches("W/") == tags))
    };
    if has(header::IF_NONE_MATCH, &tag) == Some(true) {
        return Ok(Head::Finished((StatusCode::NOT_MODIFIED, told).into_response()));
    }
    // A piece of another version would not fit to what is there.
    let range = asked
        .get(header::RANGE)
        .filter(|_| has(header::IF_RANGE, &tag) != Some(false));
    let range = range.and_then(|range| range.to_str().ok());
    let (status, (from, length)) = match range.map_or(Asked::Whole, |range| piece(range, bytes)) {
        Asked::Whole => (StatusCode::OK, (0, bytes)),
        Asked::Piece((from, length)) => {
            let place = format!("bytes {from}-{}/{bytes}", from + length - 1);
            told.insert(header::CONTENT_RANGE, text(&place)?);
            (StatusCode::PARTIAL_CONTENT, (from, length))
        }
        Asked::Beyond => {
            let detail = format!("this file has {bytes} bytes; ask for a part of those");
            let mut response = ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).into_response();
            response
                .headers_mut()
                .insert(header::CONTENT_RANGE, text(&format!("bytes */{bytes}"))?);
            return Ok(Head::Finished(response));
        }
    };
    told.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(Head::Of(status, told, (from, length)))
}

enum Asked {
    Whole,
    Piece(Piece),
    Beyond,
}

/// One range. Several at once, or what is none, may be answered with the whole (RFC 9110, 14.2).
fn piece(range: &str, bytes: u64) -> Asked {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let (from, to) = (from.trim(), to.trim());
    let number = |text: &str| text.parse::<u64>().ok();
    let (from, to) = match (from.is_empty(), to.is_empty()) {
        (true, false) => match number(to) {
            Some(last) => (bytes.saturating_sub(last), if last == 0 { 0 } else { bytes }),
            None => return Asked::Whole,
        },
        (false, true) => match number(from) {
            Some(from) => (from, bytes),
            None => return Asked::Whole,
        },
        (false, false) => match number(from).zip(number(to)).filter(|(from, to)| from <= to) {
            Some((from, to)) => (from, to.saturating_add(1).min(bytes)),
            None => return Asked::Whole,
        },
        (true, true) => return Asked::Whole,
    };
    match to.checked_sub(from) {
        Some(length) if length > 0 => Asked::Piece((from, length)),
        _ => Asked::Beyond,
    }
}

/// RFC 6266: the name in ASCII for old clients, and as it is.
pub fn disposition(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// A name for a file, from what people call a song: one line, no path, with this extension.
pub fn file_name(parts: &[Option<&str>], otherwise: &str, extension: &str) -> String {
    const CHARS: usize = 100;
    let named: Vec<&str> = parts
        .iter()
        .flatten()
        .copied()
        .filter(|part| !part.trim().is_empty())
        .collect();
    let joined = if named.is_empty() {
        otherwise.to_owned()
    } else {
        named.join(" - ")
    };
    // What is not shown may turn a name around, or hide its end.
    let hostile =
        |c: char| c.is_control() || !is_shown(c) || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let plain: String = joined.chars().filter(|c| !hostile(*c)).take(CHARS).collect();
    let plain = plain.trim().trim_matches('.').trim();
    format!("{}.{extension}", if plain.is_empty() { otherwise } else { plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let told = |range: &str| match piece(range, 100) {
            Asked::Whole => None,
            Asked::Piece(piece) => Some(Some(piece)),
            Asked::Beyond => Some(None),
        };
        assert_eq!(told("bytes=0-"), Some(Some((0, 100))));
        assert_eq!(told("bytes=10-19"), Some(Some((10, 10))));
        assert_eq!(told("bytes=90-500"), Some(Some((90, 10))));
        assert_eq!(told("bytes=-5"), Some(Some((95, 5))));
        assert_eq!(told("bytes=-500"), Some(Some((0, 100))));
        assert_eq!(told("bytes=0-18446744073709551615"), Some(Some((0, 100))));
        for beyond in ["bytes=100-", "bytes=200-300", "bytes=-0"] {
            assert_eq!(told(beyond), Some(None), "{beyond}");
        }
        for other in [
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "lines=0-1",
            "bytes=--1",
        ] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_told_in_both_alphabets_and_lead_nowhere() {
        assert_eq!(
            disposition("Кино\r\n.mp3"),
            "attachment; filename=\"______.mp3\"; filename*=UTF-8''%D0%9A%D0%B8%D0%BD%D0%BE%0D%0A.mp3"
        );
        assert_eq!(file_name(&[Some("../../etc/passwd")], "song", "mp3"), "etcpasswd.mp3");
        assert_eq!(file_name(&[None, Some(" ")], "song", "mp3"), "song.mp3");
        assert_eq!(
            file_name(&[Some("Кино"), Some("Группа крови")], "song", "mp3"),
            "Кино - Группа крови.mp3"
        );
    }
}
