//! What a person sees of the page and what the page asks for: what to wait for, and what must hold on every page.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::browser::Browser;
use super::holds::Holds;
use super::house::House;

/// Levels of accessibility that are law in most places: WCAG 2.2, A and AA.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

pub const OPEN: &str = "document.querySelectorAll('#themes input').length > 5";
pub const HEARD: &str = "document.querySelector('#tempo').textContent !== ''";
pub const DRAWN: &str = "document.querySelector('#disc').ariaBusy === 'false'";
pub const LIVE: &str = "document.querySelector('#picture').dataset.frame !== undefined";
pub const READY: &str = "document.body.dataset.step === 'done'";

/// Keeps the bodies of what the page asks the API for; `asked('jobs')` are those of `/api/v1/jobs`. The gallery's scenes are
/// small and left out.
const OVERHEAR: &str = "void (() => { const real = fetch; const all = []; \
    window.asked = (what) => all.filter((one) => one.what === what).map((one) => one.body); \
    window.fetch = (url, options) => { \
    const body = typeof options?.body === 'string' ? JSON.parse(options.body) : null; \
    if (body && !body.size_px) all.push({ what: String(url).split('/').pop(), body }); \
    return real(url, options) } })()";

/// Of the live picture, a second.
const FPS: f64 = 60.0;
/// What nobody sees between sound and picture: two frames of a circle with 30 a second.
const APART_SECS: f64 = 2.0 / 30.0;
/// The number of every frame the stage draws while the song plays, and where the sound is at that moment. The gallery stays at
/// frame 0 where a processor draws.
const KEEP_TIMES: &str = "void (() => { window.times = []; const real = GPUQueue.prototype.writeBuffer; \
    const sound = document.querySelector('#sound'); \
    GPUQueue.prototype.writeBuffer = function (...all) { const [, , data] = all; \
    if (data instanceof Uint32Array && data[0] > 0 && !sound.paused) window.times.push([data[0], sound.currentTime]); \
    return real.apply(this, all) } })()";

/// The studio, open and overheard.
pub async fn studio(house: &House, holds: Holds) -> Browser {
    let browser = Browser::open(holds).await;
    browser.go(&house.url).await;
    browser.until(OPEN).await;
    browser.value(OVERHEAR).await;
    browser
}

/// The last body the page sent there.
pub async fn last_asked(browser: &Browser, what: &str) -> Value {
    browser.value(&format!("asked('{what}').at(-1)")).await
}

pub async fn keep_times(browser: &Browser) {
    browser.value(KEEP_TIMES).await;
}

/// What is drawn belongs to what is heard at that moment, however seldom something is drawn.
pub async fn assert_in_time(browser: &Browser) {
    browser.until("window.times.length > 20").await;
    let scene = last_asked(browser, "scene").await;
    assert_eq!(scene["fps"], FPS as u64);
    let starts_secs = scene["start_ms"].as_f64().unwrap() / 1000.0;
    let times: Vec<(f64, f64)> = serde_json::from_value(browser.value("window.times").await).unwrap();
    for (frame, sound_secs) in times {
        let apart = (frame + 0.5) / FPS - (sound_secs - starts_secs);
        assert!(
            apart.abs() <= APART_SECS,
            "frame {frame} was drawn {apart:.3} s away from the sound at {sound_secs:.3} s"
        );
    }
}

/// Where a person may look at what the test saw.
pub fn album(name: &str) -> PathBuf {
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
pub async fn assert_quiet(browser: &Browser, house: &House) {
    for address in browser.loaded().await {
        let own = address.starts_with(&house.url) || address.starts_with("blob:") || address.starts_with("data:");
        assert!(own, "{address} is none of ours");
    }
    assert_eq!(browser.console().await, Vec::<String>::new());
}

/// The picture on the stage is one: much of it is bright. Where a processor draws, it is a canvas that can be read.
pub async fn assert_drawn(browser: &Browser) {
    let bright = browser
        .value(
            "[...document.querySelector('#picture').getContext('2d').getImageData(0, 0, 640, 640).data] \
             .filter((value, n) => n % 4 < 3 && value > 60).length",
        )
        .await;
    assert!(bright.as_u64().unwrap() > 10_000, "{bright}: nothing is drawn");
}

pub async fn text(browser: &Browser, selector: &str) -> String {
    let told = browser
        .value(&format!("document.querySelector('{selector}').textContent.trim()"))
        .await;
    told.as_str().unwrap().to_owned()
}
