//! What can go wrong while frames and sound become a file. Every message is one sentence a person can act on.

use thiserror::Error;

use super::Encoder;
use crate::model::Fault;

#[derive(Debug, Error)]
pub enum EncodeError {
    #[error("the encoder {encoder} does not work on this machine ({reason}); use --encoder auto")]
    Unavailable { encoder: Encoder, reason: String },
    #[error(
        "no H.264 encoder works on this machine ({reasons}); install your distribution's FFmpeg libraries with libx264"
    )]
    NoEncoder { reasons: String },
    #[error("{max_bytes} bytes are too few for a circle of this length; allow at least {minimum_bytes}")]
    TooSmall { max_bytes: u64, minimum_bytes: u64 },
    #[error("the file came out at {bytes} bytes, more than the {max_bytes} allowed; {}", after(*encoder))]
    OverBudget {
        encoder: Encoder,
        bytes: u64,
        max_bytes: u64,
    },
    #[error("encoding the picture with {encoder} failed ({reason}); {}", after(*encoder))]
    Video { encoder: Encoder, reason: String },
    #[error("encoding the sound failed ({reason})")]
    Audio { reason: String },
    #[error("putting picture and sound into one file failed ({reason})")]
    Mux { reason: String },
    #[error("stopped")]
    Cancelled,
}

/// What to do when this encoder did not do its work: a card is not the only way, x264 is the last.
fn after(encoder: Encoder) -> &'static str {
    match encoder {
        Encoder::Nvenc | Encoder::Vaapi => "choose another encoder",
        Encoder::X264 => "report it if it happens again",
    }
}

impl EncodeError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooSmall { .. } => Fault::Request,
            Self::Cancelled => Fault::Cancelled,
            Self::Unavailable { .. }
            | Self::NoEncoder { .. }
            | Self::OverBudget { .. }
            | Self::Video { .. }
            | Self::Audio { .. }
            | Self::Mux { .. } => Fault::Machine,
        }
    }
}
