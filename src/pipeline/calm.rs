//! A frame that any machine must be able to draw: what `doctor` asks every adapter for, and a worker its device.

use std::sync::Arc;

use super::PipelineError;
use crate::cover;
use crate::flow::{ENVELOPE_POINTS, Features, FrameFeatures, Scene};
use crate::model::{Corners, FrameIndex, Tags, VideoFormat};
use crate::render::{Gpu, Renderer};
use crate::scene::motion::Speed;
use crate::scene::params::ParamValues;
use crate::scene::theme;
use crate::scene::{self, SceneRequest};

/// One frame of the default theme without music, as NV12.
pub fn calm_frame(gpu: &Gpu, format: VideoFormat) -> Result<Vec<u8>, PipelineError> {
    Ok(Renderer::single(gpu, &calm_scene(format)?)?.frame(FrameIndex(0))?)
}

fn calm_scene(format: VideoFormat) -> Result<Scene, PipelineError> {
    let features = Features {
        fps: format.fps,
        frames: vec![FrameFeatures::SILENT],
        tempo_bpm: None,
        beats_secs: Vec::new(),
        envelope: vec![0.0; ENVELOPE_POINTS],
    };
    let request = SceneRequest {
        format,
        corners: Corners::Black,
        theme: theme::find(theme::DEFAULT_THEME)?,
        params: &ParamValues::new(),
        speed: Speed::default(),
        cover: Arc::new(cover::default_cover()?),
        tags: &Tags::default(),
        lyrics: &[],
        seed: 0,
    };
    Ok(scene::compose(&request, &features))
}
