//! Several sources as one list: their order, pages, each song once, and what happens when one of them fails.

use std::collections::HashSet;

use musiccircles::source::{ErrorKind, State};

use super::*;
use crate::support::music::Fault;

#[tokio::test]
async fn sources_are_asked_in_their_order_and_only_as_far_as_needed() {
    let music = Music::start().await;
    let all = sources(&music.settings(&[Source::Deezer, Source::Yandex, Source::Itunes]));
    assert_eq!(all.order(), [Source::Deezer, Source::Yandex, Source::Itunes]);
    let page = all.search("кино", 3, Cursor::default()).await;
    assert_eq!(ids(&page), ["deezer:1001", "deezer:1002", "deezer:1003"]);
    assert_eq!((music.deezer.count("/search"), music.yandex.count("/search")), (1, 0));
}

#[tokio::test]
async fn pages_go_through_everything_and_show_no_song_twice() {
    let music = Music::start().await;
    let all = sources(&music.settings(&[Source::Yandex, Source::Deezer, Source::Itunes]));
    let (mut cursor, mut seen, mut pages) = (Cursor::default(), Vec::new(), 0);
    loop {
        let page = all.search("rare artist", 1, cursor).await;
        seen.extend(ids(&page));
        pages += 1;
        // A cursor outlives a restart.
        let Some(next) = page.next else { break };
        cursor = serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap();
        assert!(pages < 10);
    }
    assert_eq!(seen, ["deezer:4001", "itunes:4002"]);

    let page = all.search("кино", 5, Cursor::default()).await;
    let rest = all.search("кино", 50, page.next.unwrap()).await;
    let together: HashSet<_> = ids(&page).into_iter().chain(ids(&rest)).collect();
    // All three have the same seven songs.
    assert_eq!(together.len(), 7);
    assert!(together.iter().all(|id| id.starts_with("yandex:")), "{together:?}");
    assert_eq!(rest.next, None);
    // Turning pages asked nobody again.
    assert_eq!(music.yandex.count("/search?text=%D0%BA"), 1);
}

#[tokio::test]
async fn one_failing_source_never_stops_the_rest() {
    let faults = [
        (Fault::Status(500), ErrorKind::Unavailable),
        (Fault::Status(403), ErrorKind::NotPlayable),
        (
            Fault::Refusal(401, r#"{"error":{"name":"session-expired"}}"#),
            ErrorKind::TokenRefused,
        ),
        (Fault::Status(451), ErrorKind::WrongCountry),
        (Fault::Busy(429, 60), ErrorKind::Busy),
        (Fault::Body("<html>it works!</html>"), ErrorKind::Garbled),
        (Fault::Body(r#"{"result":"bad request"}"#), ErrorKind::Garbled),
        (Fault::Body(""), ErrorKind::Garbled),
        (Fault::Endless, ErrorKind::TooLarge),
        (Fault::Redirect("https://example.com/".into()), ErrorKind::Garbled),
    ];
    for (fault, kind) in faults {
        let music = Music::start().await;
        let all = sources(&music.settings(&[Source::Yandex, Source::Deezer]));
        music.yandex.fail("/search", fault.clone(), 2);
        let page = search(&all, BLOOD_TYPE).await;
        assert_eq!(ids(&page), ["deezer:1001"], "{fault:?}");
        assert_eq!(page.failures.len(), 1, "{fault:?}");
        assert_eq!(page.failures[0].kind(), kind, "{fault:?}: {:?}", page.failures);
    }
}

#[tokio::test]
async fn a_source_that_cannot_be_reached_is_left_alone_for_a_while() {
    let music = Music::start().await;
    let mut settings = music.settings(&[Source::Yandex, Source::Deezer]);
    // A port where nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    settings.yandex.as_mut().unwrap().base_url = Some(format!("http://{closed}"));
    let all = sources(&settings);
    for n in 0..4 {
        let page = search(&all, &format!("кино {}", ["группа", "звезда", "пачка", "кукушка"][n])).await;
        assert_eq!(page.results.len(), 1);
        assert_eq!(page.failures[0].kind(), ErrorKind::Unavailable);
        assert_eq!(
            page.failures[0].retry_after().unwrap().is_zero(),
            n < 3,
            "{:?}",
            page.failures
        );
    }
    let health = all.health();
    assert!(matches!(health[0].state, State::Paused { .. }), "{:?}", health[0]);
    assert_eq!((health[0].failures, health[0].successes), (3, 0));
    assert!(health[0].last_error.is_some() && health[0].last_success.is_none());
    assert!(matches!(health[1].state, State::Working) && health[1].successes == 4 && health[1].last_success.is_some());
}

#[tokio::test]
async fn what_is_not_configured_is_off() {
    let music = Music::start().await;
    let mut settings = music.settings(&[Source::Library, Source::Yandex, Source::Deezer, Source::Deezer]);
    settings.yandex = None;
    let all = sources(&settings);
    // iTunes has settings and is not in the order; the library is in the order and has no settings.
    assert_eq!(all.order(), [Source::Deezer]);
    let none = sources(&Settings::default());
    let page = search(&none, BLOOD_TYPE).await;
    assert!(page.results.is_empty() && page.failures.is_empty() && none.health().is_empty());
}

#[tokio::test]
async fn wrong_base_addresses_are_told_at_the_start() {
    let music = Music::start().await;
    for base in [
        "",
        "music",
        "ftp://example.com",
        "file:///etc",
        "http://user:pass@example.com",
        "https://example.com/?a=b",
    ] {
        let mut settings = music.settings(&[Source::Deezer]);
        settings.deezer.as_mut().unwrap().base_url = Some(base.into());
        let error = Sources::start(&settings, None).err().unwrap();
        assert!(matches!(error, SourceError::BadAddress { .. }), "{base}");
        assert!(!error.to_string().contains("pass"));
    }
}
