//! What tests share: synthetic sounds and pictures, written to temporary folders.

pub mod sound;
