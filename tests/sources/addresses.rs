//! No answer of a service leads us anywhere but to its own hosts, however the address is spelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::support::music::{Fault, TOKEN};

/// A port on this machine that nothing may connect to.
struct Forbidden {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Forbidden {
    async fn start() -> Self {
        // Both families, as far as the machine has them.
        let listener = match tokio::net::TcpListener::bind("[::]:0").await {
            Ok(listener) => listener,
            Err(_) => tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap(),
        };
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { port, connections }
    }

    async fn assert_untouched(&self) {
        // It does count.
        let _ = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(self.connections.load(Ordering::Relaxed), 1);
    }
}

/// Spellings of places we never go to; PORT is the one that listens.
const SPELLINGS: [&str; 78] = [
    "http://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F.0x0.0x0.0x1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://0177.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://00000.0:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.0.0.1:PORT./",
    "http://localhost:PORT/",
    "http://LocalHost:PORT/",
    "http://localhost.:PORT/",
    "https://localhost:PORT/",
    "http://a.localhost:PORT/",
    "http://[::]:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://user@127.0.0.1:PORT/",
    "http://user:word@localhost:PORT/",
    "http://api.deezer.com@127.0.0.1:PORT/",
    "https://api.deezer.com:443@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT#@api.deezer.com/",
    "http://127.0.0.1:PORT?@api.deezer.com/",
    "http://127.0.0.1:PORT\\@api.deezer.com/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "//127.0.0.1:PORT/",
    "\\\\127.0.0.1:PORT/",
    "/\\127.0.0.1:PORT/",
    "hTTp://127.0.0.1:PORT/",
    "\thttp://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_x",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "data:audio/mpeg;base64,SUQz",
    "unix:/run/docker.sock",
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://[fd00:ec2::254]/",
    "https://metadata.google.internal/",
    "https://[::ffff:10.0.0.1]/",
    "https://10.0.0.1/",
    "https://192.168.0.1/",
    "https://172.16.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://api.deezer.com.evil.example/",
    "https://evil.example/api.deezer.com",
    "https://evil-dzcdn.net/",
    "https://api.deezer.com:PORT/",
    "https://api.deezer.com%00.evil.example/",
    "https://api.deezer.com%2eevil.example/",
    "http://api.deezer.com/",
    "https://api.deezer.com./",
];

#[tokio::test]
async fn no_spelling_of_a_redirect_leads_astray() {
    let (music, forbidden) = (Music::start().await, Forbidden::start().await);
    for spelling in SPELLINGS {
        let to = spelling.replace("PORT", &forbidden.port.to_string());
        // Header values are ASCII; what is not comes as the bytes it is.
        music.deezer.fail("/search", Fault::Redirect(to), 1);
        let error = failure(&only(&music, Source::Deezer), BLOOD_TYPE).await;
        assert!(
            matches!(
                error,
                SourceError::Forbidden { .. } | SourceError::Garbled { .. } | SourceError::NotFound { .. }
            ),
            "{spelling}: {error:?}"
        );
    }
    forbidden.assert_untouched().await;
}

#[tokio::test]
async fn no_spelling_of_a_link_leads_astray() {
    let (music, forbidden) = (Music::start().await, Forbidden::start().await);
    let folder = tempfile::tempdir().unwrap();
    for spelling in SPELLINGS {
        let preview = spelling.replace("PORT", &forbidden.port.to_string());
        let track = serde_json::json!({"id": 1, "title": "a", "preview": preview}).to_string();
        music.deezer.fail("/track", Fault::Body(track.leak()), 1);
        let error = fetch(&only(&music, Source::Deezer), "deezer:1", &folder.path().join("song"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, SourceError::Forbidden { .. } | SourceError::Garbled { .. }),
            "{spelling}: {error:?}"
        );
    }
    forbidden.assert_untouched().await;
}

#[tokio::test]
async fn hosts_in_yandexs_xml_are_checked_and_get_no_token() {
    let (music, forbidden) = (Music::start().await, Forbidden::start().await);
    let folder = tempfile::tempdir().unwrap();
    let port = forbidden.port;
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}/x?"),
        format!("storage.yandex.net@127.0.0.1:{port}"),
        "169.254.169.254".into(),
        "evil.example/x?.yandex.net".into(),
        "evil.example#.yandex.net".into(),
        String::new(),
    ] {
        *music.yandex_switches.other_host.lock().unwrap() = Some(host.clone());
        let sources = only(&music, Source::Yandex);
        let error = fetch(&sources, "yandex:1001", &folder.path().join("song"))
            .await
            .unwrap_err();
        let checked = matches!(error, SourceError::Forbidden { .. } | SourceError::Garbled { .. });
        assert!(checked, "{host}: {error:?}");
    }
    forbidden.assert_untouched().await;
}

#[tokio::test]
async fn the_token_stays_with_the_host_it_is_for() {
    let music = Music::start().await;
    let mut settings = music.settings(&[Source::Yandex]);
    // The same stand-in under another name is another origin.
    let other = music.yandex.base_url.replace("127.0.0.1", "localhost");
    music
        .yandex
        .fail("/search", Fault::Redirect(format!("{other}/search?text=a")), 1);
    failure(&sources(&settings), "кино").await;

    let moved = format!("{}/search?text=one", music.yandex.base_url);
    music.yandex.fail("/search", Fault::Redirect(moved), 1);
    assert_eq!(first(&sources(&settings), "кино").await.title, "One");
    settings.yandex.as_mut().unwrap().base_url = Some(music.deezer.base_url.clone());
    music.deezer.fail(
        "/search",
        Fault::Redirect(format!("{}/search", music.yandex.base_url)),
        1,
    );
    let before = music.yandex.asked().len();
    failure(&sources(&settings), "кино").await;
    assert_eq!(
        music.yandex.asked().len(),
        before,
        "only the configured port is allowed"
    );
    let told = music.deezer.asked();
    assert!(told[0].headers["authorization"].to_str().unwrap().contains(TOKEN));
}

#[tokio::test]
async fn redirects_end() {
    let music = Music::start().await;
    let sources = only(&music, Source::Deezer);
    let again = format!("{}/search?q=one", music.deezer.base_url);
    music.deezer.fail("/search", Fault::Redirect(again.clone()), 3);
    assert_eq!(first(&sources, "кино").await.title, "One");
    music.deezer.fail("/search", Fault::Redirect(again), 99);
    failure(&sources, "metallica").await;
    assert_eq!(music.deezer.count("/search"), 8);
}
