//! The studio in a real browser: from a dropped file to a playing circle, in both languages, on a phone and on a desk.

pub mod browser;
mod house;
mod likeness;
mod packed;
pub mod pages;
