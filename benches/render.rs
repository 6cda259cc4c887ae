//! Step render: the device, a scene's bake, and frames, per theme and size.

use criterion::{BenchmarkId, Criterion, Throughput};
use musiccircles::model::FrameIndex;
use musiccircles::render::{AdapterChoice, Gpu, RenderSettings, Renderer};
use musiccircles::scene::theme;

use crate::support::stage::{Stage, lively};

const BATCH: u32 = 8;

pub fn benches(c: &mut Criterion) {
    c.bench_function("render/open device", |b| {
        b.iter(|| Gpu::open(AdapterChoice::Auto).unwrap())
    });
    let gpu = Gpu::open(AdapterChoice::Auto).unwrap();
    for theme in theme::built_in() {
        for side in [240, 384, 640] {
            let scene = Stage {
                theme: &theme.name,
                ..Stage::new(side, lively(30, 64))
            }
            .build();
            let settings = RenderSettings {
                batch_frames: BATCH,
                slots: 3,
            };
            let mut group = c.benchmark_group(format!("render/{}", theme.name));
            group.bench_with_input(BenchmarkId::new("bake", side), &scene, |b, scene| {
                b.iter(|| {
                    Renderer::new(&gpu, scene, settings)
                        .unwrap()
                        .frame(FrameIndex(0))
                        .unwrap()
                });
            });
            group.throughput(Throughput::Elements(64));
            group.bench_with_input(BenchmarkId::new("64 frames", side), &scene, |b, scene| {
                let mut renderer = Renderer::new(&gpu, scene, settings).unwrap();
                b.iter(|| draw_all(&mut renderer));
            });
        }
    }
}

fn draw_all(renderer: &mut Renderer<'_>) {
    let mut next = 0;
    let mut buffer = Vec::new();
    loop {
        while renderer.has_room() && next < 64 {
            renderer.submit(FrameIndex(next), BATCH);
            next += BATCH;
        }
        match renderer.receive(std::mem::take(&mut buffer)).unwrap() {
            Some(batch) => buffer = batch.bytes,
            None => return,
        }
    }
}
