//! Joins the shared WGSL, a theme and an entry point into one module, and compiles the two pipelines of a theme.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{RenderError, guard};
use crate::flow::ThemeShader;

/// Shared code in the order it is joined; none of it has an entry point.
pub const SHARED_LIBRARY: [(&str, &str); 9] = [
    ("lib/moment.wgsl", include_str!("../../shaders/lib/moment.wgsl")),
    ("lib/polar.wgsl", include_str!("../../shaders/lib/polar.wgsl")),
    ("lib/color.wgsl", include_str!("../../shaders/lib/color.wgsl")),
    ("lib/noise.wgsl", include_str!("../../shaders/lib/noise.wgsl")),
    ("lib/light.wgsl", include_str!("../../shaders/lib/light.wgsl")),
    ("lib/record.wgsl", include_str!("../../shaders/lib/record.wgsl")),
    ("lib/label.wgsl", include_str!("../../shaders/lib/label.wgsl")),
    ("lib/ring.wgsl", include_str!("../../shaders/lib/ring.wgsl")),
    ("lib/tonearm.wgsl", include_str!("../../shaders/lib/tonearm.wgsl")),
];
const STILL: &str = include_str!("../../shaders/entry/still.wgsl");
const BAKE_ENTRY: &str = include_str!("../../shaders/entry/bake.wgsl");
const NV12_ENTRY: &str = include_str!("../../shaders/entry/nv12.wgsl");
const SCREEN_ENTRY: &str = include_str!("../../shaders/entry/screen.wgsl");

/// `PART` of `entry/nv12.wgsl` for blocks with pixels of several parts, and for drawing only what is still.
pub(super) const ANY_PART: u32 = 0;
pub(super) const STILL_ONLY: u32 = 15;

/// Which entry points a module is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Bake,
    Nv12,
    /// For a browser: `bake`, and what draws on a screen. No device of ours is ever given it.
    Screen,
}

/// The whole text of one module: `Params`, the library, the theme, the entry points.
pub fn shader_text(theme: &ThemeShader, entry: Entry) -> String {
    let mut text = theme.params_struct.clone();
    for (_, part) in SHARED_LIBRARY {
        text.push_str(part);
    }
    text.push_str(&theme.source);
    text.push_str(STILL);
    let entries: &[&str] = match entry {
        Entry::Bake => &[BAKE_ENTRY],
        Entry::Nv12 => &[NV12_ENTRY],
        Entry::Screen => &[BAKE_ENTRY, SCREEN_ENTRY],
    };
    text.extend(entries.iter().copied());
    text
}

/// Where the theme's own text begins in [`shader_text`], in bytes.
pub(super) fn theme_offset(theme: &ThemeShader) -> usize {
    theme.params_struct.len() + SHARED_LIBRARY.iter().map(|(_, part)| part.len()).sum::<usize>()
}

/// The compiled entry points of one theme with the layouts of their bindings.
pub(super) struct Pipelines {
    theme: String,
    timed_parts: u32,
    pub bake: wgpu::ComputePipeline,
    pub scene_layout: wgpu::BindGroupLayout,
    pub bake_layout: wgpu::BindGroupLayout,
    pub nv12_layout: wgpu::BindGroupLayout,
    nv12_module: wgpu::ShaderModule,
    /// One pipeline a part, compiled when a scene first has blocks of it.
    nv12: Mutex<BTreeMap<u32, wgpu::ComputePipeline>>,
}

impl Pipelines {
    pub fn compile(device: &wgpu::Device, theme: &ThemeShader) -> Result<Self, RenderError> {
        let bake_source = source(theme, Entry::Bake)?;
        let nv12_source = source(theme, Entry::Nv12)?;
        let smooth = wgpu::TextureSampleType::Float { filterable: true };
        let whole_numbers = wgpu::TextureSampleType::Uint;
        checked(device, &theme.name, || {
            let bake_module = module(device, &theme.name, bake_source);
            let scene_layout = layout(
                device,
                "scene",
                &[
                    uniform(),
                    uniform(),
                    storage(true),
                    storage(true),
                    texture(smooth),
                    texture(smooth),
                    wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
                    texture(smooth),
                ],
            );
            let bake_layout = layout(
                device,
                "bake",
                &[storage(false), storage(false), storage(false), uniform()],
            );
            let nv12_layout = layout(
                device,
                "nv12",
                &[texture(whole_numbers), storage(true), storage(false), uniform()],
            );
            Self {
                theme: theme.name.clone(),
                timed_parts: theme.timed_parts,
                bake: pipeline(
                    device,
                    &bake_module,
                    "bake",
                    [&scene_layout, &bake_layout],
                    &[("TIMED_PARTS", f64::from(theme.timed_parts))],
                ),
                scene_layout,
                bake_layout,
                nv12_layout,
                nv12_module: module(device, &theme.name, nv12_source),
                nv12: Mutex::default(),
            }
        })
    }

    /// The pipeline that draws blocks of `part`.
    pub fn nv12(&self, device: &wgpu::Device, part: u32) -> Result<wgpu::ComputePipeline, RenderError> {
        let mut known = self.nv12.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = known.get(&part) {
            return Ok(pipeline.clone());
        }
        let layouts = [&self.scene_layout, &self.nv12_layout];
        let constants = [("PART", f64::from(part)), ("TIMED_PARTS", f64::from(self.timed_parts))];
        let made = checked(device, &self.theme, || {
            pipeline(device, &self.nv12_module, "nv12", layouts, &constants)
        })?;
        known.insert(part, made.clone());
        Ok(made)
    }
}

/// Runs `make` and turns what the device then complains of into an error of the theme.
fn checked<T>(device: &wgpu::Device, theme: &str, make: impl FnOnce() -> T) -> Result<T, RenderError> {
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let made = make();
    match pollster::block_on(scope.pop()) {
        None => Ok(made),
        Some(error) => Err(RenderError::Shader {
            theme: theme.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// What the device is given: our text as it is, a stranger's guarded.
fn source(theme: &ThemeShader, entry: Entry) -> Result<wgpu::ShaderSource<'static>, RenderError> {
    if theme.trusted {
        return Ok(wgpu::ShaderSource::Wgsl(shader_text(theme, entry).into()));
    }
    match guard::guarded(theme, entry) {
        Ok(module) => Ok(wgpu::ShaderSource::Naga(Cow::Owned(module))),
        Err(complaint) => Err(RenderError::Theme {
            theme: theme.name.clone(),
            complaint,
        }),
    }
}

fn module(device: &wgpu::Device, theme: &str, source: wgpu::ShaderSource<'_>) -> wgpu::ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(theme),
        source,
    })
}

fn pipeline(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    entry: &str,
    groups: [&wgpu::BindGroupLayout; 2],
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(entry),
        bind_group_layouts: &groups.map(Some),
        immediate_size: 0,
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry),
        layout: Some(&layout),
        module,
        entry_point: Some(entry),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            // No entry point uses workgroup memory.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    })
}

fn layout(device: &wgpu::Device, label: &str, bindings: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0..)
        .zip(bindings)
        .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(label),
        entries: &entries,
    })
}

fn uniform() -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn storage(read_only: bool) -> wgpu::BindingType {
    let ty = wgpu::BufferBindingType::Storage { read_only };
    wgpu::BindingType::Buffer {
        ty,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}

fn texture(sample_type: wgpu::TextureSampleType) -> wgpu::BindingType {
    wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    }
}
