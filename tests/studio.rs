//! The studio in a real browser: from a dropped file to a playing circle, in both languages, on a phone and on a desk.

pub mod browser;
mod choosing;
pub mod holds;
mod house;
mod likeness;
mod pace;
mod packed;
mod pages;
pub mod sight;
mod words;
