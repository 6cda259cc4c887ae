//! The bot.

pub mod dialogue;
mod messages;
pub mod recipe;
pub mod tap;
pub mod texts;
pub mod times;
pub mod view;
