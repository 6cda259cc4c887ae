//! Joins the media steps for one request: threads, channels, progress, cancel.
//!
//! ```text
//!            ┌ gpu: open, compile ┐
//! decode ────┤ sound: master, AAC ├──────────────────────────── mux -> mp4
//!            └ analyse -> scene ──┴ render ══ lanes: encode ══╝
//! ```
//!
//! The render thread draws whichever lane is hungriest; a lane is one encoder of a contiguous part of the circle. Every
//! channel is bounded by what a lane may have on its way, and buffers come back to be filled again, so memory does not
//! grow with the length of the fragment.

mod lanes;
mod request;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::analysis;
use crate::audio;
use crate::cover::{self, Cover, CoverError};
use crate::encode::{self, EncodeError, Encoder, VideoSettings};
use crate::flow::{Circle, Features, Pcm, Scene};
use crate::model::{Fault, Fragment, FrameIndex, Tags, VideoFormat, clean_tag, limits};
use crate::render::{AdapterChoice, Gpu, RenderError, Renderer};
use crate::scene::{self, SceneError, SceneRequest};

pub use request::{CoverChoice, FragmentChoice, Request, survey};

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Audio(#[from] audio::AudioError),
    #[error(transparent)]
    Cover(#[from] CoverError),
    #[error(transparent)]
    Scene(#[from] SceneError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the frames could not be written: {0}")]
    Raw(#[source] std::io::Error),
    #[error("the moment {at} lies outside the fragment, which is {length} long; choose an earlier one")]
    MomentOutside { at: String, length: String },
    #[error("stopped")]
    Cancelled,
    #[error("a part of the program failed ({part}); please report this")]
    Thread { part: &'static str },
}

impl PipelineError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Audio(error) => error.fault(),
            Self::Cover(error) => error.fault(),
            Self::Scene(error) => error.fault(),
            Self::Render(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::MomentOutside { .. } => Fault::Request,
            Self::Cancelled => Fault::Cancelled,
            Self::Raw(_) | Self::Thread { .. } => Fault::Machine,
        }
    }
}

/// A device opened at its first use and kept: one in a service, one in a command.
pub struct SharedGpu {
    choice: AdapterChoice,
    gpu: OnceLock<Gpu>,
}

impl SharedGpu {
    pub fn new(choice: AdapterChoice) -> Self {
        Self {
            choice,
            gpu: OnceLock::new(),
        }
    }

    /// One that is open already.
    pub fn of(gpu: Gpu) -> Self {
        Self {
            choice: AdapterChoice::Auto,
            gpu: OnceLock::from(gpu),
        }
    }

    pub fn get(&self) -> Result<&Gpu, RenderError> {
        if let Some(gpu) = self.gpu.get() {
            return Ok(gpu);
        }
        // Two threads that come here at once open two devices; one is kept.
        let opened = Gpu::open(self.choice)?;
        Ok(self.gpu.get_or_init(|| opened))
    }
}

/// What a running render tells whoever waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What draws, `llvmpipe (CPU)`, and what encodes.
    Started {
        adapter: String,
        encoder: Option<Encoder>,
        frames: u32,
    },
    /// So many frames have left the last step.
    Frames { done: u32 },
}

/// Wall time by stage. Stages overlap: `render`, `encode_video` and `encode_audio` run side by side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    pub decode: Duration,
    pub analyse: Duration,
    pub gpu_init: Duration,
    /// From the first submission to the last frame drawn, the waits for a hungry encoder included.
    pub render: Duration,
    /// From the first frame a lane takes to the last packet.
    pub encode_video: Duration,
    pub encode_audio: Duration,
    pub mux: Duration,
    pub total: Duration,
}

/// What was made, beside the bytes.
#[derive(Clone, Debug)]
pub struct Report {
    pub fragment: Fragment,
    pub frames: u32,
    pub format: VideoFormat,
    pub theme: String,
    pub adapter: String,
    /// `None` for raw frames.
    pub encoder: Option<Encoder>,
    /// Names the request by its content: the same key, the same circle.
    pub key: String,
    pub stages: Stages,
}

/// Where the frames go.
pub enum Output<'a> {
    /// An mp4 in memory.
    Mp4,
    /// NV12 frames in order, without sound.
    Raw(&'a mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send)),
}

/// What is known before the first frame is drawn.
struct Prepared {
    fragment: Fragment,
    pcm: Pcm,
    /// 20 ms fades at the start and at the end, where the fragment cuts into the song.
    fades: (bool, bool),
    scene: Scene,
    tags: Tags,
    key: String,
}

/// Makes a circle. `None` instead of one when the frames went to [`Output::Raw`].
pub fn render(
    request: &Request,
    gpu: &SharedGpu,
    output: Output<'_>,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<(Option<Circle>, Report), PipelineError> {
    let began = Instant::now();
    let mut stages = Stages::default();
    thread::scope(|scope| {
        let device = spawn(scope, "gpu", || open(gpu, request));
        let mut prepared = prepare(request, &mut stages, cancel)?;
        let mp4 = matches!(output, Output::Mp4);
        // From here on the sound belongs to its own thread: 23 MB that nobody holds twice.
        let (pcm, fades) = (std::mem::take(&mut prepared.pcm), prepared.fades);
        let samples = pcm.samples.len();
        let sound = mp4.then(|| spawn(scope, "sound", move || encode_sound(pcm, fades, cancel)));
        let (device, gpu_init) = join(device, "gpu")??;
        stages.gpu_init = gpu_init;

        let format = prepared.scene.format;
        let frames = prepared.scene.moments.len() as u32;
        let encoder = if mp4 {
            Some(encode::choose(request.encoder, format)?)
        } else {
            None
        };
        let cores = request
            .cores
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, |cores| cores.get()));
        progress(Progress::Started {
            adapter: device.facts().to_string(),
            encoder,
            frames,
        });

        let drawn = match (output, encoder) {
            (Output::Raw(write), _) => {
                lanes::draw_raw(device, &prepared.scene, write, progress, cancel, &mut stages)?;
                None
            }
            (Output::Mp4, None) => None,
            (Output::Mp4, Some(encoder)) => {
                let settings = VideoSettings::plan(format, encoder, frames, samples, request.max_bytes, cores)?;
                let segments =
                    lanes::draw_and_encode(device, &prepared.scene, &settings, progress, cancel, &mut stages)?;
                Some((settings, segments))
            }
        };
        let sound = match sound {
            None => None,
            Some(sound) => Some(join(sound, "sound")??),
        };
        let circle = match (drawn, sound) {
            (Some((settings, segments)), Some((sound, took))) => {
                stages.encode_audio = took;
                let (mp4, took) = timed(|| encode::mux(&segments, &sound, &settings, &prepared.tags));
                stages.mux = took;
                Some(Circle { mp4: mp4?, frames })
            }
            _ => None,
        };
        stages.total = began.elapsed();
        let report = Report {
            fragment: prepared.fragment,
            frames,
            format,
            theme: request.theme.name.clone(),
            adapter: device.facts().to_string(),
            encoder,
            key: prepared.key.clone(),
            stages,
        };
        Ok((circle, report))
    })
}

/// Draws the frame shown `at` from the start of the fragment, as NV12.
pub fn frame(
    request: &Request,
    gpu: &SharedGpu,
    at: Duration,
    cancel: &AtomicBool,
) -> Result<(Vec<u8>, Report), PipelineError> {
    let began = Instant::now();
    let mut stages = Stages::default();
    thread::scope(|scope| {
        let device = spawn(scope, "gpu", || open(gpu, request));
        let prepared = prepare(request, &mut stages, cancel)?;
        let (device, gpu_init) = join(device, "gpu")??;
        stages.gpu_init = gpu_init;
        let frames = prepared.scene.moments.len() as u32;
        let index = (at.as_nanos() * u128::from(request.format.fps.get()) / 1_000_000_000) as u32;
        if index >= frames {
            return Err(PipelineError::MomentOutside {
                at: crate::model::time::show_time(at),
                length: crate::model::time::show_time(prepared.fragment.length),
            });
        }
        let (drawn, took) = timed(|| {
            let settings = crate::render::RenderSettings {
                batch_frames: 1,
                slots: 1,
            };
            Renderer::new(device, &prepared.scene, settings)?.frame(FrameIndex(index))
        });
        stages.render = took;
        stages.total = began.elapsed();
        let report = Report {
            fragment: prepared.fragment,
            frames: 1,
            format: request.format,
            theme: request.theme.name.clone(),
            adapter: device.facts().to_string(),
            encoder: None,
            key: prepared.key.clone(),
            stages,
        };
        Ok((drawn?, report))
    })
}

fn open<'g>(gpu: &'g SharedGpu, request: &Request) -> Result<(&'g Gpu, Duration), RenderError> {
    let (opened, took) = timed(|| {
        let gpu = gpu.get()?;
        gpu.prepare(&request.theme.shader, request.theme.manifest.parts)?;
        Ok(gpu)
    });
    opened.map(|gpu| (gpu, took))
}

/// Decodes, analyses and composes: everything up to the first frame.
fn prepare(request: &Request, stages: &mut Stages, cancel: &AtomicBool) -> Result<Prepared, PipelineError> {
    let (loaded, took) = timed(|| -> Result<_, PipelineError> {
        let facts = audio::probe(&request.song, cancel)?;
        let cover = load_cover(&request.cover, facts.cover.as_deref())?;
        let fragment = request.fragment.resolve(&request.song, &facts, cancel)?;
        let pcm = audio::decode(&request.song, fragment, cancel)?;
        Ok((facts, cover, fragment, pcm))
    });
    stages.decode = took;
    let (facts, cover, fragment, pcm) = loaded?;
    // The file may hold less than it claims.
    let length = crate::model::time::length_of(pcm.samples.len()).min(fragment.length);
    let fragment = Fragment { length, ..fragment };
    stop_if(cancel)?;

    let tags = Tags {
        title: request.title.as_deref().map_or(facts.tags.title, clean_tag),
        artist: request.artist.as_deref().map_or(facts.tags.artist, clean_tag),
        album: facts.tags.album,
    };
    let frames = request.format.fps.frames_in(length);
    let (features, took) = timed(|| analysis::analyse(&pcm, request.format.fps, frames));
    stages.analyse = took;
    let scene = compose(request, cover, &tags, &features);
    let key = request::content_key(request, &pcm, &scene, &tags);
    let fades = (
        !fragment.start.is_zero(),
        fragment.end() + Duration::from_millis(1) < facts.duration,
    );
    Ok(Prepared {
        fragment,
        pcm,
        fades,
        scene,
        tags,
        key,
    })
}

fn compose(request: &Request, cover: Cover, tags: &Tags, features: &Features) -> Scene {
    let wanted = SceneRequest {
        format: request.format,
        theme: &request.theme,
        params: &request.params,
        rpm: request.rpm,
        cover: Arc::new(cover),
        tags,
        seed: request.seed,
    };
    scene::compose(&wanted, features)
}

/// The picture that was named, else the one in the tags, else the built-in one. A picture that was named must be good; one
/// that happens to be in the tags may be broken.
fn load_cover(choice: &CoverChoice, in_tags: Option<&[u8]>) -> Result<Cover, CoverError> {
    match choice {
        CoverChoice::File(path) => cover::load_file(path),
        CoverChoice::FromTags => match in_tags.map(cover::load) {
            Some(Ok(cover)) => Ok(cover),
            Some(Err(error)) => {
                tracing::warn!(%error, "the picture in the song's tags was not used");
                cover::default_cover()
            }
            None => cover::default_cover(),
        },
    }
}

fn encode_sound(
    mut pcm: Pcm,
    (fade_in, fade_out): (bool, bool),
    cancel: &AtomicBool,
) -> Result<(encode::EncodedAudio, Duration), PipelineError> {
    let (encoded, took) = timed(|| {
        audio::master(&mut pcm, fade_in, fade_out);
        encode::encode_audio(&pcm, cancel)
    });
    Ok((encoded?, took))
}

fn stop_if(cancel: &AtomicBool) -> Result<(), PipelineError> {
    if cancel.load(Ordering::Relaxed) {
        Err(PipelineError::Cancelled)
    } else {
        Ok(())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let made = work();
    (made, began.elapsed())
}

type Handle<'scope, T> = Result<thread::ScopedJoinHandle<'scope, T>, PipelineError>;

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    part: &'static str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Handle<'scope, T> {
    let named = thread::Builder::new().name(part.to_owned());
    named
        .spawn_scoped(scope, work)
        .map_err(|_| PipelineError::Thread { part })
}

fn join<T>(handle: Handle<'_, T>, part: &'static str) -> Result<T, PipelineError> {
    handle?.join().map_err(|_| PipelineError::Thread { part })
}

/// The longest fragment a song of this length gives from `start`.
pub(crate) fn longest_from(start: Duration, song: Duration) -> Duration {
    song.saturating_sub(start).min(limits::MAX_FRAGMENT)
}
