//! What the service tells of itself to those who run it: figures for Prometheus, a log, and a word to the service manager.
//! Never a token, a link or what somebody wrote.

pub mod figures;
pub mod logs;
pub mod manager;
