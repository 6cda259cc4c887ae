//! Updates on their way to a bot: kept until they are confirmed, by a greater offset or by a webhook's 200; on request
//! repeated and out of order, as Telegram sometimes does after trouble.

use std::collections::{HashSet, VecDeque};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

pub struct Updates {
    next_id: i64,
    waiting: VecDeque<Update>,
    disorder: Option<Disorder>,
    /// Which `getUpdates` is the latest: an older one that still waits is ended.
    pub poll: u64,
    pub allowed: Option<Vec<String>>,
    pub webhook: Option<Webhook>,
    /// What the webhook answered last when it was no 200.
    pub webhook_error: Option<String>,
}

struct Update {
    id: i64,
    value: Value,
    handed_out: bool,
}

#[derive(Clone)]
pub struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    /// Which `setWebhook` this was: an older pusher ends.
    pub generation: u64,
}

struct Disorder {
    chance: StdRng,
    most_copies: usize,
    /// Also the updates themselves change places.
    shuffled: bool,
    /// Copies that come later, some of them after their update was confirmed.
    echoes: Vec<Value>,
}

impl Default for Updates {
    fn default() -> Self {
        Self {
            next_id: 100_000_001,
            waiting: VecDeque::new(),
            disorder: None,
            poll: 0,
            allowed: None,
            webhook: None,
            webhook_error: None,
        }
    }
}

impl Updates {
    /// `kind` as the Bot API names the update's field.
    pub fn push(&mut self, kind: &str, value: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        let wanted = self.allowed.as_ref().filter(|kinds| !kinds.is_empty());
        if wanted.is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind)) {
            self.waiting.push_back(Update {
                id,
                value: json!({ "update_id": id, kind: value }),
                handed_out: false,
            });
        }
        id
    }

    /// After a week of silence Telegram goes on with any number, also a smaller one.
    pub fn jump(&mut self, next_id: i64) {
        self.next_id = next_id;
    }

    /// From now on every update comes 1 to `most_copies` times: out of order if `shuffled`, else each copy some time after
    /// the first.
    pub fn disorder(&mut self, seed: u64, most_copies: usize, shuffled: bool) {
        self.disorder = Some(Disorder {
            chance: StdRng::seed_from_u64(seed),
            most_copies,
            shuffled,
            echoes: Vec::new(),
        });
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Confirms what was handed out below the offset. A negative one forgets all but so many of the last.
    pub fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(-offset).unwrap().min(self.waiting.len());
            self.waiting.drain(..self.waiting.len() - keep);
        } else {
            self.waiting.retain(|update| !(update.handed_out && update.id < offset));
        }
    }

    pub fn confirm_one(&mut self, id: i64) {
        self.waiting.retain(|update| update.id != id);
    }

    /// The next updates, not more than `limit` apart from copies.
    pub fn hand_out(&mut self, limit: usize) -> Vec<Value> {
        let mut batch = Vec::new();
        for update in self.waiting.iter_mut().take(limit) {
            if let Some(disorder) = self.disorder.as_mut().filter(|_| !update.handed_out) {
                let copies = disorder.chance.random_range(0..disorder.most_copies);
                disorder.echoes.extend(vec![update.value.clone(); copies]);
            }
            update.handed_out = true;
            batch.push(update.value.clone());
        }
        if let Some(disorder) = self.disorder.as_mut().filter(|disorder| !disorder.echoes.is_empty()) {
            disorder.echoes.shuffle(&mut disorder.chance);
            // What may not have come yet has no echo, where the order is kept.
            let waiting: HashSet<_> = self.waiting.iter().map(|update| update.id).collect();
            let is_due =
                |echo: &mut Value| disorder.shuffled || !waiting.contains(&echo["update_id"].as_i64().unwrap());
            let mut due: Vec<_> = disorder.echoes.extract_if(.., is_due).collect();
            let count = disorder.chance.random_range(0..=due.len());
            disorder.echoes.extend(due.split_off(count));
            batch.extend(due);
            if disorder.shuffled {
                batch.shuffle(&mut disorder.chance);
            }
        }
        batch
    }
}
