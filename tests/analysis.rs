//! The analysis step: what the music does shows in the frame it happens in; tempo, beats and choruses of songs whose truth
//! we know because we wrote them.

use std::time::Duration;

use musiccircles::analysis::{Highlight, Listener, Survey, analyse};
use musiccircles::flow::{BANDS, ENVELOPE_POINTS, Features, FrameFeatures, Pcm};
use musiccircles::model::Fps;

use crate::support::sound::{Noise, Sketch};

fn fps(fps: u32) -> Fps {
    Fps::new(fps).unwrap()
}

fn analyse_all(pcm: &Pcm, rate: u32) -> Features {
    let fps = fps(rate);
    analyse(
        pcm,
        fps,
        fps.frames_in(Duration::from_secs_f64(pcm.samples.len() as f64 / 48_000.0)),
    )
}

fn band_of(hz: f64) -> usize {
    ((hz / 40.0).log(400.0) * BANDS as f64) as usize
}

#[test]
fn a_click_shows_in_the_very_frame_that_contains_it() {
    for rate in [25, 30, 60] {
        let mut song = Sketch::silence(48_000, 20.0);
        song.noise(0.0, 20.0, 0.003);
        let mut random = Noise::new(u64::from(rate));
        let times: Vec<f64> = (0..30)
            .map(|k| 0.6 + f64::from(k) * 0.63 + 0.02 * f64::from(random.sample()))
            .collect();
        times.iter().for_each(|&t| song.click(t));
        let features = analyse_all(&song.pcm(), rate);
        let treble = |frame: &FrameFeatures| frame.bands[band_of(3_000.0)];
        for time in times {
            let inside = (time * f64::from(rate)).fract() / f64::from(rate);
            // The click itself is 1 ms long: on the border of two frames it belongs to both.
            if !(0.0006..1.0 / f64::from(rate) - 0.0006).contains(&inside) {
                continue;
            }
            let n = (time * f64::from(rate)) as usize;
            let [before, at, after] = [n - 1, n, n + 1].map(|n| features.frames[n]);
            let told = format!(
                "{rate} fps, click at {time:.4} s, {:.1} ms into its frame",
                inside * 1000.0
            );
            assert!(at.onset > 0.7, "{told}: onset {}", at.onset);
            assert!(
                before.onset == 0.0 && after.onset == 0.0,
                "{told}: onsets {} {}",
                before.onset,
                after.onset
            );
            assert!(
                at.rms > 0.5 && at.rms > 3.0 * before.rms && at.rms > 3.0 * after.rms,
                "{told}: rms {}",
                at.rms
            );
            assert!(
                treble(&at) > 0.7 && treble(&features.frames[n - 2]) < 0.4,
                "{told}: band {}",
                treble(&at)
            );
        }
    }
}

#[test]
fn a_kick_drum_raises_the_bass_within_one_frame() {
    let mut song = Sketch::silence(48_000, 12.0);
    song.noise(0.0, 12.0, 0.01);
    let times: Vec<f64> = (1..11).map(|k| f64::from(k) + 0.013 * f64::from(k)).collect();
    times.iter().for_each(|&t| song.kick(t, 0.8));
    let features = analyse_all(&song.pcm(), 30);
    for time in times {
        let n = (time * 30.0) as usize;
        let (early, at, next) = (features.frames[n - 2], features.frames[n], features.frames[n + 1]);
        assert!(
            early.bass < 0.25,
            "bass {} two frames before the kick at {time}",
            early.bass
        );
        assert!(
            at.bass.max(next.bass) > 0.7,
            "bass {} {} at the kick of {time}",
            at.bass,
            next.bass
        );
        assert!(
            (n - 1..=n + 1).any(|n| features.frames[n].onset > 0.5),
            "no onset at the kick of {time}"
        );
        assert!(
            at.bass.max(next.bass) > 2.0 * next.treble,
            "a kick is not treble: {}",
            next.treble
        );
    }
}

#[test]
fn silence_is_all_zeros_and_has_no_beat() {
    for length in [1.0, 20.0] {
        let features = analyse_all(&Sketch::silence(48_000, length).pcm(), 30);
        let zero = FrameFeatures {
            rms: 0.0,
            loudness: 0.0,
            bass: 0.0,
            mid: 0.0,
            treble: 0.0,
            bands: [0.0; BANDS],
            onset: 0.0,
            beat_phase: 0.0,
        };
        assert!(features.frames.iter().all(|frame| *frame == zero));
        assert_eq!((features.tempo_bpm, features.beats_secs.len()), (None, 0));
        assert_eq!(features.envelope, vec![0.0; ENVELOPE_POINTS]);
    }
}

#[test]
fn the_noise_of_a_silent_room_stays_calm() {
    let mut song = Sketch::silence(48_000, 10.0);
    song.noise(0.0, 10.0, 0.0003);
    let features = analyse_all(&song.pcm(), 30);
    for frame in &features.frames {
        assert!(frame.rms < 0.1 && frame.bass < 0.1 && frame.treble < 0.1, "{frame:?}");
        assert!(frame.bands.iter().all(|&band| band < 0.3), "{frame:?}");
        assert!(frame.onset < 0.3, "{frame:?}");
    }
}

#[test]
fn plain_noise_has_no_beat_and_few_starts() {
    let mut song = Sketch::silence(48_000, 30.0);
    song.noise(0.0, 30.0, 0.3);
    let features = analyse_all(&song.pcm(), 30);
    assert_eq!(features.tempo_bpm, None);
    let mean = features.frames.iter().map(|frame| frame.onset).sum::<f32>() / features.frames.len() as f32;
    assert!(mean < 0.03, "mean onset of noise: {mean}");
}

#[test]
fn a_sweep_runs_through_the_bands_one_after_another() {
    let mut song = Sketch::silence(48_000, 20.0);
    song.sweep(45.0, 15_000.0, 0.5);
    let features = analyse_all(&song.pcm(), 30);
    for (n, frame) in features.frames.iter().enumerate().skip(10).take(580) {
        let hz = 45.0 * (15_000.0_f64 / 45.0).powf((n as f64 + 0.5) / 600.0);
        let strongest = (0..BANDS)
            .max_by(|&a, &b| frame.bands[a].total_cmp(&frame.bands[b]))
            .unwrap();
        let expected = band_of(hz);
        assert!(
            strongest.abs_diff(expected) <= 1,
            "frame {n}, {hz:.0} Hz: band {strongest}, not {expected}"
        );
        assert!(
            frame.bands[expected] > 0.6,
            "frame {n}, {hz:.0} Hz: {}",
            frame.bands[expected]
        );
    }
}

#[test]
fn low_tones_are_told_apart() {
    for hz in [50.0_f32, 70.0, 100.0, 150.0, 300.0] {
        let mut song = Sketch::silence(48_000, 3.0);
        song.add(0.0, 3.0, |t| 0.4 * (std::f32::consts::TAU * hz * t as f32).sin());
        let features = analyse_all(&song.pcm(), 30);
        let frame = features.frames[45];
        let band = band_of(f64::from(hz));
        assert!(frame.bands[band] > 0.9, "{hz} Hz: {}", frame.bands[band]);
        let far = (0..BANDS)
            .filter(|other| other.abs_diff(band) > 6)
            .map(|other| frame.bands[other])
            .fold(0.0, f32::max);
        assert!(far < 0.25, "{hz} Hz also shows {far} six bands away");
    }
}

#[test]
fn a_quiet_song_moves_as_a_loud_one_does() {
    let loud = groove(20.0, 110.0, 0.0).pcm();
    let quiet = Pcm {
        samples: loud.samples.iter().map(|pair| pair.map(|s| s * 0.1)).collect(),
    };
    let (loud, quiet) = (analyse_all(&loud, 30), analyse_all(&quiet, 30));
    for (a, b) in loud.frames.iter().zip(&quiet.frames) {
        assert!(
            (a.rms - b.rms).abs() < 0.02 && (a.bass - b.bass).abs() < 0.02 && (a.loudness - b.loudness).abs() < 0.02
        );
        assert!((a.onset - b.onset).abs() < 0.25, "{} {}", a.onset, b.onset);
    }
    assert_eq!(loud.tempo_bpm.map(f32::round), quiet.tempo_bpm.map(f32::round));
}

#[test]
fn values_stay_between_0_and_1_and_are_the_same_again() {
    let mut song = groove(15.0, 128.0, 0.0);
    song.noise(5.0, 3.0, 2.0);
    let pcm = song.pcm();
    let features = analyse_all(&pcm, 30);
    let in_range = |value: f32| (0.0..=1.0).contains(&value);
    for frame in &features.frames {
        let values = [
            frame.rms,
            frame.loudness,
            frame.bass,
            frame.mid,
            frame.treble,
            frame.onset,
            frame.beat_phase,
        ];
        assert!(
            values.iter().chain(&frame.bands).all(|&value| in_range(value)),
            "{frame:?}"
        );
    }
    assert!(features.envelope.iter().all(|&value| in_range(value)) && features.envelope.contains(&1.0));
    assert_eq!(features, analyse_all(&pcm, 30));
}

#[test]
fn the_envelope_tells_quiet_from_loud() {
    let mut song = Sketch::silence(48_000, 10.0);
    song.noise(0.0, 5.0, 0.05);
    song.noise(5.0, 5.0, 0.5);
    let envelope = analyse_all(&song.pcm(), 30).envelope;
    assert_eq!(envelope.len(), ENVELOPE_POINTS);
    assert!(envelope[..500].iter().all(|&v| v < 0.35) && envelope[530..].iter().all(|&v| v > 0.8));
}

#[test]
fn more_frames_than_sound_are_silent_frames() {
    let mut song = Sketch::silence(48_000, 1.0);
    song.click(0.5);
    let features = analyse(&song.pcm(), fps(30), 60);
    assert_eq!(features.frames.len(), 60);
    assert!(
        features.frames[45..]
            .iter()
            .all(|frame| frame.rms == 0.0 && frame.onset == 0.0)
    );
    assert_eq!(analyse(&Pcm::default(), fps(30), 3).frames.len(), 3);
}

/// Drums and bass at a tempo; `swing` delays every second eighth by that part of an eighth.
pub fn groove(secs: f64, bpm: f64, swing: f64) -> Sketch {
    let mut song = Sketch::silence(48_000, secs);
    let beat = 60.0 / bpm;
    for k in 0..(secs / beat) as u32 {
        let at = 0.1 + f64::from(k) * beat;
        if k % 2 == 0 {
            song.kick(at, 0.8)
        } else {
            song.snare(at, 0.5)
        }
        song.hat(at, 0.2);
        song.hat(at + beat * (0.5 + swing * 0.5), 0.15);
        song.note(at, beat * 0.8, [55.0, 55.0, 65.4, 49.0][(k / 4 % 4) as usize], 0.15);
    }
    song
}

pub fn clicks(secs: f64, bpm: f64) -> Sketch {
    let mut song = Sketch::silence(48_000, secs);
    (0..(secs * bpm / 60.0) as u32).for_each(|k| song.click(0.1 + f64::from(k) * 60.0 / bpm));
    song
}

/// Part of the beats put in that were found within 50 ms.
fn found_part(found: &[f32], truth: &[f64]) -> f64 {
    let hit = truth
        .iter()
        .filter(|&&t| found.iter().any(|&f| (f64::from(f) - t).abs() <= 0.05));
    hit.count() as f64 / truth.len() as f64
}

#[test]
fn tempo_and_beats_of_patterns_from_60_to_180_bpm() {
    let mut octaves = Vec::new();
    for bpm in (60..=180).step_by(8).map(f64::from) {
        for (name, song) in [
            ("clicks", clicks(30.0, bpm)),
            ("drums", groove(30.0, bpm, 0.0)),
            ("swing", groove(30.0, bpm, 0.33)),
        ] {
            let features = analyse_all(&song.pcm(), 30);
            let found = f64::from(
                features
                    .tempo_bpm
                    .unwrap_or_else(|| panic!("{name} of {bpm}: no tempo")),
            );
            let ratio = found / bpm;
            let octave = [0.5, 1.0, 2.0]
                .into_iter()
                .find(|octave| (ratio / octave - 1.0).abs() < 0.02);
            let octave = octave.unwrap_or_else(|| panic!("{name} of {bpm} bpm: found {found:.1}"));
            if octave != 1.0 {
                assert!(
                    bpm < 80.0,
                    "{name} of {bpm} bpm: nothing to choose where people tap, but {found:.1}"
                );
                octaves.push(format!("{name} {bpm} -> {found:.1}"));
            }
            // Half the tempo must hit every second beat, double tempo every beat.
            let step = if octave == 0.5 { 2 } else { 1 };
            let beats: Vec<f64> = (0..(30.0 * bpm / 60.0) as u32)
                .map(|k| 0.1 + f64::from(k) * 60.0 / bpm)
                .collect();
            let part = (0..step)
                .map(|from| {
                    found_part(
                        &features.beats_secs,
                        &beats.iter().copied().skip(from).step_by(step).collect::<Vec<_>>(),
                    )
                })
                .fold(0.0, f64::max);
            assert!(
                part >= 0.9,
                "{name} of {bpm} bpm (found {found:.1}): only {:.0} % of the beats",
                part * 100.0
            );
        }
    }
    println!("read in another octave: {octaves:?}");
    assert!(octaves.len() <= 6, "of 48 songs read in another octave: {octaves:?}");
}

#[test]
fn a_change_of_tempo_is_followed() {
    let (mut song, mut beats, mut at) = (Sketch::silence(48_000, 40.0), Vec::new(), 0.2);
    let mut k = 0;
    while at < 39.5 {
        beats.push(at);
        if k % 2 == 0 {
            song.kick(at, 0.8)
        } else {
            song.snare(at, 0.5)
        }
        at += 60.0 / if at < 20.0 { 112.0 } else { 120.0 };
        k += 1;
    }
    let features = analyse_all(&song.pcm(), 30);
    let part = found_part(&features.beats_secs, &beats);
    assert!(part >= 0.9, "only {:.0} % of the beats", part * 100.0);
}

#[test]
fn the_beat_phase_is_0_on_the_beat_and_rises_to_the_next() {
    let features = analyse_all(&groove(20.0, 120.0, 0.0).pcm(), 30);
    for beat in &features.beats_secs {
        assert_eq!(features.frames[(beat * 30.0) as usize].beat_phase, 0.0);
    }
    for pair in features.frames.windows(2) {
        let step = pair[1].beat_phase - pair[0].beat_phase;
        assert!(
            pair[1].beat_phase == 0.0 && pair[0].beat_phase > 0.85 || step > 0.0,
            "{} then {}",
            pair[0].beat_phase,
            pair[1].beat_phase
        );
    }
}

/// Intro, verses and choruses, each with its own chords, band and loudness; the choruses are alike. Returns the choruses.
fn verse_chorus_song() -> (Pcm, Vec<(f64, f64)>) {
    const PARTS: [(char, f64); 8] = [
        ('i', 8.0),
        ('v', 24.0),
        ('c', 16.0),
        ('v', 24.0),
        ('c', 16.0),
        ('b', 14.0),
        ('c', 16.0),
        ('o', 10.0),
    ];
    let total: f64 = PARTS.iter().map(|part| part.1).sum();
    let (mut song, mut from, mut choruses) = (Sketch::silence(48_000, total), 0.0, Vec::new());
    for (index, (part, secs)) in PARTS.into_iter().enumerate() {
        let chords: [[f32; 3]; 4] = match part {
            'c' => [
                [261.6, 329.6, 392.0],
                [196.0, 246.9, 293.7],
                [220.0, 261.6, 329.6],
                [174.6, 220.0, 261.6],
            ],
            'b' => [
                [233.1, 277.2, 349.2],
                [207.7, 261.6, 311.1],
                [185.0, 233.1, 277.2],
                [207.7, 261.6, 311.1],
            ],
            // Verses differ a little from each other, as words do.
            _ if index == 3 => [
                [220.0, 261.6, 329.6],
                [220.0, 277.2, 329.6],
                [146.8, 174.6, 220.0],
                [164.8, 196.0, 246.9],
            ],
            _ => [
                [220.0, 261.6, 329.6],
                [174.6, 220.0, 261.6],
                [146.8, 174.6, 220.0],
                [164.8, 207.7, 246.9],
            ],
        };
        let level = match part {
            'c' => 0.22,
            'b' => 0.12,
            'v' => 0.11,
            _ => 0.06,
        };
        for k in 0..(secs * 2.0) as u32 {
            let at = from + f64::from(k) * 0.5;
            chords[(k / 4 % 4) as usize]
                .iter()
                .for_each(|&hz| song.note(at, 0.48, hz, level));
            if part != 'i' && part != 'o' {
                if k % 2 == 0 {
                    song.kick(at, 0.35 + level)
                } else {
                    song.snare(at, 0.15 + level)
                }
            }
            if part == 'c' {
                song.hat(at, 0.3);
                song.hat(at + 0.25, 0.3);
            }
        }
        if part == 'c' {
            choruses.push((from, from + secs));
        }
        from += secs;
    }
    (song.pcm(), choruses)
}

fn survey(pcm: &Pcm) -> Survey {
    let mut listener = Listener::new();
    // In uneven blocks, as a decoder gives them.
    pcm.samples.chunks(1_153).for_each(|block| listener.hear(48_000, block));
    listener.finish()
}

#[test]
fn the_first_choice_is_a_chorus() {
    let (pcm, choruses) = verse_chorus_song();
    let survey = survey(&pcm);
    assert!((survey.tempo_bpm.unwrap() - 120.0).abs() < 2.4);
    assert!((survey.length.as_secs_f64() - pcm.samples.len() as f64 / 48_000.0).abs() < 1e-3);
    let overlap = |highlight: &Highlight| {
        let shared = |&(from, to): &(f64, f64)| (highlight.end_secs.min(to) - highlight.start_secs.max(from)).max(0.0);
        choruses.iter().map(shared).sum::<f64>()
    };
    for wanted in [15.0, 30.0, 60.0] {
        let highlights = survey.highlights(Duration::from_secs_f64(wanted));
        let [first, ..] = highlights.as_slice() else {
            panic!("no highlights of {wanted} s")
        };
        // Of a chorus of 16 s, or of the fragment where that is shorter.
        let part = overlap(first) / wanted.min(16.0);
        assert!(
            part >= 0.7,
            "{wanted} s: {first:?} shares {part:.2} with a chorus of {choruses:?}"
        );
        for (n, one) in highlights.iter().enumerate() {
            let length = one.end_secs - one.start_secs;
            assert!(length <= wanted + 1e-9 && length > wanted - 1.1, "{one:?}");
            assert!(one.start_secs >= 0.0 && one.end_secs <= survey.length.as_secs_f64() + 1e-9);
            assert!(
                highlights[..n]
                    .iter()
                    .all(|other| one.end_secs <= other.start_secs || one.start_secs >= other.end_secs)
            );
            assert!(highlights[..n].iter().all(|other| one.score <= other.score));
            // All beats of the song are at multiples of half a second.
            let beside = |t: f64| (t * 2.0 - (t * 2.0).round()).abs() / 2.0;
            assert!(
                beside(one.start_secs) < 0.05 && beside(one.end_secs) < 0.05,
                "{one:?} is not on the beat"
            );
        }
    }
    assert_eq!(survey.highlights(Duration::from_secs(15)).len(), 3);
}

/// One side wired the wrong way round: the mean of both would be silence.
#[test]
fn a_song_in_opposite_phases_is_surveyed_like_any_other() {
    let (pcm, _) = verse_chorus_song();
    let opposite = Pcm {
        samples: pcm.samples.iter().map(|[left, right]| [*left, -right]).collect(),
    };
    let (plain, opposite) = (survey(&pcm), survey(&opposite));
    assert!(plain.tempo_bpm.is_some());
    assert_eq!(opposite.tempo_bpm, plain.tempo_bpm);
    let wanted = Duration::from_secs(15);
    assert_eq!(opposite.highlights(wanted), plain.highlights(wanted));
}

#[test]
fn a_short_song_is_its_own_highlight_and_silence_has_no_loudness() {
    let mut song = Sketch::silence(48_000, 12.0);
    song.noise(0.0, 12.0, 0.1);
    let highlights = survey(&song.pcm()).highlights(Duration::from_secs(15));
    assert_eq!(highlights.len(), 1);
    assert!(highlights[0].start_secs == 0.0 && (highlights[0].end_secs - 12.0).abs() < 0.01);

    let silence = survey(&Sketch::silence(48_000, 40.0).pcm());
    assert_eq!((silence.tempo_bpm, silence.integrated_lufs), (None, None));
    assert!(!silence.highlights(Duration::from_secs(15)).is_empty());
    assert!(Listener::new().finish().highlights(Duration::from_secs(15)).is_empty());
}

#[test]
fn the_whole_songs_loudness_is_measured() {
    // BS.1770: a 997 Hz sine of -20 dBFS in one channel reads -23.0 LUFS, in both -20.0.
    let mut song = Sketch::silence(48_000, 10.0);
    song.add(0.0, 10.0, |t| 0.1 * (std::f64::consts::TAU * 997.0 * t).sin() as f32);
    let lufs = survey(&song.pcm()).integrated_lufs.unwrap();
    assert!((lufs + 20.0).abs() < 0.2, "{lufs}");
}
