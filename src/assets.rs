//! Files that are part of the program.

/// The font of everything written in a circle: Latin and Cyrillic.
pub const FONT: &[u8] = include_bytes!("../assets/fonts/NotoSans-SemiCondensedMedium.ttf");
/// The family name inside [`FONT`].
pub const FONT_FAMILY: &str = "Noto Sans SemiCondensed Medium";
/// What a song without a picture shows: a square PNG.
pub const DEFAULT_COVER: &[u8] = include_bytes!("../assets/default-cover.png");
/// The song and the cover of `make demo` and of `musiccircles bench`; ours, CC0.
pub const DEMO_SONG: &[u8] = include_bytes!("../assets/demo/demo.mp3");
pub const DEMO_COVER: &[u8] = include_bytes!("../assets/demo/cover.jpg");

/// How a theme looks, for lists of them; drawn by `make media`.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    pub theme: &'static str,
    /// 320 pixels, JPEG.
    pub still: &'static [u8],
    /// 240 pixels, mp4 without sound, a few seconds without a seam.
    pub clip: &'static [u8],
}

macro_rules! previews {
    ($($name:literal),* $(,)?) => {
        &[$(Preview {
            theme: $name,
            still: include_bytes!(concat!("../assets/themes/", $name, ".jpg")),
            clip: include_bytes!(concat!("../assets/themes/", $name, ".mp4")),
        }),*]
    };
}
const PREVIEWS: &[Preview] = previews!["vinyl", "picture", "color", "cover", "cd", "cassette", "neon", "lyrics"];

/// Of a theme of the program.
pub fn theme_preview(name: &str) -> Option<Preview> {
    PREVIEWS.iter().copied().find(|preview| preview.theme == name)
}
