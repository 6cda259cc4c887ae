//! The text etched around the label: shaped and drawn once on a flat strip, bent by the shader.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cosmic_text::{
    Align, Attrs, Buffer, Color, Ellipsize, EllipsizeHeightLimit, Family, FontSystem, Metrics, Shaping, SwashCache,
    Wrap, fontdb,
};

use crate::flow::TextStrip;
use crate::model::{Size, Tags};

/// Height of the strip as a part of the picture's side: the dead wax of `shaders/themes/vinyl.wgsl` is 0.060 disc units wide,
/// 0.030 of the side, drawn half again as large so that it stays sharp where it is bent.
const HEIGHT_OF_SIDE: f32 = 0.030 * OVERSAMPLING;
const OVERSAMPLING: f32 = 1.5;
/// Radius of the middle of the dead wax in disc units.
const RADIUS: f32 = 0.448;
/// The text never takes more of the turn than this; longer lines end in an ellipsis.
const MAX_TURNS: f32 = 0.80;

/// Every font of the program; the system's own fonts are never read, so that a circle looks the same everywhere.
static FONTS: LazyLock<Mutex<FontSystem>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(crate::assets::FONT)));
    Mutex::new(FontSystem::new_with_locale_and_db("en".to_owned(), fonts))
});

/// `title · artist` on a strip for a picture of this size. Empty tags give an empty strip.
pub fn etch(tags: &Tags, size: Size) -> TextStrip {
    let parts = [tags.title.as_deref(), tags.artist.as_deref()];
    let line = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ·  ");
    let height = (size.px() as f32 * HEIGHT_OF_SIDE).ceil();
    let turn_px = std::f32::consts::TAU * RADIUS * size.px() as f32 / 2.0 * OVERSAMPLING;
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = Buffer::new_empty(Metrics::new(height * 0.66, height));
    text.set_size(Some(turn_px * MAX_TURNS), Some(height));
    text.set_wrap(Wrap::None);
    text.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(1)));
    let attrs = Attrs::new()
        .family(Family::Name(crate::assets::FONT_FAMILY))
        .letter_spacing(0.06);
    text.set_text(&line.to_uppercase(), &attrs, Shaping::Advanced, Some(Align::Left));
    text.shape_until_scroll(&mut fonts, false);
    let width = text
        .layout_runs()
        .map(|run| run.line_w)
        .fold(0.0, f32::max)
        .min(turn_px * MAX_TURNS)
        .ceil();
    if line.is_empty() || width < 1.0 {
        return TextStrip {
            width: 1,
            height: 1,
            coverage: vec![0],
            turns: 0.0,
        };
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
