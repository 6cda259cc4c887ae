//! Step 7, deliver: a finished circle or picture to where it was asked for. A file, a pipe or standard output, and a
//! Telegram chat, which is the one place here that knows tokio and HTTP.

pub mod file;
pub mod picture;
pub mod telegram;
pub mod unfinished;

pub use file::{DeliverError, Output, write_whole};
