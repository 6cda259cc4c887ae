//! Everything the services do wrong, and that none of it leaves a file, a wait without end or a token in a text.

use std::error::Error;
use std::time::{Duration, Instant};

use musiccircles::source::State;

use super::*;
use crate::support::music::{Fault, TOKEN};

#[tokio::test]
async fn a_stumble_is_not_noticed() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    for fault in [Fault::Status(500), Fault::Status(502), Fault::Status(503), Fault::Cut] {
        music.deezer.fail("/search", fault, 1);
        assert!(
            first(
                &sources,
                &format!("{BLOOD_TYPE}{}", " ".repeat(music.deezer.asked().len()))
            )
            .await
            .preview_only
        );
        assert!(first(&sources, "one").await.explicit);
    }
}

#[tokio::test]
async fn a_busy_service_is_waited_for_or_left_alone() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    music.deezer.fail("/search", Fault::Busy(429, 1), 1);
    let started = Instant::now();
    first(&sources, BLOOD_TYPE).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "it asked for a second");

    music.deezer.fail("/search", Fault::Busy(503, 40), 1);
    let error = failure(&sources, "metallica").await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    let asked = music.deezer.asked().len();
    music.deezer.fail("/search", Fault::Busy(429, 60), 1);
    let error = failure(&only(&music, Source::Deezer), "metallica").await;
    assert!(matches!(error, SourceError::Busy { .. }));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert_eq!(music.deezer.asked().len(), asked + 1, "tried again too soon");
}

#[tokio::test]
async fn deezers_quota_comes_with_status_200() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    let quota = r#"{"error":{"type":"Exception","message":"Quota limit exceeded","code":4}}"#;
    music.deezer.fail("/search", Fault::Body(quota), 1);
    let error = failure(&sources, BLOOD_TYPE).await;
    assert!(matches!(error, SourceError::Busy { .. }), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
    let again = failure(&sources, BLOOD_TYPE).await;
    assert!(again.retry_after().unwrap() <= Duration::from_secs(5));
    assert_eq!(music.deezer.count("/search"), 1, "left alone until then");
}

#[tokio::test]
async fn a_refused_token_turns_yandex_off() {
    let music = Music::start().await;
    let mut settings = music.settings(&[Source::Yandex]);
    settings.yandex.as_mut().unwrap().token = "y0_another-canary".into();
    let sources = sources(&settings);
    for _ in 0..3 {
        let error = failure(&sources, BLOOD_TYPE).await;
        assert!(matches!(error, SourceError::TokenRefused { .. }));
        assert!(error.to_string().contains("token"));
    }
    assert_eq!(music.yandex.asked().len(), 1);
    assert_eq!(sources.health()[0].state, State::Off);
}

#[tokio::test]
async fn another_country_is_not_asked_again_for_long() {
    let music = Music::start().await;
    let sources = only(&music, Source::Yandex);
    music.yandex.fail("/search", Fault::Status(451), 1);
    for _ in 0..3 {
        let error = failure(&sources, BLOOD_TYPE).await;
        assert!(matches!(error, SourceError::WrongCountry { .. }));
    }
    assert_eq!(music.yandex.asked().len(), 1);
}

#[tokio::test]
async fn a_slow_service_is_given_up() {
    let music = Music::start().await;
    let sources = only(&music, Source::Itunes);
    music.itunes.fail("/search", Fault::Slow(Duration::from_secs(60)), 5);
    let started = Instant::now();
    let error = failure(&sources, BLOOD_TYPE).await;
    assert!(matches!(error, SourceError::Unavailable { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(8));
    assert_eq!(
        music.itunes.asked().len(),
        1,
        "what was slow is not tried again at once"
    );
}

#[tokio::test]
async fn more_requests_than_are_allowed_are_not_made() {
    let music = Music::start().await;
    let sources = only(&music, Source::Itunes);
    let mut refused = 0;
    for n in 0..12 {
        let page = search(&sources, &format!("кино {n}")).await;
        refused += page.failures.len();
    }
    assert_eq!(music.itunes.asked().len(), 5);
    assert_eq!(refused, 7);
    assert_eq!(
        sources.health()[0].failures,
        0,
        "our own pace is no failure of the service"
    );
}

#[tokio::test]
async fn no_failed_download_leaves_a_file() {
    let faults = [
        Fault::Status(404),
        Fault::Status(500),
        Fault::Body("<html>sign in</html>"),
        Fault::Body("{}"),
        Fault::Body(""),
        Fault::Endless,
        Fault::Cut,
        Fault::Redirect("http://127.0.0.1:1/".into()),
        Fault::Redirect("/stream/again".into()),
    ];
    for fault in faults {
        let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
        music.deezer.fail("/stream", fault.clone(), 9);
        let sources = only(&music, Source::Deezer);
        let error = fetch(&sources, "deezer:1001", &folder.path().join("song")).await;
        assert!(error.is_err(), "{fault:?}");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "{fault:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn downloads_have_a_limit_and_may_be_dropped() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    let sources = only(&music, Source::Deezer);
    let (track, into) = ("deezer:1001".parse().unwrap(), folder.path().join("song"));
    let limits = FetchLimits {
        max_bytes: 1_000,
        total: Duration::from_secs(5),
    };
    let error = sources.fetch(&track, &into, limits).await.unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { limit_bytes: 1_000, .. }));

    music.deezer.fail("/stream", Fault::Slow(Duration::from_secs(30)), 1);
    let dropped = tokio::time::timeout(
        Duration::from_millis(300),
        sources.fetch(&track, &into, FetchLimits::default()),
    );
    assert!(dropped.await.is_err());
    assert!(!into.exists());

    // Nothing is written over.
    std::fs::write(&into, "mine").unwrap();
    let error = sources.fetch(&track, &into, FetchLimits::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::Disk { .. }));
    assert_eq!(std::fs::read(&into).unwrap(), b"mine");
}

#[tokio::test]
async fn no_text_holds_the_token_or_an_address() {
    let (music, folder) = (Music::start().await, tempfile::tempdir().unwrap());
    let settings = music.settings(&[Source::Yandex]);
    let mut texts = vec![format!("{settings:?}")];
    let faults = [
        Fault::Refusal(401, TOKEN),
        Fault::Refusal(400, TOKEN),
        Fault::Refusal(403, TOKEN),
        Fault::Refusal(500, TOKEN),
        Fault::Body(TOKEN),
        Fault::Cut,
        Fault::Redirect(format!("https://evil.example/{TOKEN}")),
        Fault::Redirect(format!("http://{TOKEN}@127.0.0.1/")),
    ];
    for (path, fault) in ["/search", "/tracks", "/file-download-info", "/get-mp3"]
        .into_iter()
        .flat_map(|path| faults.iter().map(move |fault| (path, fault.clone())))
    {
        let sources = sources(&settings);
        music.yandex.fail(path, fault, 2);
        let page = search(&sources, BLOOD_TYPE).await;
        let fetched = fetch(&sources, "yandex:1001", &folder.path().join("song")).await.err();
        let _ = std::fs::remove_file(folder.path().join("song"));
        for error in page.failures.iter().chain(&fetched) {
            texts.push(format!("{error} {error:?}"));
            let mut cause = error.source();
            while let Some(deeper) = cause {
                texts.push(format!("{deeper} {deeper:?}"));
                cause = deeper.source();
            }
        }
        texts.extend(sources.health().iter().map(|health| format!("{health:?}")));
    }
    assert!(texts.len() > 60);
    for text in &texts[1..] {
        for secret in [TOKEN, "127.0.0.1", "get-mp3", "evil", folder.path().to_str().unwrap()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(!texts[0].contains(TOKEN));
}
