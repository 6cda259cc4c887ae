//! Every limit of the media steps, with its unit and its reason, in one place.

use std::time::Duration;

/// A circle shorter than this is no clip; Telegram clients also round shorter ones to nothing.
pub const MIN_FRAGMENT: Duration = Duration::from_secs(1);
/// Telegram plays a video note of at most 60 s.
pub const MAX_FRAGMENT: Duration = Duration::from_secs(60);
/// Above this Telegram may answer with a plain video instead of a circle.
pub const MAX_CIRCLE_BYTES: u64 = 8_000_000;
/// The smallest `--max-bytes` we accept: under it even one second of sound and picture does not fit.
pub const MIN_CIRCLE_BYTES: u64 = 100_000;
/// A picture's file, and the memory its decoder may take: enough for any photo, small for a decompression bomb.
pub const MAX_COVER_BYTES: u64 = 128 * 1024 * 1024;
/// Width times height of a cover.
pub const MAX_COVER_PIXELS: u64 = 25_000_000;
/// Side of the square the cover is reduced to; the label of a 640-pixel record is about 260 pixels across.
pub const COVER_SIDE: u32 = 512;
/// A song's lyrics take 2 to 5 kB; with a stamp on every word five times that.
pub const MAX_LYRICS_BYTES: u64 = 64 * 1024;
/// Every repetition of a chorus counts.
pub const MAX_LYRIC_LINES: usize = 2000;
/// A song of this length is the longest we look at: a live set, not a day of radio.
pub const MAX_TRACK: Duration = Duration::from_secs(6 * 3600);
/// Tags longer than this are cut: they are only shown.
pub const MAX_TAG_CHARS: usize = 200;
