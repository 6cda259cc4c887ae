//! The whole way: a song comes in, is looked at, chosen from, made, and plays.

use serde_json::{Value, json};

use super::browser::Browser;
use super::holds::Holds;
use super::house::House;
use super::sight::{
    DRAWN, HEARD, LIVE, OPEN, READY, album, assert_accessible, assert_drawn, assert_in_time, assert_quiet, keep_times,
    last_asked, studio, text,
};
use crate::support::picture::{RED, file};
use crate::support::telegram::Telegram;
use crate::support::telegram::mini_app::{now_secs, public_key};

/// Keeps what a screen reader reads out of the note, and what is only shown beside it.
const TAKE_NOTES: &str = "void (() => { for (const [id, list] of [['note', window.said = []], ['note-figures', window.shown = []]]) { \
    const element = document.getElementById(id); \
    new MutationObserver(() => list.push(element.textContent)).observe(element, { childList: true }) } })()";

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_from_a_dropped_file_to_a_playing_circle() {
    let house = House::open().await;
    let browser = studio(&house, Holds::PHONE).await;
    assert_eq!(browser.value("document.documentElement.lang").await, "en");
    browser.screenshot(&album("phone-start")).await;
    assert_accessible(&browser, "at the start").await;

    browser.value(TAKE_NOTES).await;
    browser.drop_file(&house.song(), "audio/wav").await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    browser.until(LIVE).await;
    // How far the upload is, is seen and not read out.
    let said = browser.value("window.said").await;
    assert_eq!(said, json!(["Sending the song…", "Listening to the song…", ""]));
    assert_eq!(browser.value("window.shown.includes('0 %')").await, true);
    let wide = browser
        .value("document.documentElement.scrollWidth <= innerWidth")
        .await;
    assert_eq!(wide, true, "the page is wider than the phone");

    keep_times(&browser).await;
    browser.click("#play").await;
    assert_in_time(&browser).await;
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
    // It moves as the house has it; only what is live is smoother.
    assert_eq!(last_asked(&browser, "jobs").await["fps"], Value::Null);
    browser.screenshot(&album("phone-done")).await;
    let address = browser.value("document.querySelector('#download').href").await;
    let circle = reqwest::get(address.as_str().unwrap()).await.unwrap();
    let named = circle.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.starts_with("attachment"), "{named}");
    let circle = circle.bytes().await.unwrap();
    assert_eq!(&circle[4..8], b"ftyp");

    // The same for places that show the whole picture: another film, with something in its corners.
    browser.click("#square").await;
    browser
        .until("document.body.dataset.step === 'done' && document.querySelector('.disc.square') != null")
        .await;
    assert_eq!(last_asked(&browser, "jobs").await["corners"], "cover");
    assert_eq!(text(&browser, "#progress").await, "Your square video is ready");
    browser
        .until(
            "document.querySelector('#circle').currentTime > 0 && document.querySelector('#circle').videoWidth === 640",
        )
        .await;
    assert!(corner(&browser).await > 20, "the corners are dark");
    assert_accessible(&browser, "when it is square").await;
    browser.screenshot(&album("phone-square")).await;
    let address = browser.value("document.querySelector('#download').href").await;
    let square = reqwest::get(address.as_str().unwrap()).await.unwrap();
    let named = square.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.contains("square.mp4"), "{named}");
    assert_ne!(square.bytes().await.unwrap(), circle);
    // Back and forth, and nothing is made again.
    browser.click("#square").await;
    browser.until("document.querySelector('.disc.square') == null").await;
    browser
        .until("document.querySelector('#circle').readyState > 2 && document.querySelector('#circle').currentTime > 0")
        .await;
    assert!(corner(&browser).await < 4, "a circle has nothing in its corners");
    assert_eq!(browser.value("asked('jobs').length").await, 2);
    assert_quiet(&browser, &house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desk_in_russian_by_keyboard() {
    let house = House::open().await;
    let browser = studio(&house, Holds::DESK).await;
    assert_eq!(text(&browser, "#invite .primary").await, "Выберите песню");
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(LIVE).await;
    assert_drawn(&browser).await;
    assert_eq!(text(&browser, "#make").await, "Сделать кружок");
    // Nothing lies over what is pressed: not even the light around the disc.
    let covered = browser
        .value(
            "[...document.querySelectorAll('#play, #make, #language, #other-song')].filter((button) => { \
             const at = button.getBoundingClientRect(); \
             return !document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)?.closest(`#${button.id}`); \
             }).map((button) => button.id)",
        )
        .await;
    assert_eq!(covered, json!([]));
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
    let scenes = browser.value("asked('scene').length").await.as_u64().unwrap();
    browser
        .value("void (document.querySelector('#detail').open = true)")
        .await;
    browser.type_in("#parameter-ring", "\u{e012}").await;
    browser
        .until("document.querySelector('#parameter-ring').value === '0.99'")
        .await;
    browser.click("#parameter-spin").await;
    browser.until(&format!("asked('scene').length > {scenes}")).await;
    browser.until(DRAWN).await;
    let asked = browser.value("asked('scene').length").await;
    assert_eq!(asked, scenes + 1, "the slider asked as well");

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
    let holds = Holds {
        webgpu: false,
        ..Holds::PHONE
    };
    let browser = studio(&house, holds).await;
    assert!(text(&browser, "#note").await.contains("stills"));
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    assert_drawn(&browser).await;
    let asked = browser.loaded().await;
    assert!(asked.iter().any(|address| address.ends_with("/api/v1/frames")));
    assert_eq!(last_asked(&browser, "frames").await["fps"], Value::Null);
    assert!(!asked.iter().any(|address| address.ends_with("/api/v1/scene")));
    // The looks to choose from move all the same, those that are seen.
    let seen = "document.querySelector('#themes').scrollIntoView({ block: 'center' })";
    browser.value(&format!("void {seen}")).await;
    browser
        .until("[...document.querySelectorAll('#themes video')].some((clip) => clip.currentTime > 0.5)")
        .await;
    browser.screenshot(&album("phone-clips")).await;
    let moving = "[...document.querySelectorAll('#themes video')].filter((clip) => !clip.paused).length";
    let moving = browser.value(moving).await.as_u64().unwrap();
    assert!((1..8).contains(&moving), "{moving} clips move on a phone's screen");
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
    browser.until(OPEN).await;
    assert_eq!(browser.value("document.documentElement.lang").await, "ru");
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    browser.until("!document.querySelector('#make').disabled").await;
    browser.value("void document.querySelector('#make').click()").await;
    browser.until(READY).await;
    browser.until("document.activeElement.id === 'send'").await;
    assert_accessible(&browser, "where a circle may be sent").await;
    let colour = async |id: &str| {
        browser
            .value(&format!("getComputedStyle(document.querySelector('{id}')).color"))
            .await
    };
    assert_eq!(colour("#download").await, colour("#square").await, "a link is a button");
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

/// The brightest of a channel in the lower left corner of what plays.
async fn corner(browser: &Browser) -> u64 {
    let told = browser
        .value(
            "(() => {
                const pen = new OffscreenCanvas(640, 640).getContext('2d');
                pen.drawImage(document.querySelector('#circle'), 0, 0);
                return Math.max(...pen.getImageData(8, 600, 30, 30).data.filter((_, at) => at % 4 !== 3));
            })()",
        )
        .await;
    told.as_u64().unwrap()
}
