//! Palettes: for any cover the ring shines, the ink is readable, the record stays black, and the colours are the cover's.

use musiccircles::cover::{Cover, load};
use musiccircles::scene::palette::{
    GLOW_CONTRAST, INK_CONTRAST, Palette, RECORD_LUMINANCE, RING_CONTRAST, contrast, from_cover, luminance,
};
use palette::{IntoColor, Oklch, Srgb};
use proptest::prelude::*;

use crate::support::picture::plain_cover;

/// The darkest grey that is as bright as the record may be.
const RECORD: [f32; 3] = [0.0998; 3];

fn oklch([red, green, blue]: [f32; 3]) -> Oklch {
    Srgb::new(red, green, blue).into_linear().into_color()
}

fn hue_apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    (oklch(a).hue - oklch(b).hue).into_degrees().abs()
}

fn bytes_as_colour(colour: [u8; 3]) -> [f32; 3] {
    colour.map(|channel| f32::from(channel) / 255.0)
}

/// What holds for every cover.
fn check(palette: &Palette) {
    let Palette {
        accent,
        glow,
        ink,
        paper,
        dark,
    } = *palette;
    for colour in [accent, glow, ink, paper, dark] {
        assert!(
            colour.iter().all(|channel| (0.0..=1.0).contains(channel)),
            "{palette:?}"
        );
    }
    assert!((luminance(RECORD) - RECORD_LUMINANCE).abs() < 2e-4);
    assert!(
        contrast(accent, RECORD) >= RING_CONTRAST,
        "ring {}: {palette:?}",
        contrast(accent, RECORD)
    );
    assert!(
        contrast(glow, RECORD) >= GLOW_CONTRAST,
        "glow {}: {palette:?}",
        contrast(glow, RECORD)
    );
    assert!(
        contrast(ink, paper) >= INK_CONTRAST,
        "ink {}: {palette:?}",
        contrast(ink, paper)
    );
    assert!(
        luminance(dark) <= RECORD_LUMINANCE,
        "record {}: {palette:?}",
        luminance(dark)
    );
}

#[test]
fn one_coloured_covers_keep_their_colour() {
    for colour in [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 0, 255],
        [0, 255, 255],
        [90, 20, 10],
        [20, 30, 80],
    ] {
        let palette = from_cover(&plain_cover(colour));
        check(&palette);
        let cover = bytes_as_colour(colour);
        assert!(
            hue_apart(palette.accent, cover) < 1.5,
            "{colour:?} gave {:?}",
            palette.accent
        );
        assert!(
            hue_apart(palette.glow, palette.accent) > 23.0,
            "{colour:?} gave {palette:?}"
        );
        assert!(
            oklch(palette.accent).chroma >= 0.07,
            "{colour:?} gave {:?}",
            palette.accent
        );
    }
}

#[test]
fn covers_without_colour_get_warm_whites() {
    for grey in [0, 1, 60, 128, 200, 254, 255] {
        let palette = from_cover(&plain_cover([grey; 3]));
        check(&palette);
        for light in [palette.accent, palette.glow] {
            assert!(oklch(light).chroma < 0.03, "grey {grey} gave {light:?}");
        }
        assert_eq!(
            luminance(palette.paper) > 0.5,
            grey >= 128,
            "light paper for a light cover, grey {grey}"
        );
    }
}

/// A small sun on a grey sea: the sun is what people see.
#[test]
fn a_small_strong_colour_beats_a_large_dull_one() {
    let mut cover = plain_cover([96, 104, 110]);
    paint(&mut cover, 300..380, 100..180, [240, 70, 20]);
    let palette = from_cover(&cover);
    check(&palette);
    assert!(
        hue_apart(palette.accent, bytes_as_colour([240, 70, 20])) < 12.0,
        "{palette:?}"
    );
}

#[test]
fn two_colours_share_ring_and_halo() {
    let mut cover = plain_cover([250, 40, 160]);
    paint(&mut cover, 0..512, 256..512, [20, 190, 230]);
    let palette = from_cover(&cover);
    check(&palette);
    assert!(hue_apart(palette.accent, palette.glow) > 90.0, "{palette:?}");
}

#[test]
fn the_same_cover_gives_the_same_palette() {
    let noise = |x: u32| (x.wrapping_mul(2_654_435_761) >> 24) as u8;
    let rgba = (0..512 * 512)
        .flat_map(|i: u32| [noise(i), noise(i + 77), noise(i * 3), 255])
        .collect();
    let cover = Cover { side: 512, rgba };
    assert_eq!(from_cover(&cover), from_cover(&cover.clone()));
    check(&from_cover(&cover));
}

#[test]
fn our_own_covers_have_palettes_worth_showing() {
    let demo = from_cover(&load(include_bytes!("../assets/demo/cover.jpg")).expect("the demo cover loads"));
    let plain = from_cover(&load(include_bytes!("../assets/default-cover.png")).expect("the default cover loads"));
    check(&demo);
    check(&plain);
    assert!(oklch(demo.accent).chroma > 0.1, "{demo:?}");
}

/// Nothing sensible comes in, nothing breaks.
#[test]
fn an_empty_cover_still_gives_a_palette() {
    check(&from_cover(&Cover {
        side: 0,
        rgba: Vec::new(),
    }));
    check(&from_cover(&Cover {
        side: 512,
        rgba: vec![9; 100],
    }));
}

fn paint(cover: &mut Cover, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>, colour: [u8; 3]) {
    for row in rows {
        for column in columns.clone() {
            let at = (row * cover.side as usize + column) * 4;
            cover.rgba[at..at + 3].copy_from_slice(&colour);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any four colours in any proportion.
    #[test]
    fn any_cover_gives_a_palette_that_works(colours in prop::array::uniform4(any::<[u8; 3]>()), across in 1usize..511, down in 1usize..511) {
        let mut cover = plain_cover(colours[0]);
        paint(&mut cover, across..512, 0..down, colours[1]);
        paint(&mut cover, 0..across, down..512, colours[2]);
        paint(&mut cover, across..512, down..512, colours[3]);
        check(&from_cover(&cover));
    }
}
