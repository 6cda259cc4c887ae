//! The bot: what people write in Telegram in, songs chosen and circles ordered out.
//!
//! ```text
//! intake, webhook -> inbox -> router -> lanes -> talker: step, save, act -> hands, fetch
//!                                                         |                  |
//!                                     dialogue (pure) ----'        queue, sources, workers
//! queue -> status: one message kept up to date      queue -> outbox: circles, each once
//! ```
//!
//! Everything is in the record before it is acted upon, so a restart at any moment interrupts nobody. The conversation itself
//! is a pure function ([`dialogue::step`]), as are what people type ([`times`]), what buttons carry ([`tap`]), what links
//! carry ([`recipe`]) and what it all looks like ([`view`]).

mod at_large;
mod chats;
pub mod desk;
pub mod dialogue;
mod fetch;
mod hands;
mod inline;
pub mod intake;
mod lanes;
pub mod messages;
mod outbox;
mod rates;
pub mod recipe;
mod router;
mod start;
pub mod stats;
mod status;
mod studio;
mod talker;
pub mod tap;
pub mod texts;
pub mod times;
pub mod update;
pub mod view;
mod webhook;

pub use desk::{House, JobContext};
pub use outbox::recipe as recipe_of;
pub use start::{Bot, BotError, Intake, Parts};
pub use status::{failure_key, refusal_key};
pub use studio::reason_key;
