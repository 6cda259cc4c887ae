//! A finished circle into a Telegram chat: one request, and the truth about what became of it.
//!
//! The Bot API knows no idempotency key, so a send that got no answer may or may not have arrived. [`Client`] therefore
//! never repeats anything by itself. It counts what it hands to the connection and says one of four things ([`Outcome`]):
//! sent, provably not sent, refused, or *ambiguous*. What is ambiguous is looked for with [`Client::probe`], which works
//! because every circle carries its delivery's [`Marker`] in its keyboard from the first moment on.
//!
//! [`Limiter`] is the arithmetic of Telegram's rates, without a clock of its own; [`Gate`] is the same for tasks that wait, and
//! the only place that holds them.
//! No token reaches an error or a log: see [`token`].

mod answer;
mod body;
mod client;
mod exchange;
mod gate;
mod keyboard;
mod limiter;
mod outcome;
pub mod patience;
mod probe;
pub mod token;
mod window;

pub use client::{Client, Clip, Files, Media, Place, Settings, SettingsError};
pub use gate::{Gate, Later, Permit};
pub use keyboard::{Button, KeyboardError, Marked, Marker, Press};
pub use limiter::{Kind, Limiter, Saved, Verdict};
pub use outcome::{Outcome, Receipt, Refusal, SentFile, Shape, Trouble};
pub use patience::Patience;
pub use probe::Sighting;
pub use token::Token;
pub use window::SavedWindow;
