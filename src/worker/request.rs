//! A job in, the pipeline's request out: every number and name checked, for a job may have been written by another version.

use std::time::Duration;

use super::failure::{Failure, Reason};
use super::protocol::Wanted;
use crate::encode::EncoderChoice;
use crate::model::limits::{MAX_CIRCLE_BYTES, MAX_FRAGMENT, MIN_CIRCLE_BYTES, MIN_FRAGMENT};
use crate::model::{Fps, Size, VideoFormat};
use crate::pipeline::{CoverChoice, FragmentChoice, LyricsChoice, Request};
use crate::scene::theme;

pub fn request(wanted: &Wanted, encoder: EncoderChoice, cores: usize) -> Result<Request, Failure> {
    let Wanted { spec, files } = wanted;
    let format = |sentence: String| Failure::request(Reason::Format, sentence);
    let look = |error: crate::scene::SceneError| Failure::request(Reason::Look, error.to_string());
    // Built-in ones alone: a name with a slash could be any folder.
    let theme = theme::find(&spec.theme).map_err(look)?.clone();
    let settings: Vec<String> = spec
        .settings
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let params = theme
        .parse_settings(settings.iter().map(String::as_str))
        .map_err(look)?;
    let size = Size::new(spec.size_px).ok_or_else(|| {
        let (min, max) = (Size::MIN, Size::MAX);
        format(format!(
            "a circle's side is an even number from {min} to {max}; choose another one"
        ))
    })?;
    let fps = Fps::new(spec.fps);
    let fps =
        fps.ok_or_else(|| format("a circle has 25, 30 or 60 frames per second; choose one of them".to_owned()))?;
    let length = Duration::from_millis(spec.length_ms);
    if !(MIN_FRAGMENT..=MAX_FRAGMENT).contains(&length) {
        let (min, max) = (MIN_FRAGMENT.as_secs(), MAX_FRAGMENT.as_secs());
        return Err(format(format!(
            "a circle is {min} to {max} s long; choose another length"
        )));
    }
    if !(MIN_CIRCLE_BYTES..=MAX_CIRCLE_BYTES).contains(&spec.max_bytes) {
        let (min, max) = (MIN_CIRCLE_BYTES, MAX_CIRCLE_BYTES);
        return Err(format(format!(
            "a circle has {min} to {max} bytes; choose another size"
        )));
    }
    Ok(Request {
        song: files.song.clone(),
        cover: files.cover.clone().map_or(CoverChoice::FromTags, CoverChoice::File),
        lyrics: files.lyrics.clone().map_or(LyricsChoice::Nearby, LyricsChoice::File),
        fragment: FragmentChoice::From {
            start: Duration::from_millis(spec.start_ms),
            length: Some(length),
        },
        theme,
        params,
        speed: spec.speed.parse().map_err(format)?,
        format: VideoFormat { size, fps },
        corners: spec.corners,
        title: spec.title.clone(),
        artist: spec.artist.clone(),
        encoder,
        cores: Some(cores),
        max_bytes: spec.max_bytes,
        seed: spec.seed,
    })
}
