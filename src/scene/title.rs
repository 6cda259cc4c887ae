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
    let parts = [tags.title.as_deref(), tags.artist.as_deref()];
    let line = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ·  ");
    // Strip pixels per disc unit.
    let px = size.px() as f32 / 2.0 * OVERSAMPLING;
    let height = (place.width * px).ceil();
    let turn_px = std::f32::consts::TAU * place.radius * px;
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

fn empty() -> TextStrip {
    TextStrip {
        width: 1,
        height: 1,
        coverage: vec![0],
        turns: 0.0,
    }
}
