//! The cover and the etched text as textures.

use image::imageops::FilterType;
use wgpu::util::{DeviceExt, TextureDataOrder};

use super::gpu::Gpu;
use crate::cover::Cover;
use crate::flow::TextStrip;

/// The cover at the size it is drawn in, reduced by a good filter: it turns, so what aliases would shimmer in every frame.
pub(super) fn cover(gpu: &Gpu, cover: &Cover, side_px: u32) -> wgpu::TextureView {
    let full = image::RgbaImage::from_raw(cover.side, cover.side, cover.rgba.clone());
    let full = full.unwrap_or_else(|| image::RgbaImage::new(1, 1));
    let fitted = image::imageops::resize(&full, side_px, side_px, FilterType::Lanczos3);
    upload(
        gpu,
        "cover",
        (side_px, side_px),
        wgpu::TextureFormat::Rgba8Unorm,
        fitted.as_raw(),
    )
}

pub(super) fn text(gpu: &Gpu, strip: &TextStrip) -> wgpu::TextureView {
    upload(
        gpu,
        "text",
        (strip.width, strip.height),
        wgpu::TextureFormat::R8Unorm,
        &strip.coverage,
    )
}

fn upload(
    gpu: &Gpu,
    label: &str,
    (width, height): (u32, u32),
    format: wgpu::TextureFormat,
    bytes: &[u8],
) -> wgpu::TextureView {
    let descriptor = wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    };
    gpu.device
        .create_texture_with_data(&gpu.queue, &descriptor, TextureDataOrder::LayerMajor, bytes)
        .create_view(&wgpu::TextureViewDescriptor::default())
}
