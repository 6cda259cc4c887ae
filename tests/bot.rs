//! The bot: its pure parts by tables, and conversations of people with the real program over the stand-in Telegram.

mod again;
mod conversation;
mod deadly;
mod edges;
mod full;
mod held;
mod line;
mod lost;
mod lyrics;
// What it wakes is in debug builds alone.
#[cfg(debug_assertions)]
mod mistakes;
mod original;
mod outside;
mod pressed;
mod restart;
pub mod service;
mod shown;
mod stats;
mod steps;
mod stopping;
mod taps;
mod texts;
mod times;
mod unsure;
mod updates;
