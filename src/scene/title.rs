//! The text etched around the label: shaped and drawn once on a flat strip, bent by the shader.

use super::lettering::{Canvas, OVERSAMPLING, Pen};
use super::theme::TextPlace;
use crate::flow::TextStrip;
use crate::model::{Size, Tags};

/// The text never takes more of the turn than this; longer lines end in an ellipsis.
const MAX_TURNS: f32 = 0.80;
/// Capitals want air.
const SPACING: f32 = 0.06;

/// `title · artist` on a strip for this place in a picture of this size. No place and no tags give an empty strip.
pub fn etch(tags: &Tags, place: Option<TextPlace>, size: Size) -> TextStrip {
    let Some(place) = place else { return empty() };
    // Strip pixels per disc unit.
    let px = size.px() as f32 / 2.0 * OVERSAMPLING;
    let height = (place.width * px).ceil();
    let turn_px = std::f32::consts::TAU * place.radius * px;
    let mut pen = Pen::new(height, SPACING);
    let parts = [&tags.title, &tags.artist].into_iter().flatten();
    let parts = parts.filter_map(|part| pen.writable(&part.to_uppercase()));
    let text = parts.collect::<Vec<_>>().join("  ·  ");
    let mut line = pen.shape(&text, 1.0, Some(turn_px * MAX_TURNS));
    let width = line.width().min(turn_px * MAX_TURNS).ceil();
    if text.is_empty() || width < 1.0 {
        return empty();
    }
    let mut canvas = Canvas::new(width as u32, height as u32);
    pen.draw(&mut line, &mut canvas, 0, 0);
    TextStrip {
        width: canvas.width,
        height: canvas.height,
        coverage: canvas.coverage,
        turns: width / turn_px,
    }
}

fn empty() -> TextStrip {
    TextStrip {
        width: 1,
        height: 1,
        coverage: vec![0],
        turns: 0.0,
    }
}
