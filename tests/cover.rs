//! Covers: every kind of picture people have becomes the same square; everything else becomes one clear sentence.

use std::path::Path;
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use musiccircles::cover::{Cover, CoverError, default_cover, load, load_file};
use musiccircles::model::Fault;
use musiccircles::model::limits::{COVER_SIDE, MAX_COVER_BYTES};
use proptest::prelude::*;

use crate::support::picture::*;

const UPRIGHT: [&str; 4] = ["red", "green", "blue", "yellow"];

fn loaded(bytes: &[u8]) -> Cover {
    let cover = load(bytes).expect("the picture loads");
    assert_eq!(cover.side, COVER_SIDE);
    assert_eq!(cover.rgba.len(), (COVER_SIDE * COVER_SIDE * 4) as usize);
    assert!(
        cover.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255),
        "a cover is opaque"
    );
    cover
}

/// The sentence the user gets, and proof that it was not bought with time or memory.
fn refused(bytes: &[u8]) -> String {
    let began = Instant::now();
    let error = load(bytes).expect_err("the picture is refused");
    assert!(
        began.elapsed() < Duration::from_millis(200),
        "took {:?}",
        began.elapsed()
    );
    assert_eq!(error.fault(), Fault::Request);
    let sentence = error.to_string();
    assert!(
        !sentence.contains('\n') && sentence.starts_with("the cover"),
        "{sentence}"
    );
    sentence
}

#[test]
fn every_format_gives_the_same_square() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Bmp,
    ] {
        for side in [1300, 640, 100] {
            let cover = loaded(&file(quadrants(side, side), format));
            assert_eq!(names(&cover), UPRIGHT, "{format:?} of {side} pixels");
        }
    }
}

#[test]
fn sixteen_bit_and_grey_pictures_load() {
    let deep = DynamicImage::from(quadrants(200, 200)).into_rgb16();
    assert_eq!(names(&loaded(&file(deep, ImageFormat::Png))), UPRIGHT);
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let cover = loaded(&file(GrayImage::from_pixel(80, 80, Luma([90])), format));
        assert_eq!(pixel(&cover, 0.5, 0.5), [90, 90, 90]);
    }
}

/// The two print colour models Adobe's programs write. Made once by hand (README.md, "Test data"): inks in, inverted.
#[test]
fn cmyk_and_ycck_jpegs_have_true_colours() {
    for bytes in [
        include_bytes!("data/cmyk.jpg").as_slice(),
        include_bytes!("data/ycck.jpg"),
    ] {
        assert_eq!(names(&loaded(bytes)), UPRIGHT);
    }
}

#[test]
fn animations_give_their_first_frame() {
    let frames = [RED, BLUE].map(|[r, g, b]| image::Frame::new(RgbaImage::from_pixel(64, 64, Rgba([r, g, b, 255]))));
    let mut gif = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut gif)
        .encode_frames(frames)
        .expect("the gif encodes");
    let apng = animation(&["-f", "apng"], "png");
    let webp = animation(&["-c:v", "libwebp_anim", "-lossless", "1"], "webp");
    assert!(apng.windows(4).any(|name| name == b"acTL") && webp.windows(4).any(|name| name == b"ANIM"));
    for (name, bytes) in [("gif", gif), ("apng", apng), ("webp", webp)] {
        let [red, green, blue] = pixel(&loaded(&bytes), 0.5, 0.5);
        assert!(red > 200 && green < 50 && blue < 50, "{name}: {red} {green} {blue}");
    }
}

#[test]
fn exif_orientation_is_honoured() {
    let jpeg = file(quadrants(300, 200), ImageFormat::Jpeg);
    let seen = |turn| names(&loaded(&with_orientation(&jpeg, turn)));
    assert_eq!(seen(1), UPRIGHT);
    assert_eq!(seen(2), ["green", "red", "yellow", "blue"]);
    assert_eq!(seen(3), ["yellow", "blue", "green", "red"]);
    assert_eq!(seen(4), ["blue", "yellow", "red", "green"]);
    assert_eq!(seen(5), ["red", "blue", "green", "yellow"]);
    assert_eq!(seen(6), ["blue", "red", "yellow", "green"]);
    assert_eq!(seen(7), ["yellow", "green", "blue", "red"]);
    assert_eq!(seen(8), ["green", "yellow", "red", "blue"]);
    assert_eq!(seen(99), UPRIGHT, "a turn that does not exist is none");
}

#[test]
fn the_centre_is_cut_out() {
    // A long picture: green ends, red centre.
    for (width, height) in [(2000, 100), (100, 2000), (3001, 1)] {
        let (long, short) = (width.max(height), width.min(height));
        let picture = RgbImage::from_fn(width, height, |x, y| {
            let centre = (long - short) / 2..(long + short) / 2;
            Rgb(
                if centre.contains(&x.max(y)) || (width > height && centre.contains(&x)) {
                    RED
                } else {
                    GREEN
                },
            )
        });
        assert_eq!(
            names(&loaded(&file(picture, ImageFormat::Png))),
            ["red"; 4],
            "{width} x {height}"
        );
    }
}

#[test]
fn one_pixel_is_a_picture() {
    let cover = loaded(&file(RgbImage::from_pixel(1, 1, Rgb(BLUE)), ImageFormat::Png));
    assert_eq!(names(&cover), ["blue"; 4]);
    assert_eq!(pixel(&cover, 0.0, 0.0), BLUE);
    assert_eq!(pixel(&cover, 1.0, 1.0), BLUE);
}

#[test]
fn transparency_lies_on_what_shows_it() {
    // A disc of one colour on nothing, small and (averaged in blocks) large.
    for side in [90, 1600] {
        let disc = |grey: u8| {
            let picture = RgbaImage::from_fn(side, side, |x, y| {
                let (x, y) = (x as f32 / side as f32 - 0.5, y as f32 / side as f32 - 0.5);
                // What is hidden is bright red, and must stay hidden.
                if x.hypot(y) < 0.3 {
                    Rgba([grey, grey, grey, 255])
                } else {
                    Rgba([255, 0, 0, 0])
                }
            });
            loaded(&file(picture, ImageFormat::Png))
        };
        let (black, white) = (disc(0), disc(255));
        assert_eq!((pixel(&black, 0.5, 0.5), pixel(&white, 0.5, 0.5)), ([0; 3], [255; 3]));
        assert!(
            pixel(&black, 0.02, 0.02).iter().all(|&channel| channel > 200),
            "light ground under a dark picture"
        );
        assert!(
            pixel(&white, 0.02, 0.02).iter().all(|&channel| channel < 50),
            "dark ground under a bright picture"
        );
    }
}

#[test]
fn fine_patterns_become_their_mean_not_glitter() {
    let board = RgbImage::from_fn(2048, 2048, |x, y| Rgb([if (x + y) % 2 == 0 { 255 } else { 0 }; 3]));
    let cover = loaded(&file(board, ImageFormat::Png));
    assert!(cover.rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(128) <= 1));
}

#[test]
fn too_large_is_told_from_the_header() {
    let sentence = refused(&png_claiming(16384, 16384, 8, 2));
    assert!(
        sentence.contains("16384 x 16384") && sentence.contains("25 million"),
        "{sentence}"
    );
    // The largest sizes each format can claim.
    refused(&png_claiming(u32::MAX >> 1, u32::MAX >> 1, 16, 6));
    refused(
        &[
            b"GIF89a".as_slice(),
            &[0xff; 4],
            &[0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x3b],
        ]
        .concat(),
    );
    let mut bmp = file(quadrants(4, 4), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0xff, 0x7f, 0, 0, 0xff, 0x7f, 0, 0]);
    refused(&bmp);
    let mut jpeg = file(quadrants(16, 16), ImageFormat::Jpeg);
    let sof = jpeg
        .windows(2)
        .position(|marker| marker == [0xff, 0xc0])
        .expect("a baseline frame header");
    jpeg[sof + 5..sof + 9].fill(0xff);
    refused(&jpeg);
    // Few enough pixels, but 16 bits in each of four channels.
    assert!(refused(&png_claiming(5000, 5000, 16, 6)).contains("memory"));
}

#[test]
fn the_largest_accepted_picture_loads() {
    let cover = loaded(&file(GrayImage::from_pixel(5000, 5000, Luma([7])), ImageFormat::Png));
    assert_eq!(pixel(&cover, 0.3, 0.8), [7, 7, 7]);
}

#[test]
fn what_is_no_picture_is_told() {
    for bytes in [
        b"".as_slice(),
        b"no picture",
        b"ID3\x04\0\0\0\0",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ] {
        assert!(refused(bytes).contains("no picture we can read"));
    }
    assert!(
        refused(b"II*\0\x08\0\0\0\0\0\0\0\0\0").contains("no picture"),
        "TIFF is not built in"
    );
    assert!(refused(&png_claiming(64, 64, 8, 2)).contains("broken PNG"));
    let png = file(quadrants(64, 64), ImageFormat::Png);
    assert!(refused(&png[..png.len() / 2]).contains("broken PNG"));
}

#[test]
fn files_are_read_within_limits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("обложка «1».jpg");
    std::fs::write(&path, file(quadrants(90, 90), ImageFormat::Jpeg)).expect("the file is written");
    assert_eq!(names(&load_file(&path).expect("the picture loads")), UPRIGHT);

    let missing = load_file(&folder.path().join("missing.png")).expect_err("no such file");
    assert!(missing.to_string().contains("missing.png"), "{missing}");
    assert!(
        matches!(load_file(folder.path()), Err(CoverError::Folder { .. })),
        "a folder is no picture"
    );
    assert!(
        matches!(load_file(Path::new("/dev/zero")), Err(CoverError::NotAFile { .. })),
        "a file without an end"
    );
    let large = folder.path().join("large.png");
    let file = std::fs::File::create(&large).expect("the file is made");
    file.set_len(MAX_COVER_BYTES + 1).expect("it is empty, but large");
    assert!(matches!(load_file(&large), Err(CoverError::TooManyBytes { .. })));
}

/// A pipe has no end and may have no beginning: whoever opens one waits for its other side.
#[test]
fn a_pipe_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = folder.path().join("cover.png");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is installed").success());
    let (done, loaded) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(load_file(&pipe)));
    let loaded = loaded.recv_timeout(Duration::from_secs(5)).expect("an answer");
    let error = loaded.expect_err("a pipe is no picture");
    assert!(
        matches!(error, CoverError::NotAFile { .. }) && error.fault() == Fault::Request,
        "{error}"
    );
    assert!(error.to_string().contains("cover.png is a pipe"), "{error}");
}

#[test]
fn the_built_in_cover_loads() {
    let cover = default_cover().expect("it is built in");
    assert_eq!(cover.side, COVER_SIDE);
    assert!(
        cover.rgba.chunks_exact(4).any(|pixel| pixel != &cover.rgba[..4]),
        "it is a picture, not a colour"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Damage anywhere in a file gives a picture or an error: no panic, no endless work.
    #[test]
    fn damaged_files_never_panic(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp] {
            let mut bytes = file(quadrants(24, 20), format);
            bytes.truncate(cut.index(bytes.len()) + bytes.len() / 4);
            for (place, value) in &hits {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
            if let Ok(cover) = load(&bytes) {
                prop_assert_eq!(cover.rgba.len(), (COVER_SIDE * COVER_SIDE * 4) as usize);
            }
        }
    }
}
