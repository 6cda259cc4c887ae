//! Which chat is meant. A group that becomes a supergroup gets another number and counts its messages anew; whoever still
//! speaks of the old one means the new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::messages::Place;
use crate::queue::{Queue, QueueError, off_runtime};
use crate::store::chats;

/// A handle, cheap to clone.
#[derive(Clone)]
pub struct Chats {
    queue: Queue,
    bot_id: i64,
    /// Old numbers and new ones.
    moved: Arc<Mutex<HashMap<i64, i64>>>,
}

impl Chats {
    pub async fn open(queue: Queue, bot_id: i64) -> Result<Self, QueueError> {
        let store = queue.store().clone();
        let moved = off_runtime(move || store.read(|conn| chats::all_moved(conn, bot_id))).await?;
        Ok(Self {
            queue,
            bot_id,
            moved: Arc::new(Mutex::new(moved.into_iter().collect())),
        })
    }

    /// The number the chat has now.
    pub fn now(&self, chat: i64) -> i64 {
        self.known().get(&chat).copied().unwrap_or(chat)
    }

    /// The same place now. In a new chat there is nothing to reply to, and no topic.
    pub fn place_now(&self, place: Place) -> Place {
        match self.now(place.chat) {
            chat if chat == place.chat => place,
            chat => Place {
                chat,
                thread: None,
                reply_to: None,
            },
        }
    }

    /// The number the chat had before.
    pub fn before(&self, chat: i64) -> Option<i64> {
        self.known()
            .iter()
            .find_map(|(&from, &to)| (to == chat).then_some(from))
    }

    /// Telegram said so in an answer. Without the record it is known until the next start, and then heard of again.
    pub async fn moved(&self, from: i64, to: i64) {
        let (queue, bot_id) = (self.queue.clone(), self.bot_id);
        if let Err(error) = off_runtime(move || queue.chat_moved(bot_id, from, to)).await {
            tracing::warn!(%error, "the new number of a chat was not written down");
        }
        self.learn(from, to);
    }

    /// It is in the record already.
    pub fn learn(&self, from: i64, to: i64) {
        // Told in both chats, and in every answer.
        if from != to && self.known().insert(from, to) != Some(to) {
            tracing::info!(from, to, "a group became a supergroup");
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
