//! The last resort: AAC that symphonia does not know, by libavcodec. More than two channels, band replication and parametric
//! stereo (HE-AAC). A packet in, its samples out, as one more of symphonia's decoders, so that demuxing, seeking, trimming
//! and every limit are the ones all other formats have.
//!
//! Of libav only one decoder is used and nothing else: no libavformat reads the file, no name or address in it is followed.
//! What is let in is the list in [`adts_for`].

use std::sync::{Mutex, Once, PoisonError};

use ffmpeg_next::{codec, decoder, format, frame, log};
use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef, Position,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Result, decode_error};
use symphonia::core::packet::PacketRef;

use super::adts::Adts;

/// Band replication doubles the rate, and no encoder lets it end above 48 kHz: at most this rate AAC may carry it unsaid.
/// Decoders that do not know it then play the lower half of the spectrum alone.
const MAX_REPLICATED_HZ: u32 = 24_000;
/// A packet holds one frame; what a damaged one yields beyond is dropped.
const MAX_FRAMES_PER_PACKET: usize = 8;

static INFO: CodecInfo = CodecInfo {
    short_name: "aac",
    long_name: "Advanced Audio Coding",
    profiles: &[],
};

/// Whether AAC that calls itself plain may carry band replication all the same.
pub(super) fn may_hide_replication(params: &AudioCodecParameters) -> bool {
    // The container may tell the doubled rate: the core's counts.
    adts_for(params).is_some_and(|adts| adts.rate_hz() <= MAX_REPLICATED_HZ)
}

/// The list of what is let in: AAC Main, Low Complexity and Long Term Prediction, with or without band replication.
fn adts_for(params: &AudioCodecParameters) -> Option<Adts> {
    if params.codec != CODEC_ID_AAC {
        return None;
    }
    match &params.extra_data {
        Some(config) => Adts::from_config(config),
        None => Adts::from_facts(params.sample_rate?, params.channels.as_ref().map_or(0, Channels::count)),
    }
}

/// libavcodec's AAC decoder in the shape of symphonia's.
pub(super) struct LibavAac {
    params: AudioCodecParameters,
    adts: Adts,
    /// Never locked: `&mut self` reaches in. It only makes the decoder shareable, which symphonia asks of all of its own.
    libav: Mutex<Libav>,
    framed: Vec<u8>,
    sound: AudioBuffer<f32>,
}

struct Libav {
    decoder: decoder::Audio,
    frame: frame::Audio,
}

impl LibavAac {
    /// `None` for a track that is not on the list.
    pub fn for_track(params: &AudioCodecParameters) -> Option<Self> {
        let adts = adts_for(params)?;
        keep_log_quiet();
        let codec = decoder::find(codec::Id::AAC)?;
        let decoder = codec::Context::new_with_codec(codec).decoder().audio().ok()?;
        let mut params = params.clone();
        params.sample_rate.get_or_insert(adts.rate_hz());
        if params.channels.is_none() && adts.channels() > 0 {
            params.channels = Some(Channels::Discrete(adts.channels() as u16));
        }
        Some(Self {
            params,
            adts,
            libav: Mutex::new(Libav {
                decoder,
                frame: frame::Audio::empty(),
            }),
            framed: Vec::new(),
            sound: AudioBuffer::default(),
        })
    }

    fn decode_packet(&mut self, data: &[u8]) -> Result<()> {
        self.sound.clear();
        if data.is_empty() || !self.adts.frame(data, &mut self.framed) {
            return decode_error("libav: not a frame");
        }
        let Libav { decoder, frame } = self.libav.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A copy, because libavcodec reads a little beyond the end: its own packets have room there.
        if decoder.send_packet(&codec::packet::Packet::copy(&self.framed)).is_err() {
            decoder.flush();
            return decode_error("libav: damaged");
        }
        for _ in 0..MAX_FRAMES_PER_PACKET {
            if decoder.receive_frame(frame).is_err() {
                break;
            }
            if self.sound.is_empty() {
                copy_sound(frame, &mut self.sound)?;
            }
        }
        Ok(())
    }
}

/// libav's log goes to stderr unless told otherwise. Whoever collects it by a callback of their own is not disturbed: the
/// level only counts for libav's own printing.
fn keep_log_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| log::set_level(log::Level::Quiet));
}

fn copy_sound(frame: &frame::Audio, sound: &mut AudioBuffer<f32>) -> Result<()> {
    let planar = format::Sample::F32(format::sample::Type::Planar);
    let (samples, count) = (frame.samples(), usize::from(frame.channels()));
    if frame.format() != planar || samples == 0 || count == 0 || frame.planes() != count {
        return decode_error("libav: no sound");
    }
    // libav and symphonia both number speakers as WAVE files do, and both hold channels in that order.
    let channels = match Position::from_bits(frame.channel_layout().bits()) {
        Some(positions) if positions.iter().count() == count => Channels::Positioned(positions),
        _ => Channels::Discrete(count as u16),
    };
    let spec = AudioSpec::new(frame.rate(), channels);
    if *sound.spec() != spec || sound.capacity() < samples {
        *sound = AudioBuffer::new(spec, samples);
    }
    sound.resize_with_silence(samples);
    for (index, plane) in sound.iter_planes_mut().enumerate() {
        plane.copy_from_slice(frame.plane::<f32>(index));
    }
    Ok(())
}

impl AudioDecoder for LibavAac {
    fn reset(&mut self) {
        let libav = self.libav.get_mut().unwrap_or_else(PoisonError::into_inner);
        libav.decoder.flush();
    }

    fn codec_info(&self) -> &CodecInfo {
        &INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.decode_packet(packet.data)?;
        Ok(self.sound.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.sound.as_generic_audio_buffer_ref()
    }
}
