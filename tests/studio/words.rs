//! What the page says: in the language of the person, and what to do next.

use musiccircles::worker::Reason;
use serde_json::{Value, json};

use super::holds::Holds;
use super::house::House;
use super::sight::{DRAWN, HEARD, album, assert_accessible, studio, text};

/// Kinds of failures that are no reasons of the workers': the queue's own, and the states of jobs that ended badly.
const MORE_KINDS: [&str; 7] = [
    "file_gone",
    "timeout",
    "request",
    "set_aside",
    "refused",
    "unknown",
    "failed",
];

/// Every reason of the workers' as it is written: what reads them names them all to who writes another.
fn reasons() -> Vec<String> {
    let other = serde_json::from_value::<Reason>(json!("another"))
        .unwrap_err()
        .to_string();
    other.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn says(start: &str) -> String {
    format!("document.querySelector('#note').textContent.startsWith('{start}')")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_in_russian_and_so_is_what_to_do() {
    let house = House::open().await;
    let browser = studio(&house, Holds::DESK).await;
    let (song, picture, letter) = (
        house.path("song.mp3"),
        house.path("cover.png"),
        house.path("letter.txt"),
    );
    for path in [&song, &picture, &letter] {
        std::fs::write(path, "Words, and no music.\n".repeat(100)).unwrap();
    }
    browser.drop_file(&song, "audio/mpeg").await;
    browser.until(&says("Эту песню не прочитать")).await;
    assert!(text(&browser, "#note").await.contains("Выберите другой"));
    assert_eq!(text(&browser, "#note-figures").await, "");
    assert_accessible(&browser, "where a song is refused").await;
    browser.screenshot(&album("desk-refused")).await;
    browser.drop_file(&picture, "image/png").await;
    browser.until(&says("Эту картинку не открыть")).await;
    browser.drop_file(&letter, "text/plain").await;
    browser.until(&says("Это не песня")).await;

    // In English the server has the word, which knows more.
    browser.click("#language").await;
    browser.drop_file(&song, "audio/mpeg").await;
    browser
        .until("/^(?!Sending)[^а-яё]+$/i.test(document.querySelector('#note').textContent)")
        .await;
    let told = text(&browser, "#note").await;
    assert!(told.is_ascii() && told.contains("; "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_failure_and_every_status_has_russian_words() {
    let house = House::open().await;
    let browser = studio(&house, Holds::DESK).await;
    let reasons = reasons();
    assert!(
        reasons.len() > 20 && reasons.contains(&"song_damaged".to_owned()),
        "{reasons:?}"
    );
    let kinds: Vec<&str> = reasons.iter().map(String::as_str).chain(MORE_KINDS).collect();
    let told = browser
        .value(&format!(
            "await (async () => {{ const {{ wordsForFailure }} = await import('/refusals.js'); \
             return [...{kinds}, 'another'].map((kind) => wordsForFailure({{ kind, detail: 'in English' }})) }})()",
            kinds = json!(kinds)
        ))
        .await;
    let mut told: Vec<String> = serde_json::from_value(told).unwrap();
    let of_another = told.pop().unwrap();
    for (kind, words) in kinds.iter().zip(&told) {
        let sentences = words.split(['.', ':']).filter(|words| words.len() > 8).count();
        assert!(*words != of_another && sentences >= 2, "{kind}: {words}");
    }
    let told = browser
        .value(
            "await (async () => { const [{ wordsFor }, { Refused }] = \
             await Promise.all(['/refusals.js', '/api.js'].map((name) => import(name))); \
             return [400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504].flatMap((status) => \
             ['/songs', '/covers', '/search?query=x', '/scene', '/frames', '/jobs/x/send'].map((path) => \
             wordsFor(new Refused('in English', path, status, '7')))).concat(wordsFor(new TypeError('in English'))) })()",
        )
        .await;
    for words in told
        .as_array()
        .unwrap()
        .iter()
        .map(Value::as_str)
        .chain([Some(&*of_another)])
    {
        let words = words.unwrap();
        let russian = words.starts_with(|letter| ('А'..='Я').contains(&letter));
        assert!(russian && words.ends_with('.') && !words.contains("English"), "{words}");
    }
    assert!(told.to_string().contains("через 7 с"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_their_place_and_how_long() {
    let house = House::open_with(&[("LIMITS__PER_USER_WAITING", "10")]).await;
    let browser = studio(&house, Holds::PHONE).await;
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    // Others came first.
    let ahead = "await Promise.all([1, 2, 3, 4].map((seed) => fetch('/api/v1/jobs', { method: 'POST', \
                 headers: { 'Content-Type': 'application/json' }, \
                 body: JSON.stringify({ ...asked('scene').at(-1), fps: 30, seed }) }).then((answer) => answer.status)))";
    assert_eq!(browser.value(ahead).await, json!([202, 202, 202, 202]));
    browser.click("#make").await;
    let told = |place: &str, wait: &str| {
        format!(
            "/^{place}$/.test(document.querySelector('#progress').textContent) && \
             /^{wait}$/.test(document.querySelector('#figures').textContent)"
        )
    };
    browser
        .until(&told("Number \\d+ in line", "about \\d+ s to wait"))
        .await;
    assert_accessible(&browser, "in the line").await;
    browser.screenshot(&album("phone-waiting")).await;
    browser.click("#language").await;
    browser.until(&told("Номер \\d+ в очереди", "ждать около \\d+ с")).await;
}
