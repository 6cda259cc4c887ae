//! Two seconds of a stand-in record through libx264, with our settings and with its own presets around them; ten seconds
//! of sound through AAC.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput};
use musiccircles::encode::options::CodecOption;
use musiccircles::encode::{Encoder, SegmentEncoder, VideoSettings, encode_audio};
use musiccircles::flow::Pcm;

use crate::support::video;

/// Ours, and the presets around it with all that we tuned left to them.
fn settings_to_compare() -> Vec<(&'static str, Vec<CodecOption>)> {
    let preset = |name: &'static str, partitions: &str| {
        let mut options = vec![
            ("preset", name.to_owned()),
            ("partitions", partitions.to_owned()),
            ("chromaoffset", "0".to_owned()),
        ];
        for left_to_it in [
            "aq-mode",
            "aq-strength",
            "psy",
            "mbtree",
            "qcomp",
            "weightp",
            "subq",
            "rc-lookahead",
        ] {
            options.push((left_to_it, "-1".to_owned()));
        }
        (name, options)
    };
    vec![
        ("as we set it", Vec::new()),
        preset("ultrafast", "none"),
        preset("superfast", "i8x8,i4x4"),
        preset("veryfast", "p8x8,i8x8,i4x4"),
    ]
}

pub fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    group.sample_size(10);
    for side_px in [384, 640] {
        let format = video::format(side_px, 30);
        let settings = VideoSettings::plan(format, Encoder::X264, 60, 96_000, 8_000_000, 1).expect("a plan");
        let picture = video::StandIn::new(format);
        let frames: Vec<_> = (0..60).map(|n| picture.frame(n)).collect();
        let lane = &settings.lanes[0];
        group.throughput(Throughput::Elements(60));
        for (name, overruling) in settings_to_compare() {
            group.bench_function(format!("x264 {name}, one lane, 60 frames of {side_px}"), |b| {
                b.iter(|| {
                    let mut lane =
                        SegmentEncoder::open_with(format, Encoder::X264, lane, &overruling).expect("x264 opens");
                    for frame in &frames {
                        lane.push(frame).expect("x264 encodes");
                    }
                    black_box(lane.finish().expect("x264 ends").bytes())
                });
            });
        }
    }
    let mut noise = video::WhiteNoise::new(1);
    let mut bytes = vec![0; 480_000 * 2];
    noise.fill(&mut bytes);
    let sample = |b: &[u8]| {
        [
            f32::from(b[0].cast_signed()) / 256.0,
            f32::from(b[1].cast_signed()) / 256.0,
        ]
    };
    let pcm = Pcm {
        samples: bytes.chunks_exact(2).map(sample).collect(),
    };
    group.throughput(Throughput::Elements(10));
    group.bench_function("aac, 10 s of noise", |b| {
        b.iter(|| {
            black_box(
                encode_audio(&pcm, &AtomicBool::new(false))
                    .expect("aac encodes")
                    .bytes(),
            )
        });
    });
    group.finish();
}
