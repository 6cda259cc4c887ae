//! One NV12 frame as a PNG or a JPEG: the processor's twin of the colour conversion in `shaders/lib/color.wgsl`, read backwards.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ImageFormat, RgbImage};

use crate::cover::Cover;
use crate::model::Size;

/// Telegram takes no wider thumbnail.
pub const THUMBNAIL_SIDE_PX: u32 = 320;
/// At this quality even noise stays far below the 200 kB that Telegram takes.
const THUMBNAIL_QUALITY: u8 = 85;
/// A cover is shown large, and was lossy before.
const COVER_QUALITY: u8 = 92;

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
    png(&cover_rgb(cover))
}

/// The same as a JPEG.
pub fn cover_jpeg(cover: &Cover) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, COVER_QUALITY).encode_image(&cover_rgb(cover))?;
    Ok(bytes)
}

fn cover_rgb(cover: &Cover) -> RgbImage {
    RgbImage::from_fn(cover.side, cover.side, |x, y| {
        let at = (y as usize * cover.side as usize + x as usize) * 4;
        image::Rgb([cover.rgba[at], cover.rgba[at + 1], cover.rgba[at + 2]])
    })
}

/// The file of a PNG.
pub fn png(image: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// A small picture of a square one, as a JPEG.
pub fn thumbnail(picture: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let side = picture.width().min(THUMBNAIL_SIDE_PX);
    let small = imageops::resize(picture, side, side, FilterType::Triangle);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY).encode_image(&small)?;
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_is_what_telegram_takes_whatever_it_shows() {
        // Nothing compresses worse than noise.
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let loud = RgbImage::from_fn(320, 320, |_, _| image::Rgb([noise(), noise(), noise()]));
        assert!(thumbnail(&loud).unwrap().len() < 200_000);
        let half = |x: u32| if x < 320 { [200, 40, 40] } else { [40, 40, 200] };
        let picture = RgbImage::from_fn(640, 640, |x, _| image::Rgb(half(x)));
        let small = image::load_from_memory_with_format(&thumbnail(&picture).unwrap(), ImageFormat::Jpeg);
        let small = small.unwrap().into_rgb8();
        assert_eq!(small.dimensions(), (THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX));
        for (x, expected) in [(40, [200, 40, 40]), (280, [40, 40, 200])] {
            let near = |(a, b): (&u8, u8)| a.abs_diff(b) < 8;
            let shown = small.get_pixel(x, 160);
            assert!(shown.0.iter().zip(expected).all(near), "{shown:?}");
        }
        // A circle smaller than that stays as it is.
        let small = thumbnail(&RgbImage::new(240, 240)).unwrap();
        assert_eq!(image::load_from_memory(&small).unwrap().width(), 240);
    }
}
