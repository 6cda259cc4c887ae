//! A song in, an mp3 of it or of a part of it out, a piece at a time.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::failure::{Failure, Reason};
use super::limits::MP3_LONGEST;
use crate::audio;
use crate::deliver::DeliverError;
use crate::encode::mp3::Mp3;
use crate::model::Fragment;
use crate::model::limits::MIN_FRAGMENT;
use crate::pipeline::PipelineError;

/// Decoded at once: 23 MB of samples.
const PIECE: Duration = Duration::from_secs(60);

/// From `start`, as long as `length` says or to the end; how many bytes it has. `heard` is told how far it has got.
pub fn write(
    song: &Path,
    start: Duration,
    length: Option<Duration>,
    output: &Path,
    cancel: &AtomicBool,
    heard: &dyn Fn(Duration),
) -> Result<u64, Failure> {
    let audio = |error| Failure::from(PipelineError::Audio(error));
    let encode = |error| Failure::from(PipelineError::Encode(error));
    let end = match length {
        Some(length) => start + length,
        None => audio::probe(song, cancel).map_err(audio)?.duration,
    };
    if end.saturating_sub(start) > MP3_LONGEST {
        let minutes = MP3_LONGEST.as_secs() / 60;
        let sentence = format!("this is longer than the {minutes} minutes we make an mp3 of; choose a part of it");
        return Err(Failure::request(Reason::Format, sentence));
    }
    let unwritable = |source| Failure::from(&DeliverError::from_io(output, source));
    let file = File::create(output).map_err(unwritable)?;
    let mut mp3 = Mp3::new(BufWriter::new(file)).map_err(encode)?;
    let mut at = start;
    while at < end {
        let rest = end - at;
        // No last piece so short that it would not count as sound.
        let length = if rest > PIECE && rest < PIECE + 2 * MIN_FRAGMENT {
            PIECE / 2
        } else {
            rest.min(PIECE)
        };
        let fragment = Fragment { start: at, length };
        let pcm = match audio::decode(song, fragment, cancel) {
            Ok(pcm) => pcm,
            // A song may be a little shorter than it says.
            Err(audio::AudioError::StartBeyondEnd { .. } | audio::AudioError::TooLittleLeft { .. }) if at > start => {
                break;
            }
            Err(error) => return Err(audio(error)),
        };
        mp3.hear(&pcm).map_err(encode)?;
        at += length;
        heard(at - start);
    }
    mp3.finish().map_err(encode)?;
    Ok(std::fs::metadata(output).map_err(unwritable)?.len())
}
