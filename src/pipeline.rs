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

mod calm;
mod lanes;
mod lyrics;
mod request;
mod stages;
mod still;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::analysis;
use crate::audio::{self, Edges};
use crate::cover::{self, Cover, CoverError};
use crate::encode::{self, EncodeError, EncodedAudio, Encoder, VideoSettings};
use crate::flow::{Circle, Features, Pcm, Scene};
use crate::lyrics::{Lyrics, LyricsError};
use crate::model::time::{landing_secs, length_of, show_time};
use crate::model::{Fault, Fragment, FrameIndex, Tags, VideoFormat, clean_tag, limits};
use crate::render::{self, AdapterChoice, Gpu, RenderError, Renderer};
use crate::scene::{self, SceneError, SceneRequest};

pub use calm::calm_frame;
pub use lyrics::{LyricsChoice, LyricsFound};
pub use request::{CoverChoice, FragmentChoice, Request, listen, look_version, survey};
pub use stages::StagesMs;
use still::Stills;

/// How often the sound is asked whether it is done, and told to stop.
const SOUND_POLL: Duration = Duration::from_millis(5);

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Audio(#[from] audio::AudioError),
    #[error(transparent)]
    Cover(#[from] CoverError),
    #[error(transparent)]
    Lyrics(#[from] LyricsError),
    #[error(transparent)]
    Scene(#[from] SceneError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the frames could not be written: {0}")]
    Raw(#[source] std::io::Error),
    #[error("the moment {at} lies outside the fragment, which is {length} long and starts at 0; choose an earlier one")]
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
            Self::Lyrics(error) => error.fault(),
            Self::Scene(error) => error.fault(),
            Self::Render(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::MomentOutside { .. } => Fault::Request,
            Self::Cancelled => Fault::Cancelled,
            Self::Raw(_) | Self::Thread { .. } => Fault::Machine,
        }
    }
}

/// A device opened at its first use and kept: one in a service, one in a command. A device that is lost is dropped, and the
/// next circle opens another.
pub struct SharedGpu {
    choice: AdapterChoice,
    gpu: Mutex<Option<Arc<Gpu>>>,
}

impl SharedGpu {
    pub fn new(choice: AdapterChoice) -> Self {
        Self {
            choice,
            gpu: Mutex::default(),
        }
    }

    /// One that is open already.
    pub fn of(gpu: Gpu) -> Self {
        Self {
            choice: AdapterChoice::Auto,
            gpu: Mutex::new(Some(Arc::new(gpu))),
        }
    }

    /// The open device. Who comes while it is being opened waits for it.
    pub fn get(&self) -> Result<Arc<Gpu>, RenderError> {
        let mut gpu = self.gpu.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gpu) = &*gpu {
            return Ok(Arc::clone(gpu));
        }
        Ok(Arc::clone(gpu.insert(Arc::new(Gpu::open(self.choice)?))))
    }

    /// Lets go of a device that an error says is lost.
    fn after(&self, error: PipelineError) -> PipelineError {
        if let PipelineError::Render(RenderError::Lost { .. }) = error {
            *self.gpu.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        error
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

/// Wall time by stage. Stages overlap: opening the device runs beside decoding, and `render`, `encode_video` and
/// `encode_audio` run side by side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    /// Reading the tags and the cover, finding the best fragment when asked, and decoding.
    pub decode: Duration,
    /// Features, palette and scene.
    pub analyse: Duration,
    /// Opening the device, compiling the theme, trying the encoders; nearly nothing in a warm process.
    pub gpu_init: Duration,
    /// From the bake to the last frame drawn, the waits for busy encoders included.
    pub render: Duration,
    /// From opening the lanes to their last packet.
    pub encode_video: Duration,
    /// Mastering and AAC.
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
    pub lyrics: LyricsFound,
    /// Names the request by its content: the same key, the same circle.
    pub key: String,
    pub stages: Stages,
}

/// What is known before the first frame is drawn.
struct Prepared {
    fragment: Fragment,
    pcm: Pcm,
    /// Fades where the fragment cuts into the song, and the needle.
    edges: Edges,
    scene: Scene,
    /// The strongest moments.
    peaks: Vec<FrameIndex>,
    tags: Tags,
    lyrics: LyricsFound,
    key: String,
}

/// Makes a circle.
pub fn render(
    request: &Request,
    gpu: &SharedGpu,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<(Circle, Report), PipelineError> {
    let made = Making::begin(request, gpu, Purpose::Circle, cancel).and_then(|making| making.circle(progress, cancel));
    made.map_err(|error| gpu.after(error))
}

/// Draws every frame of the circle as NV12 and hands it to `write`, in order, without sound.
pub fn render_raw(
    request: &Request,
    gpu: &SharedGpu,
    write: &mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send),
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<Report, PipelineError> {
    let made = Making::begin(request, gpu, Purpose::Circle, cancel).and_then(|mut making| {
        progress(making.started(None));
        let (device, scene) = (&making.device, &making.prepared.scene);
        lanes::draw_raw(device, scene, write, progress, cancel, &mut making.stages)?;
        Ok(making.report(None))
    });
    made.map_err(|error| gpu.after(error))
}

/// Draws the frame shown `at` from the start of the fragment, as NV12.
pub fn frame(
    request: &Request,
    gpu: &SharedGpu,
    at: Duration,
    cancel: &AtomicBool,
) -> Result<(Vec<u8>, Report), PipelineError> {
    let made = Making::begin(request, gpu, Purpose::Frame, cancel).and_then(|making| making.frame(at));
    made.map_err(|error| gpu.after(error))
}

/// Everything the frames follow from, packed for a browser that draws them itself. No device is opened.
pub fn screen(request: &Request, cancel: &AtomicBool) -> Result<Vec<u8>, PipelineError> {
    let prepared = prepare(request, &mut Stages::default(), cancel)?;
    Ok(render::pack_for_screen(&prepared.scene, request.theme.param_places()))
}

/// What the music of the fragment does in each frame.
pub fn features(request: &Request, cancel: &AtomicBool) -> Result<Features, PipelineError> {
    let identity = identify(request, cancel)?;
    let pcm = audio::decode(&request.song, identity.fragment, cancel)?;
    stop_if(cancel)?;
    let length = length_of(pcm.samples.len()).min(identity.fragment.length);
    let fps = request.format.fps;
    Ok(analysis::analyse(&pcm, fps, fps.frames_in(length)))
}

/// A request on its way, ready to draw: the device is open, the scene is composed.
struct Making<'a> {
    request: &'a Request,
    began: Instant,
    device: Arc<Gpu>,
    prepared: Prepared,
    stages: Stages,
}

impl<'a> Making<'a> {
    /// Opens the device while the song is decoded and analysed.
    fn begin(
        request: &'a Request,
        gpu: &SharedGpu,
        purpose: Purpose,
        cancel: &AtomicBool,
    ) -> Result<Self, PipelineError> {
        let began = Instant::now();
        let mut stages = Stages::default();
        let (device, prepared) = thread::scope(|scope| {
            let device = spawn(scope, "gpu", || timed(|| open(gpu, request, purpose, cancel)));
            let prepared = prepare(request, &mut stages, cancel)?;
            let (device, took) = join(device, "gpu")?;
            stages.gpu_init = took;
            Ok::<_, PipelineError>((device?, prepared))
        })?;
        Ok(Self {
            request,
            began,
            device,
            prepared,
            stages,
        })
    }

    fn circle(
        mut self,
        progress: &(dyn Fn(Progress) + Sync),
        cancel: &AtomicBool,
    ) -> Result<(Circle, Report), PipelineError> {
        let frames = self.frames();
        let encoder = encode::choose(self.request.encoder, self.request.format)?;
        let all_cores = || thread::available_parallelism().map_or(1, |cores| cores.get());
        let settings = VideoSettings::plan(
            self.request.format,
            encoder,
            frames,
            self.prepared.pcm.samples.len(),
            self.request.max_bytes,
            self.request.cores.unwrap_or_else(all_cores),
        )?;
        progress(self.started(Some(encoder)));
        // From here on the sound belongs to its own thread: 23 MB that nobody holds twice.
        let (pcm, edges) = (std::mem::take(&mut self.prepared.pcm), self.prepared.edges);
        let stop_sound = AtomicBool::new(false);
        let stills = Stills::of(std::mem::take(&mut self.prepared.peaks));
        let (segments, (sound, took)) = thread::scope(|scope| {
            let sound = spawn(scope, "sound", || timed(|| encode_sound(pcm, edges, &stop_sound)))?;
            let (device, scene) = (&self.device, &self.prepared.scene);
            let drawn = lanes::draw_and_encode(device, scene, &settings, &stills, progress, cancel, &mut self.stages);
            while !sound.is_finished() {
                stop_sound.fetch_or(drawn.is_err() || cancel.load(Ordering::Relaxed), Ordering::Relaxed);
                thread::sleep(SOUND_POLL);
            }
            let (sound, took) = join(Ok(sound), "sound")?;
            Ok::<_, PipelineError>((drawn?, (sound?, took)))
        })?;
        self.stages.encode_audio = took;
        let (mp4, took) = timed(|| encode::mux(&segments, &sound, &settings, &self.prepared.tags));
        self.stages.mux = took;
        let circle = Circle {
            mp4: mp4?,
            frames,
            still: stills.brightest(self.request.format.size),
        };
        Ok((circle, self.report(Some(encoder))))
    }

    fn frame(mut self, at: Duration) -> Result<(Vec<u8>, Report), PipelineError> {
        let index = (at.as_nanos() * u128::from(self.request.format.fps.get()) / 1_000_000_000) as u32;
        if index >= self.frames() {
            return Err(PipelineError::MomentOutside {
                at: show_time(at),
                length: show_time(self.prepared.fragment.length),
            });
        }
        let (drawn, took) = timed(|| Renderer::single(&self.device, &self.prepared.scene)?.frame(FrameIndex(index)));
        self.stages.render = took;
        let report = self.report(None);
        Ok((drawn?, Report { frames: 1, ..report }))
    }

    fn frames(&self) -> u32 {
        self.prepared.scene.moments.len() as u32
    }

    fn started(&self, encoder: Option<Encoder>) -> Progress {
        Progress::Started {
            adapter: self.device.facts().to_string(),
            encoder,
            frames: self.frames(),
        }
    }

    fn report(&self, encoder: Option<Encoder>) -> Report {
        Report {
            fragment: self.prepared.fragment,
            frames: self.frames(),
            format: self.request.format,
            theme: self.request.theme.name.clone(),
            adapter: self.device.facts().to_string(),
            encoder,
            lyrics: self.prepared.lyrics.clone(),
            key: self.prepared.key.clone(),
            stages: Stages {
                total: self.began.elapsed(),
                ..self.stages
            },
        }
    }
}

/// What is drawn of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Circle,
    Frame,
}

/// Opens what draws, compiles the theme, and tries the encoders: all of it beside decoding.
fn open(gpu: &SharedGpu, request: &Request, purpose: Purpose, cancel: &AtomicBool) -> Result<Arc<Gpu>, PipelineError> {
    let gpu = gpu.get()?;
    if purpose == Purpose::Frame {
        gpu.prepare_single(&request.theme.shader)?;
        return Ok(gpu);
    }
    gpu.prepare(&request.theme.shader, request.theme.manifest.parts, cancel)?;
    // The answer is kept; a failure is told by who needs an encoder, and raw frames need none.
    let _ = encode::choose(request.encoder, request.format);
    Ok(gpu)
}

/// The key the circle will have, without decoding or drawing anything.
pub fn content_key(request: &Request, cancel: &AtomicBool) -> Result<String, PipelineError> {
    Ok(identify(request, cancel)?.key)
}

/// What is known of a request before anything is decoded.
struct Identity {
    song_length: Duration,
    cover: Cover,
    fragment: Fragment,
    tags: Tags,
    lyrics: Lyrics,
    found: LyricsFound,
    key: String,
}

fn identify(request: &Request, cancel: &AtomicBool) -> Result<Identity, PipelineError> {
    let facts = audio::probe(&request.song, cancel)?;
    let cover = load_cover(&request.cover, facts.cover.as_deref())?;
    let fragment = request.fragment.resolve(&request.song, &facts, cancel)?;
    let tags = Tags {
        title: request.title.as_deref().map_or(facts.tags.title.clone(), clean_tag),
        artist: request.artist.as_deref().map_or(facts.tags.artist.clone(), clean_tag),
        album: facts.tags.album.clone(),
    };
    let (lyrics, found) = match request.theme.manifest.lyrics {
        Some(_) => lyrics::load(&request.lyrics, &request.song, facts.lyrics.as_deref())?,
        None => (Lyrics::default(), LyricsFound::NotShown),
    };
    let key = request::content_key(request, fragment, &cover, &tags, &lyrics)?;
    Ok(Identity {
        song_length: facts.duration,
        cover,
        fragment,
        tags,
        lyrics,
        found,
        key,
    })
}

/// Decodes, analyses and composes: everything up to the first frame.
fn prepare(request: &Request, stages: &mut Stages, cancel: &AtomicBool) -> Result<Prepared, PipelineError> {
    let (loaded, took) = timed(|| -> Result<_, PipelineError> {
        let identity = identify(request, cancel)?;
        let pcm = audio::decode(&request.song, identity.fragment, cancel)?;
        Ok((identity, pcm))
    });
    stages.decode = took;
    let (identity, pcm) = loaded?;
    let Identity {
        song_length,
        cover,
        fragment,
        tags,
        lyrics,
        found,
        key,
    } = identity;
    // The file may hold less than it claims.
    let length = length_of(pcm.samples.len()).min(fragment.length);
    let fragment = Fragment { length, ..fragment };
    let lyrics = lyrics.within(fragment);
    let found = match found {
        LyricsFound::Shown if !lyrics.has_text() => LyricsFound::NotInFragment,
        found => found,
    };
    stop_if(cancel)?;

    let frames = request.format.fps.frames_in(length);
    let ((scene, peaks), took) = timed(|| {
        let features = analysis::analyse(&pcm, request.format.fps, frames);
        let peaks = analysis::peaks(&features);
        (compose(request, cover, &tags, &lyrics, &features), peaks)
    });
    stages.analyse = took;
    let is_on = |name| request.theme.is_on(&request.params, name);
    // Heard only where an arm is seen going down; in a loop there is none.
    let needle = is_on("needle") && is_on("tonearm") && !is_on("loop");
    let edges = Edges {
        fade_in: !fragment.start.is_zero(),
        fade_out: fragment.end() + Duration::from_millis(1) < song_length,
        needle_secs: needle.then(|| landing_secs(length.as_secs_f64())),
    };
    Ok(Prepared {
        fragment,
        pcm,
        edges,
        scene,
        peaks,
        tags,
        lyrics: found,
        key,
    })
}

fn compose(request: &Request, cover: Cover, tags: &Tags, lyrics: &Lyrics, features: &Features) -> Scene {
    let wanted = SceneRequest {
        format: request.format,
        corners: request.corners,
        theme: &request.theme,
        params: &request.params,
        speed: request.speed,
        cover: Arc::new(cover),
        tags,
        lyrics: &lyrics.lines,
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

fn encode_sound(mut pcm: Pcm, edges: Edges, stop: &AtomicBool) -> Result<EncodedAudio, PipelineError> {
    audio::master(&mut pcm, edges);
    Ok(encode::encode_audio(&pcm, stop)?)
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
