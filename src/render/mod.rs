//! Step render: a [`Scene`](crate::flow::Scene) in, NV12 frames out. The only place that knows wgpu.
//!
//! What never moves is baked once; every slot of a small ring then holds finished still tiles, and a frame costs only the
//! tiles that move. Frames may be asked for in any order and in any batch: each depends on its number alone.

mod bake;
mod check;
mod gpu;
mod guard;
mod patience;
mod readback;
mod renderer;
mod screen;
mod shaders;
mod textures;

pub use check::{Complaint, check};
pub use gpu::{AdapterChoice, AdapterFacts, Gpu};
pub use renderer::{BatchUniform, RenderSettings, Renderer};
pub use screen::pack_for_screen;
pub use shaders::{Entry, SHARED_LIBRARY, shader_text};

use crate::model::Fault;

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(
        "no Vulkan driver was found; install one: `apt-get install mesa-vulkan-drivers` for rendering on the processor, or your graphics card's driver"
    )]
    NoVulkan,
    #[error(
        "no graphics card with Vulkan was found; leave out `--adapter gpu`, or install the card's driver (found: {found})"
    )]
    NoGpu { found: String },
    #[error("the software adapter is missing: `apt-get install mesa-vulkan-drivers` (found: {found})")]
    NoSoftwareAdapter { found: String },
    #[error("{adapter} could not be opened for rendering: {reason}")]
    Device { adapter: String, reason: String },
    #[error("the theme `{theme}` was refused by the graphics driver: {reason}")]
    Shader { theme: String, reason: String },
    #[error("the theme `{theme}` cannot be drawn: {}", complaint.of("theme.wgsl"))]
    Theme { theme: String, complaint: Complaint },
    #[error("the theme `{theme}` takes {took}")]
    TooSlow { theme: String, took: String },
    #[error("{adapter} stopped answering while rendering: {reason}")]
    Lost { adapter: String, reason: String },
}

impl RenderError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Theme { .. } | Self::TooSlow { .. } => Fault::Request,
            _ => Fault::Machine,
        }
    }
}
