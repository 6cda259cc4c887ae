//! What operators may do, and for how long one sign-in holds.

use serde::Serialize;

use crate::http::sessions::Sessions;
use crate::store::Millis;

/// A working day.
pub const LIFE_MS: Millis = 12 * 3600 * 1000;
/// Operators are few: with more than this, the oldest sign in again.
const SESSIONS: usize = 64;

/// What somebody may do; each may also do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Admin,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    pub role: Role,
    pub who: String,
}

pub fn none_yet() -> Sessions<Session> {
    // One token may be several operators'.
    Sessions::new(LIFE_MS, SESSIONS, SESSIONS)
}
