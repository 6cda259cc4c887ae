//! What we talk about: tracks, fragments, sizes, frames, limits. Plain values, no I/O, no vendor types.

pub mod fault;
pub mod job;
pub mod limits;
pub mod origin;
pub mod spelling;
pub mod time;
pub mod track;
pub mod video;

pub use fault::Fault;
pub use job::{Blob, JobId, JobSpec, SongFacts};
pub use origin::{Found, Source, TrackRef};
pub use time::{Fragment, SAMPLE_RATE, parse_time};
pub use track::{Tags, TrackFacts, clean_tag, is_shown};
pub use video::{Corners, Fps, FrameIndex, Size, VideoFormat};
