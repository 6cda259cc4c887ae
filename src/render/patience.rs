//! A stranger's theme is drawn in slices, each a submission of its own, and only so long: what one pixel may do is bounded by
//! [`guard`](super::guard), what a circle may take is bounded here. Our own themes are drawn in one go and waited for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::RenderError;
use super::gpu::Gpu;
use super::readback::PATIENCE;
use crate::flow::ThemeShader;

/// Rows of the bake in a slice. With all fuel burnt in every pixel of 640 a slice takes about 1.5 s of two cores.
pub(super) const BAKE_SLICE_ROWS: u32 = 16;
/// Frames' worth of blocks in a slice: with all fuel burnt in every pixel of 640x640 about 2 s of two cores.
pub(super) const SLICE_FRAMES: u32 = 2;
/// Slices on the device while the next one is prepared; more would only be longer to wait for when the theme is given up.
const SLICES_AHEAD: usize = 2;
/// Baking a good theme takes 0.1 s on two cores, of which most is the driver's compiler.
/// A hundred times that: a busy machine must not refuse an honest theme.
const BAKE_BUDGET: Duration = Duration::from_secs(10);
/// The driver compiles each part at its first frame: a theme of the greatest length takes it about a second a part, and on a
/// machine that does other things as well several.
const FIRST_FRAME_BUDGET: Duration = Duration::from_secs(15);
/// A good theme takes some milliseconds of two cores. At this pace a whole circle takes six minutes, which is what anyone
/// would wait.
const FRAME_BUDGET: Duration = Duration::from_millis(200);

pub(super) struct Patience<'g> {
    gpu: &'g Gpu,
    /// `None` for a theme of ours.
    stranger: Option<String>,
    waited: Duration,
    allowed: Duration,
    frames: u32,
    under_way: VecDeque<wgpu::SubmissionIndex>,
}

impl<'g> Patience<'g> {
    pub fn with(gpu: &'g Gpu, theme: &ThemeShader) -> Self {
        Self {
            gpu,
            stranger: (!theme.trusted).then(|| theme.name.clone()),
            waited: Duration::ZERO,
            allowed: BAKE_BUDGET,
            frames: 0,
            under_way: VecDeque::new(),
        }
    }

    /// How many slices so much work makes, `whole` at most to a slice.
    pub fn slices(&self, work: u32, whole: u32) -> u32 {
        if self.stranger.is_some() {
            work.div_ceil(whole).max(1)
        } else {
            1
        }
    }

    /// The bake is over, the frames begin.
    pub fn baked(&mut self) {
        self.waited = Duration::ZERO;
        self.allowed = FIRST_FRAME_BUDGET;
    }

    /// So many frames more may take their time.
    pub fn expect(&mut self, frames: u32) {
        self.frames = self.frames.saturating_add(frames);
        self.allowed = self.allowed.saturating_add(FRAME_BUDGET * frames);
    }

    /// Hands a slice to the device, once it has done most of those before. Some drivers draw within the hand-over itself.
    pub fn submit(&mut self, encoder: wgpu::CommandEncoder) -> Result<(), RenderError> {
        let gpu = self.gpu;
        let submitted = self.wait(|| Ok(gpu.queue.submit([encoder.finish()])))?;
        self.under_way.push_back(submitted);
        while self.under_way.len() > SLICES_AHEAD {
            let wait = wgpu::PollType::Wait {
                submission_index: self.under_way.pop_front(),
                timeout: Some(PATIENCE),
            };
            self.wait(|| {
                gpu.device.poll(wait).map_err(|error| gpu.lost(error.to_string()))?;
                gpu.check()
            })?;
        }
        Ok(())
    }

    /// Runs what waits for the device, and says when it was too long.
    pub fn wait<T>(&mut self, wait: impl FnOnce() -> Result<T, RenderError>) -> Result<T, RenderError> {
        let began = Instant::now();
        let done = wait()?;
        self.waited += began.elapsed();
        match &self.stranger {
            Some(theme) if self.waited > self.allowed => Err(RenderError::TooSlow {
                theme: theme.clone(),
                took: if self.frames == 0 {
                    format!(
                        "more than {} s to prepare; make `theme_still` shorter",
                        BAKE_BUDGET.as_secs()
                    )
                } else {
                    let secs = self.waited.as_secs_f64() / f64::from(self.frames);
                    format!("{secs:.1} s for one frame, and a circle has up to 1800; make `theme_color` shorter")
                },
            }),
            _ => Ok(done),
        }
    }
}
