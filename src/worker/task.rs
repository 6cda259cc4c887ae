//! One piece of work in, its answer out: the media steps called on files that strangers sent.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::confine;
use super::failure::{Blame, Failure, Reason};
use super::limits::{CALM_BRIGHTNESS, CALM_SIDE_PX};
use super::protocol::{Answer, Drawn, Rendered, Song, Stage, Step, Wanted, Work};
use super::request::request;
use super::survey::survey;
use crate::audio;
use crate::cover::{self, Cover};
use crate::deliver::{file, picture};
use crate::encode::EncoderChoice;
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
            Work::Render { wanted, output } if torture::is_on() => super::pretend::render(wanted, output),
            #[cfg(debug_assertions)]
            Work::Survey { .. } if torture::is_on() => Ok(super::pretend::survey()),
            Work::Render { wanted, output } => self.render(wanted, output, cancel, tell),
            Work::Frame { wanted, at_ms, output } => self.frame(wanted, Duration::from_millis(*at_ms), output, cancel),
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
                Ok(Answer::Survey(surveyed.map_err(PipelineError::from)?))
            }
            Work::Cover { picture, output } => {
                let cover = cover::load_file(picture).map_err(PipelineError::from)?;
                let bytes = write_cover(&cover, output)?;
                Ok(Answer::Cover { bytes })
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
        Ok(Answer::Circle(Rendered {
            key: report.key,
            bytes,
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
        cover_bytes,
    })
}

fn write_cover(cover: &Cover, output: &Path) -> Result<u64, Failure> {
    let png = picture::cover_png(cover).map_err(|_| Failure::mistake())?;
    file::write_whole(output, &png).map_err(|error| Failure::from(&error))
}
