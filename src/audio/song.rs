//! An opened song: demuxer, decoder and the place of the music in the coded stream. Hands out decoded blocks with their
//! exact position, in samples of the song's own rate from the start of the music (encoder delay already taken off).

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo};
use symphonia::core::packet::{Packet, PacketRef};
use symphonia::core::units::{Time, TimeBase, Timestamp};

use super::downmix::Downmix;
use super::guard::Leash;
use super::resample::RATES_HZ;
use super::{AudioError, contained};

/// Packets in a row that may be damaged before we call it the end: 10 s of mp3, more than any scratch.
const MAX_DAMAGED: u32 = 400;
/// A timestamp this far from where the sound has got to means a gap in the stream; less is rounding in the container.
const GAP: Duration = Duration::from_millis(50);

/// Made by [`Song::open`], in `open.rs`.
pub(super) struct Song<'a> {
    pub(super) path: &'a Path,
    pub(super) format: Box<dyn FormatReader + 'a>,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) params: AudioCodecParameters,
    pub(super) track_id: u32,
    pub(super) time_base: TimeBase,
    pub(super) edit: Edit,
    pub(super) seekable: bool,
    pub(super) leash: Leash<'a>,
}

/// Where the music lies: the moment in the coded stream where it starts, and how long it is if the file can be trusted to
/// know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Edit {
    pub start_ns: i64,
    pub length: Option<Duration>,
}

/// Decoded sound and where it belongs.
pub(super) struct Block<'b> {
    /// In samples from the start of the music; negative for what only primes the decoder.
    pub at: i64,
    pub rate_hz: u32,
    pub frames: &'b [[f32; 2]],
}

impl<'a> Song<'a> {
    /// Playable length as the file tells it, if what it tells can be trusted.
    pub fn claimed_length(&self) -> Option<Duration> {
        self.edit.length
    }

    pub fn codec(&self) -> String {
        self.decoder.codec_info().short_name.to_owned()
    }

    /// From the headers; `None` when only decoding tells.
    pub fn rate_hz(&self) -> Option<u32> {
        self.decoder.codec_params().sample_rate.or(self.params.sample_rate)
    }

    pub fn channels(&self) -> Option<usize> {
        self.decoder
            .codec_params()
            .channels
            .as_ref()
            .or(self.params.channels.as_ref())
            .map(|channels| channels.count())
    }

    /// Brings the demuxer to a packet at or before `target`. Where that fails the song is opened anew: whoever reads next
    /// passes over the packets up to `target` without decoding them.
    pub fn seek(&mut self, target: Duration) -> Result<(), AudioError> {
        let target_ns = i128::try_from(target.as_nanos()).unwrap_or(i128::MAX) + i128::from(self.edit.start_ns);
        if target_ns <= 0 {
            return Ok(());
        }
        if self.seekable
            && let Some(time) = Time::try_from_nanos_i128(target_ns)
            && let Some(ts) = self.time_base.calc_timestamp(time)
        {
            let track_id = self.track_id;
            let sought = contained(self.path, || {
                let sought = self.format.seek(SeekMode::Accurate, SeekTo::Timestamp { ts, track_id });
                self.decoder.reset();
                sought
            })?;
            if sought.is_ok_and(|sought| sought.actual_ts <= ts) {
                return Ok(());
            }
        }
        if self.leash.cancelled() {
            return Err(AudioError::Cancelled);
        }
        *self = Self::open(self.path, self.leash.cancel_flag())?;
        self.seekable = false;
        Ok(())
    }

    /// Decodes what ends after `from` and hands it over block by block until `sink` breaks, or the song ends. Damaged packets
    /// are left out and what follows keeps its place.
    pub fn play(
        &mut self,
        from: Duration,
        sink: &mut dyn FnMut(Block<'_>) -> ControlFlow<()>,
    ) -> Result<(), AudioError> {
        let from_ns = from.as_nanos() as i128;
        let (mut interleaved, mut frames) = (Vec::<f32>::new(), Vec::<[f32; 2]>::new());
        let mut mixer: Option<(usize, Downmix)> = None;
        let mut place: Option<i64> = None;
        let (mut damaged, mut heard) = (0, false);
        self.leash.tighten();
        while let Some(packet) = self.next_packet(&mut damaged)? {
            if self.end_ns(&packet) < from_ns {
                // Passing over packets is progress, not a search.
                self.leash.tighten();
                continue;
            }
            // Delay and padding are ours to take off: the packet is shown to the decoder without its trims.
            let whole = PacketRef::new(packet.track_id, packet.pts, packet.block_dur(), &packet.data);
            let decoder = &mut self.decoder;
            let Ok(decoded) = contained(self.path, move || decoder.decode_ref(&whole))? else {
                (place, damaged) = (None, damaged + 1);
                if damaged > MAX_DAMAGED || self.leash.expired() {
                    break;
                }
                continue;
            };
            if decoded.frames() == 0 {
                place = None;
                continue;
            }
            let (rate_hz, channels) = (decoded.spec().rate(), decoded.spec().channels());
            if !RATES_HZ.contains(&rate_hz) {
                return Err(AudioError::rate(self.path, rate_hz));
            }
            if !heard {
                heard = true;
                self.leash.loosen();
            }
            interleaved.clear();
            interleaved.resize(decoded.samples_interleaved(), 0.0);
            decoded.copy_to_slice_interleaved(&mut interleaved);
            frames.clear();
            if mixer.as_ref().is_none_or(|(count, _)| *count != channels.count()) {
                mixer = Some((channels.count(), Downmix::new(channels)));
            }
            if let Some((_, mixer)) = &mixer {
                mixer.mix(&interleaved, &mut frames);
            }
            let stamped = samples_at(self.music_ns(packet.pts), rate_hz);
            let gap = samples_at(GAP.as_nanos() as i128, rate_hz);
            let at = place.filter(|place| (place - stamped).abs() <= gap).unwrap_or(stamped);
            place = Some(at + frames.len() as i64);
            damaged = 0;
            if sink(Block {
                at,
                rate_hz,
                frames: &frames,
            })
            .is_break()
            {
                break;
            }
        }
        if self.leash.cancelled() {
            Err(AudioError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Where the music ends, found by passing over all packets without decoding them.
    pub fn walk_to_end(&mut self) -> Result<Duration, AudioError> {
        let (mut end_ns, mut damaged) = (0, 0);
        while let Some(packet) = self.next_packet(&mut damaged)? {
            end_ns = end_ns.max(self.end_ns(&packet));
        }
        Ok(Duration::from_nanos(end_ns.try_into().unwrap_or(0)))
    }

    /// Whether a packet can be read just before `length`: a file that was cut off still claims its full length.
    pub fn reaches(&mut self, length: Duration) -> Result<bool, AudioError> {
        self.seek(length.saturating_sub(Duration::from_millis(300)))?;
        Ok(self.seekable && self.next_packet(&mut 0)?.is_some())
    }

    /// The next packet of our track. `None` at the end, which is also where a file breaks off.
    fn next_packet(&mut self, damaged: &mut u32) -> Result<Option<Packet>, AudioError> {
        loop {
            if self.leash.cancelled() {
                return Err(AudioError::Cancelled);
            }
            match contained(self.path, || self.format.next_packet())? {
                Ok(Some(packet)) if packet.track_id == self.track_id => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                // Some demuxers find their way again after damage, others repeat the error forever.
                Err(Error::DecodeError(_)) if *damaged < MAX_DAMAGED => *damaged += 1,
                // A new track list is another song glued behind this one. What the demuxer makes of a disk that fails is
                // no end: the circle would be shorter than it should be, and nobody told.
                Ok(None) | Err(_) => {
                    return match self.leash.failure() {
                        Some(error) => Err(AudioError::from_io(self.path, error)),
                        None => Ok(None),
                    };
                }
            }
        }
    }

    fn music_ns(&self, ts: Timestamp) -> i128 {
        self.time_base.calc_time_saturating(ts).as_nanos() - i128::from(self.edit.start_ns)
    }

    fn end_ns(&self, packet: &Packet) -> i128 {
        let duration = self.time_base.calc_duration_saturating(packet.dur).as_nanos();
        self.music_ns(packet.pts) + duration
    }
}

/// The nearest sample to a moment.
pub(super) fn samples_at(nanos: i128, rate_hz: u32) -> i64 {
    let scaled = nanos.saturating_mul(i128::from(rate_hz));
    ((scaled + 500_000_000).div_euclid(1_000_000_000)).clamp(i64::MIN as i128 / 4, i64::MAX as i128 / 4) as i64
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read, Seek, SeekFrom};
    use std::ops::Range;
    use std::sync::atomic::AtomicBool;

    use super::super::guard::Guarded;
    use super::*;
    use crate::model::Fault;

    /// A disk with one bad spot.
    struct FailingDisk {
        bytes: Cursor<Vec<u8>>,
        bad: Range<u64>,
        kind: io::ErrorKind,
    }

    impl Read for FailingDisk {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let at = self.bytes.position();
            if self.bad.contains(&at) {
                return Err(self.kind.into());
            }
            let left = if at < self.bad.start {
                self.bad.start - at
            } else {
                u64::MAX
            };
            let most = buf.len().min(left as usize);
            self.bytes.read(&mut buf[..most])
        }
    }

    impl Seek for FailingDisk {
        fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(pos)
        }
    }

    /// Ten seconds of 16-bit stereo at 8 kHz.
    fn wav() -> Vec<u8> {
        let data_bytes = 10 * 8_000 * 4_u32;
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + data_bytes).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend(32_000_u32.to_le_bytes());
        wav.extend(b"\x04\0\x10\0data");
        wav.extend(data_bytes.to_le_bytes());
        wav.extend((0..data_bytes).map(|n| n as u8));
        wav
    }

    /// Plays all of it; how much was heard.
    fn played(bad: Range<u64>, kind: io::ErrorKind) -> Result<usize, AudioError> {
        let (cancel, path, wav) = (AtomicBool::new(false), Path::new("song.wav"), wav());
        let leash = Leash::new(&cancel);
        let size_bytes = wav.len() as u64;
        let disk = FailingDisk {
            bytes: Cursor::new(wav),
            bad,
            kind,
        };
        let mut song = Song::of(path, Guarded::new(disk, size_bytes, leash.clone()), leash)?;
        let mut heard = 0;
        song.play(Duration::ZERO, &mut |block| {
            heard += block.frames.len();
            ControlFlow::Continue(())
        })?;
        Ok(heard)
    }

    #[test]
    fn a_disk_that_fails_is_no_end_and_no_unknown_format() {
        assert_eq!(played(0..0, io::ErrorKind::Other).unwrap(), 80_000);
        // In the middle of the song, and before its format is known.
        for bad in [200_000..200_100, 20..21] {
            for kind in [
                io::ErrorKind::Other,
                io::ErrorKind::TimedOut,
                io::ErrorKind::StaleNetworkFileHandle,
            ] {
                let error = played(bad.clone(), kind).unwrap_err();
                assert!(
                    matches!(error, AudioError::Unreadable { .. }),
                    "{bad:?}, {kind}: {error}"
                );
                assert_eq!(error.fault(), Fault::Machine, "{error}");
                assert!(error.to_string().contains("song.wav cannot be read"), "{error}");
            }
            let error = played(bad, io::ErrorKind::PermissionDenied).unwrap_err();
            assert_eq!(error.fault(), Fault::Request, "{error}");
            assert!(error.to_string().contains("permissions"), "{error}");
        }
    }
}
