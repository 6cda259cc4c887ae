//! Draws batches of frames of one scene through a ring of slots, so that the device works on the next batches while the
//! caller encodes the last one.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

use super::RenderError;
use super::bake::{Baked, TimedBlock, bake, group};
use super::gpu::Gpu;
use super::patience::{Patience, SLICE_FRAMES};
use super::readback::Reading;
use super::shaders::{ANY_PART, Pipelines, STILL_ONLY};
use crate::flow::{Nv12Batch, Scene};
use crate::model::{FrameIndex, Size};

/// `@workgroup_size` of `shaders/entry/nv12.wgsl`.
const WORKGROUP: u32 = 64;

/// How much is drawn at once and how far ahead. Neither changes a single byte of a frame.
#[derive(Clone, Copy, Debug)]
pub struct RenderSettings {
    pub batch_frames: u32,
    pub slots: usize,
}

/// `Batch` in `shaders/entry/nv12.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct BatchUniform {
    pub first_frame: u32,
    pub stride: u32,
    pub frame_words: u32,
    pub pad: u32,
}

/// Rows of a frame on the device are padded to whole words.
#[derive(Clone, Copy)]
struct FrameLayout {
    size: Size,
    stride: u32,
}

impl FrameLayout {
    fn new(size: Size) -> Self {
        Self {
            size,
            stride: size.px().next_multiple_of(4),
        }
    }

    fn bytes(self) -> u64 {
        u64::from(self.stride) * u64::from(self.size.px()) * 3 / 2
    }

    /// Appends the rows of `padded` frames without their padding.
    fn append_packed(self, padded: &[u8], out: &mut Vec<u8>) {
        if self.stride == self.size.px() {
            out.extend_from_slice(padded);
            return;
        }
        for row in padded.chunks_exact(self.stride as usize) {
            out.extend_from_slice(&row[..self.size.px() as usize]);
        }
    }
}

/// One place of the ring: a batch of frames on the device, in which what is still is always finished.
struct Slot {
    frames: wgpu::Buffer,
    /// What the host maps, where that is not `frames` itself.
    readback: Option<wgpu::Buffer>,
    uniform: wgpu::Buffer,
    /// For each layer of the renderer its slices.
    groups: Vec<Vec<SliceGroup>>,
    /// One a timed layer: the blocks of the batch under way, and their slices.
    timed: Vec<(wgpu::Buffer, Vec<SliceGroup>)>,
    /// The frames whose moving blocks stand in `frames`; empty at first.
    holds: Range<u32>,
}

/// Some of a layer's blocks, drawn in one submission.
struct SliceGroup {
    blocks: Range<u32>,
    group: wgpu::BindGroup,
}

/// The blocks of one moving part and what draws them in every batch.
struct Layer {
    pipeline: wgpu::ComputePipeline,
    blocks: wgpu::Buffer,
    count: u32,
}

/// The blocks of one part that move only for a while. A batch draws those that move in it, and those that moved in the frames
/// its slot last held: they go back to what is baked.
struct TimedLayer {
    pipeline: wgpu::ComputePipeline,
    blocks: Vec<TimedBlock>,
}

impl TimedLayer {
    fn blocks_of(&self, batch: &Range<u32>, held: &Range<u32>) -> Vec<u32> {
        let meets = |block: &TimedBlock, frames: &Range<u32>| {
            !frames.is_empty() && *block.frames.start() < frames.end && frames.start <= *block.frames.end()
        };
        let to_draw = self
            .blocks
            .iter()
            .filter(|&block| meets(block, batch) || meets(block, held));
        to_draw.map(|block| block.block).collect()
    }
}

struct Pending {
    slot: usize,
    first: FrameIndex,
    frames: u32,
    reading: Reading,
}

/// Draws one scene.
pub struct Renderer<'g> {
    gpu: &'g Gpu,
    pipelines: std::sync::Arc<Pipelines>,
    baked: Baked,
    layers: Vec<Layer>,
    timed_layers: Vec<TimedLayer>,
    layout: FrameLayout,
    settings: RenderSettings,
    slots: Vec<Slot>,
    free: Vec<usize>,
    pending: VecDeque<Pending>,
    patience: Patience<'g>,
    /// Submissions a batch is drawn in.
    slices: u32,
    /// Why the last batch was not submitted: `receive` says it.
    refused: Option<RenderError>,
}

impl<'g> Renderer<'g> {
    /// Uploads and bakes the scene.
    pub fn new(gpu: &'g Gpu, scene: &Scene, settings: RenderSettings) -> Result<Self, RenderError> {
        let mut renderer = Self::bare(gpu, scene, settings)?;
        for (part, blocks) in std::mem::take(&mut renderer.baked.moving) {
            if !blocks.always.is_empty() {
                renderer.layers.push(renderer.layer(part, &blocks.always)?);
            }
            if !blocks.timed.is_empty() {
                renderer.timed_layers.push(TimedLayer {
                    pipeline: renderer.pipelines.nv12(&gpu.device, part)?,
                    blocks: blocks.timed,
                });
            }
        }
        for _ in 0..settings.slots {
            renderer.slots.push(renderer.make_slot());
        }
        renderer.fill_still_blocks()?;
        gpu.check()?;
        Ok(renderer)
    }

    /// For a frame alone: one pipeline draws every block, still or moving. A frame takes longer so, but seven pipelines need
    /// not be compiled, which is most of what a preview waits for.
    pub fn single(gpu: &'g Gpu, scene: &Scene) -> Result<Self, RenderError> {
        let settings = RenderSettings {
            batch_frames: 1,
            slots: 1,
        };
        let mut renderer = Self::bare(gpu, scene, settings)?;
        renderer
            .layers
            .push(renderer.layer(ANY_PART, &renderer.baked.all_blocks)?);
        renderer.slots.push(renderer.make_slot());
        gpu.check()?;
        Ok(renderer)
    }

    /// With nothing to draw yet.
    fn bare(gpu: &'g Gpu, scene: &Scene, settings: RenderSettings) -> Result<Self, RenderError> {
        let pipelines = gpu.pipelines(&scene.shader)?;
        let mut patience = Patience::with(gpu, &scene.shader);
        let baked = bake(gpu, &pipelines, scene, &mut patience)?;
        let layout = FrameLayout::new(scene.format.size);
        Ok(Self {
            gpu,
            pipelines,
            baked,
            layers: Vec::new(),
            timed_layers: Vec::new(),
            layout,
            settings,
            slots: Vec::new(),
            free: (0..settings.slots).collect(),
            pending: VecDeque::new(),
            slices: patience.slices(settings.batch_frames, SLICE_FRAMES),
            patience,
            refused: None,
        })
    }

    /// Whether `submit` may be called.
    pub fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// Batches submitted and not yet received.
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// How much of the picture moves in every frame, 0 to 1.
    pub fn moving_share(&self) -> f64 {
        let moving: u32 = self.layers.iter().map(|layer| layer.count).sum();
        f64::from(moving) / self.baked.all_blocks.len() as f64
    }

    /// Starts drawing `frames` frames, at most a batch, beginning with `first`. Does nothing when there is no room.
    pub fn submit(&mut self, first: FrameIndex, frames: u32) {
        let frames = frames.min(self.settings.batch_frames);
        let Some(slot_index) = self.free.pop() else { return };
        let batch = first.0..first.0 + frames;
        self.patience.expect(frames);
        let slot = &self.slots[slot_index];
        self.gpu
            .queue
            .write_buffer(&slot.uniform, 0, bytemuck::bytes_of(&self.uniform(first)));
        let mut work: Vec<_> = self
            .layers
            .iter()
            .zip(&slot.groups)
            .map(|(layer, slices)| (&layer.pipeline, slices, layer.count))
            .collect();
        for (layer, (buffer, slices)) in self.timed_layers.iter().zip(&slot.timed) {
            let blocks = layer.blocks_of(&batch, &slot.holds);
            if !blocks.is_empty() {
                self.gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(&blocks));
                work.push((&layer.pipeline, slices, blocks.len() as u32));
            }
        }
        let mut encoder = self.gpu.encoder("batch");
        for slice in 0..self.slices as usize {
            if slice > 0 {
                let before = std::mem::replace(&mut encoder, self.gpu.encoder("batch"));
                if let Err(error) = self.patience.submit(before) {
                    self.refused = Some(error);
                    return;
                }
            }
            for (pipeline, slices, count) in &work {
                if let Some(slice) = slices.get(slice) {
                    let blocks = slice.blocks.end.min(*count).saturating_sub(slice.blocks.start);
                    self.shade(&mut encoder, pipeline, &slice.group, blocks, frames);
                }
            }
        }
        if let Some(readback) = &slot.readback {
            encoder.copy_buffer_to_buffer(&slot.frames, 0, readback, 0, self.layout.bytes() * u64::from(frames));
        }
        let target = slot.readback.as_ref().unwrap_or(&slot.frames);
        let gpu = self.gpu;
        let reading = match self.patience.wait(|| Ok(Reading::begin(gpu, encoder, target))) {
            Ok(reading) => reading,
            Err(error) => {
                self.refused = Some(error);
                return;
            }
        };
        let slot = &mut self.slots[slot_index];
        slot.holds = if frames == self.settings.batch_frames || slot.holds.is_empty() {
            batch
        } else {
            // A short batch leaves the slot's last frames as they were.
            slot.holds.start.min(batch.start)..slot.holds.end.max(batch.end)
        };
        self.pending.push_back(Pending {
            slot: slot_index,
            first,
            frames,
            reading,
        });
    }

    /// Waits for the oldest batch. `bytes` is reused for its frames. `None` when nothing is in flight.
    pub fn receive(&mut self, mut bytes: Vec<u8>) -> Result<Option<Nv12Batch>, RenderError> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        let Some(pending) = self.pending.pop_front() else {
            return Ok(None);
        };
        let slot = &self.slots[pending.slot];
        let target = slot.readback.as_ref().unwrap_or(&slot.frames);
        let used = (self.layout.bytes() * u64::from(pending.frames)) as usize;
        bytes.clear();
        bytes.reserve_exact(self.layout.size.nv12_bytes() * pending.frames as usize);
        let layout = self.layout;
        self.patience.wait(|| {
            pending.reading.finish(self.gpu, target, |mapped| {
                layout.append_packed(&mapped[..used], &mut bytes)
            })
        })?;
        self.free.push(pending.slot);
        Ok(Some(Nv12Batch {
            first: pending.first,
            frames: pending.frames,
            bytes,
        }))
    }

    /// One frame alone, the same bytes it has in any batch.
    pub fn frame(&mut self, index: FrameIndex) -> Result<Vec<u8>, RenderError> {
        self.submit(index, 1);
        Ok(self.receive(Vec::new())?.map(|batch| batch.bytes).unwrap_or_default())
    }

    fn uniform(&self, first: FrameIndex) -> BatchUniform {
        BatchUniform {
            first_frame: first.0,
            stride: self.layout.stride,
            frame_words: (self.layout.bytes() / 4) as u32,
            pad: 0,
        }
    }

    fn layer(&self, part: u32, blocks: &[u32]) -> Result<Layer, RenderError> {
        let descriptor = BufferInitDescriptor {
            label: Some("blocks"),
            contents: bytemuck::cast_slice(blocks),
            usage: wgpu::BufferUsages::STORAGE,
        };
        Ok(Layer {
            pipeline: self.pipelines.nv12(&self.gpu.device, part)?,
            blocks: self.gpu.device.create_buffer_init(&descriptor),
            count: blocks.len() as u32,
        })
    }

    fn make_slot(&self) -> Slot {
        let in_place = self.gpu.maps_in_place();
        let size = self.layout.bytes() * u64::from(self.settings.batch_frames);
        let buffer = |label, usage| self.gpu.buffer(label, size, usage);
        let mut usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        if in_place {
            usage |= wgpu::BufferUsages::MAP_READ;
        }
        let frames = buffer("frames", usage);
        let readback =
            (!in_place).then(|| buffer("readback", wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ));
        let uniform = self.gpu.device.create_buffer_init(&BufferInitDescriptor {
            label: Some("batch"),
            contents: bytemuck::bytes_of(&self.uniform(FrameIndex(0))),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        });
        let groups = self
            .layers
            .iter()
            .map(|layer| self.slice_groups(&layer.blocks, &frames, &uniform))
            .collect();
        let timed = self
            .timed_layers
            .iter()
            .map(|layer| {
                let blocks = self.gpu.buffer(
                    "timed blocks",
                    layer.blocks.len() as u64 * 4,
                    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                );
                let slices = self.slice_groups(&blocks, &frames, &uniform);
                (blocks, slices)
            })
            .collect();
        Slot {
            frames,
            readback,
            uniform,
            groups,
            timed,
            holds: 0..0,
        }
    }

    /// The blocks in as many slices as a batch has, of whole workgroups, each with a group of its own.
    fn slice_groups(&self, blocks: &wgpu::Buffer, frames: &wgpu::Buffer, uniform: &wgpu::Buffer) -> Vec<SliceGroup> {
        let count = (blocks.size() / 4) as u32;
        // A workgroup's blocks are 256 bytes, which is also what WebGPU wants offsets to be multiples of.
        let slice_blocks = count.div_ceil(self.slices).next_multiple_of(WORKGROUP).max(WORKGROUP);
        let slice = |start: u32| {
            let end = (start + slice_blocks).min(count);
            let binding = wgpu::BufferBinding {
                buffer: blocks,
                offset: u64::from(start) * 4,
                size: NonZeroU64::new(u64::from(end - start) * 4),
            };
            SliceGroup {
                blocks: start..end,
                group: self.batch_group(binding, frames, uniform),
            }
        };
        (0..count).step_by(slice_blocks as usize).map(slice).collect()
    }

    fn batch_group(
        &self,
        blocks: wgpu::BufferBinding<'_>,
        frames: &wgpu::Buffer,
        uniform: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        group(
            self.gpu,
            &self.pipelines.nv12_layout,
            &[
                wgpu::BindingResource::TextureView(&self.baked.stills),
                wgpu::BindingResource::Buffer(blocks),
                frames.as_entire_binding(),
                uniform.as_entire_binding(),
            ],
        )
    }

    fn shade(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::ComputePipeline,
        batch: &wgpu::BindGroup,
        blocks: u32,
        frames: u32,
    ) {
        if blocks == 0 {
            return;
        }
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &self.baked.scene_group, &[]);
        pass.set_bind_group(1, batch, &[]);
        pass.dispatch_workgroups(blocks.div_ceil(WORKGROUP), frames, 1);
    }

    /// Draws everything that is still once and copies it to every frame of every slot.
    fn fill_still_blocks(&self) -> Result<(), RenderError> {
        let Some(first) = self.slots.first() else { return Ok(()) };
        let bytes = self.layout.bytes();
        let layer = self.layer(STILL_ONLY, &self.baked.all_blocks)?;
        let group = self.batch_group(layer.blocks.as_entire_buffer_binding(), &first.frames, &first.uniform);
        let mut encoder = self.gpu.encoder("still blocks");
        self.shade(&mut encoder, &layer.pipeline, &group, layer.count, 1);
        let master = self.gpu.buffer(
            "still frame",
            bytes,
            wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        );
        encoder.copy_buffer_to_buffer(&first.frames, 0, &master, 0, bytes);
        for slot in &self.slots {
            for frame in 0..u64::from(self.settings.batch_frames) {
                encoder.copy_buffer_to_buffer(&master, 0, &slot.frames, frame * bytes, bytes);
            }
        }
        self.gpu.queue.submit([encoder.finish()]);
        Ok(())
    }
}
