//! Sound in, an mp3 out: 48 kHz stereo at a constant bit rate, piece by piece, so that a song of any length needs no memory.
//!
//! A constant rate has no index to write: a player finds any moment by counting bytes.

use std::io::Write;

use ffmpeg_next::codec::encoder;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::{ChannelLayout, Rational, frame};

use super::packets::{next_packet, reason};
use super::{EncodeError, ffi};
use crate::flow::Pcm;
use crate::model::SAMPLE_RATE;

/// What people take for the original; a circle's own sound has 128.
const BITS_PER_SEC: u32 = 192_000;
/// LAME's own scale, 0 the best and 9 the fastest: at this rate nobody hears the difference, and people wait.
const QUALITY: &str = "7";
/// Samples in a frame of MPEG-1 Layer III.
const FRAME_SAMPLES: usize = 1152;

pub struct Mp3<W> {
    encoder: encoder::audio::Encoder,
    /// Less than a frame.
    waiting: Vec<[f32; 2]>,
    sent: usize,
    output: W,
}

impl<W: Write> Mp3<W> {
    pub fn new(output: W) -> Result<Self, EncodeError> {
        ffi::keep_log_quiet();
        ffi::take_complaints();
        Ok(Self {
            encoder: open().map_err(failed)?,
            waiting: Vec::with_capacity(FRAME_SAMPLES),
            sent: 0,
            output,
        })
    }

    pub fn hear(&mut self, pcm: &Pcm) -> Result<(), EncodeError> {
        let mut rest = pcm.samples.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(FRAME_SAMPLES - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            rest = later;
            if self.waiting.len() == FRAME_SAMPLES {
                self.send().map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The sound is over.
    pub fn finish(mut self) -> Result<(), EncodeError> {
        if !self.waiting.is_empty() {
            self.send().map_err(failed)?;
        }
        self.encoder.send_eof().map_err(|error| failed(reason(error)))?;
        self.collect().map_err(failed)?;
        self.output.flush().map_err(|error| failed(error.to_string()))
    }

    fn send(&mut self) -> Result<(), String> {
        let mut frame = frame::Audio::new(Sample::F32(Type::Planar), self.waiting.len(), ChannelLayout::STEREO);
        frame.set_rate(SAMPLE_RATE);
        frame.set_pts(i64::try_from(self.sent).ok());
        for channel in 0..2 {
            for (to, from) in frame.plane_mut::<f32>(channel).iter_mut().zip(&self.waiting) {
                let value = from[channel];
                *to = if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
            }
        }
        self.sent += self.waiting.len();
        self.waiting.clear();
        self.encoder.send_frame(&frame).map_err(reason)?;
        self.collect()
    }

    fn collect(&mut self) -> Result<(), String> {
        while let Some(packet) = next_packet(&mut self.encoder)? {
            let bytes = packet.data().unwrap_or_default();
            self.output.write_all(bytes).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn open() -> Result<encoder::audio::Encoder, String> {
    let mut context = ffi::context_for("libmp3lame").ok_or("libavcodec was built without mp3")?;
    let bit_rate = BITS_PER_SEC.to_string();
    // No bits borrowed from earlier frames: a piece from the middle plays from its first frame.
    for (name, value) in [
        ("b", bit_rate.as_str()),
        ("compression_level", QUALITY),
        ("reservoir", "0"),
    ] {
        ffi::set_option(&mut context, name, value)?;
    }
    let rate = SAMPLE_RATE.cast_signed();
    let mut audio = context.encoder().audio().map_err(reason)?;
    audio.set_rate(rate);
    audio.set_format(Sample::F32(Type::Planar));
    audio.set_channel_layout(ChannelLayout::STEREO);
    audio.set_time_base(Rational(1, rate));
    audio.open_as("libmp3lame").map_err(reason)
}

fn failed(reason: String) -> EncodeError {
    EncodeError::Audio { reason }
}
