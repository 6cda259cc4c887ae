//! Frames of one lane in, its H.264 packets out. One [`SegmentEncoder`] per lane; lanes know nothing of each other.
//!
//! Every lane opens its encoder with the same options but for the rate, which leaves no trace in the parameter sets, so
//! the packets of all lanes decode under one header. The first frame of a lane is a key frame that refers to nothing.

use ffmpeg_next::codec::{self, encoder, packet};
use ffmpeg_next::{Error, Rational, format, frame};

use super::budget::{self, Lane};
use super::options::CodecOption;
use super::packets::{next_packet, reason};
use super::{EncodeError, Encoder, annexb, ffi, options};
use crate::model::VideoFormat;

/// Everything that is decided before the first frame.
#[derive(Clone, Debug)]
pub struct VideoSettings {
    pub format: VideoFormat,
    pub encoder: Encoder,
    pub frames: u32,
    /// In order, without gaps: each is encoded by itself.
    pub lanes: Vec<Lane>,
    /// The whole file's limit, which the lanes' rates were planned for.
    pub max_bytes: u64,
}

impl VideoSettings {
    /// Plans `frames` frames and `samples` samples of sound into a file of at most `max_bytes`, on `cores` cores.
    pub fn plan(
        format: VideoFormat,
        encoder: Encoder,
        frames: u32,
        samples: usize,
        max_bytes: u64,
        cores: usize,
    ) -> Result<Self, EncodeError> {
        let lanes = budget::plan_lanes(format, frames, samples, max_bytes, encoder, encoder.lanes_on(cores))?;
        Ok(Self {
            format,
            encoder,
            frames,
            lanes,
            max_bytes,
        })
    }
}

/// The encoder of one lane.
pub struct SegmentEncoder {
    kind: Encoder,
    encoder: encoder::video::Encoder,
    vaapi: Option<ffi::VaapiFrames>,
    frame: frame::Video,
    format: VideoFormat,
    lane: Lane,
    pushed: u32,
    packets: Vec<packet::Packet>,
    bytes: u64,
    largest_bytes: u64,
    held: u32,
}

/// The packets of one lane, times counted in frames of the whole circle.
pub struct VideoSegment {
    pub(super) parameters: codec::Parameters,
    pub(super) packets: Vec<packet::Packet>,
    pub(super) lane: Lane,
    bytes: u64,
    held: u32,
}

/// What an encoder is shown in place of a frame it has no bits left for.
enum Shown {
    Given,
    /// The last picture again: tens of bytes once it is as good as the encoder wants it.
    Held,
    /// Black: costs next to nothing whatever came before, as a key frame too.
    Black,
}

impl SegmentEncoder {
    pub fn open(format: VideoFormat, encoder: Encoder, lane: &Lane) -> Result<Self, EncodeError> {
        Self::open_with(format, encoder, lane, &[])
    }

    /// With further options after those of the table, which they overrule: to measure other settings and to stand in
    /// for other encoders.
    pub fn open_with(
        format: VideoFormat,
        encoder: Encoder,
        lane: &Lane,
        overruling: &[CodecOption],
    ) -> Result<Self, EncodeError> {
        Self::opened(format, encoder, lane, overruling).map_err(failed(encoder))
    }

    fn opened(format: VideoFormat, encoder: Encoder, lane: &Lane, overruling: &[CodecOption]) -> Result<Self, String> {
        ffi::keep_log_quiet();
        ffi::take_complaints();
        let side_px = format.size.px();
        let mut context = ffi::context_for(encoder.codec_name())
            .ok_or_else(|| format!("this FFmpeg was built without {}", encoder.codec_name()))?;
        for (name, value) in options::table(encoder, format, &lane.rate).iter().chain(overruling) {
            ffi::set_option(&mut context, name, value)?;
        }
        let vaapi = match encoder {
            Encoder::Vaapi => Some(ffi::VaapiFrames::attach(&mut context, side_px).map_err(no_device)?),
            Encoder::Nvenc | Encoder::X264 => None,
        };
        let rate = Rational(format.fps.get().cast_signed(), 1);
        let mut video = context.encoder().video().map_err(reason)?;
        video.set_width(side_px);
        video.set_height(side_px);
        video.set_aspect_ratio(Rational(1, 1));
        video.set_format(if vaapi.is_some() {
            format::Pixel::VAAPI
        } else {
            format::Pixel::NV12
        });
        video.set_time_base(rate.invert());
        video.set_frame_rate(Some(rate));
        Ok(Self {
            kind: encoder,
            encoder: video.open_as(encoder.codec_name()).map_err(reason)?,
            vaapi,
            frame: frame::Video::new(format::Pixel::NV12, side_px, side_px),
            format,
            lane: *lane,
            pushed: 0,
            packets: Vec::with_capacity(lane.frames as usize),
            bytes: 0,
            largest_bytes: 0,
            held: 0,
        })
    }

    /// Encodes the lane's next frame: NV12, rows without padding.
    pub fn push(&mut self, nv12: &[u8]) -> Result<(), EncodeError> {
        let encoder = self.kind;
        self.encode(nv12).map_err(failed(encoder))
    }

    fn encode(&mut self, nv12: &[u8]) -> Result<(), String> {
        if nv12.len() != self.format.size.nv12_bytes() {
            let expected = self.format.size.nv12_bytes();
            return Err(format!("a frame has {} bytes, not {expected}", nv12.len()));
        }
        if self.pushed == self.lane.frames {
            return Err(format!("more than {} frames came", self.lane.frames));
        }
        self.show(nv12)?;
        self.frame.set_pts(Some(i64::from(self.pushed)));
        self.pushed += 1;
        match &self.vaapi {
            None => self.encoder.send_frame(&self.frame).map_err(reason)?,
            Some(device) => {
                let uploaded = device.upload(&self.frame).map_err(reason)?;
                self.encoder.send_frame(&uploaded).map_err(reason)?;
            }
        }
        self.collect()
    }

    /// Waits for what is still inside the encoder.
    pub fn finish(self) -> Result<VideoSegment, EncodeError> {
        let encoder = self.kind;
        self.finished().map_err(failed(encoder))
    }

    fn finished(mut self) -> Result<VideoSegment, String> {
        self.encoder.send_eof().map_err(reason)?;
        self.collect()?;
        if self.packets.len() != self.lane.frames as usize {
            let out = self.packets.len();
            return Err(format!("{out} of {} frames came out", self.lane.frames));
        }
        Ok(VideoSegment {
            parameters: codec::Parameters::from(&self.encoder),
            packets: self.packets,
            lane: self.lane,
            bytes: self.bytes,
            held: self.held,
        })
    }

    /// Puts the next picture into `self.frame`.
    fn show(&mut self, nv12: &[u8]) -> Result<(), String> {
        let shown = self.affordable();
        if !matches!(shown, Shown::Given) {
            self.held += 1;
        }
        if matches!(shown, Shown::Held) {
            return Ok(());
        }
        ffi::make_writable(&mut self.frame).map_err(reason)?;
        let side_px = self.format.size.px() as usize;
        let (luma, chroma) = nv12.split_at(side_px * side_px);
        for (plane, from, black) in [(0, luma, 16), (1, chroma, 128)] {
            let stride = self.frame.stride(plane);
            let to = self.frame.data_mut(plane);
            match shown {
                Shown::Given if stride == side_px => to[..from.len()].copy_from_slice(from),
                Shown::Given => {
                    for (to, from) in to.chunks_mut(stride).zip(from.chunks(side_px)) {
                        to[..side_px].copy_from_slice(from);
                    }
                }
                Shown::Held | Shown::Black => to.fill(black),
            }
        }
        Ok(())
    }

    /// The brake. x264 keeps its bucket for any content (tests), so for it this never acts; whether every card's
    /// firmware does, nobody can promise, and the file's limit must hold all the same.
    ///
    /// A frame is given while what came out lies under the line, and, to an encoder that may ignore it, while there is
    /// room for this frame, for holding it once, and for what is still inside. If there is not even room to hold, black
    /// it is to the end.
    fn affordable(&self) -> Shown {
        let rate = &self.lane.rate;
        let done = self.packets.len() as u32;
        let inside = u64::from(self.pushed.saturating_sub(done));
        let left = u64::from(self.lane.frames - self.pushed) * budget::least_frame_bytes(self.format);
        // What made a larger frame than planned may do it again.
        let worst = self.largest_bytes.max(rate.surprise_bytes);
        let room_for =
            |frames: u64| rate.surprise_bytes == 0 || self.bytes + left + (inside + frames) * worst <= rate.max_bytes;
        if self.bytes <= rate.line_bytes(done, self.format.fps.get()) && room_for(2) {
            Shown::Given
        } else if self.pushed.is_multiple_of(budget::gop_frames(self.format)) || !room_for(1) {
            Shown::Black
        } else {
            Shown::Held
        }
    }

    fn collect(&mut self) -> Result<(), String> {
        while let Some(mut packet) = next_packet(&mut self.encoder)? {
            if self.packets.is_empty() {
                packet = without_note(packet);
            }
            let first = i64::from(self.lane.first.0);
            packet.set_pts(packet.pts().map(|pts| pts + first));
            packet.set_dts(packet.dts().map(|dts| dts + first));
            packet.set_duration(1);
            self.bytes += packet.size() as u64;
            self.largest_bytes = self.largest_bytes.max(packet.size() as u64);
            self.packets.push(packet);
        }
        Ok(())
    }
}

impl VideoSegment {
    /// The size of all packets together.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frames that were replaced by the one before them to stay under the limit; 0 unless a card ignores its rate.
    pub fn held_frames(&self) -> u32 {
        self.held
    }

    /// Sizes of the packets in order.
    pub fn packet_bytes(&self) -> impl Iterator<Item = usize> {
        self.packets.iter().map(packet::Packet::size)
    }
}

/// The first packet without the encoder's note about itself.
fn without_note(packet: packet::Packet) -> packet::Packet {
    let Some(kept) = annexb::without_user_data(packet.data().unwrap_or_default()) else {
        return packet;
    };
    let mut slim = packet::Packet::copy(&kept);
    slim.set_pts(packet.pts());
    slim.set_dts(packet.dts());
    slim.set_flags(packet.flags());
    slim
}

fn failed(encoder: Encoder) -> impl FnOnce(String) -> EncodeError {
    move |reason| EncodeError::Video { encoder, reason }
}

/// libva says nothing by itself when there is no card.
fn no_device(error: Error) -> String {
    let complaint = ffi::take_complaints().into_iter().next();
    complaint.unwrap_or_else(|| format!("no VAAPI device opens: {error}"))
}
