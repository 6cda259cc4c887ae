//! The bot: its pure parts by tables, and conversations of people with the real program over the stand-in Telegram.

mod conversation;
mod edges;
mod original;
mod outside;
mod restart;
pub mod service;
mod steps;
mod taps;
mod texts;
mod times;
