//! Pictures made for tests: plain colours, quadrants, and files no picture library would write.

use std::io::Cursor;
use std::process::Command;

use image::{ImageFormat, Rgb, RgbImage};
use musiccircles::cover::Cover;

pub const RED: [u8; 3] = [220, 30, 30];
pub const GREEN: [u8; 3] = [30, 200, 40];
pub const BLUE: [u8; 3] = [30, 40, 210];
pub const YELLOW: [u8; 3] = [230, 210, 40];

/// Red, green over blue, yellow: every turn and mirror of it looks different.
pub fn quadrants(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x * 2 < width, y * 2 < height) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        })
    })
}

/// `picture` as the bytes of a file.
pub fn file(picture: impl Into<image::DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut bytes, format)
        .expect("the picture encodes");
    bytes.into_inner()
}

/// The pixel of a cover at `across`, `down` (0 to 1 of its side).
pub fn pixel(cover: &Cover, across: f32, down: f32) -> [u8; 3] {
    let place = |part: f32| (part * (cover.side - 1) as f32).round() as usize;
    let at = (place(down) * cover.side as usize + place(across)) * 4;
    assert_eq!(cover.rgba[at + 3], 255, "a cover is opaque");
    [cover.rgba[at], cover.rgba[at + 1], cover.rgba[at + 2]]
}

/// Red, green, blue, yellow, or the colour itself: the middle of each quadrant, left to right, top to bottom.
pub fn names(cover: &Cover) -> [String; 4] {
    [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)].map(|(across, down)| {
        let seen = pixel(cover, across, down);
        [("red", RED), ("green", GREEN), ("blue", BLUE), ("yellow", YELLOW)]
            .into_iter()
            .find(|(_, colour)| seen.iter().zip(colour).all(|(a, b)| a.abs_diff(*b) <= 12))
            .map_or(format!("{seen:?}"), |(name, _)| name.to_owned())
    })
}

/// A JPEG with the EXIF orientation `turn` (1 to 8) put before everything else in it.
pub fn with_orientation(jpeg: &[u8], turn: u8) -> Vec<u8> {
    // Exif header, little-endian TIFF header, one directory entry: tag 0x0112 (orientation), one SHORT.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([turn, 0, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// A PNG that claims a size and depth and has a few bytes of pixels. `colour_type`: 2 RGB, 6 RGBA.
pub fn png_claiming(width: u32, height: u32, bits: u8, colour_type: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, colour_type, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [
        (b"IHDR", header.as_slice()),
        (b"IDAT", b"\x78\x9c\x63\0\0"),
        (b"IEND", b""),
    ] {
        let chunk = [name.as_slice(), data].concat();
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(&chunk);
        bytes.extend(crc32(&chunk).to_be_bytes());
    }
    bytes
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}

/// An animation of one red and one blue frame, made by the ffmpeg program with `encoder` into a file ending in `suffix`.
pub fn animation(encoder: &[&str], suffix: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format!("animation.{suffix}"));
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "color=0xdc1e1e:s=64x64:r=2:d=0.5"])
        .args(["-f", "lavfi", "-i", "color=0x1e28d2:s=64x64:r=2:d=0.5"])
        .args(["-filter_complex", "[0][1]concat=n=2:v=1,format=rgb24", "-frames:v", "2"])
        .args(encoder)
        .arg(&path)
        .status();
    assert!(run.expect("ffmpeg is installed").success());
    std::fs::read(path).expect("ffmpeg wrote the animation")
}

/// A cover of one colour.
pub fn plain_cover(colour: [u8; 3]) -> Cover {
    let side = 512;
    let [red, green, blue] = colour;
    Cover {
        side,
        rgba: [red, green, blue, 255].repeat((side * side) as usize),
    }
}
