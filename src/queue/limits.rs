//! What the queue takes, how long it waits, and how often it tries: every number with its reason.

use crate::store::Millis;

/// What an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Jobs of one user rendered at once.
    pub per_user_rendering: u32,
    /// Jobs of one user waiting beside those.
    pub per_user_waiting: u32,
    /// Nobody is let into a longer wait than this; they hear when to come back.
    pub queue_seconds: u32,
    /// How many render at once.
    pub workers: u32,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            per_user_rendering: 1,
            per_user_waiting: 3,
            queue_seconds: 60,
            workers: 1,
        }
    }
}

/// A worker that was silent for so long has lost its job. Five heartbeats: one or two may come late on a busy machine.
pub const LEASE_MS: Millis = 15_000;
/// How often a worker says that it lives.
pub const HEARTBEAT_MS: Millis = 3_000;
/// A job that failed for a reason that may pass is tried so often.
pub const ATTEMPTS: u32 = 3;
/// The pauses between them.
pub const BACK_OFF_MS: [Millis; 2] = [2_000, 10_000];
/// Between two looks whether there is a worker or space again.
pub const NOT_YET_MS: Millis = 5_000;
/// From then on a lack of them is a failure like any other: nobody waits longer for a circle.
pub const NOT_YET_FOR_MS: Millis = 3600 * 1000;
/// A job whose worker died so often is set aside: the second time is no accident.
pub const DEATHS: u32 = 2;
/// A job that was being rendered each time the whole service went down: 20 times is no accident either.
pub const INTERRUPTIONS: u32 = 20;
/// Jobs in the line altogether, whatever the prediction says: more would make every claim slow.
pub const LINE: usize = 5_000;
/// Jobs of one user that are not final, circles on their way to a chat included.
pub const PER_USER_ACTIVE: u32 = 16;
/// The shortest time after which somebody is asked to come back.
pub const COME_BACK_SECS: u32 = 5;
/// Rendering takes this many milliseconds a second of circle, until it was measured: two cores without a GPU.
pub const FIRST_MS_PER_SECOND: f64 = 250.0;
/// A job is found in its owner's history for so long.
pub const HISTORY_MS: Millis = 30 * 24 * 3600 * 1000;
/// Events a slow listener may be behind; then it reads the record.
pub const EVENTS: usize = 1024;
/// What a circle that Telegram would not take as one is made with the second time, of what it had.
pub const SMALLER_PERCENT: u64 = 60;
