//! The whole program under kill -9 and a Telegram that misbehaves: each circle asked for arrives once. And the proof that
//! these checks see what they are for: five mistakes, each made on purpose, each caught.
//!
//! It needs a program of its own, built with the feature `torture`: `make torture`.

mod crowd;
mod mistakes;
mod run;
