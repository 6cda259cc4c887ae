//! Synthetic songs, files of every format made from them by the `ffmpeg` program, and ways to find a click again.

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::Command;

use musiccircles::flow::Pcm;

/// A small deterministic generator of noise (xorshift), uniform in -1 to 1.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn sample(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Mono sound at some rate, built up piece by piece.
pub struct Sketch {
    pub rate_hz: u32,
    pub samples: Vec<f32>,
}

impl Sketch {
    pub fn silence(rate_hz: u32, secs: f64) -> Self {
        Self {
            rate_hz,
            samples: vec![0.0; (secs * f64::from(rate_hz)).round() as usize],
        }
    }

    /// Adds `secs` of `wave`, a function of the time since `at_secs`.
    pub fn add(&mut self, at_secs: f64, secs: f64, wave: impl Fn(f64) -> f32) {
        let rate = f64::from(self.rate_hz);
        let from = (at_secs * rate).ceil().max(0.0) as usize;
        let to = (((at_secs + secs) * rate).ceil().max(0.0) as usize).min(self.samples.len());
        for n in from..to {
            self.samples[n] += wave(n as f64 / rate - at_secs);
        }
    }

    /// A burst of 3 kHz whose middle is exactly at `at_secs`, about 1 ms long.
    pub fn click(&mut self, at_secs: f64) {
        self.add(at_secs - 0.002, 0.004, |t| {
            let t = (t - 0.002) as f32;
            0.8 * (-(t / 0.0004).powi(2)).exp() * (TAU * 3000.0 * t).cos()
        });
    }

    pub fn kick(&mut self, at_secs: f64, level: f32) {
        self.add(at_secs, 0.25, |t| {
            let t = t as f32;
            level * (-t / 0.07).exp() * (TAU * (50.0 * t + 4.0 * (1.0 - (-t / 0.03).exp()))).sin()
        });
    }

    pub fn snare(&mut self, at_secs: f64, level: f32) {
        let mut noise = Noise::new(7);
        let hiss: Vec<f32> = (0..self.rate_hz / 5).map(|_| noise.sample()).collect();
        let rate = f64::from(self.rate_hz);
        self.add(at_secs, 0.18, |t| {
            level * (-t as f32 / 0.05).exp() * hiss[((t * rate) as usize).min(hiss.len() - 1)]
        });
    }

    pub fn hat(&mut self, at_secs: f64, level: f32) {
        let mut noise = Noise::new(11);
        let hiss: Vec<f32> = (0..self.rate_hz / 10).map(|_| noise.sample()).collect();
        let rate = f64::from(self.rate_hz);
        self.add(at_secs, 0.05, |t| {
            let n = ((t * rate) as usize).clamp(1, hiss.len() - 1);
            level * (-t as f32 / 0.015).exp() * (hiss[n] - hiss[n - 1])
        });
    }

    /// A plucked tone with a few overtones.
    pub fn note(&mut self, at_secs: f64, secs: f64, hz: f32, level: f32) {
        self.add(at_secs, secs, |t| {
            let t = t as f32;
            let fade = (t / 0.01).min(1.0) * ((secs as f32 - t) / 0.02).clamp(0.0, 1.0);
            let tone = |k: f32| (TAU * hz * k * t).sin() / k;
            level * fade * (tone(1.0) + tone(2.0) + tone(3.0)) * 0.5
        });
    }

    pub fn noise(&mut self, at_secs: f64, secs: f64, level: f32) {
        let mut noise = Noise::new(3);
        let hiss: Vec<f32> = (0..(secs * f64::from(self.rate_hz)) as usize + 2)
            .map(|_| noise.sample())
            .collect();
        let rate = f64::from(self.rate_hz);
        self.add(at_secs, secs, |t| {
            level * hiss[((t * rate) as usize).min(hiss.len() - 1)]
        });
    }

    /// Tone gliding over all audible frequencies.
    pub fn sweep(&mut self, from_hz: f64, to_hz: f64, level: f32) {
        let secs = self.samples.len() as f64 / f64::from(self.rate_hz);
        let k = (to_hz / from_hz).ln() / secs;
        self.add(0.0, secs, |t| {
            level * ((f64::from(TAU) * from_hz * ((k * t).exp() - 1.0) / k).rem_euclid(f64::from(TAU))).sin() as f32
        });
    }

    /// As the stereo the steps exchange; only for sketches at 48 kHz.
    pub fn pcm(&self) -> Pcm {
        assert_eq!(self.rate_hz, 48_000);
        Pcm {
            samples: self.samples.iter().map(|&s| [s, s]).collect(),
        }
    }

    pub fn write_wav(&self, path: &Path) {
        write_wav(path, self.rate_hz, 1, &self.samples);
    }
}

/// Interleaved samples as a 16-bit WAVE file.
pub fn write_wav(path: &Path, rate_hz: u32, channels: u16, interleaved: &[f32]) {
    let data_bytes = (interleaved.len() * 2) as u32;
    let mut bytes = Vec::with_capacity(44 + interleaved.len() * 2);
    bytes.extend(b"RIFF");
    bytes.extend((36 + data_bytes).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz * u32::from(channels) * 2).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    bytes.extend(
        interleaved
            .iter()
            .flat_map(|s| ((s.clamp(-1.0, 1.0) * 32767.0).round() as i16).to_le_bytes()),
    );
    std::fs::write(path, bytes).unwrap();
}

/// Runs `ffmpeg -i input <args> output` and returns the output's path. An input like `color=red:size=64x64` is made by ffmpeg
/// itself.
pub fn ffmpeg(input: &Path, args: &str, output: PathBuf) -> PathBuf {
    let source: &[&str] = if input.to_string_lossy().starts_with("color=") {
        &["-f", "lavfi"]
    } else {
        &[]
    };
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(source)
        .arg("-i")
        .arg(input)
        .args(args.split_whitespace())
        .arg(&output)
        .output()
        .expect("the ffmpeg program is installed for the tests");
    assert!(
        run.status.success(),
        "ffmpeg {args}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    output
}

/// What is left of sound after ffmpeg's AAC encoder (128 kbit/s, fast coder) and its decoder.
pub fn through_aac(samples: &[[f32; 2]], folder: &Path) -> Vec<[f32; 2]> {
    let raw = folder.join("through.f32");
    let bytes: Vec<u8> = samples.as_flattened().iter().flat_map(|s| s.to_le_bytes()).collect();
    std::fs::write(&raw, bytes).unwrap();
    let run = |input: &[&str], file: &Path, output: &[&str]| {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-y"])
            .args(input)
            .arg("-i")
            .arg(file)
            .args(output);
        let run = command.output().expect("the ffmpeg program is installed for the tests");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        run.stdout
    };
    let pcm = ["-f", "f32le", "-ar", "48000", "-ac", "2"];
    let coded = folder.join("through.m4a");
    let coded_name = coded.to_string_lossy().into_owned();
    run(
        &pcm,
        &raw,
        &["-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k", &coded_name],
    );
    let decoded = run(&[], &coded, &["-f", "f32le", "-ar", "48000", "-ac", "2", "-"]);
    let value = |at: usize| f32::from_le_bytes([decoded[at], decoded[at + 1], decoded[at + 2], decoded[at + 3]]);
    (0..decoded.len() / 8)
        .map(|n| [value(n * 8), value(n * 8 + 4)])
        .collect()
}

/// The middle of the click nearest to `near_secs` within 0.2 s, by its centre of energy. `None` when there is none.
pub fn find_click(samples: &[[f32; 2]], near_secs: f64) -> Option<f64> {
    let rate = 48_000.0;
    let power = |n: usize| f64::from(samples[n][0]).powi(2) + f64::from(samples[n][1]).powi(2);
    let from = ((near_secs - 0.2) * rate).max(0.0) as usize;
    let to = (((near_secs + 0.2) * rate).max(0.0) as usize).min(samples.len());
    let loudest = (from..to).max_by(|&a, &b| power(a).total_cmp(&power(b)))?;
    if power(loudest) < 0.01 {
        return None;
    }
    let around = loudest.saturating_sub(96)..(loudest + 96).min(samples.len());
    let total: f64 = around.clone().map(power).sum();
    Some(around.map(|n| power(n) * n as f64).sum::<f64>() / total / rate)
}
