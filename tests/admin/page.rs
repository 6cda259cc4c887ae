//! The operator's page in a real browser: everything it shows and one thing it makes, as an admin and as a viewer see it.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::Desk;
use super::work::{ordered, until};
use crate::http::server::{Server, song_bytes};
use crate::studio::browser::Browser;
use crate::studio::holds::Holds;
use crate::studio::sight::assert_accessible;

/// It draws nothing on a graphics card.
const OPERATOR: Holds = Holds {
    language: "en",
    webgpu: false,
    ..Holds::DESK
};
/// The tabs, and of each what can only come from the service.
const TABS: [(&str, &[&str]); 5] = [
    (
        "now",
        &[
            "encodes with x264",
            "1 in the last hour",
            "0 songs",
            "lyrics_without_times",
        ],
    ),
    ("jobs", &["Band – Tune", "lyrics_without_times", "vinyl"]),
    ("numbers", &["Band – Tune", "vinyl"]),
    ("access", &["Site", "Nobody is."]),
    ("audit", &["make key", "key 1, Site", "sign in", "127.0.0.1"]),
];

/// Where a person may look at what the test saw.
fn album(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// A circle that is made, and one that cannot be.
async fn work(server: &Server) {
    let song = server.send_song(song_bytes(3.0)).await;
    let made = ordered(server, &song, 0).await;
    until(server, &made, "done").await;
    let order =
        json!({ "song": song["song"], "length_ms": 1000, "theme": "lyrics", "lyrics": "words without their times" });
    let answer = server.post_json("/api/v1/jobs", order).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let failed: Value = answer.json().await.unwrap();
    until(server, failed["job"].as_str().unwrap(), "failed").await;
}

async fn sign_in(browser: &Browser, token: &str) {
    browser.until("!document.querySelector('#sign-in').hidden").await;
    browser.type_in("#key", token).await;
    browser.click("#sign-in button").await;
    browser.until("!document.querySelector('#inside').hidden").await;
}

/// Waits until these words are there to be read.
async fn says(browser: &Browser, selector: &str, words: &str) {
    let said = format!("document.querySelector('{selector}')?.innerText.includes('{words}')");
    browser.until(&said).await;
}

async fn open(browser: &Browser, tab: &str, words: &[&str]) {
    browser.click(&format!("#tab-{tab}")).await;
    for words in words {
        says(browser, &format!("#{tab}"), words).await;
    }
}

async fn count(browser: &Browser, selector: &str) -> u64 {
    let counted = format!("document.querySelectorAll('{selector}').length");
    browser.value(&counted).await.as_u64().unwrap()
}

/// A chart has bars that can be seen, and says in words what they are.
async fn assert_charted(browser: &Browser, chart: &str, bars: u64, words: &str) {
    let seen = browser
        .value(&format!(
            "[...document.querySelectorAll('{chart} rect.bar')].map((bar) => bar.getBoundingClientRect()) \
             .filter((at) => at.width > 0 && at.height > 1).length"
        ))
        .await;
    assert!(seen.as_u64().unwrap() >= bars, "{chart} has {seen} bars");
    let told = browser
        .value(&format!("document.querySelector('{chart} title').textContent"))
        .await;
    assert!(told.as_str().unwrap().contains(words), "{chart}: {told}");
}

/// Makes a key as an admin does; it is shown this once, and it is one.
async fn make_key(browser: &Browser, server: &Server) {
    open(browser, "access", &["There is none.", "Make a key"]).await;
    browser.type_in("#key-name", "Site").await;
    browser.click("#access .maker button").await;
    browser
        .until("document.querySelector('#new-key .secret') !== null")
        .await;
    assert_accessible(browser, "with a key that was made").await;
    let secret = browser
        .value("document.querySelector('#new-key .secret').textContent")
        .await;
    let with_key = |key: String| server.ask(Method::GET, "/api/v1/themes").bearer_auth(key).send();
    let secret = secret.as_str().unwrap().to_owned();
    assert_eq!(
        with_key(format!("{secret}0")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(with_key(secret).await.unwrap().status(), StatusCode::OK);
}

/// Opens the newest job, which failed, and the one before, which did not.
async fn read_stories(browser: &Browser) {
    open(browser, "jobs", &["Band – Tune"]).await;
    assert_eq!(count(browser, "#jobs tbody tr").await, 2);
    browser.click("#jobs tbody tr:first-child .link").await;
    for words in ["Job 2: failed", "lyrics_without_times", "asked for", "taken by"] {
        says(browser, "#story", words).await;
    }
    browser.until("document.activeElement.id === 'story'").await;
    browser.click("#jobs tbody tr:last-child .link").await;
    for words in ["Job 1: done", "Band – Tune", "encode_video"] {
        says(browser, "#story", words).await;
    }
}

/// Who came by HTTP has a number that no number of JavaScript's holds: blocked is who was meant.
async fn block_and_unblock(browser: &Browser, desk: &Desk) {
    let song = desk.server.send_song(song_bytes(2.0)).await;
    let order = json!({ "song": song["song"], "length_ms": 1000 });
    browser
        .value("void (window.prompt = () => 'floods', window.confirm = () => true)")
        .await;
    browser.click("#story button").await;
    says(browser, "#story", ", blocked").await;
    let refused = desk.server.post_json("/api/v1/jobs", order).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    browser.click("#story button").await;
    browser
        .until("!document.querySelector('#story').innerText.includes(', blocked')")
        .await;
    assert_eq!(desk.admin().await.get("blocked").await["blocked"], json!([]));
}

/// Whoever looks at "now" asks every few seconds, and not as fast as it is answered.
async fn assert_asked_seldom(browser: &Browser) {
    let asked = "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/live')).length";
    open(browser, "now", &["Health"]).await;
    let before = browser.value(asked).await.as_u64().unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let more = browser.value(asked).await.as_u64().unwrap() - before;
    assert!((1..=3).contains(&more), "asked {more} times in four seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_all_and_makes_a_key_and_a_viewer_finds_nothing_to_change() {
    let desk = Desk::open().await;
    let server = &desk.server;
    server.at_work().await;
    work(server).await;
    let browser = Browser::open(OPERATOR).await;
    browser.go(&format!("{}/admin", server.base())).await;
    browser.until("!document.querySelector('#sign-in').hidden").await;
    assert_eq!(
        browser
            .value("matchMedia('(prefers-color-scheme: light)').matches")
            .await,
        true
    );
    assert_accessible(&browser, "before anybody is signed in").await;
    // The page asks whether somebody still is, and a browser writes down every 401 by itself.
    let asked = browser.console().await;
    let is_question = |line: &String| line.contains("/api/v1/admin/session") && line.contains("401");
    assert!(asked.len() <= 1 && asked.iter().all(is_question), "{asked:?}");

    sign_in(&browser, &desk.admin_token).await;
    make_key(&browser, server).await;
    for (tab, words) in TABS {
        open(&browser, tab, words).await;
        assert_accessible(&browser, tab).await;
        browser.screenshot(&album(tab)).await;
        let says = browser.value("document.querySelector('main').innerText").await;
        let says = says.as_str().unwrap();
        for slip in ["[object", "undefined", "NaN", "null"] {
            assert!(!says.contains(slip), "{tab} says {slip}: {says}");
        }
        match tab {
            "now" => {
                assert!(
                    says.contains("0 of 1, 0 %"),
                    "of one circle none was there already: {says}"
                );
                assert_eq!(count(&browser, "#now .parts .well").await, 4);
                assert_charted(&browser, "#now svg.bars", 1, "1 circles in the last hour").await;
                assert_charted(&browser, "#now svg.stages", 5, "render: half within").await;
            }
            "numbers" => assert_charted(&browser, "#numbers svg.bars", 1, "circles by day").await,
            _ => {}
        }
    }
    read_stories(&browser).await;
    assert_accessible(&browser, "in a story").await;
    browser.screenshot(&album("story")).await;
    assert_eq!(count(&browser, "#story button").await, 1, "an admin may block its user");
    block_and_unblock(&browser, &desk).await;
    assert_asked_seldom(&browser).await;

    browser.click("#sign-out").await;
    sign_in(&browser, &desk.viewer_token).await;
    says(&browser, "#who", "may look").await;
    read_stories(&browser).await;
    for (tab, words) in TABS {
        open(&browser, tab, words).await;
        // Of what can be pressed or filled in, a viewer has jobs to look for and jobs to look at.
        let other = browser
            .value(&format!(
                "[...document.querySelectorAll('#{tab} :is(button, input, select, textarea, a)')] \
                 .filter((it) => !it.closest('form.search') && !it.matches('button.link')).map((it) => it.outerHTML)"
            ))
            .await;
        assert_eq!(other, json!([]), "{tab}");
    }
    for address in browser.loaded().await {
        assert!(address.starts_with(server.base()), "{address} is none of ours");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}
