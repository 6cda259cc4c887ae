//! Every limit of the worker, with its unit and its reason.

use std::time::Duration;

/// From start to the first word: opening the device, compiling, one frame, one try of every encoder. A few tenths of a second
/// on a free machine.
pub const HELLO: Duration = Duration::from_secs(20);
/// Frames come every few milliseconds; a device that draws none for so long hangs.
pub const STALL: Duration = Duration::from_secs(10);
/// Before the first step of a piece of work is told: a long song is decoded, a new theme is compiled.
pub const FIRST_STALL: Duration = Duration::from_secs(30);
/// How long a cancelled piece of work may take to stop by itself. People wait for the answer.
pub const CANCEL_GRACE: Duration = Duration::from_millis(250);
/// How long an idle child may take to leave when its input ends.
pub const LEAVE: Duration = Duration::from_secs(1);
/// A picture of one moment.
pub const FRAME: Duration = Duration::from_secs(20);
/// What a file says of itself; nothing is decoded.
pub const PROBE: Duration = Duration::from_secs(20);
/// Hearing a whole song, at most six hours of it.
pub const SURVEY: Duration = Duration::from_secs(60);

/// Deaths within [`DEATHS_WITHIN`] after which the machine is at fault and not a file.
pub const DEATHS: usize = 3;
pub const DEATHS_WITHIN: Duration = Duration::from_secs(60);
/// Between the tries from then on.
pub const SLOW_RESTART: Duration = Duration::from_secs(15);
/// Between the others: the first at once.
pub const RESTARTS: [Duration; DEATHS - 1] = [Duration::ZERO, Duration::from_millis(500)];

/// A line of the protocol. The longest, a survey, has at most 150 kB; paths have at most 4.
pub const LINE_BYTES: u64 = 256 << 10;
/// A line of a library's complaints, and how many of them are logged a piece of work.
pub const LOG_LINE_BYTES: u64 = 1 << 10;
pub const LOG_LINES: u32 = 100;
/// Between two words about the same step: a status message is edited once a second.
pub const STEP_EVERY: Duration = Duration::from_millis(50);
/// Pieces of work that wait for a worker of the pool; the queue hands out no more than there are workers.
pub const WAITING: usize = 64;

/// The largest file a child writes: a circle has 8 MB.
pub const FILE_BYTES: u64 = 64 << 20;
/// Open files of a child: a driver has a few dozen, a circle five.
pub const OPEN_FILES: u64 = 256;
/// Processor time beyond what the wall-clock limit allows on all cores, for a child whose supervisor is not looking.
pub const CPU_MARGIN: Duration = Duration::from_secs(5);

/// A frame of no song: drawn by a driver that works it is bright inside the circle and black outside.
pub const CALM_SIDE_PX: u32 = 240;
pub const CALM_BRIGHTNESS: std::ops::RangeInclusive<f32> = 20.0..=200.0;

/// Points of a song's waveform: a phone held sideways has hardly more columns.
pub const WAVEFORM_POINTS: usize = 1024;
/// Beats told of a song: an hour and a half at 170 a minute, and with everything else they still fit into a line.
pub const BEATS: usize = 16_000;
/// The longest mp3: at 192 kbit/s it has 58 MB, less than [`FILE_BYTES`].
pub const MP3_LONGEST: Duration = Duration::from_secs(40 * 60);

/// A child whose device is lost says so by its exit code: `EX_TEMPFAIL` of `sysexits.h`.
pub const DEVICE_LOST: i32 = 75;
