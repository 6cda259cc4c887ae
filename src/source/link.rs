//! Links people send: a text in, which song of which service out. Nothing is fetched here.

use reqwest::Url;

use super::error::SourceError;
use crate::model::{Source, TrackRef};

/// A link to anything longer than this is none that a service made.
const MAX_LINK_CHARS: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SongLink {
    /// If the link is to a source of ours.
    pub track: Option<TrackRef>,
    /// The song's page, for Odesli: a link without anything that tells about its sender.
    pub page: String,
}

/// Services Odesli knows. What it is asked for is only ever a page of these.
const ELSEWHERE: [&str; 14] = [
    "spotify.com",
    "spotify.link",
    "song.link",
    "album.link",
    "odesli.co",
    "youtube.com",
    "youtu.be",
    "tidal.com",
    "soundcloud.com",
    "music.amazon.com",
    "pandora.com",
    "napster.com",
    "link.deezer.com",
    "deezer.page.link",
];

/// The link in what somebody wrote, or `None` for the name of a song. Share menus write sentences around links: the first word
/// that leads to a song is meant, else the first that leads to an album or the like, which is told as such.
pub fn find(text: &str) -> Option<&str> {
    let words = || text.split_whitespace().map(|word| word.trim_matches(around));
    let leads = |lead: fn(&Result<SongLink, SourceError>) -> bool| words().find(|word| lead(&parse(word)));
    leads(Result::is_ok)
        .or_else(|| leads(|parsed| matches!(parsed, Err(SourceError::NotOneSong))))
        .or_else(|| Some(text.trim()).filter(|text| looks_like_link(text)))
}

/// What sentences put around a link.
fn around(c: char) -> bool {
    "()<>[]«»“”\"',.!?;".contains(c)
}

/// Whether it is a link at all.
fn looks_like_link(text: &str) -> bool {
    let text = text.trim();
    let scheme = text.starts_with("http://") || text.starts_with("https://") || text.starts_with("spotify:");
    let bare = text.split(['/', '?']).next().unwrap_or_default();
    let host = text.contains('/') && !text.contains(char::is_whitespace) && bare.contains('.');
    scheme || host
}

pub fn parse(text: &str) -> Result<SongLink, SourceError> {
    let text = text.trim();
    if text.len() > MAX_LINK_CHARS || !looks_like_link(text) {
        return Err(SourceError::UnknownLink);
    }
    if let Some(uri) = text.strip_prefix("spotify:") {
        return match uri.split_once(':') {
            Some(("track", id)) if plain(id) => Ok(spotify(id)),
            Some(("album" | "artist" | "playlist" | "show", _)) => Err(SourceError::NotOneSong),
            _ => Err(SourceError::UnknownLink),
        };
    }
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&text).map_err(|_| SourceError::UnknownLink)?;
    let host = url.domain().unwrap_or_default().trim_start_matches("www.");
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
        return Err(SourceError::UnknownLink);
    }
    let path: Vec<&str> = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    match host {
        "music.yandex.ru" | "music.yandex.com" | "music.yandex.by" | "music.yandex.kz" | "music.yandex.uz" => {
            after(&path, "track").map_or_else(|| not_one(&path), |id| track(&url, Source::Yandex, id))
        }
        "deezer.com" => after(&path, "track").map_or_else(|| not_one(&path), |id| track(&url, Source::Deezer, id)),
        "music.apple.com" | "itunes.apple.com" | "geo.music.apple.com" => apple(&url, &path),
        "open.spotify.com" | "play.spotify.com" => after(&path, "track")
            .filter(|id| plain(id))
            .map_or_else(|| not_one(&path), |id| Ok(spotify(id))),
        host if ELSEWHERE.iter().any(|known| is_below(host, known)) => Ok(SongLink {
            track: None,
            page: bare(&url),
        }),
        _ => Err(SourceError::UnknownLink),
    }
}

/// `/album/<name>/<album>?i=<song>` or `/song/<name>/<song>`.
fn apple(url: &Url, path: &[&str]) -> Result<SongLink, SourceError> {
    let marked = url
        .query_pairs()
        .find_map(|(key, value)| (key == "i").then(|| value.into_owned()));
    match marked {
        Some(id) => track(url, Source::Itunes, &id),
        None if path.contains(&"song") => track(url, Source::Itunes, path.last().copied().unwrap_or_default()),
        None => not_one(path),
    }
}

fn track(url: &Url, source: Source, id: &str) -> Result<SongLink, SourceError> {
    let number = id.strip_prefix("id").unwrap_or(id);
    let number = Some(number).filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
    let track = number.and_then(|id| TrackRef::new(source, id));
    Ok(SongLink {
        track: Some(track.ok_or(SourceError::UnknownLink)?),
        page: bare(url),
    })
}

fn spotify(id: &str) -> SongLink {
    SongLink {
        track: None,
        page: format!("https://open.spotify.com/track/{id}"),
    }
}

fn not_one(path: &[&str]) -> Result<SongLink, SourceError> {
    const OTHERS: [&str; 8] = [
        "album",
        "artist",
        "playlist",
        "users",
        "show",
        "episode",
        "podcast",
        "playlists",
    ];
    match path.iter().any(|part| OTHERS.contains(part)) {
        true => Err(SourceError::NotOneSong),
        false => Err(SourceError::UnknownLink),
    }
}

/// Scheme, host, path, and of the query only what names a video or a track.
fn bare(url: &Url) -> String {
    let mut bare = url.clone();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| matches!(key.as_ref(), "v" | "i" | "trackAsin"))
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    bare.set_query(None);
    bare.set_fragment(None);
    // Both always succeed with http and https.
    let _ = (bare.set_username(""), bare.set_password(None));
    if !kept.is_empty() {
        bare.query_pairs_mut().extend_pairs(kept);
    }
    bare.into()
}

fn after<'a>(path: &[&'a str], word: &str) -> Option<&'a str> {
    let at = path.iter().position(|part| *part == word)?;
    path.get(at + 1).copied()
}

fn plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_songs_of_our_sources() {
        let links = [
            (
                "https://music.yandex.ru/album/3192570/track/1710811?utm_source=x",
                "yandex:1710811",
            ),
            ("https://music.yandex.com/track/1710811", "yandex:1710811"),
            ("music.yandex.kz/album/1/track/2", "yandex:2"),
            ("https://www.deezer.com/track/3135556", "deezer:3135556"),
            ("https://www.deezer.com/en/track/3135556?host=0", "deezer:3135556"),
            (
                "https://music.apple.com/ru/album/gruppa-krovi/1187231431?i=1187231439&l=en",
                "itunes:1187231439",
            ),
            (
                "https://music.apple.com/us/song/gruppa-krovi/1187231439",
                "itunes:1187231439",
            ),
            (
                "http://itunes.apple.com/us/album/id1187231431?i=1187231439",
                "itunes:1187231439",
            ),
        ];
        for (link, expected) in links {
            assert_eq!(parse(link).unwrap().track, Some(expected.parse().unwrap()), "{link}");
        }
    }

    #[test]
    fn links_for_odesli_tell_nothing_of_their_sender() {
        let links = [
            (
                "https://open.spotify.com/track/4cOdK2wGLETKBW3PvgPWqT?si=abc",
                "https://open.spotify.com/track/4cOdK2wGLETKBW3PvgPWqT",
            ),
            (
                "https://open.spotify.com/intl-de/track/4cOdK2wGLETKBW3PvgPWqT",
                "https://open.spotify.com/track/4cOdK2wGLETKBW3PvgPWqT",
            ),
            (
                "spotify:track:4cOdK2wGLETKBW3PvgPWqT",
                "https://open.spotify.com/track/4cOdK2wGLETKBW3PvgPWqT",
            ),
            (
                "https://u:p@youtu.be/dQw4w9WgXcQ?si=abc#t=3",
                "https://youtu.be/dQw4w9WgXcQ",
            ),
            (
                "https://music.youtube.com/watch?v=dQw4w9WgXcQ&feature=share",
                "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
            ),
            ("https://song.link/s/4cOd", "https://song.link/s/4cOd"),
        ];
        for (link, expected) in links {
            let parsed = parse(link).unwrap();
            assert_eq!((parsed.track, parsed.page.as_str()), (None, expected), "{link}");
        }
    }

    #[test]
    fn what_is_not_one_song_is_told_apart() {
        for link in [
            "https://music.yandex.ru/album/3192570",
            "https://music.yandex.ru/users/a/playlists/3",
            "https://www.deezer.com/playlist/5",
            "https://open.spotify.com/album/1",
            "spotify:album:1",
            "https://music.apple.com/ru/album/x/1187231431",
        ] {
            assert!(matches!(parse(link), Err(SourceError::NotOneSong)), "{link}");
        }
        for link in [
            "",
            "Кино Группа крови",
            "AC/DC",
            "https://example.com/track/1",
            "https://music.yandex.ru.evil.com/track/1",
            "https://music.yandex.ru/track/../../x",
            "https://www.deezer.com/track/12a",
            "https://evilspotify.com/track/1",
            "https://127.0.0.1/track/1",
            "file:///track/1",
            "javascript:alert(1)//youtube.com",
            &format!("https://youtu.be/{}", "a".repeat(2_000)),
        ] {
            assert!(matches!(parse(link), Err(SourceError::UnknownLink)), "{link}");
        }
    }

    #[test]
    fn a_link_is_found_in_the_sentence_around_it() {
        let song = "https://music.yandex.ru/album/1/track/2?utm_source=x";
        for text in [
            song.to_owned(),
            format!("  {song}\n"),
            format!("Listen: «Tune» — Band {song}"),
            format!("{song} послушай!"),
            format!("Слушай ({song}), это AC/DC"),
            format!("https://music.yandex.ru/album/1\n{song}."),
        ] {
            assert_eq!(find(&text), Some(song), "{text}");
        }
        assert_eq!(find("слушай deezer.com/track/5"), Some("deezer.com/track/5"));
        // What leads to no song is told as it was before.
        let album = "https://music.yandex.ru/album/1";
        assert_eq!(find(&format!("весь альбом {album}")), Some(album));
        assert_eq!(find(" https://example.com/1 "), Some("https://example.com/1"));
        assert_eq!(find("my song of example.com/1"), None);
    }

    #[test]
    fn names_of_songs_are_no_links() {
        for text in [
            "AC/DC - T.N.T.",
            "Би-2",
            "the 1975",
            "t.A.T.u. Nas ne dogonyat",
            "feat. someone / other",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
        assert!(find("open.spotify.com/track/1").is_some());
    }
}
