//! One piece of work in, its answer out: the media steps called on files that strangers sent.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::confine;
use super::failure::{Blame, Failure, Reason};
use super::limits::{CALM_BRIGHTNESS, CALM_SIDE_PX};
use super::mp3;
use super::protocol::{Answer, Drawn, Rendered, Song, Stage, Step, Wanted, Work};
use super::request::request;
use super::survey::survey;
use crate::audio;
use crate::cover::{self, Cover};
use crate::deliver::{file, picture};
use crate::encode::EncoderChoice;
use crate::flow::{Features, FrameFeatures};
use crate::lyrics;
use crate::model::{Fps, Size, VideoFormat};
use crate::pipeline::{self, PipelineError, Progress, SharedGpu};
use crate::render::RenderError;
#[cfg(debug_assertions)]
use crate::torture;

/// What a child keeps between two pieces of work.
pub struct Bench {
    pub gpu: SharedGpu,
    pub encoder: EncoderChoice,
    pub cores: usize,
}

pub enum Ended {
    Failed(Failure),
    /// This process will never draw again.
    DeviceLost,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PipelineError> for Ended {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Render(RenderError::Lost { reason, .. }) => {
                tracing::error!(%reason, "the device is lost");
                Self::DeviceLost
            }
            error => Self::Failed(error.into()),
        }
    }
}

impl Bench {
    pub fn work(&self, work: &Work, cancel: &AtomicBool, tell: &(dyn Fn(Step) + Sync)) -> Result<Answer, Ended> {
        match work {
            #[cfg(debug_assertions)]
            Work::Render { wanted, output, .. } if torture::is_on() => super::pretend::render(wanted, output),
            #[cfg(debug_assertions)]
            Work::Key { wanted } if torture::is_on() => super::pretend::key(wanted).map(|key| Answer::Key { key }),
            Work::Render { wanted, output, still } => self.render(wanted, output, still.as_deref(), cancel, tell),
            Work::Frame { wanted, at_ms, output } => self.frame(wanted, Duration::from_millis(*at_ms), output, cancel),
            Work::Screen { wanted, output } => {
                let request = request(wanted, self.encoder, self.cores)?;
                let packed = pipeline::screen(&request, cancel)?;
                let bytes = file::write_whole(output, &packed).map_err(|error| Failure::from(&error))?;
                Ok(Answer::Screen { bytes })
            }
            Work::Features { wanted, output } => {
                let request = request(wanted, self.encoder, self.cores)?;
                let features = pipeline::features(&request, cancel)?;
                let bytes = file::write_whole(output, &told(&features)?).map_err(|error| Failure::from(&error))?;
                Ok(Answer::Features { bytes })
            }
            Work::Key { wanted } => {
                let request = request(wanted, self.encoder, self.cores)?;
                let key = pipeline::content_key(&request, cancel)?;
                Ok(Answer::Key { key })
            }
            Work::Probe { song, cover } => Ok(Answer::Song(probe(song, cover.as_deref(), cancel)?)),
            Work::Survey { song, length_ms } => {
                let heard = |time: Duration| {
                    tell(Step {
                        stage: Stage::Listening,
                        done: time.as_secs() as u32,
                        of: 0,
                    });
                };
                let surveyed = survey(song, Duration::from_millis(*length_ms), cancel, &heard);
                Ok(Answer::Survey(surveyed?))
            }
            Work::Cover { picture, output, jpeg } => {
                let cover = cover::load_file(picture).map_err(PipelineError::from)?;
                let bytes = match jpeg {
                    true => write_jpeg(&cover, output)?,
                    false => write_cover(&cover, output)?,
                };
                Ok(Answer::Cover { bytes })
            }
            Work::Mp3 {
                song,
                start_ms,
                length_ms,
                output,
            } => {
                let (start, length) = (Duration::from_millis(*start_ms), length_ms.map(Duration::from_millis));
                let heard = |time: Duration| {
                    tell(Step {
                        stage: Stage::Listening,
                        done: time.as_secs() as u32,
                        of: 0,
                    });
                };
                let bytes = mp3::write(song, start, length, output, cancel, &heard)?;
                Ok(Answer::Mp3 { bytes })
            }
            Work::Lyrics { file } => {
                let lyrics = lyrics::load_file(file).map_err(PipelineError::from)?;
                Ok(Answer::Lyrics {
                    lines: lyrics.lines.len() as u32,
                })
            }
            Work::Check => Ok(Answer::Check {
                brightness: self.check()?,
            }),
            Work::Confinement => Ok(Answer::Confinement(confine::try_everything())),
        }
    }

    fn render(
        &self,
        wanted: &Wanted,
        output: &Path,
        still: Option<&Path>,
        cancel: &AtomicBool,
        tell: &(dyn Fn(Step) + Sync),
    ) -> Result<Answer, Ended> {
        let request = request(wanted, self.encoder, self.cores)?;
        tell(Step {
            stage: Stage::Reading,
            ..Step::default()
        });
        let frames = std::sync::atomic::AtomicU32::new(0);
        let progress = |progress: Progress| {
            use std::sync::atomic::Ordering::Relaxed;
            let done = match progress {
                Progress::Started { frames: of, .. } => {
                    frames.store(of, Relaxed);
                    0
                }
                Progress::Frames { done } => done,
            };
            tell(Step {
                stage: Stage::Drawing,
                done,
                of: frames.load(Relaxed),
            });
        };
        let (circle, report) = pipeline::render(&request, &self.gpu, &progress, cancel)?;
        let bytes = file::write_whole(output, &circle.mp4).map_err(|error| Failure::from(&error))?;
        let still_bytes = still.and_then(|path| write_still(&circle.still, request.format.size, path));
        Ok(Answer::Circle(Rendered {
            key: report.key,
            bytes,
            still_bytes,
            frames: report.frames,
            length_ms: report.fragment.length.as_millis() as u64,
            adapter: report.adapter,
            encoder: report.encoder.map_or_else(String::new, |encoder| encoder.to_string()),
            stages: report.stages.into(),
        }))
    }

    fn frame(&self, wanted: &Wanted, at: Duration, output: &Path, cancel: &AtomicBool) -> Result<Answer, Ended> {
        let request = request(wanted, self.encoder, self.cores)?;
        let (nv12, report) = pipeline::frame(&request, &self.gpu, at, cancel)?;
        let png = picture::png(&picture::rgb_from_nv12(&nv12, request.format.size)).map_err(|_| Failure::mistake())?;
        let bytes = file::write_whole(output, &png).map_err(|error| Failure::from(&error))?;
        Ok(Answer::Frame(Drawn {
            key: report.key,
            bytes,
            stages: report.stages.into(),
        }))
    }

    /// Draws the calm frame: its mean luma, if it is what a working driver makes of it.
    pub fn check(&self) -> Result<f32, Ended> {
        let format = Size::new(CALM_SIDE_PX).map(|size| VideoFormat {
            size,
            fps: Fps::default(),
        });
        let format = format.ok_or_else(Failure::mistake)?;
        let gpu = self.gpu.get().map_err(PipelineError::from)?;
        let nv12 = pipeline::calm_frame(&gpu, format)?;
        let pixels = format.size.px() as usize * format.size.px() as usize;
        let luma = nv12.get(..pixels).ok_or_else(Failure::mistake)?;
        let mean = luma.iter().map(|&y| f32::from(y)).sum::<f32>() / pixels as f32;
        // The corner lies outside the circle: black, 16 in limited range.
        let black_outside = luma.first().is_some_and(|&corner| corner <= 18);
        if black_outside && CALM_BRIGHTNESS.contains(&mean) {
            return Ok(mean);
        }
        let sentence = format!("{} draws a wrong picture (mean luma {mean:.1})", gpu.facts());
        Err(Ended::Failed(Failure {
            blame: Blame::TryAgain,
            reason: Reason::Device,
            sentence,
        }))
    }
}

/// A circle without a still is a circle: what goes wrong is only logged.
fn write_still(nv12: &[u8], size: Size, output: &Path) -> Option<u64> {
    if nv12.is_empty() {
        return None;
    }
    let jpeg = picture::thumbnail(&picture::rgb_from_nv12(nv12, size)).map_err(|error| error.to_string());
    let written = jpeg.and_then(|jpeg| file::write_whole(output, &jpeg).map_err(|error| error.to_string()));
    match written {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            tracing::warn!(%error, "a circle has no still");
            None
        }
    }
}

fn probe(song: &Path, cover: Option<&Path>, cancel: &AtomicBool) -> Result<Song, Ended> {
    let facts = audio::probe(song, cancel).map_err(PipelineError::from)?;
    // One that is in the tags may be broken: then the song has none.
    let picture = cover.zip(facts.cover.as_deref());
    let picture = picture.and_then(|(path, bytes)| Some((path, cover::load(bytes).ok()?)));
    let cover_bytes = picture.map(|(path, cover)| write_cover(&cover, path)).transpose()?;
    Ok(Song {
        length_ms: facts.duration.as_millis() as u64,
        title: facts.tags.title,
        artist: facts.tags.artist,
        album: facts.tags.album,
        codec: facts.codec,
        has_lyrics: facts.lyrics.as_deref().is_some_and(|text| lyrics::parse(text).is_ok()),
        cover_bytes,
    })
}

fn write_jpeg(cover: &Cover, output: &Path) -> Result<u64, Failure> {
    let jpeg = picture::cover_jpeg(cover).map_err(|_| Failure::mistake())?;
    file::write_whole(output, &jpeg).map_err(|error| Failure::from(&error))
}

/// As the API describes them: a list for each feature, a number for each frame.
fn told(features: &Features) -> Result<Vec<u8>, Failure> {
    // A thousandth is less than a level of the picture. Rounded as it is written: a shorter number would grow again.
    let short = |value: f32| (f64::from(value) * 1000.0).round() / 1000.0;
    let each = |of: fn(&FrameFeatures) -> f32| {
        features
            .frames
            .iter()
            .map(|frame| short(of(frame)))
            .collect::<Vec<f64>>()
    };
    let bands = features.frames.iter().map(|frame| frame.bands.map(short).to_vec());
    let bands: Vec<Vec<f64>> = bands.collect();
    let beats: Vec<f64> = features.beats_secs.iter().map(|secs| short(*secs)).collect();
    let told = serde_json::json!({
        "fps": features.fps.get(), "tempo_bpm": features.tempo_bpm, "beats_secs": beats,
        "rms": each(|frame| frame.rms), "loudness": each(|frame| frame.loudness), "bass": each(|frame| frame.bass),
        "mid": each(|frame| frame.mid), "treble": each(|frame| frame.treble), "onset": each(|frame| frame.onset),
        "beat_phase": each(|frame| frame.beat_phase), "bands": bands,
    });
    serde_json::to_vec(&told).map_err(|_| Failure::mistake())
}

fn write_cover(cover: &Cover, output: &Path) -> Result<u64, Failure> {
    let png = picture::cover_png(cover).map_err(|_| Failure::mistake())?;
    file::write_whole(output, &png).map_err(|error| Failure::from(&error))
}
