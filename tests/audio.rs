//! The audio step: every format to the sample, every bad file to its one sentence, loudness as promised.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::audio::{self, AudioError, Edges};
use musiccircles::flow::Pcm;
use musiccircles::model::{Fault, Fragment};

use crate::support::sound::{Noise, Sketch, ffmpeg, find_click, through_aac, write_wav};

pub static GO: AtomicBool = AtomicBool::new(false);

pub fn decode(path: &Path, start_secs: f64, length_secs: f64) -> Result<Pcm, AudioError> {
    let fragment = Fragment {
        start: Duration::from_secs_f64(start_secs),
        length: Duration::from_secs_f64(length_secs),
    };
    audio::decode(path, fragment, &GO)
}

/// Clicks at uneven distances, so that a shift by a whole beat is seen too.
pub fn click_times(length_secs: f64) -> Vec<f64> {
    let uneven = |k: u32| f64::from(k) * 0.9 + 0.02 * f64::from(k * k % 7);
    (0..)
        .map(|k| 0.35 + uneven(k))
        .take_while(|&t| t < length_secs - 0.3)
        .collect()
}

const SONG_SECS: f64 = 75.0;

/// The click song at a rate, as the 16-bit wave file all formats are made from.
pub fn click_song(folder: &Path, rate_hz: u32, secs: f64) -> PathBuf {
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
pub fn assert_clicks_in_place(path: &Path, song_secs: f64, tolerance_ms: f64) {
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

pub fn check_format(rate_hz: u32, name: &str, args: &str, tolerance_ms: f64) {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), rate_hz, SONG_SECS);
    let song = if args.is_empty() {
        wav
    } else {
        ffmpeg(&wav, args, folder.path().join(name))
    };
    assert_clicks_in_place(&song, SONG_SECS, tolerance_ms);
    let facts = audio::probe(&song, &GO).unwrap();
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

#[test]
fn every_sample_rate_and_channel_count_comes_out_in_place() {
    let folder = tempfile::tempdir().unwrap();
    for rate_hz in [8_000, 11_025, 22_050, 32_000, 44_099, 88_200, 96_000, 192_000] {
        let wav = click_song(folder.path(), rate_hz, 9.0);
        let pcm = decode(&wav, 3.21, 5.0).unwrap();
        assert_eq!(pcm.samples.len(), 240_000, "{rate_hz} Hz");
        for time in click_times(9.0).into_iter().filter(|t| (3.3..8.1).contains(t)) {
            let found =
                find_click(&pcm.samples, time - 3.21).unwrap_or_else(|| panic!("{rate_hz} Hz: no click at {time}"));
            let late_ms = (found - (time - 3.21)) * 1000.0;
            // The background noise pulls at the middle of a click; a shift by a sample of 22 kHz would be seen.
            let tolerance_ms = if rate_hz < 12_000 { 0.1 } else { 0.04 };
            assert!(late_ms.abs() < tolerance_ms, "{rate_hz} Hz: click {late_ms:.3} ms late");
        }
    }
}

/// Interleaved tones, one frequency per channel, at -12 dB of full scale each.
pub fn tones(channels: &[f64], secs: f64) -> Vec<f32> {
    let frames = (48_000.0 * secs) as usize;
    let tone = |n: usize, hz: f64| 0.25 * (std::f64::consts::TAU * hz * n as f64 / 48_000.0).sin() as f32;
    (0..frames)
        .flat_map(|n| channels.iter().map(move |&hz| tone(n, hz)))
        .collect()
}

/// Amplitude of one frequency in a channel.
pub fn amplitude(samples: &[[f32; 2]], side: usize, hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, pair) in samples.iter().enumerate() {
        let turn = std::f64::consts::TAU * hz * n as f64 / 48_000.0;
        re += f64::from(pair[side]) * turn.cos();
        im += f64::from(pair[side]) * turn.sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

#[test]
fn surround_is_mixed_to_stereo_as_bs_775_says() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("six.wav");
    // Left, right, centre, low, surround left, surround right.
    let hz = [300.0, 400.0, 500.0, 60.0, 700.0, 800.0];
    write_wav(&raw, 48_000, 6, &tones(&hz, 2.0));
    let scale = 1.0 / (1.0 + 2.0 * std::f64::consts::FRAC_1_SQRT_2);
    let side = scale * std::f64::consts::FRAC_1_SQRT_2;
    let expected = [
        [scale, 0.0],
        [0.0, scale],
        [side, side],
        [0.0, 0.0],
        [side, 0.0],
        [0.0, side],
    ];
    let flac = ffmpeg(&raw, "-c:a flac", folder.path().join("six.flac"));
    let vorbis = ffmpeg(&raw, "-c:a libvorbis -q:a 8", folder.path().join("six.ogg"));
    for (path, tolerance) in [(raw, 0.01), (flac, 0.01), (vorbis, 0.05)] {
        let pcm = decode(&path, 0.0, 2.0).unwrap();
        for (channel, gains) in expected.iter().enumerate() {
            for (to, gain) in gains.iter().enumerate() {
                let found = amplitude(&pcm.samples, to, hz[channel]) / 0.25;
                assert!(
                    (found - gain).abs() < tolerance,
                    "{path:?}: channel {channel} to side {to}: {found:.3}, not {gain:.3}"
                );
            }
        }
    }
}

#[test]
fn mono_is_as_loud_in_both_channels_and_full_scale_surround_does_not_clip() {
    let folder = tempfile::tempdir().unwrap();
    let mono = folder.path().join("mono.wav");
    write_wav(&mono, 48_000, 1, &tones(&[440.0], 2.0));
    let pcm = decode(&mono, 0.0, 2.0).unwrap();
    assert!(pcm.samples.iter().all(|[left, right]| left == right));
    assert!((amplitude(&pcm.samples, 0, 440.0) - 0.25).abs() < 0.001);

    let full = folder.path().join("full.wav");
    write_wav(
        &full,
        48_000,
        6,
        &tones(&[440.0; 6], 2.0).iter().map(|s| s * 4.0).collect::<Vec<_>>(),
    );
    let pcm = decode(&full, 0.0, 2.0).unwrap();
    assert!(pcm.samples.iter().flatten().all(|s| s.abs() <= 1.001));
}

#[test]
fn a_fragment_beyond_the_end_is_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 48_000, 10.0);
    assert_eq!(decode(&wav, 7.5, 60.0).unwrap().samples.len(), 120_000);
    assert_eq!(decode(&wav, 0.0, 60.0).unwrap().samples.len(), 480_000);
}

#[test]
fn a_late_fragment_does_not_cost_the_whole_song() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("long.wav");
    let mut song = Sketch::silence(8_000, 500.0);
    song.noise(0.0, 500.0, 0.1);
    song.write_wav(&raw);
    for (name, args) in [("long.mp3", "-c:a libmp3lame -b:a 64k"), ("long.flac", "-c:a flac")] {
        let path = ffmpeg(&raw, args, folder.path().join(name));
        let cost = |start: f64| {
            let started = Instant::now();
            decode(&path, start, 5.0).unwrap();
            started.elapsed()
        };
        let (early, late, whole) = (cost(0.0), cost(480.0), {
            let started = Instant::now();
            audio::decode_all(&path, &GO, &mut |_, _| {}).unwrap();
            started.elapsed()
        });
        assert!(
            late < early + whole / 3,
            "{name}: start {early:?}, end {late:?}, whole song {whole:?}"
        );
    }
}

#[test]
fn the_whole_song_is_played_without_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 20.0);
    let mp3 = ffmpeg(&wav, "-c:a libmp3lame -q:a 4", folder.path().join("x.mp3"));
    for path in [wav, mp3] {
        let mut heard = Vec::new();
        let length = audio::decode_all(&path, &GO, &mut |rate_hz, block| {
            assert_eq!(rate_hz, 44_100);
            heard.extend_from_slice(block);
        })
        .unwrap();
        assert!(
            (length.as_secs_f64() - 20.0).abs() < 0.001 && heard.len() == 882_000,
            "{path:?}: {length:?}, {}",
            heard.len()
        );
    }
}

#[test]
fn tags_and_cover_are_found_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 3.0);
    let cover = ffmpeg(
        Path::new("color=red:size=64x64"),
        "-frames:v 1",
        folder.path().join("cover.png"),
    );
    let picture = std::fs::read(&cover).unwrap();
    let long = "ю".repeat(900);
    for name in ["x.mp3", "x.flac", "x.m4a", "x.ogg"] {
        let path = folder.path().join(name);
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-i"]).arg(&wav);
        if name != "x.ogg" {
            command.arg("-i").arg(&cover).args([
                "-map",
                "0",
                "-map",
                "1",
                "-c:v",
                "copy",
                "-disposition:v",
                "attached_pic",
            ]);
        }
        command.args([
            "-metadata",
            "title=  Звезда\n по имени Солнце ",
            "-metadata",
            "artist=Кино",
        ]);
        command.arg("-metadata").arg(format!("album={long}")).arg(&path);
        assert!(command.status().unwrap().success());
        let facts = audio::probe(&path, &GO).unwrap();
        assert_eq!(facts.tags.title.as_deref(), Some("Звезда  по имени Солнце"), "{name}");
        assert_eq!(facts.tags.artist.as_deref(), Some("Кино"), "{name}");
        assert_eq!(facts.tags.album.map(|album| album.chars().count()), Some(200), "{name}");
        assert_eq!(
            facts.cover.as_deref(),
            (name != "x.ogg").then_some(picture.as_slice()),
            "{name}"
        );
        assert_eq!((facts.sample_rate, facts.channels), (44_100, 1), "{name}");
    }
}

/// The error of a file, from probe and from decode alike, and within 5 seconds.
pub fn refusal(path: &Path) -> AudioError {
    let started = Instant::now();
    let error = audio::probe(path, &GO).err();
    let decoded = decode(path, 0.0, 5.0).expect_err("there is nothing to decode");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "took {:?} for both",
        started.elapsed()
    );
    assert_eq!(decoded.fault(), Fault::Request);
    let words = decoded.to_string();
    assert!(!words.contains('\n') && words.len() < 400, "{words}");
    if let Some(error) = error {
        assert_eq!(
            std::mem::discriminant(&error),
            std::mem::discriminant(&decoded),
            "probe: {error}, decode: {decoded}"
        );
    }
    decoded
}

#[test]
fn what_is_no_file_of_sound_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(refusal(&at("none.mp3")), AudioError::NotFound { .. }));
    assert!(matches!(refusal(folder.path()), AudioError::NotAFile { .. }));
    assert!(matches!(refusal(Path::new("/dev/zero")), AudioError::NotAFile { .. }));
    std::fs::write(at("empty.mp3"), b"").unwrap();
    assert!(matches!(refusal(&at("empty.mp3")), AudioError::Empty { .. }));
    std::fs::write(at("text.mp3"), "not a song at all\n".repeat(5_000)).unwrap();
    assert!(matches!(refusal(&at("text.mp3")), AudioError::NotAudio { .. }));
    std::fs::write(at("zeros.wav"), vec![0; 3_000_000]).unwrap();
    assert!(matches!(refusal(&at("zeros.wav")), AudioError::NotAudio { .. }));
    let picture = ffmpeg(Path::new("color=red:size=64x64"), "-frames:v 1", at("cover.png"));
    assert!(matches!(refusal(&picture), AudioError::NotAudio { .. }));
    let film = ffmpeg(
        Path::new("color=red:size=64x64:duration=2"),
        "-c:v libx264",
        at("film.mp4"),
    );
    assert!(matches!(refusal(&film), AudioError::NotAudio { .. }));
}

#[test]
fn a_hundred_megabytes_of_random_bytes_are_refused_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut noise = Noise::new(5);
    let bytes: Vec<u8> = (0..100_000_000 / 8).flat_map(|_| noise.bits().to_le_bytes()).collect();
    let random = folder.path().join("random.bin");
    std::fs::write(&random, bytes).unwrap();
    for name in [
        "random.mp3",
        "random.flac",
        "random.m4a",
        "random.aac",
        "random.ogg",
        "random.wav",
    ] {
        let path = folder.path().join(name);
        std::fs::hard_link(&random, &path).unwrap();
        for start in [0.0, 500.0] {
            let started = Instant::now();
            let error = decode(&path, start, 30.0)
                .map(|pcm| pcm.samples.len())
                .expect_err("random bytes are no song");
            assert!(
                started.elapsed() < Duration::from_secs(5),
                "{name}: {:?}",
                started.elapsed()
            );
            assert!(
                matches!(error, AudioError::NotAudio { .. } | AudioError::NothingDecodes { .. }),
                "{name}: {error}"
            );
        }
    }
}

#[test]
fn a_cover_without_sound_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 3.0);
    let cover = ffmpeg(
        Path::new("color=red:size=64x64"),
        "-frames:v 1",
        folder.path().join("cover.png"),
    );
    let mp3 = folder.path().join("song.mp3");
    let mut command = std::process::Command::new("ffmpeg");
    command
        .args(["-v", "error", "-i"])
        .arg(&wav)
        .arg("-i")
        .arg(&cover)
        .args(["-map", "0", "-map", "1", "-c:v", "copy"]);
    assert!(command.arg(&mp3).status().unwrap().success());
    let bytes = std::fs::read(&mp3).unwrap();
    let size = bytes[6..10].iter().fold(0, |size, byte| size << 7 | usize::from(*byte));
    let only_tag = folder.path().join("only.mp3");
    std::fs::write(&only_tag, &bytes[..10 + size]).unwrap();
    assert!(matches!(refusal(&only_tag), AudioError::OnlyCover { .. }));
}

#[test]
fn starts_and_lengths_that_cannot_be_are_told_with_the_songs_length() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 65.5);
    for path in [ffmpeg(&wav, "-c:a libmp3lame -q:a 4", folder.path().join("x.mp3")), wav] {
        let error = decode(&path, 70.0, 5.0).unwrap_err();
        assert!(matches!(error, AudioError::StartBeyondEnd { .. }), "{error}");
        assert!(
            error.to_string().contains("1:10") && error.to_string().contains("1:05.5"),
            "{error}"
        );
        let error = decode(&path, 65.0, 5.0).unwrap_err();
        assert!(matches!(error, AudioError::TooLittleLeft { .. }), "{error}");
        assert!(error.to_string().contains("0.5 s"), "{error}");
        assert!(matches!(
            decode(&path, 1e7, 5.0).unwrap_err(),
            AudioError::StartBeyondEnd { .. }
        ));
    }
    let short = click_song(folder.path(), 48_000, 0.8);
    assert!(matches!(refusal(&short), AudioError::TooShort { .. }));
    let short = ffmpeg(&short, "-c:a libmp3lame", folder.path().join("short.mp3"));
    assert!(matches!(refusal(&short), AudioError::TooShort { .. }));
}

#[test]
fn a_file_that_breaks_off_plays_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 40.0);
    for (name, args) in [
        ("x.mp3", "-c:a libmp3lame -b:a 128k"),
        ("v.mp3", "-c:a libmp3lame -q:a 4"),
        ("x.flac", "-c:a flac"),
        ("x.m4a", "-c:a aac -b:a 128k -movflags +faststart"),
        ("x.ogg", "-c:a libvorbis"),
        ("x.opus", "-c:a libopus"),
        ("x.wav", "-c:a pcm_s16le"),
    ] {
        let bytes = std::fs::read(ffmpeg(&wav, args, folder.path().join(name))).unwrap();
        let path = folder.path().join(format!("cut-{name}"));
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let secs = decode(&path, 0.0, 60.0)
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .samples
            .len() as f64
            / 48_000.0;
        assert!((12.0..30.0).contains(&secs), "{name}: {secs} s of half the file");
        let probed = audio::probe(&path, &GO).unwrap().duration.as_secs_f64();
        assert!(
            (probed - secs).abs() < 0.3,
            "{name}: probe says {probed}, {secs} decode"
        );
        // Clicks before the break are still in place.
        let pcm = decode(&path, 5.5, 6.0).unwrap();
        for time in click_times(40.0).into_iter().filter(|t| (5.6..11.4).contains(t)) {
            let late = find_click(&pcm.samples, time - 5.5).unwrap() - (time - 5.5);
            assert!(late.abs() < 0.001, "{name}: click {late} s late");
        }
        let error = decode(&path, 35.0, 5.0).unwrap_err();
        assert!(matches!(error, AudioError::StartBeyondEnd { .. }), "{name}: {error}");

        let stump = folder.path().join(format!("stump-{name}"));
        std::fs::write(&stump, &bytes[..bytes.len() / 200]).unwrap();
        refusal(&stump);
    }
}

#[test]
fn damaged_packets_are_left_out_and_the_rest_keeps_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 20.0);
    for (name, args) in [
        ("x.mp3", "-c:a libmp3lame -b:a 128k"),
        ("x.m4a", "-c:a aac -b:a 128k"),
        ("x.flac", "-c:a flac"),
        ("x.ogg", "-c:a libvorbis"),
        ("x.opus", "-c:a libopus"),
    ] {
        let mut bytes = std::fs::read(ffmpeg(&wav, args, folder.path().join(name))).unwrap();
        let mut noise = Noise::new(9);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 2_000]
            .iter_mut()
            .for_each(|byte| *byte = noise.bits() as u8);
        let path = folder.path().join(format!("hurt-{name}"));
        std::fs::write(&path, bytes).unwrap();
        let pcm = decode(&path, 0.0, 20.0).unwrap();
        assert!(pcm.samples.len() > 19 * 48_000, "{name}: {}", pcm.samples.len());
        let times: Vec<f64> = click_times(20.0);
        let in_place = times
            .iter()
            .filter(|&&t| find_click(&pcm.samples, t).is_some_and(|f| (f - t).abs() < 0.002));
        let in_place = in_place.count();
        // A lost mp3 frame cannot be told from one that never was: there the rest moves by whole frames.
        if name != "x.mp3" {
            assert!(
                in_place + 3 >= times.len(),
                "{name}: {in_place} of {} clicks in place",
                times.len()
            );
        }
    }
}

/// Any bytes changed anywhere: an error or some sound, never a panic or a hang.
#[test]
fn hostile_files_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 3.0);
    for (name, args) in [
        ("x.mp3", "-c:a libmp3lame -q:a 4"),
        ("x.m4a", "-c:a aac"),
        ("a.m4a", "-c:a alac"),
        ("x.flac", "-c:a flac"),
        ("x.ogg", "-c:a libvorbis"),
        ("x.opus", "-c:a libopus"),
        ("x.aiff", "-c:a pcm_s16be"),
        ("x.wav", "-c:a pcm_s16le"),
    ] {
        let whole = std::fs::read(ffmpeg(&wav, args, folder.path().join(name))).unwrap();
        let mut noise = Noise::new(name.len() as u64 * 31 + u64::from(name.as_bytes()[0]));
        let path = folder.path().join(format!("bad-{name}"));
        let head = whole.len().min(4_000) as u64;
        for round in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..1 + noise.bits() % 20 {
                // Mostly the headers: damage there does the most.
                let range = if round % 4 == 0 { bytes.len() as u64 } else { head };
                let at = (noise.bits() % range) as usize;
                bytes[at] = if noise.bits().is_multiple_of(3) {
                    0xff
                } else {
                    noise.bits() as u8
                };
            }
            std::fs::write(&path, &bytes).unwrap();
            let started = Instant::now();
            let _ = audio::probe(&path, &GO);
            let _ = decode(&path, 1.0, 60.0).map(|pcm| assert!(pcm.samples.len() <= 60 * 48_000));
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "{name}, round {round}: {:?}",
                started.elapsed()
            );
        }
    }
}

/// Rates that cannot be, wherever the format tells them: each is refused, and none of our own arithmetic stumbles.
#[test]
fn rates_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 3.0);
    let alac = ffmpeg(&wav, "-c:a alac", folder.path().join("x.m4a"));
    let after = |bytes: &[u8], mark: &[u8], skip: usize| {
        let at = bytes.windows(mark.len()).rposition(|window| window == mark).unwrap();
        at + mark.len() + skip
    };
    for rate_hz in [0_u32, 1, 7_999, 192_001, u32::MAX] {
        for (path, mark, skip) in [(&wav, &b"fmt "[..], 8), (&alac, b"alac", 24)] {
            let mut bytes = std::fs::read(path).unwrap();
            let at = after(&bytes, mark, skip);
            let rate = if path == &alac {
                rate_hz.to_be_bytes()
            } else {
                rate_hz.to_le_bytes()
            };
            bytes[at..at + 4].copy_from_slice(&rate);
            let name = path.file_name().unwrap().to_str().unwrap();
            let odd = folder.path().join(format!("odd-{name}"));
            std::fs::write(&odd, bytes).unwrap();
            let error = decode(&odd, 0.0, 2.0).unwrap_err();
            assert_eq!(error.fault(), Fault::Request);
            let told =
                matches!(&error, AudioError::Unsupported { what, .. } if what.contains(&format!("{rate_hz} Hz")));
            // A wave file of 0 Hz has no time base: its demuxer already refuses it.
            let refused = path == &wav && rate_hz == 0 && matches!(error, AudioError::NotAudio { .. });
            assert!(told || refused, "{name} of {rate_hz} Hz: {error}");
        }
    }
}

/// What goes wrong in our own code is not blamed on the file.
#[test]
fn a_mistake_of_ours_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 8_000, 3.0);
    let heard = std::panic::catch_unwind(|| audio::decode_all(&wav, &GO, &mut |_, _| panic!("in what hears the song")));
    assert!(
        heard.is_err(),
        "told as {:?}",
        heard.map(|heard| heard.map_err(|error| error.to_string()))
    );
}

#[test]
fn cancelling_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 48_000, 5.0);
    let stop = AtomicBool::new(true);
    let fragment = Fragment {
        start: Duration::ZERO,
        length: Duration::from_secs(5),
    };
    let error = audio::decode(&wav, fragment, &stop).unwrap_err();
    assert!(matches!(error, AudioError::Cancelled) && error.fault() == Fault::Cancelled);
    let error = audio::decode_all(&wav, &stop, &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, AudioError::Cancelled));
    let error = audio::probe(&wav, &stop).unwrap_err();
    assert!(matches!(error, AudioError::Cancelled));
}

/// Loud pieces with drums that stand far out, as most music has them.
fn drum_song(secs: f64, tone: f32, drums: f32) -> Pcm {
    let mut song = Sketch::silence(48_000, secs);
    for k in 0..(secs * 2.0) as u32 {
        let at = f64::from(k) * 0.5 + 0.02;
        song.note(at, 0.48, [110.0, 130.8, 98.0, 146.8][(k / 4 % 4) as usize], tone);
        song.note(at, 0.48, [440.0, 523.3, 392.0, 587.3][(k / 2 % 4) as usize], tone * 0.5);
        if k % 2 == 0 {
            song.kick(at, drums)
        } else {
            song.snare(at, drums * 0.8)
        }
        song.hat(at + 0.25, drums * 0.4);
    }
    song.pcm()
}

/// Integrated loudness and true peak, by the meter itself.
fn measured(samples: &[[f32; 2]]) -> (f64, f64) {
    let mut meter = ebur128::EbuR128::new(2, 48_000, ebur128::Mode::I | ebur128::Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(samples.as_flattened()).unwrap();
    let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
    (meter.loudness_global().unwrap(), 20.0 * peak.log10())
}

#[test]
fn every_song_ends_at_minus_14_lufs_and_below_minus_1_dbtp_after_aac() {
    let noise = |level: f32| {
        let mut noise = Noise::new(2);
        Pcm {
            samples: (0..480_000)
                .map(|_| [noise.sample() * level, noise.sample() * level])
                .collect(),
        }
    };
    let clipped = |pcm: Pcm| Pcm {
        samples: pcm
            .samples
            .iter()
            .map(|pair| pair.map(|s| (s * 6.0).clamp(-1.0, 1.0)))
            .collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, mut pcm) in [
        ("plain", drum_song(12.0, 0.2, 0.4)),
        ("quiet", drum_song(12.0, 0.03, 0.05)),
        ("dynamic", drum_song(12.0, 0.03, 0.8)),
        ("clipped", clipped(drum_song(12.0, 0.2, 0.6))),
        ("white noise", noise(1.0)),
        ("soft noise", noise(0.05)),
    ] {
        let done = audio::master(&mut pcm, fades(true, true));
        let (lufs, peak) = measured(&pcm.samples);
        let encoded = through_aac(&pcm.samples, folder.path());
        let (lufs_aac, peak_aac) = measured(&encoded);
        println!("{name}: {done:?}; {lufs:.2} LUFS {peak:.2} dBTP; as AAC {lufs_aac:.2} LUFS {peak_aac:.2} dBTP");
        assert!((lufs + 14.0).abs() <= 0.5, "{name}: {lufs:.2} LUFS");
        // AAC leaves out the highest octave: noise loses loudness by that, music hardly.
        assert!(
            ["dynamic", "white noise", "soft noise"].contains(&name) || (lufs_aac + 14.0).abs() <= 0.5,
            "{name}: {lufs_aac:.2} LUFS as AAC"
        );
        // Our filter is longer than the meter's and sees a little more on square waves.
        assert!(
            (-0.8..0.15).contains(&(peak - done.true_peak_dbtp)),
            "{name}: true peak {peak:.2}, told {:.2}",
            done.true_peak_dbtp
        );
        assert!(peak_aac <= -1.0, "{name}: {peak_aac:.2} dBTP as AAC");
    }
}

/// A fragment cut out of its song, or not, without a needle.
fn fades(fade_in: bool, fade_out: bool) -> Edges {
    Edges {
        fade_in,
        fade_out,
        needle_secs: None,
    }
}

#[test]
fn silence_stays_silence_and_a_whisper_is_not_blown_up() {
    let mut silence = Pcm {
        samples: vec![[0.0; 2]; 96_000],
    };
    let done = audio::master(&mut silence, fades(true, true));
    assert_eq!((done.input_lufs, done.gain_db), (None, 0.0));
    assert!(silence.samples.iter().flatten().all(|&s| s == 0.0));
    assert_eq!(audio::master(&mut Pcm::default(), fades(true, true)).input_lufs, None);

    let mut whisper = drum_song(5.0, 0.001, 0.001);
    assert_eq!(audio::master(&mut whisper, fades(false, false)).gain_db, 20.0);
}

#[test]
fn a_needle_is_heard_when_it_touches_and_is_as_faint_in_every_song() {
    for level in [0.06, 0.3] {
        let song = drum_song(6.0, level, level);
        let (mut without, mut with) = (song.clone(), song);
        audio::master(&mut without, Edges::default());
        let needle = Edges {
            needle_secs: Some(0.6),
            ..Edges::default()
        };
        audio::master(&mut with, needle);
        let added = |n: usize| (with.samples[n][0] - without.samples[n][0]).abs();
        let before = (0..28_800).map(added).fold(0.0, f32::max);
        let during = (28_800..48_000).map(added).fold(0.0, f32::max);
        let after = (60_000..without.samples.len()).map(added).fold(0.0, f32::max);
        // -24 dBFS is 0.063; click and thump together may pass it a little.
        assert!((0.03..0.11).contains(&during), "level {level}: {during}");
        assert!(
            before < 0.01 && after < 0.01,
            "level {level}: {before} before, {after} after"
        );
        let (lufs, peak) = measured(&with.samples);
        assert!(
            (lufs + 14.0).abs() <= 0.5 && peak <= -1.0,
            "level {level}: {lufs:.2} LUFS {peak:.2} dBTP"
        );
    }
}

#[test]
fn a_crackle_does_not_keep_a_quiet_song_quiet() {
    let mut pcm = drum_song(12.0, 0.05, 0.06);
    [100_000, 300_000, 400_001]
        .into_iter()
        .for_each(|at| pcm.samples[at] = [0.95, -0.95]);
    audio::master(&mut pcm, fades(false, false));
    let (lufs, peak) = measured(&pcm.samples);
    assert!(
        (lufs + 14.0).abs() <= 0.5 && peak <= -2.0,
        "{lufs:.2} LUFS, {peak:.2} dBTP"
    );
}

#[test]
fn limiting_neither_distorts_nor_pumps() {
    // A steady tone with short hits far above it: after mastering the tone must still be a tone, and back at its level.
    let mut song = Sketch::silence(48_000, 12.0);
    song.add(0.0, 12.0, |t| 0.08 * (std::f64::consts::TAU * 1_000.0 * t).sin() as f32);
    (0..12).for_each(|k| song.kick(f64::from(k) + 0.5, 0.9));
    let mut pcm = song.pcm();
    let done = audio::master(&mut pcm, fades(false, false));
    let limited = done.gain_db + 20.0 * 0.9_f64.log10() - done.true_peak_dbtp;
    assert!(limited > 3.0, "the limiter had nothing to do: {done:?}");
    let expected = 0.08 * 10.0_f64.powf(done.gain_db / 20.0);
    for second in 1..11 {
        // Well before the next hit, half a second after the last.
        let quiet = &pcm.samples[second * 48_000 + 9_600..second * 48_000 + 21_600];
        let tone = amplitude(quiet, 0, 1_000.0);
        assert!(
            (20.0 * (tone / expected).log10()).abs() < 0.5,
            "second {second}: the tone is at {tone:.4}, not {expected:.4}"
        );
        // While the gain comes back, nothing but the tone (and the kick's own low end) is heard.
        let moving = &pcm.samples[second * 48_000 + 36_000..second * 48_000 + 48_000];
        let tone = amplitude(moving, 0, 1_000.0);
        for hz in [2_000.0, 3_000.0, 4_000.0, 5_000.0] {
            let overtone = amplitude(moving, 0, hz);
            assert!(
                overtone < tone * 0.003,
                "second {second}: {hz} Hz at {:.1} dB",
                20.0 * (overtone / tone).log10()
            );
        }
    }
}

#[test]
fn cuts_are_faded_over_20_ms_and_only_where_asked() {
    // A square wave of 1 kHz: as loud in every sample.
    let flat = || Pcm {
        samples: (0..48_000)
            .map(|n| if n / 24 % 2 == 0 { [0.1, -0.1] } else { [-0.1, 0.1] })
            .collect(),
    };
    let (mut both, mut none) = (flat(), flat());
    audio::master(&mut both, fades(true, true));
    audio::master(&mut none, fades(false, false));
    let level = none.samples[24_000][0].abs();
    assert!((none.samples[0][0].abs() - level).abs() < 1e-3 && (none.samples[47_999][0].abs() - level).abs() < 1e-3);
    let shape = |n: usize| (both.samples[n][0] / both.samples[24_000][0]).abs();
    assert!(shape(0) < 0.001 && (shape(480) - 0.5).abs() < 0.01 && shape(961) > 0.999);
    assert!(shape(47_999) < 0.001 && (shape(47_519) - 0.5).abs() < 0.01 && shape(47_038) > 0.999);
}

#[test]
fn streams_that_tell_no_delay_keep_one_time_throughout() {
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 40.0);
    // Nothing in these says how much the encoder put in front; but it is the same wherever the fragment starts.
    for (name, args) in [
        ("vbr.mp3", "-c:a libmp3lame -q:a 4 -write_xing 0 -id3v2_version 0"),
        ("x.aac", "-c:a aac -b:a 128k"),
    ] {
        let path = ffmpeg(&wav, args, folder.path().join(name));
        let length = audio::probe(&path, &GO).unwrap().duration.as_secs_f64();
        assert!((40.0..40.1).contains(&length), "{name}: {length} s");
        let mut late_ms = Vec::new();
        for start in [0.0, 11.113, 30.77] {
            let pcm = decode(&path, start, 7.0).unwrap();
            for time in click_times(40.0)
                .into_iter()
                .filter(|t| (start + 0.1..start + 6.8).contains(t))
            {
                late_ms.push((find_click(&pcm.samples, time - start).unwrap() - (time - start)) * 1000.0);
            }
        }
        let (first, last) = late_ms
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), &late| (a.min(late), b.max(late)));
        assert!(
            last - first < 0.3 && (0.0..60.0).contains(&first),
            "{name}: {first:.2} to {last:.2} ms late"
        );
    }
}

#[test]
fn itunes_own_note_of_the_delay_is_heeded() {
    // An m4a whose edit list is renamed away and whose tags say the same in iTunes' words.
    let folder = tempfile::tempdir().unwrap();
    let wav = click_song(folder.path(), 44_100, 20.0);
    let note = " 00000000 00000400 00000000 00000000000D7550 00000000";
    let plain = folder.path().join("plain.m4a");
    let status = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&wav)
        .args(["-c:a", "aac", "-movflags", "use_metadata_tags+faststart", "-metadata"])
        .arg(format!("iTunSMPB={note}"))
        .arg(&plain)
        .status();
    assert!(status.unwrap().success());
    let mut bytes = std::fs::read(&plain).unwrap();
    let edits = bytes.windows(4).position(|window| window == b"edts").unwrap();
    bytes[edits..edits + 4].copy_from_slice(b"free");
    // ffmpeg writes such tags in QuickTime's way; iTunes writes the name, then a `data` atom.
    let at = bytes.windows(8).position(|window| window == b"iTunSMPB").unwrap();
    let value = bytes[at..]
        .windows(note.len())
        .position(|window| window == note.as_bytes())
        .unwrap()
        + at;
    assert_eq!(&bytes[value - 12..value - 8], b"data", "ffmpeg's layout has changed");
    let path = folder.path().join("itunes.m4a");
    std::fs::write(&path, bytes).unwrap();
    let pcm = decode(&path, 3.3, 5.0).unwrap();
    for time in click_times(20.0).into_iter().filter(|t| (3.4..8.2).contains(t)) {
        let late_ms = (find_click(&pcm.samples, time - 3.3).unwrap() - (time - 3.3)) * 1000.0;
        assert!(late_ms.abs() < 0.3, "{late_ms:.3} ms late");
    }
    let length = audio::probe(&path, &GO).unwrap().duration.as_secs_f64();
    assert!((length - 20.0).abs() < 0.001, "{length}");
}
