//! The whole way: a song comes in, is looked at, chosen from, made, and plays.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::browser::{Browser, Holds};
use super::house::House;
use crate::support::picture::{RED, file};
use crate::support::telegram::Telegram;
use crate::support::telegram::mini_app::{now_secs, public_key};

/// Levels of accessibility that are law in most places: WCAG 2.2, A and AA.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

const HEARD: &str = "document.querySelector('#tempo').textContent !== ''";
const DRAWN: &str = "document.querySelector('#disc').ariaBusy === 'false'";
const LIVE: &str = "document.querySelector('#picture').dataset.frame !== undefined";
const READY: &str = "document.body.dataset.step === 'done'";

/// Where a person may look at what the test saw.
fn album(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("studio");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// What axe-core finds wrong with the page as it is now.
pub async fn assert_accessible(browser: &Browser, when: &str) {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is here: .ci/install axe");
    if browser.value("window.axe === undefined").await == Value::Bool(true) {
        browser.value(&format!("void (() => {{ {axe} }}).call(window)")).await;
    }
    let found = browser
        .value(&format!(
            "(await axe.run(document, {{ runOnly: {RULES} }})).violations.map((rule) => \
             rule.id + ': ' + rule.nodes.map((node) => node.html.slice(0, 120) + ' ' + node.failureSummary).join(' | '))"
        ))
        .await;
    assert_eq!(found, serde_json::json!([]), "{when}");
}

/// Nothing from anywhere else, and nothing in the console.
async fn assert_quiet(browser: &Browser, house: &House) {
    for address in browser.loaded().await {
        let own = address.starts_with(&house.url) || address.starts_with("blob:") || address.starts_with("data:");
        assert!(own, "{address} is none of ours");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// The picture on the stage is one: much of it is bright. Where a processor draws, it is a canvas that can be read.
async fn assert_drawn(browser: &Browser) {
    let bright = browser
        .value(
            "[...document.querySelector('#picture').getContext('2d').getImageData(0, 0, 640, 640).data] \
             .filter((value, n) => n % 4 < 3 && value > 60).length",
        )
        .await;
    assert!(bright.as_u64().unwrap() > 10_000, "{bright}: nothing is drawn");
}

async fn text(browser: &Browser, selector: &str) -> String {
    let told = browser
        .value(&format!("document.querySelector('{selector}').textContent.trim()"))
        .await;
    told.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_from_a_dropped_file_to_a_playing_circle() {
    let house = House::open().await;
    let browser = Browser::open(Holds::PHONE).await;
    browser.go(&house.url).await;
    browser
        .until("document.querySelectorAll('#themes input').length > 5")
        .await;
    assert_eq!(browser.value("document.documentElement.lang").await, "en");
    browser.screenshot(&album("phone-start")).await;
    assert_accessible(&browser, "at the start").await;

    browser.drop_file(&house.song(), "audio/wav").await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    browser.until(LIVE).await;
    let wide = browser
        .value("document.documentElement.scrollWidth <= innerWidth")
        .await;
    assert_eq!(wide, true, "the page is wider than the phone");

    // The picture goes with the sound.
    browser.click("#play").await;
    browser
        .until("document.querySelector('#sound').currentTime > 0.5 && !document.querySelector('#sound').paused")
        .await;
    browser
        .until("Number(document.querySelector('#picture').dataset.frame) > 10")
        .await;
    let apart = browser
        .value(
            "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => { \
             const from = Number(document.querySelector('#window').getAttribute('aria-valuenow')); \
             const sound = document.querySelector('#sound').currentTime - from; \
             done(Math.abs(sound * 30 - Number(document.querySelector('#picture').dataset.frame))) })))",
        )
        .await;
    assert!(
        apart.as_f64().unwrap() < 30.0,
        "sound and picture are {apart} frames apart"
    );
    browser.click("#play").await;
    browser.screenshot(&album("phone-look")).await;

    // A picture of one's own, and another theme.
    let cover = house.path("cover.png");
    std::fs::write(
        &cover,
        file(
            image::RgbImage::from_pixel(80, 80, image::Rgb(RED)),
            image::ImageFormat::Png,
        ),
    )
    .unwrap();
    browser.drop_file(&cover, "image/png").await;
    browser
        .until("document.querySelector('#cover').src.includes('/covers/')")
        .await;
    browser
        .value("void document.querySelector('#themes input[value=cd]').click()")
        .await;
    browser
        .value("void (document.querySelector('#detail').open = true)")
        .await;
    browser.until(DRAWN).await;
    browser.until(LIVE).await;
    assert_accessible(&browser, "while choosing").await;
    browser.screenshot(&album("phone-tuning")).await;

    browser.click("#make").await;
    browser.until(READY).await;
    browser
        .until(
            "document.querySelector('#circle').currentTime > 0 && document.querySelector('#circle').videoWidth === 640",
        )
        .await;
    assert_accessible(&browser, "when it is done").await;
    browser.screenshot(&album("phone-done")).await;
    let address = browser.value("document.querySelector('#download').href").await;
    let circle = reqwest::get(address.as_str().unwrap()).await.unwrap();
    let named = circle.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.starts_with("attachment"), "{named}");
    assert_eq!(&circle.bytes().await.unwrap()[4..8], b"ftyp");
    assert_quiet(&browser, &house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desk_in_russian_by_keyboard() {
    let house = House::open().await;
    let browser = Browser::open(Holds::DESK).await;
    browser.go(&house.url).await;
    browser
        .until("document.querySelectorAll('#themes input').length > 5")
        .await;
    assert_eq!(text(&browser, "#invite .primary").await, "Выберите песню");
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(LIVE).await;
    assert_drawn(&browser).await;
    assert_eq!(text(&browser, "#make").await, "Сделать кружок");
    assert_eq!(text(&browser, "#song-title").await, "Moon - Tide");
    assert_accessible(&browser, "in Russian").await;
    browser.screenshot(&album("desk-russian")).await;

    // The fragment by keys: shorter by a beat, and the page says so.
    let ends = "Number(document.querySelector('#to').getAttribute('aria-valuenow'))";
    let before = browser.value(ends).await.as_f64().unwrap();
    for _ in 0..4 {
        browser.type_in("#to", "\u{e012}").await;
    }
    let after = browser.value(ends).await.as_f64().unwrap();
    assert!(after < before, "{before} {after}");

    // A slider changes the picture at once, without asking the server; a switch asks.
    browser.until(DRAWN).await;
    // The gallery's are small.
    let scenes_asked = "void (() => { const real = fetch; window.asked = 0; \
        window.fetch = (url, options) => { \
        if (String(url).endsWith('/scene') && !options.body.includes('size_px')) window.asked += 1; \
        return real(url, options) } })()";
    browser.value(scenes_asked).await;
    browser
        .value("void (document.querySelector('#detail').open = true)")
        .await;
    browser.type_in("#parameter-ring", "\u{e012}").await;
    browser
        .until("document.querySelector('#parameter-ring').value === '0.99'")
        .await;
    browser.click("#parameter-spin").await;
    browser.until("window.asked === 1").await;
    browser.until(DRAWN).await;
    assert_eq!(browser.value("window.asked").await, 1, "the slider asked as well");

    browser.click("#make").await;
    browser.until("document.body.dataset.step === 'making'").await;
    // It is there before it is where it will be.
    browser
        .until(
            "(() => { const at = document.querySelector('#cancel').getBoundingClientRect(); \
             return document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)?.closest('#cancel') != null; })()",
        )
        .await;
    browser.click("#cancel").await;
    browser.until("document.body.dataset.step === 'look'").await;
    assert_eq!(text(&browser, "#progress").await, "Отменено.");

    browser.click("#language").await;
    assert_eq!(text(&browser, "#make").await, "Make the circle");
    assert_eq!(browser.value("document.documentElement.lang").await, "en");
    assert_quiet(&browser, &house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_webgpu_stills_come_from_the_server() {
    let house = House::open().await;
    let browser = Browser::open(Holds {
        webgpu: false,
        ..Holds::PHONE
    })
    .await;
    browser.go(&house.url).await;
    browser
        .until("document.querySelectorAll('#themes input').length > 5")
        .await;
    assert!(text(&browser, "#note").await.contains("stills"));
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    assert_drawn(&browser).await;
    let asked = browser.loaded().await;
    assert!(asked.iter().any(|address| address.ends_with("/api/v1/frames")));
    assert!(!asked.iter().any(|address| address.ends_with("/api/v1/scene")));
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_telegram_the_circle_goes_into_the_chat_by_one_button() {
    let telegram = Telegram::start();
    let (url, key) = (telegram.url(), public_key());
    let house = House::open_with(&[
        ("TELEGRAM__TOKEN", telegram.token()),
        ("TELEGRAM__API_URL", &url),
        ("TELEGRAM__PUBLIC_KEY", &key),
        ("HTTP__ANONYMOUS", "false"),
    ])
    .await;
    let anna = telegram.person("Anna");
    let signed: String = url::form_urlencoded::byte_serialize(anna.init_data(now_secs()).as_bytes()).collect();
    // Her browser is English, her Telegram Russian.
    let browser = Browser::open(Holds::PHONE).await;
    let launch = format!(
        "{}/#tgWebAppData={signed}&tgWebAppVersion=8.0&tgWebAppPlatform=android",
        house.url
    );
    browser.go(&launch).await;
    browser
        .until("document.querySelectorAll('#themes input').length > 5")
        .await;
    assert_eq!(browser.value("document.documentElement.lang").await, "ru");
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    browser.until("!document.querySelector('#make').disabled").await;
    browser.value("void document.querySelector('#make').click()").await;
    browser.until(READY).await;
    browser.until("document.activeElement.id === 'send'").await;
    assert_accessible(&browser, "where a circle may be sent").await;
    browser.screenshot(&album("telegram-done")).await;
    browser.value("void document.querySelector('#send').click()").await;
    browser
        .until("document.querySelector('#progress').textContent === 'Готово: кружок в чате с ботом.'")
        .await;
    let looks_at = anna.clone();
    let seen =
        tokio::task::spawn_blocking(move || looks_at.wait_for_kind("video_note", 0, std::time::Duration::from_secs(5)));
    assert_eq!(seen.await.unwrap().content["length"], 640);
    assert_quiet(&browser, &house).await;
}
