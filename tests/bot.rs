//! The bot: its pure parts by tables, and conversations of people with the real program over the stand-in Telegram.

mod again;
mod conversation;
mod lyrics;
mod outside;
mod restart;
pub mod service;
mod stats;
mod steps;
mod texts;
mod times;
