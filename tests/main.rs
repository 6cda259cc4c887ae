//! One test binary: linking is the slow part of a test build.

mod admin;
mod analysis;
mod architecture;
mod audio;
mod audio_last_resort;
mod bot;
mod circle;
mod cli;
mod config;
mod cover;
mod encode;
mod figures;
mod http;
mod lyrics;
mod packaging;
mod packs;
mod palette;
mod queue;
mod render;
mod scene;
mod sources;
mod store;
mod studio;
mod support;
mod telegram;
mod themes;
// What it wakes is in debug builds alone.
#[cfg(debug_assertions)]
mod torture;
mod worker;
