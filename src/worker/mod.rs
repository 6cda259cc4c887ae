//! The worker: a child process of the same program that touches what strangers send, so that the service need not.
//!
//! ```text
//! queue -> Pool -> one supervisor a worker -> JSON lines -> child: device, pipeline, files
//!          async     starts, watches, kills    protocol      confined, synchronous
//! ```
//!
//! The child opens the device, draws a frame to prove it, gives up its rights (no network, no other programs, bounded memory,
//! processor time and files) and then takes one piece of work after another. Whatever a hostile file does to it, the
//! supervisor sees silence, an exit or a deadline, kills it and starts another; the work it had ends as
//! [`WorkFailed::WorkerDied`], for the queue to count.
//!
//! `child`, `task` and what they use know nothing of tokio; `pool`, `supervisor`, `errand` and `process` know nothing of the media steps.

mod child;
mod confine;
mod environment;
mod errand;
mod failure;
pub mod limits;
mod mp3;
mod pool;
#[cfg(feature = "torture")]
mod pretend;
mod process;
mod protocol;
mod request;
mod settings;
mod supervisor;
mod survey;
mod task;

pub use child::run as run_child;
pub use errand::WorkFailed;
pub use failure::{Blame, Failure, Reason};
pub use pool::Pool;
pub use process::Death;
pub use protocol::{Drawn, Files, Freedom, Highlight, Rendered, Song, Stage, Step, Surveyed, Wanted};
pub use settings::Settings;
