//! Brings bytes from the device to memory: a `Reading` begins with a submission and ends when its buffer is mapped.

use std::sync::mpsc;
use std::time::Duration;

use super::RenderError;
use super::gpu::Gpu;

/// A batch takes milliseconds, on a busy processor a second; after this long the device hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A submission under way whose result will be mapped.
pub(super) struct Reading {
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Reading {
    /// Submits `encoder` and asks for `buffer` to be mapped once it is done.
    pub fn begin(gpu: &Gpu, encoder: wgpu::CommandEncoder, buffer: &wgpu::Buffer) -> Self {
        let submission = gpu.queue.submit([encoder.finish()]);
        let (sender, mapped) = mpsc::channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only when the render was given up.
            let _ = sender.send(result);
        });
        Self { submission, mapped }
    }

    /// Waits for the device, hands the mapped bytes to `take`, and unmaps.
    pub fn finish(self, gpu: &Gpu, buffer: &wgpu::Buffer, take: impl FnOnce(&[u8])) -> Result<(), RenderError> {
        let lost = |reason| gpu.lost(reason);
        let wait = wgpu::PollType::Wait {
            submission_index: Some(self.submission),
            timeout: Some(PATIENCE),
        };
        gpu.device.poll(wait).map_err(|error| lost(error.to_string()))?;
        gpu.check()?;
        match self.mapped.recv_timeout(PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(lost(error.to_string())),
            Err(_) => return Err(lost("a buffer was never mapped".to_owned())),
        }
        let view = buffer.get_mapped_range(..).map_err(|error| lost(error.to_string()))?;
        take(&view);
        drop(view);
        buffer.unmap();
        Ok(())
    }
}

/// Runs `encoder` and returns what `source` then holds.
pub(super) fn read_once(
    gpu: &Gpu,
    mut encoder: wgpu::CommandEncoder,
    source: &wgpu::Buffer,
) -> Result<Vec<u8>, RenderError> {
    let target = gpu.buffer(
        "read once",
        source.size(),
        wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
    );
    encoder.copy_buffer_to_buffer(source, 0, &target, 0, source.size());
    let mut bytes = Vec::new();
    Reading::begin(gpu, encoder, &target).finish(gpu, &target, |mapped| bytes.extend_from_slice(mapped))?;
    Ok(bytes)
}
