//! What is chosen and stays so: a picture that comes with its song, a part of the song, a look that travels in a link.

use serde_json::{Value, json};

use super::browser::Browser;
use super::holds::Holds;
use super::house::House;
use super::sight::{
    DRAWN, HEARD, LIVE, OPEN, READY, album, assert_accessible, assert_in_time, assert_quiet, keep_times, last_asked,
    studio, text,
};
use crate::support::picture::{BLUE, file};
use crate::support::studio::song;

/// Long enough to have a better and a worse part.
const LONG_SECS: f64 = 40.0;

/// A look as the link tells it: what the page says of itself.
async fn look(browser: &Browser) -> Value {
    let told = "(() => { const value = (name) => document.querySelector(`[name=${name}]:checked`)?.value; \
                return [value('theme'), value('speed'), document.querySelector('#parameter-ring')?.value, \
                document.querySelector('#span').textContent, document.querySelector('#song-title').textContent] })()";
    browser.value(told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_song_and_a_picture_dropped_together_become_one_circle() {
    let house = House::open().await;
    let browser = studio(&house, Holds::PHONE).await;
    let (song, picture) = (house.song(), house.path("cover.png"));
    let blue = image::RgbImage::from_pixel(80, 80, image::Rgb(BLUE));
    std::fs::write(&picture, file(blue, image::ImageFormat::Png)).unwrap();
    for together in [
        [(&*song, "audio/wav"), (&*picture, "image/png")],
        [(&*picture, "image/png"), (&*song, "audio/wav")],
    ] {
        let before = last_asked(&browser, "scene").await;
        browser.drop_files(&together).await;
        browser
            .until(&format!(
                "(() => {{ const [one, other] = [{before}, asked('scene').at(-1)]; \
                 return other?.cover !== undefined && other.cover !== one?.cover && other.song !== one?.song }})()"
            ))
            .await;
        browser.until(HEARD).await;
        browser.until(DRAWN).await;
        let cover = last_asked(&browser, "scene").await["cover"].clone();
        let shown = browser.value("document.querySelector('#cover').src").await;
        assert!(
            shown.as_str().unwrap().ends_with(cover.as_str().unwrap()),
            "{shown} {cover}"
        );
        assert_eq!(
            browser.value("document.querySelector('#cover-back').hidden").await,
            false
        );
    }
    // The next song has its own.
    browser.drop_file(&song, "audio/wav").await;
    browser.until("asked('scene').at(-1).cover === undefined").await;
    browser
        .until("!document.querySelector('#cover').src.includes('/covers/')")
        .await;
    browser.until(DRAWN).await;
    assert_quiet(&browser, &house).await;
}

/// Also in the dark.
#[tokio::test(flavor = "multi_thread")]
async fn a_song_of_the_library_and_its_look_travel_in_a_link() {
    let music = tempfile::tempdir().unwrap();
    song(LONG_SECS).write_wav(&music.path().join("Кино - Прибой.wav"));
    let house = House::open_with(&[("SOURCES__LIBRARY__PATH", music.path().to_str().unwrap())]).await;
    let holds = Holds {
        dark: true,
        ..Holds::DESK
    };
    let browser = studio(&house, holds).await;
    assert_eq!(
        browser.value("getComputedStyle(document.body).backgroundColor").await,
        "rgb(16, 15, 18)"
    );
    assert_accessible(&browser, "at the start, in the dark").await;
    // The library is read in its own time.
    let read = "(await (await fetch('/api/v1/search?query=%D0%BF%D1%80%D0%B8%D0%B1%D0%BE%D0%B9')).json()).tracks?.length === 1";
    browser.until(read).await;
    browser.type_in("#query", "прибой").await;
    browser.until("document.querySelector('.found-title') !== null").await;
    assert_eq!(text(&browser, "#found button").await, "ПрибойКино0:40");
    assert_eq!(text(&browser, "#found-count").await, "Нашлось: 1");
    assert_accessible(&browser, "where something is found").await;
    browser.screenshot(&album("dark-found")).await;
    browser.click("#found button").await;
    browser.until(HEARD).await;
    browser.until(LIVE).await;
    assert_eq!(text(&browser, "#song-title").await, "Прибой");

    // Another look, and a short circle.
    browser
        .value("void document.querySelector('#themes input[value=cd]').click()")
        .await;
    browser
        .value("void document.querySelector('#speeds input[value=\"45\"]').click()")
        .await;
    browser.type_in("#parameter-ring", "\u{e012}").await;
    browser
        .value("void document.querySelector('#lengths input[value=\"15\"]').click()")
        .await;
    browser.until(DRAWN).await;
    assert_accessible(&browser, "while choosing, in the dark").await;
    browser.screenshot(&album("dark-look")).await;
    let chosen = look(&browser).await;
    browser.click("#make").await;
    browser.until(READY).await;
    assert_accessible(&browser, "when it is done, in the dark").await;
    browser.screenshot(&album("dark-done")).await;
    browser
        .value("void (Clipboard.prototype.writeText = async (words) => void (window.copied = words))")
        .await;
    browser.click("#recipe").await;
    browser.until("window.copied !== undefined").await;
    let link = browser.value("window.copied").await.as_str().unwrap().to_owned();

    // Elsewhere, where nothing is known of it.
    let other = Browser::open(Holds {
        language: "en",
        ..holds
    })
    .await;
    other.go(&link).await;
    other.until(OPEN).await;
    other.until(HEARD).await;
    other.until(LIVE).await;
    let mut same = chosen.clone();
    same[3] = look(&other).await[3].clone();
    assert_eq!(look(&other).await, same);
    let secs = |span: &Value| span.as_str().unwrap().matches(char::is_numeric).collect::<String>();
    assert_eq!(secs(&same[3]), secs(&chosen[3]), "{same} {chosen}");
    assert_quiet(&other, &house).await;

    // Where the studio is open already, and shows something else.
    browser.value("void document.querySelector('#again').click()").await;
    browser
        .value("void document.querySelector('#themes input[value=vinyl]').click()")
        .await;
    browser
        .value("void document.querySelector('#lengths input[value=\"30\"]').click()")
        .await;
    browser.until(DRAWN).await;
    assert_ne!(look(&browser).await, chosen);
    browser.value("void (window.stays = true)").await;
    browser.go(&link).await;
    browser
        .until(&format!(
            "document.querySelector('#span').textContent === {} && document.querySelector('#note').textContent === ''",
            chosen[3]
        ))
        .await;
    browser.until(DRAWN).await;
    assert_eq!(look(&browser).await, chosen);
    assert_eq!(browser.value("window.stays").await, true, "it was opened anew");
    assert_quiet(&browser, &house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_part_is_one_tap_away_and_an_edge_finds_the_beat() {
    let house = House::open().await;
    let path = house.path("Moon - Long Tide.wav");
    song(LONG_SECS).write_wav(&path);
    let browser = studio(&house, Holds::DESK).await;
    browser.choose_file("#song-file", &path).await;
    browser.until(HEARD).await;
    browser
        .value("void document.querySelector('#lengths input[value=\"15\"]').click()")
        .await;
    browser.until(DRAWN).await;
    let id = last_asked(&browser, "scene").await["song"].as_str().unwrap().to_owned();
    let survey = browser
        .value(&format!(
            "await (await fetch('/api/v1/songs/{id}/survey?length_ms=15000')).json()"
        ))
        .await;
    let beats: Vec<u64> = serde_json::from_value(survey["beats_ms"].clone()).unwrap();
    let part = async || {
        browser.until(DRAWN).await;
        let scene = last_asked(&browser, "scene").await;
        let number = |key: &str| scene[key].as_u64().unwrap();
        (number("start_ms"), number("start_ms") + number("length_ms"))
    };

    // Somewhere else, by hand: it begins on a beat.
    browser.drag("#window", 150).await;
    let (start, end) = part().await;
    assert!(start > 0 && beats.contains(&start), "{start} {beats:?}");
    assert_eq!(end - start, 15_000);
    browser.drag("#to", -37).await;
    let (same, end) = part().await;
    assert_eq!(same, start, "the other edge stays");
    assert!(end < start + 15_000 && beats.contains(&end), "{end} {beats:?}");
    browser.drag("#from", 23).await;
    let (start, same) = part().await;
    assert_eq!(same, end, "the other edge stays");
    assert!(beats.contains(&start), "{start} {beats:?}");
    browser.screenshot(&album("desk-fragment")).await;

    // Heard at once, and in time with the picture.
    let best = &survey["highlights"][0];
    keep_times(&browser).await;
    browser.click("#best button").await;
    assert_eq!(
        part().await,
        (best["start_ms"].as_u64().unwrap(), best["end_ms"].as_u64().unwrap())
    );
    assert_eq!(
        browser
            .value("document.activeElement.getAttribute('aria-pressed')")
            .await,
        json!("true")
    );
    browser.value("void (window.times.length = 0)").await;
    browser.until("!document.querySelector('#sound').paused").await;
    assert_in_time(&browser).await;
    assert_quiet(&browser, &house).await;
}
