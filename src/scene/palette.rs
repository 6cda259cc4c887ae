//! A cover in, the five colours a theme paints with out. Step 4: pure, the same cover gives the same palette.
//!
//! The colours are found by clustering the cover in Oklab, where distance is how different two colours look, and then
//! moved in lightness (hue kept, chroma no more than sRGB can show) until they do their job on *any* cover: what has to
//! shine shines on a near-black record, and what has to be read can be read. See [`Palette`] for who is who.

use kmeans_colors::get_kmeans;
use palette::convert::FromColorUnclamped;
use palette::white_point::D65;
use palette::{FromColor, IntoColor, Lab, LinSrgb, Oklab, OklabHue, Oklch, Srgb};

use crate::cover::Cover;

/// The colours of one circle, as sRGB-coded red, green, blue from 0 to 1: the shaders' working values, used as they are.
///
/// | role | where it goes | promise |
/// | --- | --- | --- |
/// | `accent` | the spectrum ring, marks, whatever must be seen moving | at least [`RING_CONTRAST`]:1 on the record |
/// | `glow` | soft light: the bass halo, the rim; another hue than `accent` when the cover has two | at least [`GLOW_CONTRAST`]:1 on the record |
/// | `paper` | the plain edge of the label around the cover | light for a light cover, dark for a dark one |
/// | `ink` | letters and fine lines on `paper` | at least [`INK_CONTRAST`]:1 on `paper` |
/// | `dark` | the tint of the vinyl itself | no lighter than [`RECORD_LUMINANCE`] |
///
/// A cover without colour (black and white, grey) gives warm whites: silver on black, never an invented hue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    pub accent: [f32; 3],
    pub glow: [f32; 3],
    pub ink: [f32; 3],
    pub paper: [f32; 3],
    pub dark: [f32; 3],
}

/// Relative luminance (WCAG 2) of the brightest the unlit record may be: sRGB grey 25 of 255.
pub const RECORD_LUMINANCE: f32 = 0.01;
/// WCAG 2 contrast for text: thin bars deserve no less.
pub const RING_CONTRAST: f32 = 4.5;
/// WCAG 2 contrast for large shapes.
pub const GLOW_CONTRAST: f32 = 3.0;
/// WCAG 2's stricter contrast for text, because ours is small and turns.
pub const INK_CONTRAST: f32 = 7.0;

/// The cover is looked at as this many points by this many: colours that matter are wider than that.
const POINTS_ACROSS: u32 = 48;
const CLUSTERS: usize = 8;
const MAX_ROUNDS: usize = 16;
/// Squared movement, on Oklab's scale times [`LAB_SCALE`], under which another round changes nothing one could see.
const CONVERGED: f32 = 0.05;
/// Any number will do as long as it stays the same.
const SEED: u64 = 33;
/// Oklab's axes have Lab's meaning at a hundredth of its scale.
const LAB_SCALE: f32 = 100.0;

/// Under this Oklch chroma people call a colour grey.
const GREY_CHROMA: f32 = 0.035;
/// Smaller areas than this share of the cover are specks, not its colour.
const MIN_SHARE: f32 = 0.004;
/// Hues closer than this are "the same colour" to people.
const OTHER_HUE_DEGREES: f32 = 40.0;
/// What neutral lights are tinted with: the hue and chroma of lamp light.
const LAMP: (f32, f32) = (80.0, 0.018);

/// One colour of the cover and how much of the cover it takes, 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Patch {
    colour: Oklch,
    share: f32,
}

/// Finds the palette of `cover`.
pub fn from_cover(cover: &Cover) -> Palette {
    let patches = patches(cover);
    let ground = patches.first().map_or(Oklch::new(0.2, 0.0, 0.0), |patch| patch.colour);
    let (accent, glow) = lights(&patches);
    let (paper, ink) = label(ground, accent);
    Palette {
        accent: lit(accent, 0.70..=0.86, RING_CONTRAST),
        glow: lit(glow, 0.58..=0.76, GLOW_CONTRAST),
        ink,
        paper,
        dark: shown(Oklch::new(0.17, ground.chroma.min(0.02), ground.hue)),
    }
}

/// WCAG 2 contrast of two sRGB colours, 1 (none) to 21 (black on white).
pub fn contrast(a: [f32; 3], b: [f32; 3]) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2 relative luminance of an sRGB colour, 0 to 1.
pub fn luminance([red, green, blue]: [f32; 3]) -> f32 {
    let linear: LinSrgb = Srgb::new(red, green, blue).into_linear();
    0.2126 * linear.red + 0.7152 * linear.green + 0.0722 * linear.blue
}

/// The cover's colours, the widest first.
fn patches(cover: &Cover) -> Vec<Patch> {
    let points = points(cover);
    if points.is_empty() {
        return Vec::new();
    }
    let found = get_kmeans(CLUSTERS, MAX_ROUNDS, CONVERGED, false, &points, SEED);
    let mut counts = vec![0u32; found.centroids.len()];
    for &index in &found.indices {
        counts[usize::from(index)] += 1;
    }
    let mut patches: Vec<Patch> = found
        .centroids
        .iter()
        .zip(&counts)
        .filter(|&(_, &count)| count > 0)
        .map(|(lab, &count)| Patch {
            colour: Oklab::new(lab.l / LAB_SCALE, lab.a / LAB_SCALE, lab.b / LAB_SCALE).into_color(),
            share: count as f32 / points.len() as f32,
        })
        .collect();
    patches.sort_by(|a, b| b.share.total_cmp(&a.share));
    patches
}

/// The cover as [`POINTS_ACROSS`] squared points of its own pixels (means would grey out fine patterns), each in Oklab
/// dressed as the `Lab` that `kmeans_colors` knows how to cluster.
fn points(cover: &Cover) -> Vec<Lab<D65, f32>> {
    let across = POINTS_ACROSS.min(cover.side);
    let middle = |step: u32| ((2 * step + 1) * cover.side / (2 * across)) as usize;
    let pixel = |x: u32, y: u32| {
        cover
            .rgba
            .get((middle(y) * cover.side as usize + middle(x)) * 4..)?
            .first_chunk::<3>()
    };
    (0..across)
        .flat_map(|y| (0..across).map(move |x| (x, y)))
        .filter_map(|(x, y)| pixel(x, y))
        .map(|&[red, green, blue]| {
            let Oklab { l, a, b } = Oklab::from_color(Srgb::new(red, green, blue).into_linear::<f32>());
            Lab::new(l * LAB_SCALE, a * LAB_SCALE, b * LAB_SCALE)
        })
        .collect()
}

/// The two colours that tell this cover from others: the strongest, and the strongest of another hue.
fn lights(patches: &[Patch]) -> (Oklch, Oklch) {
    // A colour counts by how strong it is and, less, by how much there is of it: a red sun on a grey sea is what people remember.
    let strength = |patch: &Patch| patch.colour.chroma.min(0.25) * patch.share.sqrt();
    let strongest = |wanted: &dyn Fn(Oklch) -> bool| {
        patches
            .iter()
            .filter(|patch| patch.share >= MIN_SHARE && patch.colour.chroma >= GREY_CHROMA && wanted(patch.colour))
            .max_by(|a, b| strength(a).total_cmp(&strength(b)))
            .map(|patch| patch.colour)
    };
    let Some(accent) = strongest(&|_| true) else {
        let lamp = Oklch::new(0.82, LAMP.1, OklabHue::from_degrees(LAMP.0));
        return (lamp, lamp);
    };
    let apart = |colour: Oklch| (colour.hue - accent.hue).into_degrees().abs() >= OTHER_HUE_DEGREES;
    // With one hue only, a neighbour on the colour wheel keeps ring and halo apart and still in key.
    let glow = strongest(&apart).unwrap_or(Oklch {
        hue: accent.hue - 25.0,
        ..accent
    });
    (vivid(accent), vivid(glow))
}

/// Lights are purer than pigments: muddy colours get the chroma that still looks like them.
fn vivid(colour: Oklch) -> Oklch {
    Oklch {
        chroma: (colour.chroma * 1.25).clamp(0.09, 0.22),
        ..colour
    }
}

/// The paper of the label, in the cover's main colour, and the ink for it.
fn label(ground: Oklch, accent: Oklch) -> ([f32; 3], [f32; 3]) {
    let light = ground.l >= 0.55;
    let paper_lightness = if light {
        ground.l.clamp(0.84, 0.95)
    } else {
        ground.l.clamp(0.22, 0.32)
    };
    let paper = shown(Oklch {
        l: paper_lightness,
        chroma: ground.chroma.min(0.05),
        ..ground
    });
    let (mut lightness, step) = if light { (0.34, -0.02) } else { (0.86, 0.02) };
    let tint = |l: f32| {
        shown(Oklch {
            l,
            chroma: accent.chroma.min(0.05),
            ..accent
        })
    };
    while contrast(tint(lightness), paper) < INK_CONTRAST && (0.0..=1.0).contains(&lightness) {
        lightness += step;
    }
    (paper, tint(lightness))
}

/// `colour` within the lightness wanted, then as much lighter as `contrast_wanted` on the record asks for.
fn lit(colour: Oklch, lightness: std::ops::RangeInclusive<f32>, contrast_wanted: f32) -> [f32; 3] {
    let mut colour = Oklch {
        l: colour.l.clamp(*lightness.start(), *lightness.end()),
        ..colour
    };
    while (luminance(shown(colour)) + 0.05) / (RECORD_LUMINANCE + 0.05) < contrast_wanted && colour.l < 1.0 {
        colour.l += 0.02;
    }
    shown(colour)
}

/// `colour` in sRGB. What sRGB cannot show loses chroma, not hue or lightness.
fn shown(colour: Oklch) -> [f32; 3] {
    let fits = |rgb: LinSrgb| {
        [rgb.red, rgb.green, rgb.blue]
            .iter()
            .all(|v| (-1e-4..=1.0001).contains(v))
    };
    let linear = |chroma: f32| LinSrgb::from_color_unclamped(Oklch { chroma, ..colour });
    let mut best = linear(colour.chroma);
    if !fits(best) {
        let (mut inside, mut outside) = (0.0, colour.chroma);
        // 12 halvings leave an error no eye and no 8-bit value can show.
        for _ in 0..12 {
            let middle = (inside + outside) / 2.0;
            if fits(linear(middle)) {
                inside = middle
            } else {
                outside = middle
            }
        }
        best = linear(inside);
    }
    let srgb: Srgb = Srgb::from_linear(best);
    [srgb.red, srgb.green, srgb.blue].map(|v| v.clamp(0.0, 1.0))
}
