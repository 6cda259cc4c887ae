//! The step `encode` and delivery to files: what goes in is made here, what comes out is judged by ffprobe and ffmpeg.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::deliver::{DeliverError, Output, write_whole};
use musiccircles::encode::backend::FAILURE_KEPT;
use musiccircles::encode::{
    self, EncodeError, Encoder, EncoderChoice, Lane, Rate, SegmentEncoder, VideoSegment, VideoSettings, budget, options,
};
use musiccircles::flow::Pcm;
use musiccircles::model::{Fault, SAMPLE_RATE, Tags, VideoFormat};

use crate::support::video::{Mp4, StandIn, WhiteNoise, format, number};

const MAX_BYTES: u64 = 8_000_000;

/// `frames` frames' worth of sound.
fn samples_of(frames: u32, format: VideoFormat) -> usize {
    frames as usize * SAMPLE_RATE as usize / format.fps.get() as usize
}

fn noise_pcm(samples: usize) -> Pcm {
    let mut noise = WhiteNoise::new(5);
    let mut bytes = vec![0u8; samples * 4];
    noise.fill(&mut bytes);
    let value = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0;
    Pcm {
        samples: bytes
            .chunks_exact(4)
            .map(|b| [value(&b[..2]), value(&b[2..])])
            .collect(),
    }
}

fn tone_pcm(samples: usize) -> Pcm {
    let at = |i: usize, hz: f32| (i as f32 / SAMPLE_RATE as f32 * hz * std::f32::consts::TAU).sin() * 0.4;
    Pcm {
        samples: (0..samples).map(|i| [at(i, 440.0), at(i, 660.0)]).collect(),
    }
}

fn encode_audio(pcm: &Pcm) -> encode::EncodedAudio {
    encode::encode_audio(pcm, &AtomicBool::new(false)).unwrap()
}

/// All lanes, each on its own thread, `fill` writes frame `n` into the buffer.
fn encode_lanes<F>(settings: &VideoSettings, fill: impl Fn(&Lane) -> F + Sync) -> Vec<VideoSegment>
where
    F: FnMut(u32, &mut Vec<u8>),
{
    std::thread::scope(|scope| {
        let lanes: Vec<_> = settings
            .lanes
            .iter()
            .map(|lane| {
                scope.spawn(|| {
                    let mut fill = fill(lane);
                    let mut encoder = SegmentEncoder::open(settings.format, settings.encoder, lane).unwrap();
                    let mut frame = vec![0; settings.format.size.nv12_bytes()];
                    for n in 0..lane.frames {
                        fill(lane.first.0 + n, &mut frame);
                        encoder.push(&frame).unwrap();
                    }
                    encoder.finish().unwrap()
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).collect()
    })
}

fn noise_lanes(settings: &VideoSettings) -> Vec<VideoSegment> {
    encode_lanes(settings, |lane| {
        let mut noise = WhiteNoise::new(u64::from(lane.first.0));
        move |_, frame| noise.fill(frame)
    })
}

fn tags() -> Tags {
    Tags {
        title: Some("Песня \"№1\"".into()),
        artist: Some("Кто-то & Co".into()),
        album: None,
    }
}

/// A circle of the stand-in with a tone.
fn circle(format: VideoFormat, frames: u32, cores: usize) -> (Vec<u8>, VideoSettings) {
    let samples = samples_of(frames, format);
    let settings = VideoSettings::plan(format, Encoder::X264, frames, samples, MAX_BYTES, cores).unwrap();
    let picture = StandIn::new(format);
    let segments = encode_lanes(&settings, |_| |n, frame: &mut Vec<u8>| *frame = picture.frame(n));
    let mp4 = encode::mux(&segments, &encode_audio(&tone_pcm(samples)), &settings, &tags()).unwrap();
    (mp4, settings)
}

#[test]
fn every_option_of_every_encoder_is_legal() {
    let rate = Rate {
        bits_per_sec: 900_000,
        bucket_bits: 900_000,
        max_bytes: 1_000_000,
        surprise_bytes: 0,
        quality: 27,
        lookahead_frames: 10,
    };
    for encoder in Encoder::ALL {
        for option in options::table(encoder, format(640, 30), &rate) {
            assert_eq!(encode::illegal_option(encoder, &option), None, "{encoder}");
        }
    }
    // The test can fail.
    for wrong in [
        ("no-such-option", "1"),
        ("preset", "p99"),
        ("level", "99"),
        ("g", "x"),
        ("cq", "99"),
    ] {
        let option = (wrong.0, wrong.1.to_owned());
        assert!(encode::illegal_option(Encoder::Nvenc, &option).is_some(), "{wrong:?}");
    }
}

#[test]
fn x264_takes_its_options_without_a_warning() {
    // Text options (preset, partitions) are only read when the encoder opens.
    let lane = &VideoSettings::plan(format(640, 30), Encoder::X264, 30, 48_000, MAX_BYTES, 1)
        .unwrap()
        .lanes[0];
    SegmentEncoder::open(format(640, 30), Encoder::X264, lane).unwrap();
    assert_eq!(encode::complaints(), Vec::<String>::new());
}

#[test]
fn an_encoder_is_chosen_by_trying() {
    let format = format(640, 30);
    let tried = encode::try_all(format);
    assert_eq!(tried.len(), 3);
    let (_, x264) = &tried[2];
    assert!(x264.as_ref().unwrap().frame_bytes > 0);
    let first = tried.iter().find(|(_, result)| result.is_ok()).unwrap().0;
    assert_eq!(encode::choose(EncoderChoice::Auto, format).unwrap(), first);
    assert_eq!(encode::choose(EncoderChoice::X264, format).unwrap(), Encoder::X264);
    for (encoder, result) in tried {
        let Err(reason) = result else { continue };
        assert!(
            !reason.is_empty() && !reason.contains('\n') && !reason.contains("0x"),
            "{reason:?}"
        );
        let forced = encode::choose(encoder.to_string().parse().unwrap(), format).unwrap_err();
        assert!(forced.to_string().contains(&reason), "{forced}");
        assert_eq!(forced.fault(), Fault::Machine);
    }
    assert!(
        "h265"
            .parse::<EncoderChoice>()
            .unwrap_err()
            .contains("auto, nvenc, vaapi or x264")
    );
}

#[test]
fn a_busy_card_is_tried_again() {
    let works = encode::backend::TrialFacts {
        took: Duration::from_millis(3),
        frame_bytes: 700,
    };
    let busy = || Err("the card is busy".to_owned());
    let never = || panic!("the answer is known");
    let (card, format, start) = (Encoder::Nvenc, format(640, 30), Instant::now());
    let mut trials = encode::backend::Trials::default();
    assert!(trials.known_or(card, format, start, busy).is_err());
    let soon = start + FAILURE_KEPT - Duration::from_secs(1);
    assert_eq!(trials.known_or(card, format, soon, never), busy());
    let later = start + FAILURE_KEPT;
    assert_eq!(trials.known_or(card, format, later, || Ok(works)), Ok(works));
    let days = later + 1000 * FAILURE_KEPT;
    assert_eq!(trials.known_or(card, format, days, never), Ok(works));
}

/// The file says exactly how long the sound is; ffmpeg's decoder gives out the last packet whole all the same.
fn assert_sound_length(mp4: &Mp4, samples: usize) {
    let secs = number(&mp4.stream("a")["duration"]);
    assert!(
        (secs - samples as f64 / 48_000.0).abs() < 2e-6,
        "{secs} s of {samples} samples"
    );
    let decoded = mp4.decode_sound().len();
    assert!(
        (samples..samples + 1024).contains(&decoded),
        "{decoded} of {samples} samples"
    );
}

#[test]
fn a_circle_is_what_it_must_be() {
    for (side_px, fps, frames) in [(640, 30, 200), (384, 25, 130), (242, 60, 301)] {
        let format = format(side_px, fps);
        let (bytes, settings) = circle(format, frames, 3);
        assert!(settings.lanes.len() > 1);
        let mp4 = Mp4::new(&bytes);

        let video = mp4.stream("v");
        let expect = |key: &str, value: &str| assert_eq!(video[key].as_str(), Some(value), "{key} at {side_px}");
        expect("codec_name", "h264");
        expect("profile", "High");
        expect("pix_fmt", "yuv420p");
        expect("color_range", "tv");
        expect("color_space", "bt709");
        expect("color_transfer", "bt709");
        expect("color_primaries", "bt709");
        expect("chroma_location", "center");
        expect("sample_aspect_ratio", "1:1");
        expect("r_frame_rate", &format!("{fps}/1"));
        expect("avg_frame_rate", &format!("{fps}/1"));
        expect("nb_frames", &frames.to_string());
        assert_eq!(
            (video["width"].as_u64(), video["level"].as_u64()),
            (Some(side_px.into()), Some(31))
        );
        assert_eq!(video["has_b_frames"].as_u64(), Some(0));

        let audio = mp4.stream("a");
        assert_eq!(
            (audio["codec_name"].as_str(), audio["profile"].as_str()),
            (Some("aac"), Some("LC"))
        );
        assert_eq!(
            (audio["sample_rate"].as_str(), audio["channels"].as_u64()),
            (Some("48000"), Some(2))
        );
        assert_eq!(mp4.facts()["streams"].as_array().unwrap().len(), 2);
        assert_eq!((number(&video["start_time"]), number(&audio["start_time"])), (0.0, 0.0));

        let decoded = mp4.decode_picture();
        assert_eq!(decoded.len(), frames as usize * format.size.nv12_bytes());
        assert_sound_length(&mp4, samples_of(frames, format));
    }
}

#[test]
fn times_are_regular_and_key_frames_near() {
    let (bytes, settings) = circle(format(640, 30), 430, 4);
    assert_eq!(settings.lanes.len(), 4);
    let packets = Mp4::new(&bytes).packets("v");
    let step = packets[1]["pts"].as_i64().unwrap();
    for (n, packet) in packets.iter().enumerate() {
        assert_eq!(packet["pts"].as_i64(), Some(n as i64 * step), "pts of {n}");
        assert_eq!(packet["dts"], packet["pts"], "dts of {n}");
        assert_eq!(packet["duration"].as_i64(), Some(step), "duration of {n}");
        let key = packet["flags"].as_str().unwrap().starts_with('K');
        assert_eq!(key, n % 60 == 0, "key frame at {n}");
    }
}

#[test]
fn the_index_lies_before_the_media_and_nothing_varies() {
    let (bytes, _) = circle(format(384, 30), 90, 2);
    let (again, _) = circle(format(384, 30), 90, 2);
    assert!(bytes == again, "the same request gives the same bytes");
    let mp4 = Mp4::new(&bytes);
    let kinds: Vec<_> = mp4
        .boxes()
        .into_iter()
        .map(|(kind, _)| kind)
        .filter(|kind| kind != "free")
        .collect();
    assert_eq!(kinds, ["ftyp", "moov", "mdat"]);
    let facts = mp4.facts();
    let tags = &facts["format"]["tags"];
    assert_eq!(tags["title"].as_str(), Some("Песня \"№1\""));
    assert_eq!(tags["artist"].as_str(), Some("Кто-то & Co"));
    assert_eq!(tags["major_brand"].as_str(), Some("isom"));
    for noise in ["encoder", "creation_time"] {
        assert!(tags.get(noise).is_none(), "{noise} in {tags}");
    }
    for noise in ["Lavf", "Lavc", "x264"] {
        assert!(
            !bytes.windows(noise.len()).any(|w| w == noise.as_bytes()),
            "{noise} in the file"
        );
    }
}

#[test]
fn sixty_seconds_are_sixty_seconds() {
    for fps in [25, 30, 60] {
        // Flat pictures: only the lengths matter here.
        let format = format(240, fps);
        let frames = 60 * fps;
        let samples = samples_of(frames, format);
        let settings = VideoSettings::plan(format, Encoder::X264, frames, samples, MAX_BYTES, 2).unwrap();
        let segments = encode_lanes(&settings, |_| |_, frame: &mut Vec<u8>| frame.fill(128));
        let sound = encode_audio(&Pcm {
            samples: vec![[0.0; 2]; samples],
        });
        let mp4 = Mp4::new(&encode::mux(&segments, &sound, &settings, &Tags::default()).unwrap());
        let lengths = [
            &mp4.stream("v")["duration"],
            &mp4.stream("a")["duration"],
            &mp4.facts()["format"]["duration"],
        ]
        .map(number);
        assert_eq!(lengths, [60.0; 3], "at {fps} fps");
    }
}

#[test]
fn the_sound_starts_with_its_first_sample_and_has_no_gap() {
    let samples = 3 * SAMPLE_RATE as usize + 77;
    let pcm = tone_pcm(samples);
    let format = format(240, 30);
    let settings = VideoSettings::plan(format, Encoder::X264, 90, samples, MAX_BYTES, 1).unwrap();
    let segments = encode_lanes(&settings, |_| |_, frame: &mut Vec<u8>| frame.fill(128));
    let mp4 = Mp4::new(&encode::mux(&segments, &encode_audio(&pcm), &settings, &Tags::default()).unwrap());
    assert_sound_length(&mp4, samples);
    let decoded = mp4.decode_sound();
    let error = |shift: usize| -> f64 {
        let pairs = pcm.samples[shift..]
            .iter()
            .zip(&decoded)
            .skip(2048)
            .take(SAMPLE_RATE as usize * 2);
        pairs.map(|(a, b)| f64::from(a[0] - b[0]).powi(2)).sum()
    };
    let power: f64 = pcm.samples[2048..]
        .iter()
        .take(SAMPLE_RATE as usize * 2)
        .map(|s| f64::from(s[0]).powi(2))
        .sum();
    assert!(
        error(0) < power / 100.0,
        "noise {:.1} dB",
        10.0 * (error(0) / power).log10()
    );
    assert!(error(0) < error(1), "not shifted");
}

#[test]
fn hostile_sound_stays_under_its_line() {
    let bursts = |period: usize, on: usize| {
        let mut pcm = noise_pcm(SAMPLE_RATE as usize * 6);
        for (i, sample) in pcm.samples.iter_mut().enumerate() {
            if i % period >= on {
                *sample = [0.0; 2];
            }
        }
        pcm
    };
    let broken = Pcm {
        samples: vec![[f32::NAN, f32::INFINITY]; 5000],
    };
    for pcm in [
        noise_pcm(SAMPLE_RATE as usize * 6),
        bursts(960, 480),
        bursts(4000, 30),
        broken,
        tone_pcm(1),
    ] {
        let audio = encode_audio(&pcm);
        let most = budget::audio_max_bytes(pcm.samples.len());
        assert!(audio.bytes() <= most, "{} bytes, at most {most}", audio.bytes());
    }
}

#[test]
fn sound_can_be_stopped() {
    let stopped = encode::encode_audio(&tone_pcm(48_000), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(EncodeError::Cancelled)));
}

/// Noise over the whole picture and noise to hear: nothing is harder.
fn assert_noise_fits(format: VideoFormat, frames: u32, max_bytes: u64, cores: usize) {
    let samples = samples_of(frames, format);
    let settings = VideoSettings::plan(format, Encoder::X264, frames, samples, max_bytes, cores).unwrap();
    let segments = noise_lanes(&settings);
    for (segment, lane) in segments.iter().zip(&settings.lanes) {
        assert!(
            segment.bytes() <= lane.rate.max_bytes,
            "{} of {} bytes",
            segment.bytes(),
            lane.rate.max_bytes
        );
        assert_eq!(segment.held_frames(), 0, "the bucket holds without the brake");
    }
    let mp4 = encode::mux(
        &segments,
        &encode_audio(&noise_pcm(samples)),
        &settings,
        &Tags::default(),
    )
    .unwrap();
    assert!(mp4.len() as u64 <= max_bytes, "{} of {max_bytes} bytes", mp4.len());
    // The bound is not bought by wasting the room.
    let share = if frames < 120 || max_bytes < 2_000_000 {
        0.5
    } else {
        0.8
    };
    assert!(
        mp4.len() as f64 >= share * max_bytes as f64,
        "{} of {max_bytes} bytes",
        mp4.len()
    );
}

#[test]
fn white_noise_for_a_minute_fits() {
    assert_noise_fits(format(640, 30), 1800, MAX_BYTES, 2);
}

#[test]
fn white_noise_fits_when_bits_are_few() {
    assert_noise_fits(format(640, 30), 300, 350_000, 2);
    assert_noise_fits(format(640, 60), 300, 300_000, 2);
    assert_noise_fits(format(240, 25), 250, 300_000, 2);
}

#[test]
fn white_noise_fits_in_many_short_lanes() {
    assert_noise_fits(format(640, 30), 600, 2_600_000, 16);
    assert_noise_fits(format(640, 30), 61, 500_000, 2);
}

#[test]
fn a_second_of_white_noise_respects_the_level() {
    // 8,000,000 bytes for one second would be 56 Mbit/s.
    let format = format(640, 30);
    let settings = VideoSettings::plan(format, Encoder::X264, 30, 48_000, MAX_BYTES, 2).unwrap();
    assert_eq!(settings.lanes[0].rate.bits_per_sec, 17_500_000);
    let bytes: u64 = noise_lanes(&settings).iter().map(VideoSegment::bytes).sum();
    assert!(bytes * 8 <= 17_500_000 * 5 / 4, "{bytes} bytes");
}

#[test]
fn the_worst_quality_fits_the_named_minimum() {
    for (format, frames) in [(format(640, 30), 300), (format(640, 60), 240), (format(240, 30), 300)] {
        let samples = samples_of(frames, format);
        let error = VideoSettings::plan(format, Encoder::X264, frames, samples, 1000, 2).unwrap_err();
        let EncodeError::TooSmall { minimum_bytes, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(error.fault(), Fault::Request);
        assert!(error.to_string().contains(&minimum_bytes.to_string()), "{error}");
        assert!(VideoSettings::plan(format, Encoder::X264, frames, samples, minimum_bytes - 1, 2).is_err());
        assert_noise_fits(format, frames, minimum_bytes, 2);
    }
}

/// One lane planned for a card, encoded by x264 without frames in flight, as a card is set.
fn as_a_card(overruling: &[(&'static str, &str)], mut fill: impl FnMut(u32, &mut Vec<u8>)) -> (VideoSegment, u64) {
    let format = format(384, 30);
    let frames = 300;
    let settings =
        VideoSettings::plan(format, Encoder::Nvenc, frames, samples_of(frames, format), 1_200_000, 2).unwrap();
    let [lane] = settings.lanes[..] else {
        panic!("a card has one lane")
    };
    let options: Vec<_> = [("rc-lookahead", "0"), ("mbtree", "0"), ("x264-params", "force-cfr=1")]
        .iter()
        .chain(overruling)
        .map(|&(name, value)| (name, value.to_owned()))
        .collect();
    let mut encoder = SegmentEncoder::open_with(format, Encoder::X264, &lane, &options).unwrap();
    let mut frame = vec![0; format.size.nv12_bytes()];
    for n in 0..frames {
        fill(n, &mut frame);
        encoder.push(&frame).unwrap();
    }
    (encoder.finish().unwrap(), lane.rate.max_bytes)
}

#[test]
fn an_encoder_that_overdraws_is_held() {
    // Nothing but its quality holds it, or a rate far above what the lane may spend: a card that ignores its rate.
    let ignoring = [("maxrate", "0"), ("bufsize", "0"), ("rc_init_occupancy", "0")];
    let generous = [("maxrate", "4000000"), ("crf", "10")];
    let picture = StandIn::new(format(384, 30));
    for overruling in [&ignoring[..], &generous] {
        let mut noise = WhiteNoise::new(3);
        type Content<'a> = (&'a str, Box<dyn FnMut(u32, &mut Vec<u8>) + 'a>);
        let contents: [Content; 4] = [
            ("noise", Box::new(|_, frame| noise.fill(frame))),
            (
                "noise at the end",
                Box::new(|n, frame| {
                    if n < 250 {
                        frame.fill(128);
                    } else {
                        WhiteNoise::new(n.into()).fill(frame);
                    }
                }),
            ),
            (
                "noise now and then",
                Box::new(|n, frame| {
                    if n % 7 == 0 {
                        WhiteNoise::new(n.into()).fill(frame);
                    } else {
                        *frame = picture.frame(n);
                    }
                }),
            ),
            (
                "new noise every second",
                Box::new(|n, frame| WhiteNoise::new((n / 30).into()).fill(frame)),
            ),
        ];
        for (name, fill) in contents {
            let (segment, max_bytes) = as_a_card(overruling, fill);
            let (bytes, held) = (segment.bytes(), segment.held_frames());
            assert!(bytes <= max_bytes, "{name}: {bytes} of {max_bytes} bytes");
            assert!(held > 0, "{name}: {held} held");
        }
    }
}

#[test]
fn a_card_that_keeps_its_rate_is_left_alone() {
    let mut noise = WhiteNoise::new(4);
    let (segment, max_bytes) = as_a_card(&[], |_, frame| noise.fill(frame));
    assert_eq!(segment.held_frames(), 0);
    assert!(
        (max_bytes * 6 / 10..=max_bytes).contains(&segment.bytes()),
        "{} of {max_bytes} bytes",
        segment.bytes()
    );
}

#[test]
fn lanes_are_whole_groups_and_their_sum_is_the_budget() {
    for (frames, fps, encoder, lanes, max_bytes) in [
        (1800, 30, Encoder::X264, 2, MAX_BYTES),
        (1800, 30, Encoder::X264, 16, MAX_BYTES),
        (1800, 30, Encoder::X264, 64, MAX_BYTES),
        (3600, 60, Encoder::X264, 7, 5_000_000),
        (1, 30, Encoder::X264, 4, MAX_BYTES),
        (61, 30, Encoder::X264, 4, MAX_BYTES),
        (1499, 25, Encoder::X264, 8, 2_000_000),
        (1800, 30, Encoder::Nvenc, 1, MAX_BYTES),
        (1, 30, Encoder::Vaapi, 1, MAX_BYTES),
        (90, 30, Encoder::Nvenc, 1, 300_000),
    ] {
        let format = format(640, fps);
        let samples = samples_of(frames, format);
        let plan = budget::plan_lanes(format, frames, samples, max_bytes, encoder, lanes).unwrap();
        assert!(plan.len() as u32 <= lanes);
        let mut next = 0;
        for lane in &plan {
            assert_eq!(lane.first.0, next);
            assert_eq!(lane.first.0 % budget::gop_frames(format), 0);
            next += lane.frames;
            let bits = lane.rate.bits_per_sec as f64 * f64::from(lane.frames) / f64::from(fps)
                + budget::BUCKET_START * lane.rate.bucket_bits as f64;
            assert!(
                bits / 8.0 <= lane.rate.max_bytes as f64,
                "a full lane stays under its limit"
            );
            let room = lane.rate.max_bytes - lane.rate.line_bytes(lane.frames, fps);
            assert!(room >= 2 * lane.rate.surprise_bytes, "{room} bytes over the line");
            assert_eq!(lane.rate.surprise_bytes == 0, encoder == Encoder::X264);
        }
        assert_eq!(next, frames);
        let picture: u64 = plan.iter().map(|lane| lane.rate.max_bytes).sum();
        let around = budget::audio_max_bytes(samples) + budget::container_max_bytes(frames, format, samples);
        assert!(picture + around <= max_bytes);
    }
}

#[test]
fn the_container_costs_no_more_than_planned() {
    for (side_px, fps, frames) in [(240, 30, 1800), (240, 60, 3600), (240, 25, 25)] {
        let format = format(side_px, fps);
        let samples = samples_of(frames, format);
        let settings = VideoSettings::plan(format, Encoder::X264, frames, samples, MAX_BYTES, 2).unwrap();
        let segments = encode_lanes(&settings, |_| |_, frame: &mut Vec<u8>| frame.fill(128));
        let sound = encode_audio(&tone_pcm(samples));
        let long = Tags {
            title: Some("😀".repeat(500)),
            artist: Some("😀".repeat(500)),
            album: None,
        };
        let mp4 = encode::mux(&segments, &sound, &settings, &long).unwrap();
        let packets = segments.iter().map(VideoSegment::bytes).sum::<u64>() + sound.bytes();
        let around = mp4.len() as u64 - packets;
        let planned = budget::container_max_bytes(frames, format, samples);
        assert!(around <= planned, "{around} of {planned} bytes");
        assert!(planned < around + 16_000, "{around} of {planned} bytes");
    }
}

#[test]
fn a_record_looks_as_it_was_drawn() {
    let format = format(640, 30);
    let frames = 180;
    // The share of 8,000,000 bytes a minute that six seconds have.
    let samples = samples_of(frames, format);
    let settings = VideoSettings::plan(format, Encoder::X264, frames, samples, MAX_BYTES / 10, 2).unwrap();
    let picture = StandIn::new(format);
    let segments = encode_lanes(&settings, |_| |n, frame: &mut Vec<u8>| *frame = picture.frame(n));
    let mp4 = encode::mux(
        &segments,
        &encode_audio(&tone_pcm(samples)),
        &settings,
        &Tags::default(),
    )
    .unwrap();
    let ssim = Mp4::new(&mp4).ssim(format, frames, |n| picture.frame(n));
    assert!(ssim >= 0.95, "SSIM {ssim}");
}

#[test]
fn advice_is_never_what_just_failed() {
    let failed = |encoder| EncodeError::Video {
        encoder,
        reason: "it broke".into(),
    };
    let over = |encoder| EncodeError::OverBudget {
        encoder,
        bytes: 2,
        max_bytes: 1,
    };
    let none = EncodeError::NoEncoder {
        reasons: "x264: this FFmpeg was built without libx264".into(),
    };
    for error in [failed(Encoder::Nvenc), failed(Encoder::Vaapi), over(Encoder::Nvenc)] {
        assert!(error.to_string().ends_with("choose another encoder"), "{error}");
    }
    for error in [failed(Encoder::X264), over(Encoder::X264), none] {
        let said = error.to_string();
        let (_, advice) = said.rsplit_once("; ").unwrap();
        assert!(!advice.contains("encoder") && !advice.contains("libavcodec"), "{said}");
    }
}

#[test]
fn lanes_and_their_results_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<SegmentEncoder>();
    moves::<VideoSegment>();
    moves::<encode::EncodedAudio>();
}

#[test]
fn wrong_frames_are_refused() {
    let format = format(240, 30);
    let settings = VideoSettings::plan(format, Encoder::X264, 2, 3200, MAX_BYTES, 1).unwrap();
    let open = || SegmentEncoder::open(format, Encoder::X264, &settings.lanes[0]).unwrap();
    let frame = vec![0; format.size.nv12_bytes()];
    let mut encoder = open();
    assert!(encoder.push(&frame[1..]).is_err());
    encoder.push(&frame).unwrap();
    encoder.push(&frame).unwrap();
    assert!(encoder.push(&frame).is_err(), "one too many");
    let mut short = open();
    short.push(&frame).unwrap();
    assert!(short.finish().is_err(), "one too few");
    let segments = [encoder.finish().unwrap()];
    let sound = encode_audio(&tone_pcm(3200));
    let more = VideoSettings {
        frames: 3,
        ..settings.clone()
    };
    assert!(encode::mux(&segments, &sound, &more, &Tags::default()).is_err());
    let tight = VideoSettings {
        max_bytes: 1000,
        ..settings
    };
    let error = encode::mux(&segments, &sound, &tight, &Tags::default()).unwrap_err();
    assert!(matches!(error, EncodeError::OverBudget { .. }), "{error}");
}

#[test]
fn y4m_is_read_back_exactly() {
    let format = format(242, 25);
    let picture = StandIn::new(format);
    let mut writer = encode::Y4mWriter::new(Vec::new(), format).unwrap();
    for n in 0..3 {
        writer.frame(&picture.frame(n)).unwrap();
    }
    assert!(writer.frame(&[0; 7]).is_err());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.y4m");
    std::fs::write(&path, writer.into_inner()).unwrap();
    let read = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-i",
            path.to_str().unwrap(),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "nv12",
            "-",
        ])
        .output()
        .unwrap();
    let stream = &crate::support::video::probe(&path, &["-show_streams"])["streams"][0];
    for (key, value) in [
        ("chroma_location", "center"),
        ("color_range", "tv"),
        ("pix_fmt", "yuv420p"),
    ] {
        assert_eq!(stream[key].as_str(), Some(value), "{key}");
    }
    let expected: Vec<u8> = (0..3).flat_map(|n| picture.frame(n)).collect();
    assert!(read.stdout == expected, "{}", String::from_utf8_lossy(&read.stderr));
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_only_when_complete() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("-мой \"круг\".mp4");
    std::fs::write(&path, b"before").unwrap();
    let mut output = Output::create(&path).unwrap();
    output.write_all(b"half").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    drop(output);
    assert_eq!(names_in(folder.path()), ["-мой \"круг\".mp4"], "nothing is left behind");
    write_whole(&path, b"after").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"after");
    assert_eq!(names_in(folder.path()).len(), 1);

    let plain = folder.path().join("plain");
    std::fs::write(&plain, b"").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let fresh = folder.path().join("fresh.mp4");
    write_whole(&fresh, b"x").unwrap();
    assert_eq!(mode(&fresh), mode(&plain), "the umask's permissions");

    let link = folder.path().join("link.mp4");
    std::os::unix::fs::symlink(&fresh, &link).unwrap();
    write_whole(&link, b"through").unwrap();
    assert!(link.is_symlink() && std::fs::read(&fresh).unwrap() == b"through");
}

#[test]
fn a_bad_target_is_one_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = write_whole(&folder.path().join("no/such/a.mp4"), b"x").unwrap_err();
    assert!(matches!(missing, DeliverError::NoFolder { .. }), "{missing}");
    let is_folder = write_whole(folder.path(), b"x").unwrap_err();
    assert!(matches!(is_folder, DeliverError::IsFolder { .. }), "{is_folder}");
    let under_a_file = folder.path().join("file");
    std::fs::write(&under_a_file, b"").unwrap();
    let under = write_whole(&under_a_file.join("a.mp4"), b"x").unwrap_err();
    // The superuser may write anywhere but here.
    let forbidden = write_whole(Path::new("/proc/a.mp4"), b"x").unwrap_err();
    for error in [missing, is_folder, under, forbidden] {
        assert_eq!(error.fault(), Fault::Request, "{error}");
        assert!(!error.to_string().contains("os error"), "{error}");
    }
    let full = write_whole(Path::new("/dev/full"), b"x").unwrap_err();
    assert!(matches!(full, DeliverError::DiskFull { .. }), "{full}");
    assert_eq!(full.fault(), Fault::Machine);
    write_whole(Path::new("/dev/null"), b"x").unwrap();
}

#[test]
fn a_named_pipe_is_written_straight() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let path = path.clone();
        move || std::fs::read(path).unwrap()
    });
    write_whole(&path, b"through the pipe").unwrap();
    assert_eq!(reader.join().unwrap(), b"through the pipe");
    assert_eq!(names_in(folder.path()), ["pipe"]);

    // A reader that leaves is an error, not a panic.
    let gone = std::thread::spawn({
        let path = path.clone();
        move || drop(std::fs::File::open(path).unwrap())
    });
    let error = write_whole(&path, &vec![0; 1 << 20]).unwrap_err();
    assert!(matches!(error, DeliverError::Closed), "{error}");
    gone.join().unwrap();
}
