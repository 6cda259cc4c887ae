//! Files that are part of the program.

/// The font of everything written in a circle: Latin and Cyrillic.
pub const FONT: &[u8] = include_bytes!("../assets/fonts/temp.ttf");
/// The family name inside [`FONT`].
pub const FONT_FAMILY: &str = "DejaVu Sans";
