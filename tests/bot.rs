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
mod original;
mod outside;
mod restart;
pub mod service;
mod stats;
mod steps;
mod stopping;
mod taps;
mod texts;
mod times;
mod unsure;
