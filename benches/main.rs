//! One bench binary, a module per step. Run one with `cargo bench -- decode`.

mod analysis;
mod decode;
mod encode;
mod end_to_end;
mod render;
mod store;
#[allow(dead_code, reason = "the tests use the rest")]
mod support;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    steps,
    decode::benches,
    analysis::benches,
    render::benches,
    encode::benches,
    end_to_end::benches,
    store::benches
);
criterion_main!(steps);
