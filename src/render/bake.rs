//! Runs a theme's `theme_still` once over the picture and lists the blocks in which anything moves.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use wgpu::util::{BufferInitDescriptor, DeviceExt};

use super::gpu::Gpu;
use super::patience::{BAKE_SLICE_ROWS, Patience};
use super::shaders::{ANY_PART, Pipelines};
use super::{RenderError, readback, textures};
use crate::flow::Scene;

/// Pixels of the blocks `entry/nv12.wgsl` draws: what fills whole 32-bit words of luma and chroma.
const BLOCK_WIDTH: u32 = 4;
const BLOCK_HEIGHT: u32 = 2;
/// Of a packed `Still`.
pub(super) const STILL_BYTES: u32 = 16;
/// Side of `@workgroup_size` of `shaders/entry/bake.wgsl`.
const BAKE_WORKGROUP: u32 = 16;
/// `BAKED_WIDTH` of `shaders/entry/nv12.wgsl`. Copies from buffers want rows of whole 256 bytes, which a picture's own need not
/// be; and every device has textures at least twice as wide.
const BAKED_WIDTH: u32 = 4096;

/// What a scene looks like to the shaders, uploaded once.
pub(super) struct Baked {
    pub scene_group: wgpu::BindGroup,
    /// One packed `Still` a pixel, in rows of [`BAKED_WIDTH`].
    pub stills: wgpu::TextureView,
    /// The blocks in which something moves, by the one part they have, [`ANY_PART`] where they have several.
    pub moving: BTreeMap<u32, MovingBlocks>,
    /// Every block of the picture.
    pub all_blocks: Vec<u32>,
}

/// The blocks of one part.
#[derive(Default)]
pub(super) struct MovingBlocks {
    /// To draw in every frame.
    pub always: Vec<u32>,
    /// To draw only while something moves in them.
    pub timed: Vec<TimedBlock>,
}

pub(super) struct TimedBlock {
    pub block: u32,
    /// The frames in which its pixels move; in all others they show what is baked.
    pub frames: RangeInclusive<u32>,
}

pub(super) fn bake(
    gpu: &Gpu,
    pipelines: &Pipelines,
    scene: &Scene,
    patience: &mut Patience<'_>,
) -> Result<Baked, RenderError> {
    let side = scene.format.size.px();
    let (columns, rows) = (side.div_ceil(BLOCK_WIDTH), side / BLOCK_HEIGHT);
    let scene_group = scene_group(gpu, pipelines, scene);
    let baked_rows = (side * side).div_ceil(BAKED_WIDTH);
    let stills = gpu.buffer(
        "stills",
        u64::from(BAKED_WIDTH * baked_rows * STILL_BYTES),
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    );
    let block_parts = gpu.buffer(
        "block parts",
        u64::from(columns * rows) * 4,
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    );
    let block_spans = gpu.buffer(
        "block spans",
        u64::from(columns * rows) * 8,
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    );
    let first_row = gpu.buffer(
        "first row",
        4,
        wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
    );
    let group = group(
        gpu,
        &pipelines.bake_layout,
        &[
            stills.as_entire_binding(),
            block_parts.as_entire_binding(),
            block_spans.as_entire_binding(),
            first_row.as_entire_binding(),
        ],
    );
    let slices = patience.slices(side, BAKE_SLICE_ROWS);
    let slice_rows = side.div_ceil(slices).next_multiple_of(BAKE_WORKGROUP);
    for row in (0..side).step_by(slice_rows as usize) {
        gpu.queue.write_buffer(&first_row, 0, &row.to_ne_bytes());
        let mut encoder = gpu.encoder("bake");
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipelines.bake);
            pass.set_bind_group(0, &scene_group, &[]);
            pass.set_bind_group(1, &group, &[]);
            pass.dispatch_workgroups(side.div_ceil(BAKE_WORKGROUP), slice_rows / BAKE_WORKGROUP, 1);
        }
        patience.submit(encoder)?;
    }
    let mut encoder = gpu.encoder("stills and block parts");
    let stills = textures::stills(gpu, &mut encoder, &stills, (BAKED_WIDTH, baked_rows));
    let (mut parts, mut spans) = (Vec::new(), Vec::new());
    patience.wait(|| {
        parts = readback::read_once(gpu, encoder, &block_parts)?;
        spans = readback::read_once(gpu, gpu.encoder("block spans"), &block_spans)?;
        Ok(())
    })?;
    patience.baked();
    let spans = spans.as_chunks::<8>().0.iter();
    let all_blocks: Vec<u32> = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| row << 16 | column))
        .collect();
    let mut moving = BTreeMap::<u32, MovingBlocks>::new();
    let last_frame = (scene.moments.len() as u32).saturating_sub(1);
    for ((&block, bits), span) in all_blocks.iter().zip(parts.as_chunks::<4>().0).zip(spans) {
        let bits = u32::from_ne_bytes(*bits);
        let [first, last] = bytemuck::cast::<[u8; 8], [u32; 2]>(*span);
        // The shader counts the first frame down from the largest number.
        let frames = (u32::MAX - first)..=last;
        if bits != 0 {
            let part = if bits.is_power_of_two() {
                bits.trailing_zeros()
            } else {
                ANY_PART
            };
            let blocks = moving.entry(part).or_default();
            if *frames.start() == 0 && *frames.end() >= last_frame {
                blocks.always.push(block);
            } else {
                blocks.timed.push(TimedBlock { block, frames });
            }
        }
    }
    Ok(Baked {
        scene_group,
        stills,
        moving,
        all_blocks,
    })
}

fn scene_group(gpu: &Gpu, pipelines: &Pipelines, scene: &Scene) -> wgpu::BindGroup {
    let buffer = |label, contents: &[u8], usage| {
        gpu.device.create_buffer_init(&BufferInitDescriptor {
            label: Some(label),
            contents,
            usage,
        })
    };
    let look = buffer("look", bytemuck::bytes_of(&scene.look), wgpu::BufferUsages::UNIFORM);
    let params = buffer(
        "params",
        bytemuck::cast_slice(&scene.params),
        wgpu::BufferUsages::UNIFORM,
    );
    let moments = buffer(
        "moments",
        bytemuck::cast_slice(&scene.moments),
        wgpu::BufferUsages::STORAGE,
    );
    let envelope = buffer(
        "envelope",
        bytemuck::cast_slice(&scene.envelope),
        wgpu::BufferUsages::STORAGE,
    );
    let cover = textures::cover(gpu, scene);
    let text = textures::text(gpu, &scene.text);
    let lyrics = textures::lyrics(gpu, &scene.lyrics);
    let sampler = gpu.device.create_sampler(&wgpu::SamplerDescriptor {
        label: Some("linear"),
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        ..Default::default()
    });
    group(
        gpu,
        &pipelines.scene_layout,
        &[
            look.as_entire_binding(),
            params.as_entire_binding(),
            moments.as_entire_binding(),
            envelope.as_entire_binding(),
            wgpu::BindingResource::TextureView(&cover),
            wgpu::BindingResource::TextureView(&text),
            wgpu::BindingResource::Sampler(&sampler),
            wgpu::BindingResource::TextureView(&lyrics),
        ],
    )
}

/// A bind group of `resources` at bindings 0, 1, 2...
pub(super) fn group(
    gpu: &Gpu,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry {
            binding,
            resource: resource.clone(),
        })
        .collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}
