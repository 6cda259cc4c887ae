//! The cover, the etched text and the baked pixels, as textures.

use image::imageops::FilterType;
use wgpu::util::{DeviceExt, TextureDataOrder};

use super::bake::STILL_BYTES;
use super::gpu::Gpu;
use crate::flow::{LyricSheet, Scene, TextStrip};

pub(super) fn cover(gpu: &Gpu, scene: &Scene) -> wgpu::TextureView {
    let fitted = fitted_cover(scene);
    upload(
        gpu,
        "cover",
        fitted.dimensions(),
        wgpu::TextureFormat::Rgba8Unorm,
        fitted.as_raw(),
    )
}

/// The cover at the size it is drawn in, reduced by a good filter: it turns, so what aliases would shimmer in every frame.
pub(super) fn fitted_cover(scene: &Scene) -> image::RgbaImage {
    let full = image::RgbaImage::from_raw(scene.cover.side, scene.cover.side, scene.cover.rgba.clone());
    let full = full.unwrap_or_else(|| image::RgbaImage::new(1, 1));
    let mut fitted = image::imageops::resize(&full, scene.cover_px, scene.cover_px, FilterType::Lanczos3);
    if scene.shutter_rad > 0.0 {
        fitted = blurred_by_turning(&fitted, scene.shutter_rad);
    }
    fitted
}

/// The mean of the picture over `angle_rad` of a turn about its centre. A turned blur is the blur of what is turned, so that it
/// is done once for all frames.
fn blurred_by_turning(picture: &image::RgbaImage, angle_rad: f32) -> image::RgbaImage {
    let center = (picture.width() as f32 - 1.0) / 2.0;
    // Steps of at most a pixel at the rim.
    let steps = ((angle_rad * center).ceil() as u32).clamp(2, 32);
    let turns: Vec<(f32, f32)> = (0..steps)
        .map(|step| (((step as f32 + 0.5) / steps as f32 - 0.5) * angle_rad).sin_cos())
        .collect();
    let last = picture.width() as f32 - 1.0;
    image::RgbaImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (dx, dy) = (x as f32 - center, y as f32 - center);
        let mut sum = [0.0_f32; 4];
        for &(sin, cos) in &turns {
            let at = (center + cos * dx - sin * dy, center + sin * dx + cos * dy);
            let at = (at.0.clamp(0.0, last), at.1.clamp(0.0, last));
            if let Some(pixel) = image::imageops::interpolate_bilinear(picture, at.0, at.1) {
                for (sum, value) in sum.iter_mut().zip(pixel.0) {
                    *sum += f32::from(value);
                }
            }
        }
        image::Rgba(sum.map(|sum| (sum / steps as f32 + 0.5) as u8))
    })
}

pub(super) fn text(gpu: &Gpu, strip: &TextStrip) -> wgpu::TextureView {
    let side = (strip.width, strip.height);
    upload(gpu, "text", side, wgpu::TextureFormat::R8Unorm, &strip.coverage)
}

pub(super) fn lyrics(gpu: &Gpu, sheet: &LyricSheet) -> wgpu::TextureView {
    let side = (sheet.width, sheet.height);
    upload(gpu, "lyrics", side, wgpu::TextureFormat::R8Unorm, &sheet.coverage)
}

/// What `bake` left in a buffer.
pub(super) fn stills(
    gpu: &Gpu,
    encoder: &mut wgpu::CommandEncoder,
    baked: &wgpu::Buffer,
    size: (u32, u32),
) -> wgpu::TextureView {
    let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
    let format = wgpu::TextureFormat::Rgba32Uint;
    let texture = gpu.device.create_texture(&flat("stills", size, format, usage));
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(size.0 * STILL_BYTES),
        rows_per_image: None,
    };
    let source = wgpu::TexelCopyBufferInfo { buffer: baked, layout };
    encoder.copy_buffer_to_texture(source, texture.as_image_copy(), texture.size());
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

fn upload(gpu: &Gpu, label: &str, size: (u32, u32), format: wgpu::TextureFormat, bytes: &[u8]) -> wgpu::TextureView {
    let descriptor = flat(label, size, format, wgpu::TextureUsages::TEXTURE_BINDING);
    gpu.device
        .create_texture_with_data(&gpu.queue, &descriptor, TextureDataOrder::LayerMajor, bytes)
        .create_view(&wgpu::TextureViewDescriptor::default())
}

/// One picture, without smaller copies of itself.
fn flat(
    label: &str,
    (width, height): (u32, u32),
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
) -> wgpu::TextureDescriptor<'_> {
    wgpu::TextureDescriptor {
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
        usage,
        view_formats: &[],
    }
}
