//! The HTTP side as its clients see it: the real program on loopback.

mod bad;
mod contract;
mod create_video;
mod crowd;
mod described;
mod events;
pub mod fuzz;
mod keys;
mod mini_app;
mod names;
mod own;
mod rates;
mod read_back;
mod scale;
pub mod server;
mod songs;
