//! MusicCircles turns a song and its cover into an animated round Telegram video message.
//!
//! ```text
//! source -> audio -> analysis -> scene -> render -> encode -> deliver
//!  file      PCM     features   uniforms   NV12      mp4      file
//! ```
//!
//! Modules in reading order: [`model`] is what we talk about, [`flow`] what moves between the steps, then one module per
//! step, and [`pipeline`] joins them for one request.

pub mod model;

pub mod flow;

pub mod analysis;
pub mod audio;
pub mod cover;
pub mod deliver;
pub mod encode;
pub mod lyrics;
pub mod render;
pub mod scene;
pub mod source;

pub mod pack;
pub mod pipeline;

pub mod app;
pub mod bot;
pub mod config;
pub mod http;
pub mod queue;
pub mod store;
pub mod worker;

pub mod assets;
pub mod cli;
pub mod commands;
pub mod torture;
