//! From a path to a [`Song`]: finds the format and the track with the sound, makes its decoder, and reads where in the coded
//! stream the music lies. Everything that can be wrong with a file as a whole is told apart here.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ADTS, FORMAT_ID_ISOMP4, FORMAT_ID_OGG};
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::units::TimeBase;

use super::guard::{Guarded, Leash};
use super::last_resort::{LibavAac, may_hide_replication};
use super::song::{Edit, Song};
use super::surround_opus::SurroundOpus;
use super::{AudioError, contained, mp3, mp4, tags};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

impl<'a> Song<'a> {
    pub fn open(path: &'a Path, cancel: &'a AtomicBool) -> Result<Self, AudioError> {
        let leash = Leash::new(cancel);
        let source = open_file(path, &leash)?;
        Self::of(path, source, leash)
    }

    /// The song in a source that is open and held by `leash`.
    pub(super) fn of<F>(path: &'a Path, source: Guarded<'a, F>, leash: Leash<'a>) -> Result<Self, AudioError>
    where
        F: Read + Seek + Send + Sync + 'a,
    {
        let (size_bytes, cancel) = (source.size_bytes, leash.cancel_flag());
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
            hint.with_extension(extension);
        }
        leash.tighten();
        let stream = MediaSourceStream::new(Box::new(source), Default::default());
        let found = contained(path, || {
            symphonia::default::get_probe().probe(&hint, stream, Default::default(), Default::default())
        })?;
        still_readable(path, &leash)?;
        let format = found.map_err(|_| match File::open(path).map(|mut file| mp4::is_mp4(&mut file)) {
            // An mp4 whose index is lost, mostly because it stood at the end that is missing.
            Ok(true) => AudioError::NothingDecodes { path: path.into() },
            _ => no_sound(path, cancel),
        })?;
        leash.loosen();

        let track = format
            .default_track(TrackType::Audio)
            .ok_or_else(|| no_sound(path, cancel))?;
        let params = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio())
            .ok_or_else(|| no_sound(path, cancel))?;
        let params = params.clone();
        let edit = edit_of(path, size_bytes, &leash, format.as_ref(), track, &params);
        still_readable(path, &leash)?;
        let edit = edit?;
        let time_base = track
            .time_base
            .or_else(|| params.sample_rate.and_then(TimeBase::try_from_recip))
            .ok_or_else(|| no_sound(path, cancel))?;
        let track_id = track.id;
        let decoder = contained(path, || decoder_for(&params))?.ok_or_else(|| unsupported(path, &params))?;
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
}

/// The first that knows the track: symphonia's own decoders, then ours.
fn decoder_for(params: &AudioCodecParameters) -> Option<Box<dyn AudioDecoder>> {
    let last_resort = || LibavAac::for_track(params).map(|decoder| Box::new(decoder) as Box<dyn AudioDecoder>);
    if may_hide_replication(params)
        && let Some(decoder) = last_resort()
    {
        return Some(decoder);
    }
    let mut plain = params.clone();
    if plain.codec == CODEC_ID_OPUS {
        // The adapter takes the pre-skip it finds here off whatever it decodes first, also after a seek. The edit does it.
        plain.extra_data = None;
    }
    let known = CODECS.make_audio_decoder(&plain, &Default::default()).ok();
    known
        .or_else(last_resort)
        .or_else(|| SurroundOpus::for_track(params).map(|decoder| Box::new(decoder) as Box<dyn AudioDecoder>))
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
    let mut source = reopen(path, metadata.len(), leash)?;
    source.zeroed_at = mp4::broken_off_sound(&mut source, metadata.len());
    Ok(source)
}

fn reopen<'a>(path: &Path, size_bytes: u64, leash: &Leash<'a>) -> Result<Guarded<'a>, AudioError> {
    let file = File::open(path).map_err(|error| AudioError::from_io(path, error))?;
    Ok(Guarded::new(file, size_bytes, leash.clone()))
}

/// Nothing that was found, or not found, counts where a read was refused or failed.
fn still_readable(path: &Path, leash: &Leash<'_>) -> Result<(), AudioError> {
    match leash.failure() {
        _ if leash.cancelled() => Err(AudioError::Cancelled),
        Some(error) => Err(AudioError::from_io(path, error)),
        None => Ok(()),
    }
}

/// Start and length of the music within the coded stream.
fn edit_of(
    path: &Path,
    size_bytes: u64,
    leash: &Leash<'_>,
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
        let mut file = reopen(path, size_bytes, leash)?;
        return match mp3::start(&mut file, size_bytes) {
            mp3::Start::Noise if params.codec != CODEC_ID_MP1 => Err(no_sound(path, leash.cancel_flag())),
            mp3::Start::Counted => Ok(Edit {
                start_ns: 0,
                length: claimed,
            }),
            // The demuxer's length would be a guess from the first frames' bit rate.
            mp3::Start::Plain | mp3::Start::Noise => Ok(Edit::default()),
        };
    }
    match format.format_info().format {
        FORMAT_ID_ISOMP4 => {
            let mut file = reopen(path, size_bytes, leash)?;
            let edit = mp4::edit(&mut file, track.id);
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
        // A guess from the first frames, as with mp3.
        FORMAT_ID_ADTS => Ok(Edit::default()),
        _ => Ok(Edit {
            start_ns: 0,
            length: claimed,
        }),
    }
}

/// No sound was found: is there at least a tag with a picture, or nothing we know?
fn no_sound(path: &Path, cancel: &AtomicBool) -> AudioError {
    let mut head = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    // Other kinds of files are not searched for tags: they have none at their start, and the search is long.
    let tagged = read.is_ok() && (head.starts_with(b"ID3") || &head[4..] == b"ftyp" || head.starts_with(b"fLaC"));
    let path = path.to_owned();
    if head.starts_with(b"ID3") || tagged && tags::read(&path, cancel).cover.is_some() {
        AudioError::OnlyCover { path }
    } else {
        AudioError::NotAudio { path }
    }
}

fn unsupported(path: &Path, params: &AudioCodecParameters) -> AudioError {
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    let what = match params.codec {
        CODEC_ID_OPUS => format!("Opus with {channels} channels"),
        CODEC_ID_AAC => "AAC of a special kind (neither AAC-LC nor HE-AAC)".into(),
        _ => "a kind of sound".into(),
    };
    AudioError::Unsupported {
        path: path.into(),
        what,
    }
}
