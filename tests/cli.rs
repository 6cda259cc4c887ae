//! The program as a person meets it: what is typed, what is said, what lies in the folder afterwards.

mod accepted;
mod adapters;
mod delivery;
mod lyrics;
mod machine;
mod refused;
mod serve;
mod stopped;
mod told;
