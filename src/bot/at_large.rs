//! Slow actions under way, so that one nobody waits for any more can be called back: a search that was replaced by another, a
//! song that is no longer wanted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::store::dialogues::DialogueKey;

/// By conversation and the number of its pending action.
#[derive(Default)]
pub struct AtLarge {
    tokens: Mutex<HashMap<(DialogueKey, u64), CancellationToken>>,
}

impl AtLarge {
    /// What is cancelled when it is called back, or when the service ends.
    pub fn send(&self, key: DialogueKey, number: u64, stopping: &CancellationToken) -> CancellationToken {
        let token = stopping.child_token();
        self.tokens().insert((key, number), token.clone());
        token
    }

    pub fn call_back(&self, key: DialogueKey, number: u64) {
        if let Some(token) = self.tokens().remove(&(key, number)) {
            token.cancel();
        }
    }

    pub fn came_back(&self, key: DialogueKey, number: u64) {
        self.tokens().remove(&(key, number));
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<(DialogueKey, u64), CancellationToken>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
