//! The covers, painted point by point: the demo song's (a record-striped sun over a swell) and the built-in one.
//!
//! A painting is a function from a point (0 to 1 across and down) to an sRGB colour. Both are made for a round label
//! with a hole in its middle: what matters lies around the centre, and the corners may go.

use image::{Rgb, RgbImage};

use crate::synth::Dice;

type Colour = [f32; 3];

/// `0xff6a3d` as a colour.
fn hex(code: u32) -> Colour {
    [16, 8, 0].map(|shift| ((code >> shift) & 0xff) as f32 / 255.0)
}

fn mix(a: Colour, b: Colour, part: f32) -> Colour {
    let part = part.clamp(0.0, 1.0);
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * part)
}

fn add(a: Colour, light: Colour, gain: f32) -> Colour {
    std::array::from_fn(|i| a[i] + light[i] * gain)
}

/// 0 below `from`, 1 above `to`, smooth between.
fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Stops from 0 to 1, each a place and a colour.
fn gradient(stops: &[(f32, u32)], at: f32) -> Colour {
    let next = stops
        .iter()
        .position(|stop| stop.0 > at)
        .unwrap_or(stops.len() - 1)
        .max(1);
    let (a, b) = (stops[next - 1], stops[next]);
    mix(hex(a.1), hex(b.1), smooth(a.0, b.0, at))
}

/// Paints `side` x `side` pixels, each the mean of 3 x 3 points, with `grain` of noise like that of print.
fn paint(side: u32, grain: f32, painting: impl Fn(f32, f32) -> Colour) -> RgbImage {
    let mut dice = Dice::new(1977);
    RgbImage::from_fn(side, side, |x, y| {
        let mut sum = [0.0; 3];
        for step in 0..9 {
            let place = |pixel: u32, part: u32| (pixel as f32 + (part as f32 + 0.5) / 3.0) / side as f32;
            sum = add(sum, painting(place(x, step % 3), place(y, step / 3)), 1.0 / 9.0);
        }
        let noise = (dice.roll() + dice.roll()) * 0.5 * grain;
        Rgb(sum.map(|channel| ((channel + noise).clamp(0.0, 1.0) * 255.0).round() as u8))
    })
}

const SUN: (f32, f32, f32) = (0.5, 0.435, 0.265);

/// "First Pressing": 1000 x 1000.
pub fn first_pressing() -> RgbImage {
    paint(1000, 0.045, |x, y| {
        let mut colour = sky(x, y);
        colour = sun(colour, x, y);
        for layer in 0..SWELL.len() {
            colour = swell(colour, layer, x, y);
        }
        // A vignette, as lenses and old sleeves have it.
        let far = (x - 0.5).hypot(y - 0.5);
        mix(colour, hex(0x0a0626), 0.55 * smooth(0.45, 0.78, far))
    })
}

fn sky(x: f32, y: f32) -> Colour {
    let base = gradient(
        &[
            (0.0, 0x120a3a),
            (0.22, 0x3a1272),
            (0.42, 0xb3217f),
            (0.58, 0xff5a4e),
            (0.70, 0xffc46b),
        ],
        y,
    );
    // Rings around the sun: grooves of light, wider apart and fainter outwards.
    let far = (x - SUN.0).hypot(y - SUN.1) - SUN.2;
    let ring = (far.max(0.0).powf(0.82) * 165.0).sin() * 0.5 + 0.5;
    let glow = add(base, hex(0xff7a5c), 0.75 * (-far.max(0.0) * 9.0).exp());
    let stars = star(x, y) * smooth(0.42, 0.05, y) * smooth(0.02, 0.12, far);
    add(
        add(glow, hex(0xff9ad0), 0.13 * ring * ring * (-far.max(0.0) * 3.0).exp()),
        [1.0; 3],
        stars,
    )
}

/// One point of light in some cells of a grid.
fn star(x: f32, y: f32) -> f32 {
    const CELLS: f32 = 26.0;
    let (column, row) = ((x * CELLS).floor(), (y * CELLS).floor());
    let mut dice = Dice::new((column * 57.0 + row * 1031.0) as u32 + 11);
    dice.roll();
    if dice.roll() < 0.35 {
        return 0.0;
    }
    let (dx, dy) = (
        x * CELLS - column - 0.5 - 0.35 * dice.roll(),
        y * CELLS - row - 0.5 - 0.35 * dice.roll(),
    );
    let size = 0.035 + 0.03 * (dice.roll() * 0.5 + 0.5);
    smooth(size, size * 0.4, dx.hypot(dy)) * 0.9
}

/// A disc of light, cut by bars that grow towards the water.
fn sun(under: Colour, x: f32, y: f32) -> Colour {
    let (dx, dy) = (x - SUN.0, y - SUN.1);
    let disc = smooth(SUN.2 + 0.0008, SUN.2 - 0.0008, dx.hypot(dy));
    let down = (dy / SUN.2 + 1.0) * 0.5;
    let face = gradient(
        &[(0.0, 0xfff6c2), (0.35, 0xffd257), (0.68, 0xff7b4a), (1.0, 0xff2e7e)],
        down,
    );
    let place = (down - 0.50) * 11.0;
    let cut = if place > 0.0 { place.fract() } else { 1.0 };
    let width = 0.10 + 0.075 * place.floor();
    let bar = smooth(width + 0.02, width - 0.02, cut);
    mix(under, face, disc * (1.0 - bar))
}

/// Each wave: how far down its crest lies, its height, its waves across, its shift, its colour at the crest and below.
const SWELL: [(f32, f32, f32, f32, u32, u32); 6] = [
    (0.615, 0.012, 1.6, 0.10, 0xff8f5e, 0xe8437a),
    (0.665, 0.020, 1.3, 0.55, 0xf0508a, 0xa32a92),
    (0.725, 0.027, 1.1, 0.15, 0x2bd4c8, 0x1b6fa8),
    (0.795, 0.033, 0.9, 0.72, 0x8b35b8, 0x4a1d86),
    (0.870, 0.036, 0.8, 0.30, 0x1f8fb8, 0x153f86),
    (0.945, 0.038, 0.7, 0.85, 0x3a1a78, 0x0d0a3c),
];

fn swell(under: Colour, layer: usize, x: f32, y: f32) -> Colour {
    let (level, height, waves, shift, top, deep) = SWELL[layer];
    let turn = std::f32::consts::TAU;
    let crest = level
        + height * (turn * (x * waves + shift)).sin()
        + 0.35 * height * (turn * (x * waves * 2.3 + shift * 3.1)).sin();
    let below = y - crest;
    let water = mix(hex(top), hex(deep), smooth(0.0, 0.10, below));
    // Lines that follow the crest, as contour lines do: grooves again.
    let line = ((below * 150.0).sin() * 0.5 + 0.5).powi(3) * smooth(0.11, 0.0, below) * 0.20;
    // The sun on the water, broken by the waves.
    let path = smooth(0.20, 0.0, (x - SUN.0 + 0.02 * (y * 140.0).sin()).abs()) * smooth(0.10, 0.0, below);
    let lit = add(add(water, hex(0xfff0c8), line), hex(0xffc27a), 0.38 * path);
    let edge = add(lit, hex(0xfff2d8), 0.75 * smooth(0.0045, 0.0, below));
    mix(under, edge, smooth(-0.0008, 0.0008, below))
}

/// The built-in cover: quarter circles in quiet colours, 512 x 512.
pub fn built_in() -> RgbImage {
    const PAPER: u32 = 0xe9e2d3;
    const TILES: [[(u32, u32, u8); 4]; 4] = [
        [
            (0x2f4858, PAPER, 2),
            (PAPER, 0x6f9ea6, 3),
            (0x2f4858, 0xd9a566, 2),
            (0x4d7480, PAPER, 3),
        ],
        [
            (0x4d7480, 0xd9a566, 1),
            (0x2f4858, PAPER, 2),
            (0x6f9ea6, 0x2f4858, 3),
            (PAPER, 0x2f4858, 0),
        ],
        [
            (PAPER, 0x2f4858, 2),
            (0xd9a566, 0x2f4858, 1),
            (PAPER, 0x4d7480, 0),
            (0x2f4858, 0x6f9ea6, 3),
        ],
        [
            (0x6f9ea6, 0x2f4858, 1),
            (0x2f4858, PAPER, 0),
            (0x4d7480, PAPER, 1),
            (0x2f4858, 0xd9a566, 0),
        ],
    ];
    paint(512, 0.0, |x, y| {
        let cell = |v: f32| ((v * 4.0) as usize).min(3);
        let (column, row) = (cell(x), cell(y));
        let (ground, shape, corner) = TILES[row][column];
        let (u, v) = (x * 4.0 - column as f32, y * 4.0 - row as f32);
        // The corner the circle is drawn around: 0 top left, then clockwise... read as column and row of the corner.
        let (cx, cy) = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)][corner as usize];
        let far = (u - cx).hypot(v - cy);
        if far < 0.40 || (0.60..1.0).contains(&far) {
            hex(shape)
        } else {
            hex(ground)
        }
    })
}
