//! From a song's file to an mp4 in memory, in a process whose device is open.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::Criterion;
use musiccircles::encode::EncoderChoice;
use musiccircles::model::Corners;
use musiccircles::pipeline::{self, CoverChoice, FragmentChoice, LyricsChoice, Request, SharedGpu};
use musiccircles::render::AdapterChoice;
use musiccircles::scene::motion::Speed;
use musiccircles::scene::params::ParamValues;
use musiccircles::scene::theme;

use crate::support::stage::format;

pub fn benches(c: &mut Criterion) {
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo");
    let gpu = SharedGpu::new(AdapterChoice::Auto);
    let mut group = c.benchmark_group("end to end");
    group.sample_size(10);
    for secs in [10, 60] {
        let request = Request {
            song: demo.join("demo.mp3"),
            cover: CoverChoice::File(demo.join("cover.jpg")),
            lyrics: LyricsChoice::Nearby,
            fragment: FragmentChoice::From {
                start: Duration::ZERO,
                length: Some(Duration::from_secs(secs)),
            },
            theme: theme::find("vinyl").unwrap().clone(),
            params: ParamValues::new(),
            speed: Speed::default(),
            format: format(640, 30),
            corners: Corners::Black,
            title: None,
            artist: None,
            encoder: EncoderChoice::Auto,
            cores: None,
            max_bytes: 8_000_000,
            seed: 0,
        };
        group.bench_function(format!("{secs} s"), |b| {
            b.iter(|| pipeline::render(&request, &gpu, &|_| {}, &AtomicBool::new(false)).unwrap());
        });
    }
}
