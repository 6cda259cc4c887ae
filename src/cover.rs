//! A picture file in, the square sRGB picture for the record's label out. Part of step 1: before any frame is drawn.
//!
//! Whatever its format, shape or depth, a cover leaves this module as an opaque [`COVER_SIDE`] x [`COVER_SIDE`] RGBA
//! picture: its first frame, turned as its EXIF says, its transparency laid on a calm colour, its centre cut out.
//! Files come from strangers: width and height are checked before anything of their size is allocated, and a picture
//! that is broken, too large or none at all is an error, never a panic. Embedded colour profiles are ignored.

use std::fs::{self, File};
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba, RgbaImage,
};

use crate::model::Fault;
use crate::model::limits::{COVER_SIDE, MAX_COVER_BYTES, MAX_COVER_PIXELS};

/// What transparent parts show: warm white under a dark picture, near-black under a bright one, so that neither a black
/// nor a white logo without a background disappears.
const LIGHT_GROUND: [u8; 3] = [0xf2, 0xee, 0xe6];
const DARK_GROUND: [u8; 3] = [0x1b, 0x1c, 0x20];

/// The picture for the label: square, opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Width and height in pixels.
    pub side: u32,
    /// `side * side` pixels of red, green, blue and 255, sRGB, row by row from the top left.
    pub rgba: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum CoverError {
    #[error("there is no picture {}; check its name", path.display())]
    Missing { path: PathBuf },
    #[error("the cover {} is a folder; name a picture file", path.display())]
    Folder { path: PathBuf },
    #[error("the cover {} is a pipe or a device and not a picture; name a picture file", path.display())]
    NotAFile { path: PathBuf },
    #[error("the cover {} cannot be read ({}); check its name and that you may read it", path.display(), source.kind())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the cover is larger than {} MiB; give a smaller picture file", limit_bytes >> 20)]
    TooManyBytes { limit_bytes: u64 },
    #[error("the cover is no picture we can read; give a JPEG, PNG, WebP, GIF or BMP file")]
    NotAPicture,
    #[error(
        "the cover has {width_px} x {height_px} pixels, more than the {} million we accept; give a smaller picture",
        MAX_COVER_PIXELS / 1_000_000
    )]
    TooManyPixels { width_px: u32, height_px: u32 },
    #[error("the cover needs more than {} MiB of memory to decode; give a smaller picture", limit_bytes >> 20)]
    TooMuchMemory { limit_bytes: u64 },
    #[error("the cover is a broken {format} file; save it again with a picture editor or give another one")]
    Broken { format: &'static str, source: ImageError },
}

impl CoverError {
    /// A picture is always the asker's: whatever is wrong with it, another one helps.
    pub fn fault(&self) -> Fault {
        Fault::Request
    }
}

/// Reads the picture at `path`, a regular file: never more of it than [`MAX_COVER_BYTES`], also where it keeps growing.
pub fn load_file(path: &Path) -> Result<Cover, CoverError> {
    let unreadable = |source: std::io::Error| {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => CoverError::Missing { path },
            ErrorKind::IsADirectory => CoverError::Folder { path },
            _ => CoverError::Unreadable { path, source },
        }
    };
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let path = path.to_owned();
        return Err(match metadata.is_dir() {
            true => CoverError::Folder { path },
            false => CoverError::NotAFile { path },
        });
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(MAX_COVER_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    load(&bytes)
}

/// Turns the bytes of a picture file into the picture for the label.
pub fn load(bytes: &[u8]) -> Result<Cover, CoverError> {
    if bytes.len() as u64 > MAX_COVER_BYTES {
        return Err(CoverError::TooManyBytes {
            limit_bytes: MAX_COVER_BYTES,
        });
    }
    let (picture, orientation) = decode(bytes)?;
    let square = cut_square(&picture);
    drop(picture);
    let mut square = DynamicImage::ImageRgba8(imageops::resize(
        &square,
        COVER_SIDE,
        COVER_SIDE,
        FilterType::CatmullRom,
    ));
    // A centred square stays centred when it is turned, so turning the small picture does what turning the large one would.
    square.apply_orientation(orientation);
    Ok(Cover {
        side: COVER_SIDE,
        rgba: square.into_rgba8().into_raw(),
    })
}

/// The built-in cover.
pub fn default_cover() -> Result<Cover, CoverError> {
    load(crate::assets::DEFAULT_COVER)
}

/// The first frame as stored, and how it wants to be turned.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), CoverError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| CoverError::NotAPicture)?;
    let format = reader.format().and_then(name_of).ok_or(CoverError::NotAPicture)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_COVER_BYTES);
    reader.limits(limits.clone());
    let explain = |source| match source {
        ImageError::Limits(_) => CoverError::TooMuchMemory {
            limit_bytes: MAX_COVER_BYTES,
        },
        source => CoverError::Broken { format, source },
    };

    // Only the header is read here.
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width_px, height_px) = decoder.dimensions();
    if u64::from(width_px) * u64::from(height_px) > MAX_COVER_PIXELS {
        return Err(CoverError::TooManyPixels { width_px, height_px });
    }
    limits.reserve(decoder.total_bytes()).map_err(explain)?;
    decoder.set_limits(limits).map_err(explain)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    if picture.width() == 0 || picture.height() == 0 {
        return Err(CoverError::NotAPicture);
    }
    Ok((picture, orientation))
}

/// The formats that are built in, by the names people know them by.
fn name_of(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::Png => Some("PNG"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Gif => Some("GIF"),
        ImageFormat::Bmp => Some("BMP"),
        _ => None,
    }
}

/// The centred square of `picture`, opaque, at least [`COVER_SIDE`] wide if it was, but never twice that: whole blocks of
/// pixels are averaged first. That keeps the detail of a 5000-pixel scan from turning into glitter, and costs one look at
/// each pixel where a wide resampling filter on the full picture would cost dozens.
fn cut_square(picture: &DynamicImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let block = (side / COVER_SIDE).max(1);
    let cut = side / block;
    // What is left over when the blocks do not fill the square is cut off evenly on both sides, too.
    let (left, top) = ((width - cut * block) / 2, (height - cut * block) / 2);

    let mut small = RgbaImage::from_fn(cut, cut, |x, y| {
        average(picture, left + x * block, top + y * block, block)
    });
    let ground = ground_for(&small);
    for pixel in small.pixels_mut() {
        let alpha = f32::from(pixel.0[3]) / 255.0;
        for (channel, under) in pixel.0.iter_mut().zip(ground) {
            *channel = (f32::from(*channel) * alpha + f32::from(under) * (1.0 - alpha)).round() as u8;
        }
        pixel.0[3] = 255;
    }
    small
}

/// The mean of a block of pixels, each weighed by its alpha: what is hidden behind full transparency has no colour.
fn average(picture: &DynamicImage, left: u32, top: u32, block: u32) -> Rgba<u8> {
    if block == 1 {
        return picture.get_pixel(left, top);
    }
    // A block's 25 million pixels at most, times 255 twice, stay far inside u64.
    let (mut sums, mut alphas) = ([0u64; 3], 0u64);
    for y in top..top + block {
        for x in left..left + block {
            let Rgba([red, green, blue, alpha]) = picture.get_pixel(x, y);
            let alpha = u64::from(alpha);
            for (sum, channel) in sums.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(channel) * alpha;
            }
            alphas += alpha;
        }
    }
    let weight = alphas.max(1);
    let [red, green, blue] = sums.map(|sum| ((sum + weight / 2) / weight) as u8);
    let pixels = u64::from(block) * u64::from(block);
    Rgba([red, green, blue, ((alphas + pixels / 2) / pixels) as u8])
}

/// Which ground stands out from what is not transparent.
fn ground_for(picture: &RgbaImage) -> [u8; 3] {
    let (mut light, mut alphas) = (0.0f64, 0.0f64);
    for Rgba([red, green, blue, alpha]) in picture.pixels() {
        let alpha = f64::from(*alpha);
        // BT.709 luma: close enough to tell a dark picture from a bright one.
        light += alpha * (0.2126 * f64::from(*red) + 0.7152 * f64::from(*green) + 0.0722 * f64::from(*blue));
        alphas += alpha;
    }
    if light > 127.5 * alphas {
        DARK_GROUND
    } else {
        LIGHT_GROUND
    }
}
