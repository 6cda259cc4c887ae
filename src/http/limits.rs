//! Every limit of the HTTP side that is no setting, with its unit and its reason.

use std::time::Duration;

/// A request line and all headers together: browsers and Telegram's initData stay far below.
pub const HEADER_BYTES: usize = 64 << 10;
pub const HEADERS: usize = 64;
/// From the first byte of a request's head to its last, and of silence between two requests of one connection.
pub const HEADER_TIME: Duration = Duration::from_secs(10);
/// A peer that takes no byte of an answer, or sends none of a body, for so long is gone.
pub const STALL: Duration = Duration::from_secs(20);
/// After an answer that was given before the request's end: long enough for the other side to read it.
pub const LINGER: Duration = Duration::from_secs(2);
pub const LINGER_BYTES: usize = 4 << 20;
/// What neither uploads nor renders is answered within this time.
pub const QUICK: Duration = Duration::from_secs(30);
/// An upload, however slowly it comes: 20 MB at 300 kbit/s.
pub const UPLOAD: Duration = Duration::from_secs(600);
/// After the last connection was told that we stop.
pub const LEAVE: Duration = Duration::from_secs(5);
/// Of that, for a circle that is nearly done; whoever waits for one that is not is told so in what is left.
pub const NEARLY_DONE: Duration = Duration::from_secs(4);

/// A body of JSON: a song's lyrics with every sign written as \uXXXX are the largest.
pub const JSON_BYTES: usize = 512 << 10;
/// A text field of a form: lyrics are the largest.
pub const FIELD_BYTES: usize = 64 << 10;
/// Fields of a form: the largest has a dozen and a theme's parameters.
pub const FIELDS: usize = 100;
/// What a form has beside its files.
pub const FORM_BYTES: u64 = 256 << 10;
/// A picture as it comes.
pub const PICTURE_BYTES: u64 = 20 << 20;
/// A square PNG of a cover or a still.
pub const SQUARE_BYTES: u64 = 4_000_000;
/// A scene as a browser draws it: a minute of 60 frames a second has 1.2 MB of moments, a cover as wide as the picture 1.6 MB,
/// and the longest lyrics a few more.
pub const SCENE_BYTES: u64 = 16 << 20;
/// Features of a minute at 60 frames a second: 3600 frames of some seventy numbers of five letters.
pub const FEATURES_BYTES: u64 = 4 << 20;
/// A song from a source: over half an hour at 256 kbit/s.
pub const SONG_BYTES: u64 = 64 << 20;
pub const SONG_TIME: Duration = Duration::from_secs(60);

/// Asked to come back after so long, when nothing better is known.
pub const TRY_AGAIN_SECS: u32 = 10;
/// While the line runs empty before a restart: a full line is a minute.
pub const RESTART_SECS: u32 = 120;
/// That a file was used is written down so often: it decides what makes room, and each writing waits for the disk.
pub const TOUCH_EVERY_MS: i64 = 600_000;
/// Addresses whose requests are counted; the longest silent is forgotten first.
pub const COUNTED: usize = 50_000;
/// Results of a search, whatever was asked for.
pub const RESULTS: usize = 50;
pub const QUERY_CHARS: usize = 500;
/// Surveys remembered: each is some 20 kB.
pub const SURVEYS: usize = 64;
/// Stills remembered by their request.
pub const STILLS: usize = 256;
/// Server-sent events: a comment so often keeps proxies from closing.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest name or title taken.
pub const NAME_CHARS: usize = 200;
