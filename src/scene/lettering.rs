//! One line of text in, its coverage out: shaped and kerned by the bundled font, for everything written in a circle.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use cosmic_text::{
    Align, Attrs, Buffer, Color, Ellipsize, EllipsizeHeightLimit, Family, FontSystem, Metrics, Shaping, SwashCache,
    Wrap, fontdb,
};

/// Text is drawn half again as large as it is shown, so that it stays sharp where it is bent.
pub(super) const OVERSAMPLING: f32 = 1.5;
/// Size of the letters as a part of their row's height: what is left is room for accents and descenders.
pub(super) const EM_OF_ROW: f32 = 0.70;

/// Every font of the program; the system's own fonts are never read, so that a circle looks the same everywhere.
static FONTS: LazyLock<Mutex<FontSystem>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(crate::assets::FONT)));
    Mutex::new(FontSystem::new_with_locale_and_db("en".to_owned(), fonts))
});

/// Draws lines of one height and spacing.
pub(super) struct Pen {
    fonts: MutexGuard<'static, FontSystem>,
    glyphs: SwashCache,
    row_px: f32,
    /// Between letters, in their size.
    spacing: f32,
}

/// A line as it will stand.
pub(super) struct Line(Buffer);

/// Rows of coverage, one byte a pixel.
pub(super) struct Canvas {
    pub width: u32,
    pub height: u32,
    pub coverage: Vec<u8>,
}

impl Canvas {
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            coverage: vec![0; width as usize * height as usize],
        }
    }
}

impl Pen {
    pub fn new(row_px: f32, spacing: f32) -> Self {
        Self {
            fonts: FONTS.lock().unwrap_or_else(PoisonError::into_inner),
            glyphs: SwashCache::new(),
            row_px,
            spacing,
        }
    }

    /// Shapes a line with letters of `scale` times the row's usual size; it ends in an ellipsis where it would be wider than
    /// `width`.
    pub fn shape(&mut self, line: &str, scale: f32, width: Option<f32>) -> Line {
        let mut text = Buffer::new_empty(Metrics::new(self.row_px * EM_OF_ROW * scale, self.row_px));
        text.set_size(width, Some(self.row_px));
        text.set_wrap(Wrap::None);
        if width.is_some() {
            text.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(1)));
        }
        let attrs = Attrs::new()
            .family(Family::Name(crate::assets::FONT_FAMILY))
            .letter_spacing(self.spacing);
        text.set_text(line, &attrs, Shaping::Advanced, Some(Align::Left));
        text.shape_until_scroll(&mut self.fonts, false);
        Line(text)
    }

    /// What the font can write of a text: a circle shows no empty boxes. `None` when no letter or digit is left.
    pub fn writable(&mut self, text: &str) -> Option<String> {
        let shaped = self.shape(text, 1.0, None);
        let unknown = shaped.unknown();
        let mut kept = String::with_capacity(text.len());
        for (at, letter) in text.char_indices() {
            if !unknown.iter().any(|range| range.contains(&at)) {
                kept.push(letter);
            }
        }
        let kept = kept.trim().to_owned();
        kept.contains(char::is_alphanumeric).then_some(kept)
    }

    /// Draws a line from `left` in the row that begins at `top`; what does not fit there is cut off.
    pub fn draw(&mut self, line: &mut Line, canvas: &mut Canvas, left: i32, top: i32) {
        let (columns, bottom) = (
            canvas.width as i32,
            (top + self.row_px as i32).min(canvas.height as i32),
        );
        let white = Color::rgb(255, 255, 255);
        line.0
            .draw(&mut self.fonts, &mut self.glyphs, white, |x, y, w, h, color| {
                for (x, y) in (0..h as i32).flat_map(|dy| (0..w as i32).map(move |dx| (left + x + dx, top + y + dy))) {
                    if (0..columns).contains(&x) && (top..bottom).contains(&y) {
                        let pixel = &mut canvas.coverage[y as usize * columns as usize + x as usize];
                        *pixel = (*pixel).max(color.a());
                    }
                }
            });
    }
}

impl Line {
    pub fn width(&self) -> f32 {
        self.0.layout_runs().map(|run| run.line_w).fold(0.0, f32::max)
    }

    /// How far from the line's left edge the letter at this byte of its text begins; its end for a byte beyond.
    pub fn x_of(&self, byte: usize) -> f32 {
        let run = self.0.layout_runs().next();
        let letter = run.and_then(|run| {
            let here = run.glyphs.iter().filter(|glyph| glyph.start >= byte);
            here.map(|glyph| glyph.x).min_by(f32::total_cmp)
        });
        letter.unwrap_or_else(|| self.width())
    }

    /// The bytes of the text that the font has no letters for: glyph 0 is the box.
    fn unknown(&self) -> Vec<std::ops::Range<usize>> {
        let glyphs = self.0.layout_runs().flat_map(|run| run.glyphs.iter());
        glyphs
            .filter(|glyph| glyph.glyph_id == 0)
            .map(|glyph| glyph.start..glyph.end)
            .collect()
    }
}
