//! Who is signed in: a cookie's secret in, the operator out. In memory alone, so that a restart, which every change of the
//! settings needs, ends all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rand::Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};

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
    #[serde(skip)]
    pub until: Millis,
}

/// By the SHA-256 of the secret: how long a look-up takes tells nothing of it.
#[derive(Default)]
pub struct Sessions {
    open: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// The secret that goes into the cookie.
    pub fn open(&self, role: Role, who: String, now: Millis) -> String {
        let secret: [u8; 32] = rand::rng().random();
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.until > now);
        while open.len() >= SESSIONS {
            let oldest = open
                .iter()
                .min_by_key(|(_, session)| session.until)
                .map(|(hash, _)| *hash);
            oldest.map(|hash| open.remove(&hash));
        }
        let until = now + LIFE_MS;
        open.insert(hash(&secret), Session { role, who, until });
        secret
    }

    pub fn find(&self, secret: &str, now: Millis) -> Option<Session> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&hash(secret)).filter(|session| session.until > now).cloned()
    }

    pub fn close(&self, secret: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&hash(secret));
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_itself_or_when_closed_and_the_oldest_make_room() {
        let sessions = Sessions::default();
        let first = sessions.open(Role::Viewer, "viewer".into(), 0);
        assert_eq!(sessions.find(&first, LIFE_MS - 1).unwrap().role, Role::Viewer);
        assert_eq!(sessions.find(&first, LIFE_MS), None);
        let second = sessions.open(Role::Admin, "admin".into(), 1);
        assert_ne!(first, second);
        sessions.close(&second);
        assert_eq!(sessions.find(&second, 1), None);
        for at in 2..70 {
            sessions.open(Role::Admin, "admin".into(), at);
        }
        assert_eq!(sessions.find(&first, 70), None);
        assert!(sessions.open.lock().unwrap().len() <= SESSIONS);
    }
}
