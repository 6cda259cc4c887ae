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
