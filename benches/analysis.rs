//! How fast a minute of sound becomes features, and how fast a song of five minutes is surveyed (without its decoding).

use std::time::Duration;

use criterion::Criterion;
use musiccircles::analysis::{Listener, analyse};
use musiccircles::flow::Pcm;
use musiccircles::model::Fps;

pub fn benches(c: &mut Criterion) {
    let minute = pulses(60);
    let mut group = c.benchmark_group("analysis");
    group.sample_size(20);
    for rate in [30, 60] {
        let fps = Fps::new(rate).expect("a rate we offer");
        group.bench_function(format!("60s_{rate}fps"), |b| {
            b.iter(|| analyse(&minute, fps, rate * 60))
        });
    }
    let song = pulses(300);
    group.sample_size(10);
    group.bench_function("survey_300s", |b| {
        b.iter(|| {
            let mut listener = Listener::new();
            song.samples
                .chunks(1_152)
                .for_each(|block| listener.hear(48_000, block));
            listener.finish().highlights(Duration::from_secs(30))
        });
    });
    group.finish();
}

/// Noise that is struck twice a second.
fn pulses(secs: usize) -> Pcm {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let samples = (0..secs * 48_000).map(|n| {
        let level = 0.03 + 0.5 * (-((n % 24_000) as f32) / 3_000.0).exp();
        [noise() * level, noise() * level]
    });
    Pcm {
        samples: samples.collect(),
    }
}
