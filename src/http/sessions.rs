//! Who is signed in: a secret in, the person out. In memory alone, so that a restart, which every change of the settings
//! needs, ends all sessions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rand::Rng;
use sha2::{Digest, Sha256};

use crate::store::Millis;

/// By the SHA-256 of the secret: how long a look-up takes tells nothing of it.
pub struct Sessions<T> {
    life_ms: Millis,
    most: usize,
    most_of_one: usize,
    open: Mutex<HashMap<[u8; 32], Open<T>>>,
}

struct Open<T> {
    who: T,
    until: Millis,
}

impl<T: Clone + PartialEq> Sessions<T> {
    /// Each lasts so long; beyond so many, of all or of one person, the oldest end.
    pub fn new(life_ms: Millis, most: usize, most_of_one: usize) -> Self {
        Self {
            life_ms,
            most,
            most_of_one,
            open: Mutex::default(),
        }
    }

    /// The secret that stands for this person from now on.
    pub fn open(&self, who: T, now: Millis) -> String {
        let secret: [u8; 32] = rand::rng().random();
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.most {
            open.retain(|_, session| session.until > now);
        }
        while open.len() >= self.most {
            end_oldest(&mut open, |_| true);
        }
        if open.values().filter(|session| session.who == who).count() >= self.most_of_one {
            end_oldest(&mut open, |session| session.who == who);
        }
        let until = now + self.life_ms;
        open.insert(hash(&secret), Open { who, until });
        secret
    }

    pub fn find(&self, secret: &str, now: Millis) -> Option<T> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&hash(secret)).filter(|session| session.until > now)?;
        Some(session.who.clone())
    }

    pub fn close(&self, secret: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&hash(secret));
    }
}

fn end_oldest<T>(open: &mut HashMap<[u8; 32], Open<T>>, among: impl Fn(&Open<T>) -> bool) {
    let among = open.iter().filter(|(_, session)| among(session));
    let oldest = among.min_by_key(|(_, session)| session.until).map(|(hash, _)| *hash);
    oldest.map(|hash| open.remove(&hash));
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE_MS: Millis = 1000;
    const MOST: usize = 64;

    #[test]
    fn a_session_ends_by_itself_or_when_closed_and_the_oldest_make_room() {
        let sessions = Sessions::new(LIFE_MS, MOST, MOST);
        let first = sessions.open("first", 0);
        assert_eq!(sessions.find(&first, LIFE_MS - 1), Some("first"));
        assert_eq!(sessions.find(&first, LIFE_MS), None);
        let second = sessions.open("second", 1);
        assert_ne!(first, second);
        sessions.close(&second);
        assert_eq!(sessions.find(&second, 1), None);
        for at in 2..70 {
            sessions.open("another", at);
        }
        assert_eq!(sessions.find(&first, 70), None);
        assert!(sessions.open.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn one_person_pushes_nobody_else_out() {
        let sessions = Sessions::new(LIFE_MS, MOST, 2);
        let anna = sessions.open("anna", 0);
        let boris: Vec<String> = (1..100).map(|at| sessions.open("boris", at)).collect();
        let open = |secret: &String| sessions.find(secret, 100).is_some();
        assert!(open(&anna));
        assert_eq!(boris.iter().filter(|secret| open(secret)).count(), 2);
        assert!(open(&boris[98]));
    }
}
