//! A conversation in the record: read when it begins to be worked on, written down after every step, and with it which updates
//! are done.

use std::sync::PoisonError;
use std::time::Duration;

use super::Talker;
use crate::bot::dialogue::{Action, Event, Saved, VERSION};
use crate::bot::lanes::Note;
use crate::bot::texts::Line;
use crate::bot::{hands, view};
use crate::model::Blob;
use crate::store::dialogues::{self, DialogueKey};
use crate::store::{StoreError, inbox};

/// Tries to write a conversation down before its updates are left for later.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// How often we look whether the conversation in a chat that has moved is at rest.
const HANDOVER: Duration = Duration::from_millis(20);

impl Talker {
    pub(super) async fn load(&mut self) -> Result<Saved, StoreError> {
        if let Some(saved) = self.read(self.key).await? {
            return Ok(saved);
        }
        let Some(chat_id) = self.desk.messages.chats.before(self.key.chat_id) else {
            return Ok(Saved::default());
        };
        // The group has become a supergroup: what was begun there goes on here.
        let before = DialogueKey { chat_id, ..self.key };
        while self.desk.lanes.is_busy(before) {
            tokio::time::sleep(HANDOVER).await;
        }
        let mut saved = self.read(before).await?.unwrap_or_default();
        saved.talk.moved();
        self.before = Some(before);
        Ok(saved)
    }

    async fn read(&self, key: DialogueKey) -> Result<Option<Saved>, StoreError> {
        let found = self
            .desk
            .record(move |store| store.read(|conn| dialogues::load(conn, key)));
        let found = found.await?;
        Ok(found.map(|found| Saved::read(found.version, &found.state)))
    }

    /// Writes the conversation down, and with it which updates are done.
    pub(super) async fn save(&mut self) -> Result<(), StoreError> {
        for attempt in 1.. {
            match self.try_save().await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    // Its files are gone, and it begins anew.
                    let todo = self.step(self.saved.seen, Event::FilesGone).await;
                    for pending in todo {
                        if let Action::Say(line) = &pending.action {
                            hands::say(self, line).await;
                        }
                        self.strike(pending.number);
                    }
                }
                Err(error) if error.is_passing() && attempt < TRIES => tokio::time::sleep(PAUSE * attempt).await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn try_save(&mut self) -> Result<bool, StoreError> {
        let done: Vec<i64> = self.open.iter().copied().filter(|of| self.saved.is_done(*of)).collect();
        let (key, now, skip) = (self.key, self.desk.clock.now(), self.forgotten);
        let before = self.before;
        let state = serde_json::to_string(&self.saved)?;
        let held: Vec<_> = self.saved.talk.files().into_iter().filter_map(Blob::path).collect();
        let rows = done.clone();
        let saved = self.desk.record(move |store| {
            store.write(move |tx| {
                if !skip && !dialogues::save(tx, key, VERSION, &state, &held, now)? {
                    return Ok(false);
                }
                if let Some(before) = before {
                    dialogues::end(tx, before)?;
                }
                for seq in rows {
                    inbox::done(tx, seq)?;
                }
                Ok(true)
            })
        });
        let saved = saved.await?;
        if saved {
            self.before = None;
            let mut at_work = self.desk.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            for seq in done {
                self.open.remove(&seq);
                at_work.remove(&seq);
            }
        }
        Ok(saved)
    }

    /// The record does not take it: the person hears so once, and the updates come again in a while. With it all that wait:
    /// an update stepped before an earlier one would make that one count as done.
    pub(super) async fn give_up(&mut self) {
        let is_first = self.leave();
        self.release();
        if is_first {
            self.apologize("trouble-record").await;
        }
    }

    /// A mistake of ours ended it in the middle of this update, which comes again in a while with all that wait. It may have been
    /// a mistake of the moment; should it happen again the update is done with, and the person hears so.
    pub(super) async fn begin_anew(&mut self, row: i64) {
        self.leave();
        let is_over = self.desk.lanes.ends_again(row);
        if is_over && let Err(error) = self.bury(row).await {
            tracing::error!(chat = self.key.chat_id, %error, "an update could not be marked as done");
        }
        self.release();
        if is_over {
            self.apologize("trouble-internal").await;
        }
    }

    /// From where the record has it, without this update.
    async fn bury(&mut self, row: i64) -> Result<(), StoreError> {
        self.saved = self.load().await?;
        self.saved.give_up(row);
        self.open.insert(row);
        self.save().await
    }

    /// Takes no updates for a while; `true` for the first time in a while.
    fn leave(&mut self) -> bool {
        let (left, is_first) = self.desk.lanes.rest(self.key);
        self.open.extend(left.iter().map(Note::row));
        is_first
    }

    async fn apologize(&self, key: &'static str) {
        let place = hands::place(self.key, &self.saved.talk);
        let page = view::line(&Line::new(key), self.lang);
        if let Err(error) = self.desk.messages.send(place, &page).await {
            tracing::warn!(%error, "nor could that be told");
        }
    }

    /// What is not done comes again.
    fn release(&mut self) {
        let mut at_work = self.desk.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        for seq in std::mem::take(&mut self.open) {
            at_work.remove(&seq);
        }
        (self.loaded, self.stale) = (false, [false; 2]);
        self.unsaid.clear();
    }
}
