//! Step 7, deliver: a finished circle to where it was asked for. Here: a file, a pipe or standard output.

pub mod file;

pub use file::{DeliverError, Output, write_whole};
