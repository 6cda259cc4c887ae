//! A picture that a slow graphics card still draws in time with the song.

use serde_json::{Value, json};

use super::browser::Browser;
use super::holds::Holds;
use super::house::House;
use super::sight::{DRAWN, HEARD, LIVE, assert_quiet, studio};

/// A parameter that was set while the picture was large, and the side it has then, once it is small.
const CHOSEN_AND_MADE_SMALLER: &str = "await (async () => {
    const [api, { readScene, sized }, { Painter, Shaders, openDevice }] =
        await Promise.all(['/api.js', '/scene.js', '/painter.js'].map((name) => import(name)));
    const scene = readScene(await api.scene(asked('scene').at(-1)));
    const device = await openDevice();
    const painter = new Painter(new Shaders(device), document.createElement('canvas'));
    await painter.take(scene, () => api.shaderText(scene.theme));
    painter.setParam('ring', [0.25]);
    await painter.take(sized(painter.scene, 240), () => api.shaderText(scene.theme));
    await painter.draw(30);
    const { params, look } = painter.scene.sections;
    const float = ({ bytes }, place) => new DataView(bytes.buffer, bytes.byteOffset).getFloat32(place * 4, true);
    device.destroy();
    return [float(params, scene.paramPlaces.ring), float(look, 0)];
})()";

/// The sides a card goes through that takes so many milliseconds a frame at each side.
async fn sides(browser: &Browser, took_ms: &Value) -> Value {
    browser
        .value(&format!(
            "await (async () => {{
                const {{ Pace }} = await import('/pace.js');
                const [pace, took, sides] = [new Pace(), {took_ms}, []];
                const side = () => {{ const px = pace.side(640); if (sides.at(-1) !== px) sides.push(px); return px; }};
                pace.onSide = side;
                let now = 0;
                for (let frame = 0; frame < 1000; frame++) {{
                    const ms = took[side()];
                    pace.drawn(now += Array.isArray(ms) ? ms[frame % ms.length] : ms);
                }}
                return sides;
            }})()"
        ))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_card_draws_smaller_and_no_smaller_than_it_must() {
    let house = House::open().await;
    let browser = studio(&house, Holds::PHONE).await;
    let fast = json!({ "640": 16.7 });
    assert_eq!(sides(&browser, &fast).await, json!([640]));
    let middling = json!({ "640": 40, "480": 26, "384": 16.7 });
    assert_eq!(sides(&browser, &middling).await, json!([640, 480, 384]));
    let hopeless = json!({ "640": 400, "480": 250, "384": 160, "240": 70 });
    assert_eq!(sides(&browser, &hopeless).await, json!([640, 480, 384, 240]));
    // A phone that saves power shows thirty pictures a second, whatever their size.
    let saving = json!({ "640": 33.3, "480": 33.3 });
    assert_eq!(sides(&browser, &saving).await, json!([640, 480, 640]));
    // A screen shows a frame after one, two or three of its own sixtieths of a second: every third is missed, or every tenth.
    let often = json!({ "640": [16.7, 16.7, 33.4], "480": 16.7 });
    assert_eq!(sides(&browser, &often).await, json!([640, 480]));
    let seldom = json!({ "640": [16.7, 16.7, 16.7, 16.7, 16.7, 16.7, 16.7, 16.7, 16.7, 33.4] });
    assert_eq!(sides(&browser, &seldom).await, json!([640]));
    // Smaller was worth it; that the phone gets warm later does not make the picture larger.
    let warm = json!({ "640": 30, "480": Vec::<f64>::from_iter((0..500).map(|frame| if frame < 200 { 18.0 } else { 28.0 })), "384": 17 });
    assert_eq!(sides(&browser, &warm).await, json!([640, 480, 384]));
}

/// A processor in place of a graphics card is as slow as any phone.
#[tokio::test(flavor = "multi_thread")]
async fn the_picture_keeps_up_with_the_song() {
    let house = House::open().await;
    let browser = studio(&house, Holds::PHONE).await;
    browser.choose_file("#song-file", &house.song()).await;
    browser.until(HEARD).await;
    browser.until(DRAWN).await;
    browser.until(LIVE).await;
    let side = "document.querySelector('#picture').width";
    assert_eq!(browser.value(side).await, 640);
    browser.click("#play").await;
    let first = drawn_a_second(&browser).await;
    browser.until(&format!("{side} < 640")).await;
    let then = drawn_a_second(&browser).await;
    let px = browser.value(side).await;
    println!("drawn a second: {first:.1} at 640 pixels, {then:.1} at {px}");
    let kept = browser.value(CHOSEN_AND_MADE_SMALLER).await;
    assert_eq!(
        kept,
        json!([0.25, 240]),
        "what was chosen is lost when the picture is made smaller"
    );
    assert_quiet(&browser, &house).await;
}

async fn drawn_a_second(browser: &Browser) -> f64 {
    let told = browser
        .value(
            "await (async () => {
                const seen = new Set(), picture = () => document.querySelector('#picture').dataset.frame;
                const until = performance.now() + 3000;
                while (performance.now() < until) {
                    seen.add(picture());
                    await new Promise((done) => setTimeout(done, 4));
                }
                return seen.size / 3;
            })()",
        )
        .await;
    told.as_f64().unwrap()
}
