//! Pictures to encode, and what other people's programs (`ffprobe`, `ffmpeg`) say of the result.

use std::f32::consts::TAU;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use musiccircles::model::{Fps, Size, VideoFormat};
use serde_json::Value;

pub fn format(side_px: u32, fps: u32) -> VideoFormat {
    VideoFormat {
        size: Size::new(side_px).unwrap(),
        fps: Fps::new(fps).unwrap(),
    }
}

/// A stand-in for a rendered record, made without a GPU: still grooves with a highlight, a cloudy label with hard edges
/// of 40 % of the diameter turning at 33 1/3 rpm, 128 bars at the rim jumping twice a second, black outside the circle.
pub struct StandIn {
    format: VideoFormat,
    still: Vec<[f32; 3]>,
    label: Vec<[f32; 3]>,
}

/// Side of the label's texture.
const TEXTURE: usize = 512;

impl StandIn {
    pub fn new(format: VideoFormat) -> Self {
        let side = format.size.px() as usize;
        let label = (0..TEXTURE * TEXTURE)
            .map(|i| label_texel(i % TEXTURE, i / TEXTURE))
            .collect();
        let still = (0..side * side).map(|i| groove(i % side, i / side, side)).collect();
        Self { format, still, label }
    }

    /// Frame `n` as NV12.
    pub fn frame(&self, n: u32) -> Vec<u8> {
        let side = self.format.size.px() as usize;
        let centre = side as f32 / 2.0;
        let secs = n as f32 / self.format.fps.get() as f32;
        let (sin, cos) = (TAU * secs * (100.0 / 3.0) / 60.0).sin_cos();
        let bars: Vec<f32> = (0..64).map(|bar| bar_height(bar, secs)).collect();
        let mut luma = vec![0u8; side * side];
        let mut chroma = vec![[0f32; 2]; side * side / 4];
        for j in 0..side {
            for i in 0..side {
                let (x, y) = (i as f32 + 0.5 - centre, j as f32 + 0.5 - centre);
                let r = (x * x + y * y).sqrt() / centre;
                let still = self.still[j * side + i];
                let p = match r {
                    ..0.4 => self.label_at((cos * x + sin * y) / centre, (cos * y - sin * x) / centre),
                    0.9..=1.0 => rim(still, x, y, r, centre, &bars),
                    _ => still,
                };
                luma[j * side + i] = (p[0] + 0.5) as u8;
                let q = &mut chroma[(j / 2) * (side / 2) + i / 2];
                q[0] += p[1];
                q[1] += p[2];
            }
        }
        luma.extend(
            chroma
                .iter()
                .flat_map(|q| [(q[0] / 4.0 + 0.5) as u8, (q[1] / 4.0 + 0.5) as u8]),
        );
        luma
    }

    fn label_at(&self, u: f32, v: f32) -> [f32; 3] {
        let at = |x: f32| ((x / 0.8 + 0.5) * TEXTURE as f32 - 0.5).clamp(0.0, (TEXTURE - 2) as f32);
        let (x, y) = (at(u), at(v));
        let (ix, iy, fx, fy) = (x as usize, y as usize, x.fract(), y.fract());
        std::array::from_fn(|c| {
            let texel = |dx: usize, dy: usize| self.label[(iy + dy) * TEXTURE + ix + dx][c];
            let top = texel(0, 0) + (texel(1, 0) - texel(0, 0)) * fx;
            let bottom = texel(0, 1) + (texel(1, 1) - texel(0, 1)) * fx;
            top + (bottom - top) * fy
        })
    }
}

/// A photograph's spectrum, each octave about half as strong as the last, with hard-edged blocks like lettering.
fn label_texel(x: usize, y: usize) -> [f32; 3] {
    if (x / 24 + y / 40).is_multiple_of(5) && (y / 40).is_multiple_of(3) {
        return yuv(0.9, 0.85, 0.8);
    }
    let channel = |c: u32| {
        let (mut sum, mut strength, mut frequency) = (0.0, 0.5, 4.0 / TEXTURE as f32);
        for octave in 0..7 {
            let seed = if octave < 2 { octave * 4 + c } else { octave * 4 };
            sum += strength * smooth_noise(x as f32 * frequency, y as f32 * frequency, seed);
            (strength, frequency) = (strength * 0.55, frequency * 2.0);
        }
        sum
    };
    yuv(channel(0), channel(1), channel(2))
}

fn groove(i: usize, j: usize, side: usize) -> [f32; 3] {
    let centre = side as f32 / 2.0;
    let (x, y) = (i as f32 + 0.5 - centre, j as f32 + 0.5 - centre);
    let r = (x * x + y * y).sqrt() / centre;
    if r > 1.0 {
        return yuv(0.0, 0.0, 0.0);
    }
    let groove = unit((r * centre * 1.5) as u32 + 77) * 0.05 + 0.03 * (r * 40.0).sin();
    let shine = (2.0 * y.atan2(x) + 0.6).cos().max(0.0).powi(6) * 0.5;
    let v = 0.05 + groove * (0.4 + shine * 2.0) + shine * 0.25;
    yuv(v * 1.02, v, v * 0.98 + 0.01)
}

fn bar_height(bar: u32, secs: f32) -> f32 {
    let beat = secs * 2.0 + unit(bar) * 0.3;
    (-beat.fract() * 3.0).exp() * (0.3 + 0.7 * unit(bar * 131 + beat as u32 * 7))
}

fn rim(still: [f32; 3], x: f32, y: f32, r: f32, centre: f32, bars: &[f32]) -> [f32; 3] {
    let turn = (y.atan2(x) / TAU + 0.75).fract();
    let a = 2.0 * turn.min(1.0 - turn);
    let (bar, within) = (((a * 64.0) as usize).min(63), (a * 64.0).fract());
    let height = 0.905 + 0.09 * bars[bar];
    let across = ((0.5 - (within - 0.5).abs()) * 8.0 - 1.0).clamp(0.0, 1.0);
    let cover = ((height - r) * centre / 1.5 + 0.5).clamp(0.0, 1.0) * across;
    let colour = yuv(0.9 - 0.5 * a, 0.3 + 0.4 * a, 0.4 + 0.5 * a);
    std::array::from_fn(|c| still[c] + (colour[c] - still[c]) * cover)
}

/// BT.709, limited range.
fn yuv(r: f32, g: f32, b: f32) -> [f32; 3] {
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    [
        16.0 + 219.0 * y,
        128.0 + 224.0 * (b - y) / 1.8556,
        128.0 + 224.0 * (r - y) / 1.5748,
    ]
}

fn smooth_noise(x: f32, y: f32, seed: u32) -> f32 {
    let at = |dx: u32, dy: u32| unit((x as u32 + dx) & 255 | ((y as u32 + dy) & 255) << 8 | seed << 16);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (sx, sy) = (ease(x.fract()), ease(y.fract()));
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * sx;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * sx;
    top + (bottom - top) * sy
}

fn hash(mut x: u32) -> u32 {
    x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
    x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

fn unit(x: u32) -> f32 {
    (hash(x) >> 8) as f32 / 16_777_216.0
}

/// White noise over the whole picture, luma and chroma: nothing can be predicted. Never repeats.
pub struct WhiteNoise(u64);

impl WhiteNoise {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn fill(&mut self, nv12: &mut [u8]) {
        for bytes in nv12.chunks_mut(8) {
            // SplitMix64.
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            bytes.copy_from_slice(&z.to_le_bytes()[..bytes.len()]);
        }
    }
}

/// A finished mp4 on disk, for the programs that look at it.
pub struct Mp4 {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
}

impl Mp4 {
    pub fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("circle.mp4");
        std::fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    /// `ffprobe`'s answer: `format` and `streams`.
    pub fn facts(&self) -> Value {
        probe(&self.path, &["-show_format", "-show_streams"])
    }

    /// One stream of the kind `v` or `a`, and nothing else of that kind.
    pub fn stream(&self, kind: &str) -> Value {
        let answer = probe(&self.path, &["-show_streams", "-select_streams", kind]);
        assert_eq!(
            answer["streams"].as_array().unwrap().len(),
            1,
            "one stream of the kind {kind}"
        );
        answer["streams"][0].clone()
    }

    /// Every packet of the kind in the order of the file: `pts`, `dts`, `duration`, `size`, `flags`.
    pub fn packets(&self, kind: &str) -> Vec<Value> {
        let answer = probe(&self.path, &["-show_packets", "-select_streams", kind]);
        answer["packets"].as_array().unwrap().clone()
    }

    /// Decodes everything; any complaint fails the test. The picture as yuv420p frames one after another.
    pub fn decode_picture(&self) -> Vec<u8> {
        self.decode(&[
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
        ])
    }

    /// The sound as a player would give it out: pairs of floats, the delay taken off.
    pub fn decode_sound(&self) -> Vec<[f32; 2]> {
        let bytes = self.decode(&["-map", "0:a", "-f", "f32le"]);
        let float = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
        bytes
            .chunks_exact(8)
            .map(|b| [float(&b[..4]), float(&b[4..])])
            .collect()
    }

    fn decode(&self, to: &[&str]) -> Vec<u8> {
        let output = Command::new("ffmpeg")
            .args(["-v", "warning", "-xerror", "-err_detect", "explode", "-i"])
            .arg(&self.path)
            .args(to)
            .arg("-")
            .output()
            .expect("ffmpeg is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.trim().is_empty(),
            "ffmpeg complains: {said}"
        );
        output.stdout
    }

    /// Kinds and sizes of the boxes at the top level.
    pub fn boxes(&self) -> Vec<(String, usize)> {
        let bytes = std::fs::read(&self.path).unwrap();
        let (mut at, mut found) = (0, Vec::new());
        while at + 8 <= bytes.len() {
            let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            found.push((String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned(), size));
            assert!(size >= 8, "a box of {size} bytes");
            at += size;
        }
        assert_eq!(at, bytes.len(), "boxes fill the file");
        found
    }

    /// SSIM over all planes against the frames that were encoded, as `ffmpeg` measures it.
    pub fn ssim(&self, format: VideoFormat, frames: u32, frame: impl Fn(u32) -> Vec<u8>) -> f64 {
        let side = format!("{0}x{0}", format.size.px());
        let rate = format.fps.get().to_string();
        let mut ffmpeg = Command::new("ffmpeg")
            .args([
                "-v", "info", "-f", "rawvideo", "-pix_fmt", "nv12", "-s", &side, "-r", &rate, "-i", "-", "-i",
            ])
            .arg(&self.path)
            .args(["-lavfi", "[0:v]format=yuv420p[a];[a][1:v]ssim", "-f", "null", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ffmpeg is installed");
        let mut stdin = ffmpeg.stdin.take().unwrap();
        for n in 0..frames {
            stdin.write_all(&frame(n)).unwrap();
        }
        drop(stdin);
        let said = String::from_utf8_lossy(&ffmpeg.wait_with_output().unwrap().stderr).into_owned();
        let all = said
            .rsplit("All:")
            .next()
            .and_then(|rest| rest.split_whitespace().next());
        all.and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("no SSIM in: {said}"))
    }
}

/// `ffprobe`'s answer.
pub fn probe(path: &Path, what: &[&str]) -> Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(what)
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    assert!(
        output.status.success(),
        "ffprobe: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A number that `ffprobe` writes as text.
pub fn number(value: &Value) -> f64 {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .or_else(|| value.as_f64())
        .unwrap_or_else(|| panic!("{value}"))
}
