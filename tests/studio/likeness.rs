//! What you see is what you get: the frames a browser draws beside those of the renderer.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use musiccircles::model::VideoFormat;
use musiccircles::pipeline::{self, SharedGpu};
use musiccircles::render::AdapterChoice;
use musiccircles::scene::theme;
use serde_json::json;

use super::browser::Browser;
use super::holds::Holds;
use super::house::{House, SONG_SECS};
use crate::support::stage::format;
use crate::support::studio::{Studio, song};

const SIDE_PX: u32 = 640;
const FPS: u32 = 30;
const TIMES: u32 = 10;
/// What a person takes for the same picture, in decibels.
const LEAST_DB: f64 = 38.0;

/// Frame numbers spread over the whole circle, the first and the last among them.
fn frames() -> Vec<u32> {
    let last = (SONG_SECS * f64::from(FPS)) as u32 - 1;
    (0..TIMES).map(|n| n * last / (TIMES - 1)).collect()
}

/// BT.709 luma of a screen's pixel, in the codes of a video: 16 to 235.
fn luma(rgba: &[u8]) -> f64 {
    let [r, g, b] = [rgba[0], rgba[1], rgba[2]].map(|code| f64::from(code) / 255.0);
    16.0 + 219.0 * (0.2126 * r + 0.7152 * g + 0.0722 * b)
}

fn psnr_db(screen: &[u8], video: &[u8]) -> f64 {
    let errors = screen
        .chunks_exact(4)
        .zip(video)
        .map(|(rgba, &y)| (luma(rgba) - f64::from(y)).powi(2));
    let mean = errors.sum::<f64>() / video.len() as f64;
    10.0 * (219.0_f64.powi(2) / mean.max(1e-9)).log10()
}

/// The pixels a canvas of the page holds after it has drawn each of these frames, as the studio's own modules draw them.
async fn on_screen(browser: &Browser, theme: &str) -> Vec<Vec<u8>> {
    let job = json!({
        "song": "SONG", "start_ms": 0, "length_ms": (SONG_SECS * 1000.0) as u64, "theme": theme, "parameters": {},
        "size_px": SIDE_PX, "fps": FPS, "title": "Проба", "artist": "Test",
    });
    let expression = format!(
        "await (async () => {{
            const [api, {{ readScene }}, {{ Painter, Shaders, openDevice }}] =
                await Promise.all(['/api.js', '/scene.js', '/painter.js'].map((name) => import(name)));
            window.uploaded ??= (await api.uploadSong(new File([window.song], 'song.wav', {{ type: 'audio/wav' }}))).song;
            const scene = readScene(await api.scene({{ ...{job}, song: window.uploaded }}));
            const canvas = document.createElement('canvas');
            const device = await openDevice();
            const painter = new Painter(new Shaders(device), canvas);
            await painter.take(scene, () => api.shaderText(scene.theme));
            const read = new OffscreenCanvas({SIDE_PX}, {SIDE_PX}).getContext('2d', {{ willReadFrequently: true }});
            const drawn = [];
            for (const frame of {frames:?}) {{
                await painter.draw(frame);
                read.drawImage(canvas, 0, 0);
                const bytes = read.getImageData(0, 0, {SIDE_PX}, {SIDE_PX}).data;
                let text = '';
                for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
                drawn.push(btoa(text));
            }}
            device.destroy();
            return drawn;
        }})()",
        frames = frames()
    );
    let told = browser.value(&expression).await;
    let decode = |text: &serde_json::Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
    told.as_array().unwrap().iter().map(decode).collect()
}

/// The same frames, as they go to the encoder.
fn rendered(studio: &Studio, gpu: &SharedGpu) -> Vec<Vec<u8>> {
    let luma_bytes = (SIDE_PX * SIDE_PX) as usize;
    let frame = |&n: &u32| {
        let at = Duration::from_secs_f64((f64::from(n) + 0.5) / f64::from(FPS));
        let (mut nv12, _) = pipeline::frame(&studio.request, gpu, at, &AtomicBool::new(false)).unwrap();
        nv12.truncate(luma_bytes);
        nv12
    };
    frames().iter().map(frame).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_is_the_circle() {
    let house = House::open().await;
    let browser = Browser::open(Holds::PHONE).await;
    browser.go(&house.url).await;
    let format: VideoFormat = format(SIDE_PX, FPS);
    let mut studio = Studio::new(&song(SONG_SECS), format);
    let gpu = SharedGpu::new(AdapterChoice::Cpu);
    let bytes = STANDARD.encode(std::fs::read(&studio.request.song).unwrap());
    browser
        .value(&format!(
            "void (window.song = Uint8Array.from(atob('{bytes}'), (c) => c.charCodeAt(0)))"
        ))
        .await;
    for name in ["vinyl", "cover", "cd"] {
        studio.request.theme = theme::find(name).unwrap().clone();
        let seen = on_screen(&browser, name).await;
        let made = rendered(&studio, &gpu);
        assert_ne!(made[0], made[TIMES as usize / 2], "{name} does not move");
        for ((screen, video), frame) in seen.iter().zip(&made).zip(frames()) {
            let db = psnr_db(screen, video);
            println!("{name}, frame {frame}: {db:.1} dB");
            assert!(db >= LEAST_DB, "{name}, frame {frame}: {db:.1} dB");
        }
        assert_eq!(seen.len(), TIMES as usize);
    }
}
