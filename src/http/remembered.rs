//! A few answers kept for who asks the same again: a key in, what was kept under it out. The oldest goes first.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

pub struct Remembered<K, V> {
    kept: Mutex<VecDeque<(K, V)>>,
    most: usize,
}

impl<K: PartialEq, V: Clone> Remembered<K, V> {
    pub fn new(most: usize) -> Self {
        Self {
            kept: Mutex::default(),
            most,
        }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.clone())
    }

    pub fn keep(&self, key: K, value: V) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.truncate(self.most.saturating_sub(1));
        kept.push_front((key, value));
    }
}
