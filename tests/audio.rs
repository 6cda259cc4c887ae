//! The audio step: every format to the sample, every bad file to its one sentence, loudness as promised.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::audio::{self, AudioError};
use musiccircles::flow::Pcm;
use musiccircles::model::{Fault, Fragment};

use crate::support::sound::{Noise, Sketch, ffmpeg, find_click, write_wav};

static GO: AtomicBool = AtomicBool::new(false);

fn decode(path: &Path, start_secs: f64, length_secs: f64) -> Result<Pcm, AudioError> {
    let fragment = Fragment {
        start: Duration::from_secs_f64(start_secs),
        length: Duration::from_secs_f64(length_secs),
    };
    audio::decode(path, fragment, &GO)
}

/// Clicks at uneven distances, so that a shift by a whole beat is seen too.
fn click_times(length_secs: f64) -> Vec<f64> {
    let uneven = |k: u32| f64::from(k) * 0.9 + 0.02 * f64::from(k * k % 7);
    (0..)
        .map(|k| 0.35 + uneven(k))
        .take_while(|&t| t < length_secs - 0.3)
        .collect()
}

const SONG_SECS: f64 = 75.0;

/// The click song at a rate, as the 16-bit wave file all formats are made from.
fn click_song(folder: &Path, rate_hz: u32, secs: f64) -> PathBuf {
    let mut song = Sketch::silence(rate_hz, secs);
    song.noise(0.0, secs, 0.02);
    // Something for a variable bit rate to vary on.
    song.noise(secs * 0.3, secs * 0.2, 0.08);
    click_times(secs).into_iter().for_each(|t| song.click(t));
    let path = folder.join(format!("clicks-{rate_hz}.wav"));
    song.write_wav(&path);
    path
}

/// Every click of several fragments, also ones far into the file, is where it was put.
fn assert_clicks_in_place(path: &Path, song_secs: f64, tolerance_ms: f64) {
    for (start, length) in [
        (0.0, 5.0),
        (0.0123, 3.0),
        (17.771, 10.0),
        (song_secs - 12.3456, 7.0),
        (song_secs - 4.2, 60.0),
    ] {
        let pcm = decode(path, start, length).unwrap_or_else(|e| panic!("{path:?} from {start}: {e}"));
        let expected_samples = (length.min(song_secs - start) * 48_000.0).round() as i64;
        assert!(
            (pcm.samples.len() as i64 - expected_samples).abs() <= 24,
            "{path:?} from {start}: {} samples, not {expected_samples}",
            pcm.samples.len()
        );
        let inside = |t: &f64| *t > start + 0.05 && *t < start + length.min(song_secs - start) - 0.05;
        let times: Vec<f64> = click_times(song_secs).into_iter().filter(inside).collect();
        assert!(times.len() >= 2);
        for time in times {
            let found = find_click(&pcm.samples, time - start)
                .unwrap_or_else(|| panic!("{path:?} from {start}: no click at {time}"));
            let late_ms = (found - (time - start)) * 1000.0;
            assert!(
                late_ms.abs() <= tolerance_ms,
                "{path:?} from {start}: the click of {time} is {late_ms:.3} ms late"
            );
        }
    }
}

fn check_format(rate_hz: u32, name: &str, args: &str, tolerance_ms: f64) {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), rate_hz, SONG_SECS);
    let song = if args.is_empty() {
        wav
    } else {
        ffmpeg(&wav, args, folder.path().join(name))
    };
    assert_clicks_in_place(&song, SONG_SECS, tolerance_ms);
    let facts = audio::probe(&song).unwrap();
    let off = facts.duration.as_secs_f64() - SONG_SECS;
    assert!(off.abs() < 0.001, "{name}: length is off by {off} s");
}

#[test]
fn wav_is_exact_to_the_sample() {
    check_format(48_000, "x.wav", "", 0.02);
}

#[test]
fn wav_of_44100_is_exact_to_the_sample() {
    check_format(44_100, "x.wav", "", 0.02);
}

#[test]
fn aiff_is_exact_to_the_sample() {
    check_format(44_100, "x.aiff", "-c:a pcm_s24be", 0.02);
}

#[test]
fn flac_is_exact_to_the_sample() {
    check_format(44_100, "x.flac", "-c:a flac", 0.02);
}

#[test]
fn alac_is_exact_to_the_sample() {
    check_format(44_100, "x.m4a", "-c:a alac", 0.02);
}

#[test]
fn mp3_of_constant_bit_rate_keeps_its_time() {
    check_format(44_100, "x.mp3", "-c:a libmp3lame -b:a 128k", 0.3);
}

#[test]
fn mp3_of_variable_bit_rate_keeps_its_time() {
    check_format(44_100, "x.mp3", "-c:a libmp3lame -q:a 4", 0.3);
}

#[test]
fn mp3_of_low_rate_keeps_its_time() {
    check_format(22_050, "x.mp3", "-c:a libmp3lame -b:a 64k", 0.3);
}

#[test]
fn aac_keeps_its_time() {
    check_format(44_100, "x.m4a", "-c:a aac -b:a 128k", 0.3);
}

#[test]
fn vorbis_keeps_its_time() {
    check_format(44_100, "x.ogg", "-c:a libvorbis -q:a 4", 0.3);
}

#[test]
fn opus_keeps_its_time() {
    check_format(48_000, "x.opus", "-c:a libopus -b:a 96k", 0.3);
}
