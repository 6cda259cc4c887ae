//! Step 6, encode: NV12 frames and 48 kHz sound in, the bytes of one mp4 out.
//!
//! ```text
//! budget: max bytes -> Lane, Lane, ...        how many bits each lane may spend
//! video:  NV12 frames of one lane -> VideoSegment     lanes run side by side, one encoder each
//! audio:  Pcm -> EncodedAudio
//! mux:    segments in order + sound -> mp4
//! mp3:    Pcm -> mp3, for who wants the song and no circle
//! ```
//!
//! Nothing here starts threads or waits: `pipeline` decides who runs where and asks its flag between two pushes.
//! libav is used here only, and `unsafe` in [`ffi`] only.

mod annexb;
pub mod audio;
pub mod backend;
pub mod budget;
mod error;
mod ffi;
pub mod mp3;
pub mod mux;
pub mod options;
mod packets;
pub mod video;
pub mod y4m;

pub use audio::{EncodedAudio, encode_audio};
pub use backend::{Encoder, EncoderChoice, choose, passed_over, try_all};
pub use budget::{Lane, Rate};
pub use error::EncodeError;
pub use ffi::take_complaints as complaints;
pub use mux::mux;
pub use options::illegal_option;
pub use video::{SegmentEncoder, VideoSegment, VideoSettings};
pub use y4m::Y4mWriter;
