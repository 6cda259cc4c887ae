//! One NV12 frame as a PNG: the processor's twin of the colour conversion in `shaders/lib/color.wgsl`, read backwards.

use image::{ImageFormat, RgbImage};

use crate::cover::Cover;
use crate::model::Size;

/// The frame as a player shows it: BT.709 limited range to R'G'B', chroma shared by two by two pixels.
pub fn rgb_from_nv12(nv12: &[u8], size: Size) -> RgbImage {
    let side = size.px() as usize;
    let (luma, chroma) = nv12.split_at(side * side);
    RgbImage::from_fn(size.px(), size.px(), |x, y| {
        let (x, y) = (x as usize, y as usize);
        let pair = (y / 2) * side + (x / 2) * 2;
        image::Rgb(rgb_from_ycbcr(luma[y * side + x], chroma[pair], chroma[pair + 1]))
    })
}

/// The file of a cover as a PNG, without its transparency, which it has none of.
pub fn cover_png(cover: &Cover) -> Result<Vec<u8>, image::ImageError> {
    let pixel = |x: u32, y: u32| {
        let at = (y as usize * cover.side as usize + x as usize) * 4;
        image::Rgb([cover.rgba[at], cover.rgba[at + 1], cover.rgba[at + 2]])
    };
    png(&RgbImage::from_fn(cover.side, cover.side, pixel))
}

/// The file of a PNG.
pub fn png(image: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Rec. ITU-R BT.709-6, 3.2 to 3.4.
fn rgb_from_ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let y = (f32::from(y) - 16.0) / 219.0;
    let cb = (f32::from(cb) - 128.0) / 224.0;
    let cr = (f32::from(cr) - 128.0) / 224.0;
    let r = y + 1.5748 * cr;
    let b = y + 1.8556 * cb;
    let g = (y - 0.2126 * r - 0.0722 * b) / 0.7152;
    [r, g, b].map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8)
}
