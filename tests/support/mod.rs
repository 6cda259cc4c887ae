//! What tests share: synthetic sounds, pictures and scenes, and ways to look at what comes out.

pub mod command;
pub mod disk;
pub mod guess;
pub mod music;
pub mod picture;
pub mod sound;
pub mod stage;
pub mod studio;
pub mod telegram;
pub mod video;
