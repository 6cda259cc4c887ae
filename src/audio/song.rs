//! An opened song: demuxer, decoder and the place of the music in the coded stream. Hands out decoded blocks with their
//! exact position, in samples of the song's own rate from the start of the music (encoder delay already taken off).

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ISOMP4, FORMAT_ID_OGG};
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::{Packet, PacketRef};
use symphonia::core::units::{Time, TimeBase, Timestamp};

use super::AudioError;
use super::downmix::Downmix;
use super::gapless::{self, Edit, Mp3Start};
use super::guard::{Guarded, Leash};
use super::resample::RATES_HZ;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// Packets in a row that may be damaged before we call it the end: 10 s of mp3, more than any scratch.
const MAX_DAMAGED: u32 = 400;
/// A timestamp this far from where the sound has got to means a gap in the stream; less is rounding in the container.
const GAP: Duration = Duration::from_millis(50);

pub(super) struct Song<'a> {
    path: &'a Path,
    format: Box<dyn FormatReader + 'a>,
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    track_id: u32,
    time_base: TimeBase,
    edit: Edit,
    seekable: bool,
    leash: Leash<'a>,
}

/// Decoded sound and where it belongs.
pub(super) struct Block<'b> {
    /// In samples from the start of the music; negative for what only primes the decoder.
    pub at: i64,
    pub rate_hz: u32,
    pub frames: &'b [[f32; 2]],
}

impl<'a> Song<'a> {
    pub fn open(path: &'a Path, cancel: &'a AtomicBool) -> Result<Self, AudioError> {
        let leash = Leash::new(cancel);
        let source = open_file(path, &leash)?;
        let size_bytes = source.size_bytes;
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        leash.tighten();
        let stream = MediaSourceStream::new(Box::new(source), Default::default());
        let found = symphonia::default::get_probe().probe(&hint, stream, Default::default(), Default::default());
        if leash.cancelled() {
            return Err(AudioError::Cancelled);
        }
        let format = found.map_err(|_| no_sound(path))?;
        leash.loosen();

        let track = format.default_track(TrackType::Audio).ok_or_else(|| no_sound(path))?;
        let params = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio())
            .ok_or_else(|| no_sound(path))?;
        let mut params = params.clone();
        let edit = edit_of(path, size_bytes, format.as_ref(), track, &params)?;
        let time_base = track
            .time_base
            .or_else(|| params.sample_rate.and_then(TimeBase::try_from_recip))
            .ok_or_else(|| no_sound(path))?;
        let track_id = track.id;
        if params.codec == CODEC_ID_OPUS && params.channels.as_ref().is_none_or(|channels| channels.count() <= 2) {
            // The adapter takes the pre-skip it finds here off whatever it decodes first, also after a seek. The edit does it.
            params.extra_data = None;
        }
        let options = AudioDecoderOptions::default();
        let decoder = CODECS
            .make_audio_decoder(&params, &options)
            .map_err(|_| unsupported(path, &params))?;
        // The Ogg demuxer's seek does not end when packets of two streams alternate.
        let seekable = format.format_info().format != FORMAT_ID_OGG || format.tracks().len() == 1;
        Ok(Self {
            path,
            format,
            decoder,
            params,
            track_id,
            time_base,
            edit,
            seekable,
            leash,
        })
    }

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
            let sought = self.format.seek(
                SeekMode::Accurate,
                SeekTo::Timestamp {
                    ts,
                    track_id: self.track_id,
                },
            );
            self.decoder.reset();
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
            let Ok(decoded) = self.decoder.decode_ref(&whole) else {
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
                return Err(AudioError::Unsupported {
                    path: self.path.into(),
                    what: format!("sampled at {rate_hz} Hz"),
                });
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
            match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track_id => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                // Some demuxers find their way again after damage, others repeat the error forever.
                Err(Error::DecodeError(_)) if *damaged < MAX_DAMAGED => *damaged += 1,
                // A new track list is another song glued behind this one.
                Ok(None) | Err(_) => return Ok(None),
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

fn open_file<'a>(path: &Path, leash: &Leash<'a>) -> Result<Guarded<'a>, AudioError> {
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = fs::metadata(path).map_err(|error| AudioError::from_io(path, error))?;
    if !metadata.is_file() {
        return Err(AudioError::NotAFile { path: path.into() });
    }
    if metadata.len() == 0 {
        return Err(AudioError::Empty { path: path.into() });
    }
    let file = File::open(path).map_err(|error| AudioError::from_io(path, error))?;
    Ok(Guarded {
        file,
        size_bytes: metadata.len(),
        leash: leash.clone(),
    })
}

/// Start and length of the music within the coded stream.
fn edit_of(
    path: &Path,
    size_bytes: u64,
    format: &dyn FormatReader,
    track: &Track,
    params: &AudioCodecParameters,
) -> Result<Edit, AudioError> {
    let rate_hz = params.sample_rate.unwrap_or(0);
    let nanos = |samples: u64| {
        u64::try_from(
            (u128::from(samples) * 1_000_000_000)
                .checked_div(rate_hz.into())
                .unwrap_or(0),
        )
        .ok()
    };
    let duration = track
        .time_base
        .zip(track.duration)
        .map(|(base, duration)| base.calc_duration_saturating(duration));
    let claimed = duration
        .and_then(|time| u64::try_from(time.as_nanos()).ok())
        .filter(|&ns| ns > 0)
        .map(Duration::from_nanos);

    if matches!(params.codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
        && format.tracks().len() == 1
        && format.format_info().short_name.starts_with("mp")
    {
        let mut file = File::open(path).map_err(|error| AudioError::from_io(path, error))?;
        return match gapless::mp3_start(&mut file, size_bytes) {
            Mp3Start::Noise if params.codec != CODEC_ID_MP1 => Err(no_sound(path)),
            Mp3Start::Counted => Ok(Edit {
                start_ns: 0,
                length: claimed,
            }),
            // The demuxer's length would be a guess from the first frames' bit rate.
            Mp3Start::Plain | Mp3Start::Noise => Ok(Edit::default()),
        };
    }
    match format.format_info().format {
        FORMAT_ID_ISOMP4 => {
            let mut file = File::open(path).map_err(|error| AudioError::from_io(path, error))?;
            let edit = gapless::mp4_edit(&mut file, track.id);
            let coded =
                claimed.map(|length| length.saturating_sub(Duration::from_nanos(edit.start_ns.max(0).unsigned_abs())));
            // An edit longer than what was coded would promise sound that is not there.
            let length = edit
                .length
                .filter(|&edited| coded.is_none_or(|coded| edited <= coded))
                .or(coded);
            Ok(Edit { length, ..edit })
        }
        // RFC 7845: positions count the pre-skip, which is not music.
        FORMAT_ID_OGG if params.codec == CODEC_ID_OPUS => {
            let start_ns = nanos(u64::from(track.delay.unwrap_or(0))).unwrap_or(0);
            let length = claimed.map(|length| length.saturating_sub(Duration::from_nanos(start_ns)));
            Ok(Edit {
                start_ns: start_ns as i64,
                length,
            })
        }
        _ => Ok(Edit {
            start_ns: 0,
            length: claimed,
        }),
    }
}

/// No sound was found: is there at least a tag with a picture, or nothing we know?
fn no_sound(path: &Path) -> AudioError {
    let (_, cover) = super::tags::read(path);
    let id3 = || {
        let mut head = [0; 3];
        File::open(path)
            .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head))
            .is_ok()
            && &head == b"ID3"
    };
    let path = path.to_owned();
    if cover.is_some() || id3() {
        AudioError::OnlyCover { path }
    } else {
        AudioError::NotAudio { path }
    }
}

fn unsupported(path: &Path, params: &AudioCodecParameters) -> AudioError {
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    let what = match params.codec {
        CODEC_ID_OPUS => format!("Opus with {channels} channels"),
        CODEC_ID_AAC if channels > 2 => format!("AAC with {channels} channels"),
        CODEC_ID_AAC => "AAC of a special kind (not AAC-LC)".into(),
        _ => "a kind of sound".into(),
    };
    AudioError::Unsupported {
        path: path.into(),
        what,
    }
}
