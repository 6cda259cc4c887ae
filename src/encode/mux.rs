//! Segments of picture and the sound in, one mp4 out, wholly in memory, its index (`moov`) before its media (`mdat`).
//!
//! The index must be known before the first byte of media, so the same packets are muxed twice: once to learn how large
//! the index gets, once with that much room left for it. It costs milliseconds and needs no temporary file.
//! No clock and no version goes in: the same packets give the same bytes.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ffmpeg_next::codec::packet::Packet;
use ffmpeg_next::format::context::{Output, StreamIo};
use ffmpeg_next::{Dictionary, Rational, codec, encoder, format};

use super::packets::{decode_time, reason};
use super::{EncodeError, EncodedAudio, VideoSegment, VideoSettings, ffi};
use crate::model::{SAMPLE_RATE, Tags, clean_tag};

/// Half a second of picture, half a second of sound, and so on: near enough for a player that has only the beginning,
/// and a short index, since each run is one entry of it.
const RUNS_PER_SEC: u32 = 2;
/// What the muxer puts after the index in the room left for it: an empty box of at least its own header.
const FREE_BOX_BYTES: usize = 8;

/// Joins the segments, in order, with the sound.
pub fn mux(
    segments: &[VideoSegment],
    audio: &EncodedAudio,
    settings: &VideoSettings,
    tags: &Tags,
) -> Result<Vec<u8>, EncodeError> {
    ffi::keep_log_quiet();
    ffi::take_complaints();
    check_order(segments, settings).map_err(failed)?;
    let file = Parts {
        segments,
        audio,
        settings,
        tags,
    };
    let index_bytes = file
        .write(0)
        .and_then(|draft| box_bytes(&draft, b"moov").ok_or_else(|| "no index".to_owned()))
        .map_err(failed)?;
    let bytes = file.write(index_bytes + FREE_BOX_BYTES).map_err(failed)?;
    if bytes.len() as u64 > settings.max_bytes {
        return Err(EncodeError::OverBudget {
            encoder: settings.encoder,
            bytes: bytes.len() as u64,
            max_bytes: settings.max_bytes,
        });
    }
    Ok(bytes)
}

/// Every frame exactly once.
fn check_order(segments: &[VideoSegment], settings: &VideoSettings) -> Result<(), String> {
    let mut next = 0;
    for segment in segments {
        if segment.lane.first.0 != next {
            return Err(format!("the frames from {next} on are missing"));
        }
        next += segment.lane.frames;
    }
    if next != settings.frames {
        return Err(format!("{next} of {} frames came", settings.frames));
    }
    Ok(())
}

struct Parts<'a> {
    segments: &'a [VideoSegment],
    audio: &'a EncodedAudio,
    settings: &'a VideoSettings,
    tags: &'a Tags,
}

impl Parts<'_> {
    /// The file with `room_bytes` before the media for the index; 0 puts it at the end.
    fn write(&self, room_bytes: usize) -> Result<Vec<u8>, String> {
        let memory = Memory::default();
        let stream = StreamIo::from_write_seek(memory.clone()).map_err(reason)?;
        let mut file = format::output_to_stream(stream, None, Some("mp4")).map_err(reason)?;
        let fps = self.settings.format.fps.get().cast_signed();
        let video = self.segments.first().ok_or("there are no frames")?;
        add_stream(&mut file, codec::Id::H264, &video.parameters, Rational(1, fps))?;
        let rate = SAMPLE_RATE.cast_signed();
        add_stream(&mut file, codec::Id::AAC, &self.audio.parameters, Rational(1, rate))?;
        if let Some(mut stream) = file.stream_mut(0) {
            stream.set_avg_frame_rate(Rational(fps, 1));
        }
        file.set_metadata(self.tags_to_write());

        let mut options = Dictionary::new();
        // No version of the muxer, no date.
        options.set("fflags", "+bitexact");
        // Lengths in the header are exact in samples and in frames of 25, 30 and 60 fps.
        options.set("movie_timescale", &SAMPLE_RATE.to_string());
        if room_bytes > 0 {
            options.set("moov_size", &room_bytes.to_string());
        }
        file.write_header_with(options).map_err(reason)?;
        self.write_packets(&mut file)?;
        file.write_trailer().map_err(reason)?;
        // Dropping flushes what is still buffered.
        drop(file);
        Ok(memory.take())
    }

    fn write_packets(&self, file: &mut Output) -> Result<(), String> {
        let fps = self.settings.format.fps.get();
        let picture = self.segments.iter().flat_map(|segment| &segment.packets);
        let mut picture = Track {
            packets: picture.peekable(),
            index: 0,
            rate: fps,
        };
        let mut sound = Track {
            packets: self.audio.packets.iter().peekable(),
            index: 1,
            rate: SAMPLE_RATE,
        };
        let mut run = 1;
        while picture.packets.peek().is_some() || sound.packets.peek().is_some() {
            picture.write_until(run, file)?;
            sound.write_until(run, file)?;
            run += 1;
        }
        Ok(())
    }

    fn tags_to_write(&self) -> Dictionary<'static> {
        let mut dictionary = Dictionary::new();
        for (name, value) in [("title", &self.tags.title), ("artist", &self.tags.artist)] {
            // Among other things a zero byte goes, which would end the text in C.
            if let Some(text) = value.as_deref().and_then(clean_tag) {
                dictionary.set(name, &text);
            }
        }
        dictionary
    }
}

struct Track<'a, I: Iterator<Item = &'a Packet>> {
    packets: std::iter::Peekable<I>,
    index: usize,
    /// Units of time in a second, as its packets count them.
    rate: u32,
}

impl<'a, I: Iterator<Item = &'a Packet>> Track<'a, I> {
    /// Writes what starts before the end of the run.
    fn write_until(&mut self, run: u32, file: &mut Output) -> Result<(), String> {
        let end = i64::from(run) * i64::from(self.rate) / i64::from(RUNS_PER_SEC);
        let stream = file.stream(self.index).ok_or("a stream is missing")?;
        let to = stream.time_base();
        while let Some(packet) = self.next_before(end)? {
            let mut packet = packet.clone();
            packet.set_stream(self.index);
            packet.rescale_ts(Rational(1, self.rate.cast_signed()), to);
            packet.write(file).map_err(reason)?;
        }
        Ok(())
    }

    fn next_before(&mut self, end: i64) -> Result<Option<&'a Packet>, String> {
        match self.packets.peek() {
            Some(packet) if decode_time(packet)? < end => Ok(self.packets.next()),
            _ => Ok(None),
        }
    }
}

fn add_stream(
    file: &mut Output,
    id: codec::Id,
    parameters: &codec::Parameters,
    time_base: Rational,
) -> Result<(), String> {
    let mut stream = file.add_stream(encoder::find(id)).map_err(reason)?;
    stream.set_parameters(parameters.clone());
    stream.set_time_base(time_base);
    Ok(())
}

/// The size of the first box of this kind at the top level of an mp4.
fn box_bytes(mp4: &[u8], kind: &[u8; 4]) -> Option<usize> {
    let mut rest = mp4;
    while let Some((header, _)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, name @ ..] = *header;
        let bytes = u32::from_be_bytes([a, b, c, d]) as usize;
        if &name == kind {
            return Some(bytes);
        }
        rest = rest.get(bytes.max(header.len())..)?;
    }
    None
}

/// A file in memory that two can hold: libav writes, we read when it is done.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Cursor<Vec<u8>>>>);

impl Memory {
    fn take(&self) -> Vec<u8> {
        std::mem::take(self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut())
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Memory {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seek(to)
    }
}

fn failed(reason: String) -> EncodeError {
    EncodeError::Mux { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_without_a_time_ends_the_file_with_an_error() {
        let [mut first, timeless] = [1u8, 2].map(|byte| Packet::copy(&[byte]));
        first.set_dts(Some(29));
        let packets = [first, timeless];
        let mut track = Track {
            packets: packets.iter().peekable(),
            index: 0,
            rate: 30,
        };
        assert!(track.next_before(29).unwrap().is_none(), "not yet");
        assert_eq!(track.next_before(30).unwrap().and_then(Packet::data), Some(&[1][..]));
        assert!(track.next_before(30).is_err_and(|reason| reason.contains("no time")));
    }
}
