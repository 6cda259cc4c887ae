//! An encoder's finished packets, one after another, and libav's own words when something fails.

use ffmpeg_next::codec::{encoder, packet::Packet};
use ffmpeg_next::{Error, ffi::EAGAIN};

use super::ffi;

/// What the encoder has finished; `None` until it is shown more, or for good after its end.
pub fn next_packet(encoder: &mut encoder::Encoder) -> Result<Option<Packet>, String> {
    let mut packet = Packet::empty();
    match encoder.receive_packet(&mut packet) {
        Ok(()) => decode_time(&packet).map(|_| Some(packet)),
        Err(Error::Eof | Error::Other { errno: EAGAIN }) => Ok(None),
        Err(error) => Err(reason(error)),
    }
}

/// When it is decoded. A packet without a time has no place in a file.
pub fn decode_time(packet: &Packet) -> Result<i64, String> {
    packet.dts().ok_or_else(|| "a packet has no time".to_owned())
}

/// The first line libav complained with on this thread, or what its error code means.
pub fn reason(error: Error) -> String {
    let complaint = ffi::take_complaints().into_iter().next();
    complaint.unwrap_or_else(|| error.to_string())
}
