//! A name in, a song on the disk out, at each service.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::*;

const SONG: &[u8] = include_bytes!("../../assets/demo/demo.mp3");

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn yandex_finds_signs_and_fetches_the_whole_song() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    let sources = only(&music, Source::Yandex);
    let found = first(&sources, BLOOD_TYPE).await;
    assert_eq!(found.track.to_string(), "yandex:1001");
    assert_eq!(
        (found.title.as_str(), found.artist().as_str()),
        ("Группа крови", "Кино")
    );
    assert_eq!(found.duration, Some(Duration::from_secs(285)));
    assert_eq!(
        found.page_url.as_deref(),
        Some("https://music.yandex.ru/album/55/track/1001")
    );
    assert!(!found.preview_only && !found.explicit);
    assert!(first(&sources, "metallica one").await.explicit);
    assert_eq!(sources.info(&found.track).await.unwrap(), found);

    let into = folder.path().join("song");
    let media = fetch(&sources, "yandex:1001", &into).await.unwrap();
    assert_eq!(std::fs::read(&into).unwrap(), SONG);
    assert_eq!(media.sha256, sha256(SONG));
    assert_eq!(
        (media.size_bytes, media.extension, media.preview_only),
        (SONG.len() as u64, "mp3", false)
    );
    // The mp3 with the most bits that are wanted, and the token told to the interface alone.
    assert_eq!(music.yandex.count("/file-download-info/1001/192"), 1);
    for asked in music.yandex.asked() {
        let storage = asked.uri.starts_with("/file-download-info") || asked.uri.starts_with("/get-mp3");
        assert_eq!(asked.headers.contains_key("authorization"), !storage, "{}", asked.uri);
    }
}

#[tokio::test]
async fn yandex_says_when_only_a_piece_can_be_had() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    music.yandex_switches.preview_only.store(true, Ordering::Relaxed);
    let media = fetch(
        &only(&music, Source::Yandex),
        "yandex:1001",
        &folder.path().join("song"),
    )
    .await
    .unwrap();
    assert!(media.preview_only);
}

#[tokio::test]
async fn a_link_that_ran_out_is_asked_for_again_once() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    let sources = only(&music, Source::Yandex);
    music.yandex_switches.expired_links.store(1, Ordering::Relaxed);
    fetch(&sources, "yandex:1001", &folder.path().join("song"))
        .await
        .unwrap();
    assert_eq!(music.yandex.count("/tracks/1001/download-info"), 2);

    music.yandex_switches.expired_links.store(9, Ordering::Relaxed);
    let into = folder.path().join("other");
    let error = fetch(&sources, "yandex:1001", &into).await.unwrap_err();
    assert!(matches!(error, SourceError::Expired { .. }), "{error:?}");
    assert!(!into.exists());
}

#[tokio::test]
async fn deezer_and_itunes_give_pieces_and_say_so() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    for (source, extension) in [(Source::Deezer, "mp3"), (Source::Itunes, "m4a")] {
        let sources = only(&music, source);
        let found = first(&sources, BLOOD_TYPE).await;
        assert_eq!(found.track.to_string(), format!("{source}:1001"));
        assert!(found.preview_only);
        assert_eq!(found.duration, Some(Duration::from_secs(285)), "of the whole song");
        assert_eq!(found.album.as_deref(), Some("Группа крови"));
        assert_eq!(sources.info(&found.track).await.unwrap(), found);
        let media = sources
            .fetch(&found.track, &folder.path().join(extension), FetchLimits::default())
            .await
            .unwrap();
        assert_eq!((media.extension, media.preview_only), (extension, true));
    }
}

#[tokio::test]
async fn what_nobody_can_hear_is_not_offered() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    for source in [Source::Yandex, Source::Deezer] {
        let sources = only(&music, source);
        let page = search(&sources, "silent song").await;
        assert!(page.results.is_empty() && page.failures.is_empty() && page.next.is_none());
        let error = sources
            .info(&format!("{source}:3000").parse().unwrap())
            .await
            .unwrap_err();
        assert!(matches!(error, SourceError::NotPlayable { .. }), "{error:?}");
    }
    let error = fetch(&only(&music, Source::Deezer), "deezer:3000", &folder.path().join("a"))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NotPlayable { .. }), "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_track_that_is_not_there_is_said_to_be_missing() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    for (source, id) in [(Source::Yandex, 4001), (Source::Deezer, 4002), (Source::Itunes, 4001)] {
        let sources = only(&music, source);
        let error = sources
            .info(&format!("{source}:{id}").parse().unwrap())
            .await
            .unwrap_err();
        assert!(matches!(error, SourceError::NotFound { .. }), "{source}: {error:?}");
        assert!(search(&sources, "there is no such song").await.failures.is_empty());
        let off = fetch(&sources, "library:1", &folder.path().join("b"))
            .await
            .unwrap_err();
        assert!(matches!(off, SourceError::Off { .. }));
    }
}

#[tokio::test]
async fn names_may_be_anything() {
    let music = Music::start().await;
    let all = sources(&music.settings(&Source::ALL));
    for text in [
        "",
        "   ",
        "\0\u{202e}\n",
        "%00&q=1#?",
        "\"' OR 1=1 --",
        &"я".repeat(100_000),
        "💿🎵",
        "../../etc/passwd",
    ] {
        let page = search(&all, text).await;
        assert!(
            page.results.is_empty() && page.failures.is_empty(),
            "{:.20}: {:?}",
            text,
            page.failures
        );
    }
    let asked = music.deezer.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.uri.len() < 4_000 && asked.uri.starts_with("/search?q="))
    );
}
