//! The bot: its pure parts by tables, and conversations of people with the real program over the stand-in Telegram.

mod conversation;
mod full;
mod lost;
mod outside;
mod restart;
pub mod service;
mod steps;
mod stopping;
mod texts;
mod times;
