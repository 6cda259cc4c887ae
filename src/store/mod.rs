//! What is kept over a restart. SQL is spoken here and nowhere else.

pub mod catalogue;
pub mod library;
