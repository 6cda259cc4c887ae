//! The text etched around the label: shaped and drawn once on a flat strip, bent by the shader.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cosmic_text::{
    Align, Attrs, Buffer, Color, Ellipsize, EllipsizeHeightLimit, Family, FontSystem, Metrics, Shaping, SwashCache,
    Wrap, fontdb,
};

use super::theme::TextPlace;
use crate::flow::TextStrip;
use crate::model::{Size, Tags};

/// The strip is drawn half again as large as it is shown, so that it stays sharp where it is bent.
const OVERSAMPLING: f32 = 1.5;
/// The text never takes more of the turn than this; longer lines end in an ellipsis.
const MAX_TURNS: f32 = 0.80;

/// Every font of the program; the system's own fonts are never read, so that a circle looks the same everywhere.
static FONTS: LazyLock<Mutex<FontSystem>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(crate::assets::FONT)));
    Mutex::new(FontSystem::new_with_locale_and_db("en".to_owned(), fonts))
});

/// `title · artist` on a strip for this place in a picture of this size. No place and no tags give an empty strip.
pub fn etch(tags: &Tags, place: Option<TextPlace>, size: Size) -> TextStrip {
    let Some(place) = place else { return empty() };
    // Strip pixels per disc unit.
    let px = size.px() as f32 / 2.0 * OVERSAMPLING;
    let height = (place.width * px).ceil();
    let turn_px = std::f32::consts::TAU * place.radius * px;
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    let metrics = Metrics::new(height * 0.70, height);
    let parts = [&tags.title, &tags.artist].into_iter().flatten();
    let parts = parts.filter_map(|part| writable(&mut fonts, metrics, &part.to_uppercase()));
    let line = parts.collect::<Vec<_>>().join("  ·  ");
    let mut text = shape(&mut fonts, metrics, &line, Some(turn_px * MAX_TURNS));
    let width = text
        .layout_runs()
        .map(|run| run.line_w)
        .fold(0.0, f32::max)
        .min(turn_px * MAX_TURNS)
        .ceil();
    if line.is_empty() || width < 1.0 {
        return empty();
    }
    let (columns, rows) = (width as usize, height as usize);
    let mut coverage = vec![0u8; columns * rows];
    text.draw(
        &mut fonts,
        &mut SwashCache::new(),
        Color::rgb(255, 255, 255),
        |x, y, w, h, color| {
            for (x, y) in (0..h as i32).flat_map(|dy| (0..w as i32).map(move |dx| (x + dx, y + dy))) {
                if (0..columns as i32).contains(&x) && (0..rows as i32).contains(&y) {
                    let pixel = &mut coverage[y as usize * columns + x as usize];
                    *pixel = (*pixel).max(color.a());
                }
            }
        },
    );
    TextStrip {
        width: columns as u32,
        height: rows as u32,
        coverage,
        turns: width / turn_px,
    }
}

/// One line, shaped and kerned, ending in an ellipsis where it would be wider than `width`.
fn shape(fonts: &mut FontSystem, metrics: Metrics, line: &str, width: Option<f32>) -> Buffer {
    let mut text = Buffer::new_empty(metrics);
    text.set_size(width, Some(metrics.line_height));
    text.set_wrap(Wrap::None);
    if width.is_some() {
        text.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(1)));
    }
    let attrs = Attrs::new()
        .family(Family::Name(crate::assets::FONT_FAMILY))
        .letter_spacing(0.06);
    text.set_text(line, &attrs, Shaping::Advanced, Some(Align::Left));
    text.shape_until_scroll(fonts, false);
    text
}

/// What the font can write of a text: a record shows no empty boxes. `None` when no letter or digit is left.
fn writable(fonts: &mut FontSystem, metrics: Metrics, part: &str) -> Option<String> {
    let shaped = shape(fonts, metrics, part, None);
    let mut kept = String::with_capacity(part.len());
    let mut unknown = Vec::new();
    for run in shaped.layout_runs() {
        // Glyph 0 is the box.
        unknown.extend(
            run.glyphs
                .iter()
                .filter(|glyph| glyph.glyph_id == 0)
                .map(|glyph| glyph.start..glyph.end),
        );
    }
    for (at, letter) in part.char_indices() {
        if !unknown.iter().any(|range| range.contains(&at)) {
            kept.push(letter);
        }
    }
    let kept = kept.trim().to_owned();
    kept.contains(char::is_alphanumeric).then_some(kept)
}

fn empty() -> TextStrip {
    TextStrip {
        width: 1,
        height: 1,
        coverage: vec![0],
        turns: 0.0,
    }
}
