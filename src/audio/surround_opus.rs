//! Opus of three to eight channels, as one more of symphonia's decoders. Such a packet holds several mono and stereo streams
//! one behind another (RFC 7845, 5.1.1); it is taken apart here and each stream goes through libopus as any other Opus.

use std::ops::Range;

use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef, layouts,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::codecs::registry::RegisterableAudioDecoder;
use symphonia::core::errors::{Result, decode_error};
use symphonia::core::packet::PacketRef;
use symphonia_adapter_libopus::OpusDecoder;

/// Opus always plays at this rate, whatever the rate of the original was.
const RATE_HZ: u32 = 48_000;
/// The longest packet: 120 ms.
const MAX_FRAMES: usize = RATE_HZ as usize * 120 / 1000;

static INFO: CodecInfo = CodecInfo {
    short_name: "opus",
    long_name: "Opus",
    profiles: &[],
};

pub(super) struct SurroundOpus {
    params: AudioCodecParameters,
    streams: Vec<Box<dyn AudioDecoder>>,
    /// Streams in stereo; they come first.
    coupled: usize,
    /// Which decoded channel each of ours is, in the order of [`AudioBuffer`]; `None` for silence.
    sources: Vec<Option<usize>>,
    packet: Vec<u8>,
    /// One plane for each decoded channel.
    planes: Vec<Vec<f32>>,
    sound: AudioBuffer<f32>,
}

impl SurroundOpus {
    /// `None` unless the track is Opus of three to eight channels (mapping family 1) with a header that agrees with itself.
    pub fn for_track(params: &AudioCodecParameters) -> Option<Self> {
        let header = params.extra_data.as_deref()?;
        let channels = params.channels.clone()?;
        let count = channels.count();
        if params.codec != CODEC_ID_OPUS || usize::from(*header.get(9)?) != count || *header.get(18)? != 1 {
            return None;
        }
        let (streams, coupled) = (usize::from(*header.get(19)?), usize::from(*header.get(20)?));
        if !(1..=8).contains(&streams) || coupled > streams {
            return None;
        }
        let decoded = streams + coupled;
        let mapping = header.get(21..21 + count)?;
        let sources = canonical_order(count)?
            .iter()
            .map(|&place| match usize::from(mapping[place]) {
                255 => Some(None),
                source => (source < decoded).then_some(Some(source)),
            })
            .collect::<Option<_>>()?;
        let streams = (0..streams)
            .map(|stream| stream_decoder(stream < coupled))
            .collect::<Option<_>>()?;
        Some(Self {
            params: params.clone(),
            streams,
            coupled,
            sources,
            packet: Vec::new(),
            planes: vec![Vec::with_capacity(MAX_FRAMES); decoded],
            sound: AudioBuffer::new(AudioSpec::new(RATE_HZ, channels), MAX_FRAMES),
        })
    }

    fn decode_packet(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        self.sound.clear();
        let (mut rest, last) = (packet.data, self.streams.len() - 1);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let stream_data = if index == last {
                rest
            } else {
                let Some((length, end)) = self_delimited(rest) else {
                    return decode_error("opus: streams cannot be told apart");
                };
                self.packet.clear();
                self.packet.extend_from_slice(&rest[..length.start]);
                self.packet.extend_from_slice(&rest[length.end..end]);
                rest = &rest[end..];
                &self.packet
            };
            let decoded = stream.decode_ref(&PacketRef::new(packet.track_id, packet.pts, packet.dur, stream_data))?;
            let GenericAudioBufferRef::F32(decoded) = decoded else {
                return decode_error("opus: not floating point");
            };
            // Stereo streams come first: this many channels lie before ours.
            let first = index + index.min(self.coupled);
            for (plane, samples) in self.planes[first..].iter_mut().zip(decoded.iter_planes()) {
                plane.clear();
                plane.extend_from_slice(samples);
            }
        }
        let frames = self.planes.first().map_or(0, Vec::len).min(MAX_FRAMES);
        if self.planes.iter().any(|plane| plane.len() != frames) {
            return decode_error("opus: streams of different length");
        }
        self.sound.resize_with_silence(frames);
        for (plane, source) in self.sound.iter_planes_mut().zip(&self.sources) {
            if let Some(source) = source {
                plane.copy_from_slice(&self.planes[*source]);
            }
        }
        Ok(())
    }
}

fn stream_decoder(stereo: bool) -> Option<Box<dyn AudioDecoder>> {
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(CODEC_ID_OPUS)
        .with_sample_rate(RATE_HZ)
        .with_channels(if stereo {
            layouts::CHANNEL_LAYOUT_STEREO
        } else {
            layouts::CHANNEL_LAYOUT_MONO
        });
    OpusDecoder::try_registry_new(&params, &Default::default()).ok()
}

/// The places in Vorbis' order of channels (Vorbis I, 4.3.9) that ours have, ordered as in a WAVE file.
fn canonical_order(channels: usize) -> Option<&'static [usize]> {
    Some(match channels {
        // Left, centre, right.
        3 => &[0, 2, 1],
        4 => &[0, 1, 2, 3],
        // Left, centre, right, rear left, rear right, low.
        5 => &[0, 2, 1, 3, 4],
        6 => &[0, 2, 1, 5, 3, 4],
        // Left, centre, right, side left, side right, rear centre, low.
        7 => &[0, 2, 1, 6, 5, 3, 4],
        // Left, centre, right, side left, side right, rear left, rear right, low.
        8 => &[0, 2, 1, 7, 5, 6, 3, 4],
        _ => return None,
    })
}

/// Where a self-delimited packet (RFC 6716, appendix B) holds the length that an ordinary one lacks, and where it ends.
fn self_delimited(bytes: &[u8]) -> Option<(Range<usize>, usize)> {
    let (length, sound) = match bytes.first()? & 3 {
        0 => {
            let (size, length) = frame_size(bytes, 1)?;
            (length, size)
        }
        1 => {
            let (size, length) = frame_size(bytes, 1)?;
            (length, 2 * size)
        }
        2 => {
            let (first, ordinary) = frame_size(bytes, 1)?;
            let (second, length) = frame_size(bytes, ordinary.end)?;
            (length, first + second)
        }
        _ => any_number_of_frames(bytes)?,
    };
    let end = length.end + sound;
    (end <= bytes.len()).then_some((length, end))
}

/// The same for a packet that tells how many frames it has: the place of the length, and how many bytes follow it.
fn any_number_of_frames(bytes: &[u8]) -> Option<(Range<usize>, usize)> {
    let (shape, mut at, mut padding) = (*bytes.get(1)?, 2, 0);
    let frames = usize::from(shape & 0x3f);
    if shape & 0x40 != 0 {
        loop {
            let more = usize::from(*bytes.get(at)?);
            at += 1;
            // 255: 254 bytes of padding, and another count of them.
            padding += more.min(254);
            if more < 255 {
                break;
            }
        }
    }
    if shape & 0x80 == 0 {
        let (size, length) = frame_size(bytes, at)?;
        return Some((length, frames * size + padding));
    }
    let mut sound = 0;
    for _ in 1..frames {
        let (size, ordinary) = frame_size(bytes, at)?;
        (sound, at) = (sound + size, ordinary.end);
    }
    let (size, length) = frame_size(bytes, at)?;
    Some((length, sound + size + padding))
}

/// The size of a frame (RFC 6716, 3.2.1), and the one or two bytes that tell it.
fn frame_size(bytes: &[u8], at: usize) -> Option<(usize, Range<usize>)> {
    match usize::from(*bytes.get(at)?) {
        size @ ..252 => Some((size, at..at + 1)),
        low => Some((low + 4 * usize::from(*bytes.get(at + 1)?), at..at + 2)),
    }
}

impl AudioDecoder for SurroundOpus {
    fn reset(&mut self) {
        self.streams.iter_mut().for_each(|stream| stream.reset());
    }

    fn codec_info(&self) -> &CodecInfo {
        &INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.decode_packet(packet)?;
        Ok(self.sound.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.sound.as_generic_audio_buffer_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_inside_packets_are_told_apart() {
        // Of each kind: bytes, the place of the extra length, the end; two bytes of another stream follow.
        let cases: [(&[u8], Range<usize>, usize); 7] = [
            (&[0x78, 3, 1, 2, 3], 1..2, 5),
            (&[0x79, 2, 1, 2, 3, 4], 1..2, 6),
            (&[0x7a, 1, 2, 9, 8, 7], 2..3, 6),
            (&[0x7b, 0x03, 1, 9, 8, 7], 2..3, 6),
            (&[0x7b, 0x83, 1, 0, 2, 9, 8, 7], 4..5, 8),
            (&[0x7b, 0x42, 2, 1, 9, 8, 0, 0], 3..4, 8),
            (&[0x7b, 0xc2, 1, 1, 2, 9, 8, 7, 0], 4..5, 9),
        ];
        for (packet, length, end) in cases {
            let mut bytes = packet.to_vec();
            bytes.extend([0xaa, 0xbb]);
            assert_eq!(self_delimited(&bytes), Some((length, end)), "{packet:x?}");
            // Cut off anywhere it is refused.
            for cut in 0..end {
                assert_eq!(self_delimited(&bytes[..cut]), None, "{packet:x?} cut to {cut}");
            }
        }
        // A size of two bytes.
        let long = [&[0x78, 252, 1][..], &[5; 256]].concat();
        assert_eq!(self_delimited(&long), Some((1..3, 259)));
    }
}
