//! The whole program under kill -9 and a Telegram that misbehaves: each circle asked for arrives once. And the proof that
//! these checks see what they are for: five mistakes, each made on purpose, each caught.
//!
//! The program is the one of every other test, woken by its environment (`src/torture.rs`). The long run: `make torture`.

mod crowd;
mod mistakes;
mod recovery;
mod released;
mod run;
