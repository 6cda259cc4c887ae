//! A link in, the song at one of our sources out.

use musiccircles::source::ErrorKind;

use super::*;
use crate::support::music::Fault;

#[tokio::test]
async fn links_to_our_sources_need_nobody_else() {
    let music = Music::start().await;
    let mut settings = music.settings(&[Source::Itunes, Source::Deezer, Source::Yandex]);
    settings.odesli = None;
    let all = sources(&settings);
    for (link, track) in [
        (
            "https://music.yandex.ru/album/55/track/1001?utm_medium=copy_link",
            "yandex:1001",
        ),
        ("https://www.deezer.com/fr/track/1002", "deezer:1002"),
        ("https://music.apple.com/ru/album/x/2?i=1003", "itunes:1003"),
        ("music.apple.com/us/song/x/2001", "itunes:2001"),
    ] {
        assert_eq!(all.resolve(link).await.unwrap().track.to_string(), track);
    }
    let error = all
        .resolve("https://open.spotify.com/track/bloodtype")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Off);
    assert_eq!(music.odesli.asked().len(), 0);
}

#[tokio::test]
async fn other_links_become_songs_of_the_first_source_that_has_them() {
    let music = Music::start().await;
    let link = "https://open.spotify.com/track/bloodtype?si=tracking";
    for (order, track) in [
        (vec![Source::Yandex, Source::Deezer], "yandex:1001"),
        (vec![Source::Deezer, Source::Yandex], "deezer:1001"),
        // Odesli told no number of iTunes: found by its name, spelled in Latin there.
        (vec![Source::Itunes], "itunes:2002"),
    ] {
        let link = if track == "itunes:2002" {
            "https://youtu.be/named"
        } else {
            link
        };
        let found = sources(&music.settings(&order)).resolve(link).await.unwrap();
        assert_eq!(found.track.to_string(), track);
    }
    let asked = music.odesli.asked();
    assert!(asked.iter().all(|asked| !asked.uri.contains("tracking")), "{asked:?}");
}

#[tokio::test]
async fn a_link_to_a_source_that_is_off_or_down_is_found_elsewhere() {
    let music = Music::start().await;
    let link = "https://music.yandex.ru/album/55/track/1002";
    let off = sources(&music.settings(&[Source::Deezer]));
    assert_eq!(off.resolve(link).await.unwrap().track.to_string(), "deezer:1002");

    let down = sources(&music.settings(&[Source::Yandex, Source::Deezer]));
    music.yandex.fail("/tracks", Fault::Status(451), 9);
    assert_eq!(down.resolve(link).await.unwrap().track.to_string(), "deezer:1002");

    // Nobody knows it: the link's own service has the word.
    let unknown = "https://music.yandex.ru/album/55/track/9999";
    let error = sources(&music.settings(&[Source::Deezer]))
        .resolve(unknown)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Off);
}

#[tokio::test]
async fn links_that_lead_to_no_song_say_what_they_are() {
    let music = Music::start().await;
    let all = sources(&music.settings(&[Source::Yandex, Source::Deezer]));
    for (link, kind) in [
        ("https://open.spotify.com/album/1", ErrorKind::NotOneSong),
        ("https://youtu.be/album", ErrorKind::NotOneSong),
        ("https://youtu.be/unheard", ErrorKind::NotFound),
        ("https://youtu.be/rare", ErrorKind::NotFound),
        ("https://example.com/song.mp3", ErrorKind::UnknownLink),
        ("http://169.254.169.254/track/1", ErrorKind::UnknownLink),
        ("кино", ErrorKind::UnknownLink),
    ] {
        let error = all.resolve(link).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{link}: {error:?}");
    }
    for fault in [Fault::Status(500), Fault::Busy(429, 60)] {
        let all = sources(&music.settings(&[Source::Deezer]));
        music.odesli.fail("/", fault, 2);
        let error = all.resolve("https://youtu.be/bloodtype").await.unwrap_err();
        assert!(error.retry_after().is_some(), "{error:?}");
    }
}
