//! Covers and lyrics.

use musiccircles::model::spelling::Named;

use super::*;
use crate::support::music::Fault;

const PICTURE: &[u8] = include_bytes!("../../assets/demo/themes.jpg");

#[tokio::test]
async fn each_source_gives_its_picture() {
    let music = Music::start().await;
    for source in [Source::Yandex, Source::Deezer, Source::Itunes] {
        let sources = only(&music, source);
        let found = first(&sources, BLOOD_TYPE).await;
        assert_eq!(
            sources.cover(&found).await.unwrap().as_deref(),
            Some(PICTURE),
            "{source}"
        );
        // Also after the song was kept by a dialogue over a restart.
        let kept: Found = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
        assert_eq!(kept, found);
    }
    assert_eq!(music.musicbrainz.asked().len(), 0);
    let asked = music.yandex.asked();
    let picture = asked
        .iter()
        .find(|asked| asked.uri.starts_with("/get-music-content"))
        .unwrap();
    assert!(!picture.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_missing_picture_is_looked_for_in_the_archive() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    let mut found = first(&sources, "nothing else matters").await;
    music.deezer.fail("/cover", Fault::Status(404), 1);
    assert_eq!(sources.cover(&found).await.unwrap().as_deref(), Some(PICTURE));
    // Albums before collections, and the first with a picture; another song of the same record does not count.
    let asked: Vec<_> = music.cover_archive.asked().into_iter().map(|asked| asked.uri).collect();
    assert_eq!(
        asked,
        [
            "/release-group/bare/front-500",
            "/release-group/album/front-500",
            "/kept/album.jpg"
        ]
    );
    // The service blocks those who do not tell who they are.
    let agent = music.musicbrainz.asked()[0].headers["user-agent"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        agent.starts_with("MusicCircles/") && agent.contains("operator@example.org"),
        "{agent}"
    );

    found.cover_url = None;
    found.title = "Unheard of".into();
    assert_eq!(sources.cover(&found).await.unwrap(), None);
}

#[tokio::test]
async fn musicbrainz_is_asked_once_a_second() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    let started = std::time::Instant::now();
    for n in 0..3 {
        assert_eq!(
            sources.record_cover(&format!("song \"{n}\\"), "nobody").await.unwrap(),
            None
        );
    }
    assert!(started.elapsed().as_millis() >= 2_000);
    assert_eq!(music.musicbrainz.asked().len(), 3);
}

#[tokio::test]
async fn what_is_no_picture_is_no_cover() {
    for fault in [
        Fault::Body("<html></html>"),
        Fault::Endless,
        Fault::Status(500),
        Fault::Redirect("https://[::1]/".into()),
    ] {
        let music = Music::start().await;
        let mut settings = music.settings(&[Source::Deezer]);
        settings.musicbrainz = None;
        let sources = sources(&settings);
        let found = first(&sources, BLOOD_TYPE).await;
        music.deezer.fail("/cover", fault.clone(), 2);
        assert!(sources.cover(&found).await.is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn synced_lyrics_or_none() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    let found = first(&sources, BLOOD_TYPE).await;
    let lyrics = async |found: &Found| {
        let named = Named {
            title: &found.title,
            artist: &found.artist(),
            duration: found.duration,
        };
        sources.lyrics(Some(&found.track), &named).await.unwrap()
    };
    let words = "[00:21.50] Тёплое место".as_bytes();
    assert_eq!(lyrics(&found).await.as_deref(), Some(words));
    let asked = &music.lrclib.asked()[0].uri;
    assert!(asked.contains("duration=285"), "{asked}");
    for text in ["metallica one", "rare artist"] {
        let found = first(&sources, text).await;
        assert_eq!(lyrics(&found).await, None, "{text}");
    }
    // Several artists in one line: the first is asked for alone.
    let before = music.lrclib.asked().len();
    let duet = Named {
        title: "Группа крови",
        artist: "Кино, Би-2",
        duration: None,
    };
    assert_eq!(sources.lyrics(None, &duet).await.unwrap().as_deref(), Some(words));
    assert_eq!(music.lrclib.asked().len(), before + 2);
    let nameless = Named { artist: "", ..duet };
    assert_eq!(sources.lyrics(None, &nameless).await.unwrap(), None);
}
