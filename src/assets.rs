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

/// How each theme looks, for lists of them: 320 pixels, JPEG; drawn by `make media`.
macro_rules! previews {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../assets/themes/", $name, ".jpg")).as_slice())),*]
    };
}
const PREVIEWS: &[(&str, &[u8])] = previews!["vinyl", "picture", "color", "cover", "cd", "cassette", "neon", "lyrics"];

/// The picture of a theme of the program.
pub fn theme_preview(name: &str) -> Option<&'static [u8]> {
    PREVIEWS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, picture)| *picture)
}
