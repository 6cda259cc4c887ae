//! What symphonia cannot decode: surround AAC and Opus, HE-AAC. In place, mixed right, and as safe as all the rest.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::audio::{self, AudioError};

use crate::audio::{GO, amplitude, check_format, click_song, click_times, decode, refusal, tones};
use crate::support::sound::{Noise, ffmpeg, find_click, write_wav};

/// The same sound from all five speakers: what arrives must be as loud and as early from each.
const SIX: &str = "-af pan=5.1|FL=c0|FR=c0|FC=c0|LFE=0*c0|BL=c0|BR=c0 -c:a";

#[test]
fn aac_of_six_channels_keeps_its_time() {
    check_format(44_100, "six.m4a", &format!("{SIX} aac -b:a 256k"), 0.3);
}

#[test]
fn opus_of_six_channels_keeps_its_time() {
    check_format(48_000, "six.opus", &format!("{SIX} libopus -b:a 256k"), 0.3);
}

#[test]
fn aac_that_may_hide_a_doubled_rate_keeps_its_time() {
    check_format(22_050, "low.m4a", "-c:a aac -b:a 64k", 0.3);
}

#[test]
fn surround_in_matroska_keeps_one_time_throughout() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 48_000, 30.0);
    // Matroska counts milliseconds, and tells nothing of the 21 ms ffmpeg's AAC encoder puts in front.
    for (name, codec, most_ms) in [("aac.mkv", "aac", 22.0), ("opus.webm", "libopus", 2.0)] {
        let song = ffmpeg(&wav, &format!("{SIX} {codec} -b:a 256k"), folder.path().join(name));
        for start in [0.0, 11.113, 22.5] {
            let late_ms = lateness_ms(&song, start, 7.0, &click_times(30.0), 0.0);
            let fits = |late: &f64| (most_ms - 2.0..most_ms).contains(late);
            assert!(
                late_ms.len() > 5 && late_ms.iter().all(fits),
                "{name} from {start}: {late_ms:.2?}"
            );
        }
    }
}

/// How much later than `delay_secs` after their times the clicks come that lie within the fragment.
fn lateness_ms(path: &Path, start: f64, length: f64, clicks: &[f64], delay_secs: f64) -> Vec<f64> {
    let pcm = decode(path, start, length).unwrap_or_else(|e| panic!("{path:?} from {start}: {e}"));
    let inside = |at: &f64| (start + 0.1..start + length - 0.2).contains(at);
    let places = clicks.iter().map(|time| time + delay_secs).filter(inside);
    places
        .map(|at| {
            let found = find_click(&pcm.samples, at - start).unwrap_or_else(|| panic!("{path:?}: no click at {at}"));
            (found - (at - start)) * 1000.0
        })
        .collect()
}

#[test]
fn every_channel_of_surround_is_mixed_to_its_side() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("six.wav");
    // Left, right, centre, low, surround left, surround right.
    let hz = [300.0, 400.0, 500.0, 60.0, 700.0, 800.0];
    write_wav(&raw, 48_000, 6, &tones(&hz, 2.0));
    let scale = 1.0 / (1.0 + 2.0 * std::f64::consts::FRAC_1_SQRT_2);
    let half = scale * std::f64::consts::FRAC_1_SQRT_2;
    let expected = [
        [scale, 0.0],
        [0.0, scale],
        [half, half],
        [0.0, 0.0],
        [half, 0.0],
        [0.0, half],
    ];
    for (name, args) in [
        ("six.m4a", "-c:a aac -b:a 384k"),
        ("six.aac", "-c:a aac -b:a 384k"),
        ("six.mkv", "-c:a aac -b:a 384k"),
        // A layout without a number of its own: the file lists its channels.
        ("side.m4a", "-af channelmap=0|1|2|3|4|5:5.1(side) -c:a aac -b:a 384k"),
        ("side.aac", "-af channelmap=0|1|2|3|4|5:5.1(side) -c:a aac -b:a 384k"),
        ("six.opus", "-c:a libopus -b:a 384k"),
        ("six.webm", "-c:a libopus -b:a 384k"),
        ("six.mp4", "-c:a libopus -b:a 384k"),
    ] {
        let path = ffmpeg(&raw, args, folder.path().join(name));
        let pcm = decode(&path, 0.0, 2.0).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (channel, gains) in expected.iter().enumerate() {
            for (to, gain) in gains.iter().enumerate() {
                let found = amplitude(&pcm.samples[9_600..86_400], to, hz[channel]) / 0.25;
                assert!(
                    (found - gain).abs() < 0.05,
                    "{name}: channel {channel} to side {to}: {found:.3}, not {gain:.3}"
                );
            }
        }
        let facts = audio::probe(&path, &GO).unwrap();
        // Raw AAC of a listed layout tells its channels only in the frames, which a probe does not open.
        let channels = if name == "side.aac" { 0 } else { 6 };
        assert_eq!((facts.sample_rate, facts.channels), (48_000, channels), "{name}");
        assert!(
            (facts.duration.as_secs_f64() - 2.0).abs() < 0.06,
            "{name}: {:?}",
            facts.duration
        );
    }
}

#[test]
fn opus_of_any_layout_is_mixed_as_from_ffmpegs_own_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let hz = [300.0, 400.0, 500.0, 60.0, 700.0, 800.0, 900.0, 1_000.0];
    for (layout, channels) in [("3.0", 3), ("quad", 4), ("5.0", 5), ("5.1", 6), ("6.1", 7), ("7.1", 8)] {
        let raw = folder.path().join("raw.wav");
        write_wav(&raw, 48_000, channels, &tones(&hz[..channels.into()], 2.0));
        let map: Vec<String> = (0..channels).map(|n| n.to_string()).collect();
        let args = format!("-af channelmap={}:{layout} -c:a libopus -b:a 400k", map.join("|"));
        let opus = ffmpeg(&raw, &args, folder.path().join(format!("{layout}.opus")));
        let wave = ffmpeg(&opus, "-c:a pcm_s16le", folder.path().join(format!("{layout}.wav")));
        let (ours, theirs) = (decode(&opus, 0.0, 2.0).unwrap(), decode(&wave, 0.0, 2.0).unwrap());
        for (side, hz) in hz[..channels.into()].iter().flat_map(|&hz| [(0, hz), (1, hz)]) {
            let [ours, theirs] = [&ours, &theirs].map(|pcm| amplitude(&pcm.samples[9_600..86_400], side, hz));
            assert!(
                (ours - theirs).abs() < 0.002,
                "{layout}: {hz} Hz, side {side}: {ours:.3}, not {theirs:.3}"
            );
        }
    }
}

/// Two seconds of white noise with clicks, coded by fdk-aac at 24 kbit/s, which Debian's ffmpeg cannot: the core at 22.05 kHz,
/// what is above rebuilt from hints. Beside it the delay the encoder told, in samples of 44.1 kHz.
const HE_AAC: [(&str, f64); 2] = [("he-aac.aac", 5_058.0), ("he-aac-v2.aac", 7_106.0)];

/// Power between 12 and 15 kHz in relation to that between 5 and 8 kHz.
fn treble(samples: &[[f32; 2]]) -> f64 {
    let power = |from: u32| -> f64 {
        let steps = (from..from + 3_000).step_by(50);
        steps.map(|hz| amplitude(samples, 0, f64::from(hz)).powi(2)).sum()
    };
    power(12_000) / power(5_000)
}

#[test]
fn he_aac_plays_its_upper_half_and_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let clicks: Vec<f64> = (0..4).map(|k| 0.4 + 0.37 * f64::from(k)).collect();
    for (name, delay) in HE_AAC {
        let raw = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let hidden = ffmpeg(&raw, "-c copy", folder.path().join(format!("{name}.m4a")));
        let told = folder.path().join(format!("{name}-told.m4a"));
        std::fs::write(&told, with_replication_told(&std::fs::read(&hidden).unwrap())).unwrap();
        for path in [raw, hidden, told] {
            let late_ms = lateness_ms(&path, 0.0, 2.0, &clicks, delay / 44_100.0);
            let in_place = late_ms.len() >= 3 && late_ms.iter().all(|late| late.abs() < 0.5);
            assert!(in_place, "{path:?}: {late_ms:.2?}");
            let pcm = decode(&path, 0.7, 1.2).unwrap();
            let treble = treble(&pcm.samples);
            assert!(treble > 0.03, "{path:?}: the upper half is missing, {treble:.5}");
        }
    }
}

/// An m4a of HE-AAC says at its start that it is: the two bytes that tell plain AAC of 22.05 kHz become the four of band
/// replication to 44.1 kHz.
fn with_replication_told(m4a: &[u8]) -> Vec<u8> {
    let mut bytes = m4a.to_vec();
    let find = |bytes: &[u8], what: &[u8], from: usize| {
        from + bytes[from..]
            .windows(what.len())
            .position(|window| window == what)
            .unwrap()
    };
    let mut at = find(&bytes, b"mdat", 0);
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4a", b"esds"] {
        at = find(&bytes, kind, at);
        let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) + 2;
        bytes[at - 4..at].copy_from_slice(&size.to_be_bytes());
    }
    for descriptor in [3, 4, 5] {
        at = find(&bytes, &[descriptor, 0x80, 0x80, 0x80], at) + 4;
        bytes[at] += 2;
    }
    // Kind 2, rate 7, one channel.
    assert_eq!(bytes[at + 1..at + 3], [0x13, 0x88], "ffmpeg's layout has changed");
    // Kind 5, rate 7 (22.05 kHz), one channel, doubled to rate 4 (44.1 kHz), kind 2.
    bytes.splice(at + 1..at + 3, [0x2b, 0x8a, 0x08, 0x00]);
    bytes
}

/// Files of surround, whole and as bytes.
fn surround_files(folder: &Path, secs: f64) -> Vec<(&'static str, PathBuf, Vec<u8>)> {
    let wav = click_song(folder, 44_100, secs);
    [
        ("six.m4a", "aac -b:a 256k -movflags +faststart"),
        ("six.aac", "aac -b:a 256k"),
        ("six.opus", "libopus -b:a 256k"),
    ]
    .map(|(name, args)| {
        let path = ffmpeg(&wav, &format!("{SIX} {args}"), folder.join(name));
        let bytes = std::fs::read(&path).unwrap();
        (name, path, bytes)
    })
    .into()
}

#[test]
fn surround_that_breaks_off_plays_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path, bytes) in surround_files(folder.path(), 20.0) {
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let secs = decode(&path, 0.0, 60.0)
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .samples
            .len() as f64
            / 48_000.0;
        assert!((6.0..15.0).contains(&secs), "{name}: {secs} s of half the file");
        let probed = audio::probe(&path, &GO).unwrap().duration.as_secs_f64();
        assert!(
            (probed - secs).abs() < 0.3,
            "{name}: probe says {probed}, {secs} decode"
        );
        std::fs::write(&path, &bytes[..bytes.len() / 200]).unwrap();
        refusal(&path);
    }
}

#[test]
fn surround_files_with_any_bytes_changed_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path, whole) in surround_files(folder.path(), 3.0) {
        let mut noise = Noise::new(name.len() as u64 * 31 + u64::from(name.as_bytes()[4]));
        for round in 0..40 {
            let mut bytes = whole.clone();
            // Headers first, then the sound itself.
            let range = if round % 2 == 0 { bytes.len() } else { 4_000 };
            for _ in 0..1 + noise.bits() % 20 {
                let at = (noise.bits() % range as u64) as usize;
                bytes[at] = noise.bits() as u8;
            }
            std::fs::write(&path, &bytes).unwrap();
            let started = Instant::now();
            let _ = audio::probe(&path, &GO);
            let _ = decode(&path, 1.0, 60.0).map(|pcm| assert!(pcm.samples.len() <= 60 * 48_000));
            assert!(started.elapsed() < Duration::from_secs(5), "{name}, round {round}");
        }
        // The right start, and nothing but noise behind.
        let (mut bytes, sound) = (whole.clone(), bytes_after_headers(name, &whole));
        bytes[sound..].iter_mut().for_each(|byte| *byte = noise.bits() as u8);
        std::fs::write(&path, &bytes).unwrap();
        let _ = decode(&path, 0.0, 60.0).map(|pcm| assert!(pcm.samples.len() <= 60 * 48_000));
    }
}

fn bytes_after_headers(name: &str, bytes: &[u8]) -> usize {
    let last_header: &[u8] = match name {
        "six.m4a" => b"mdat",
        "six.opus" => b"OpusTags",
        _ => return 7,
    };
    bytes
        .windows(last_header.len())
        .position(|window| window == last_header)
        .unwrap()
        + 60
}

#[test]
fn damage_in_surround_is_not_told_by_the_library_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path, mut bytes) = surround_files(folder.path(), 20.0).swap_remove(0);
    let (mut noise, middle) = (Noise::new(9), bytes.len() / 2);
    bytes[middle..middle + 20_000]
        .iter_mut()
        .for_each(|byte| *byte = noise.bits() as u8);
    std::fs::write(&path, bytes).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_musiccircles"))
        .arg("probe")
        .arg(&path)
        .arg("--json")
        .output()
        .unwrap();
    assert!(run.status.success());
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    // What was not hurt is in place.
    let clicks: Vec<f64> = click_times(20.0)
        .into_iter()
        .filter(|t| *t < 8.5 || *t > 12.5)
        .collect();
    let late_ms = lateness_ms(&path, 0.0, 20.0, &clicks, 0.0);
    assert!(late_ms.iter().all(|late| late.abs() < 0.3), "{late_ms:.2?}");
}

#[test]
fn decoding_surround_is_cancelled_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path, _) in surround_files(folder.path(), 20.0) {
        let (stop, mut blocks) = (AtomicBool::new(false), 0);
        let result = audio::decode_all(&path, &stop, &mut |_, _| {
            blocks += 1;
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert!(
            matches!(result, Err(AudioError::Cancelled)) && blocks < 3,
            "{name}: {result:?}"
        );
    }
}
