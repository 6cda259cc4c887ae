//! Step 7, deliver: a finished circle or picture to where it was asked for. Here: a file, a pipe or standard output.

pub mod file;
pub mod picture;
pub mod unfinished;

pub use file::{DeliverError, Output, write_whole};
