//! The studio in a real browser: from a dropped file to a playing circle, in both languages, on a phone and on a desk.

mod browser;
mod choosing;
mod holds;
mod house;
mod likeness;
mod packed;
mod pages;
mod sight;
mod words;
