//! What tests share: synthetic sounds and pictures, written to temporary folders.

pub mod picture;
pub mod video;
pub mod stage;
pub mod sound;
