//! What a conversation shows: the list and the card, brought up to date before it rests, and its sentences. What Telegram did
//! not take is shown again after a pause, for somebody waits for it.

use std::time::Duration;

use super::Talker;
use crate::bot::dialogue::{Action, Pending, What};
use crate::bot::hands;
use crate::store::StoreError;
use crate::torture;

/// Between two times. Together some minutes: whoever still waits then asks again.
const PAUSES_SECS: [u64; 7] = [1, 2, 5, 10, 20, 40, 60];

impl Talker {
    /// Brings the list and the card up to date, once for all steps that wanted it. Whoever says more while the chat has to be
    /// left alone, or before Telegram takes it, is heard first.
    pub(super) async fn refresh(&mut self) -> Result<(), StoreError> {
        self.doubts = 0;
        for secs in PAUSES_SECS {
            if self.show_all(false).await? {
                return Ok(());
            }
            let pause = Duration::from_secs(secs);
            tokio::select! {
                biased;
                () = self.desk.lanes.more(self.key) => return Ok(()),
                // After the next start.
                () = self.desk.stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(torture::hurried(pause, pause / 10)) => {}
            }
        }
        self.show_all(true).await.map(drop)
    }

    /// `true`: there is nothing left to be shown, or somebody says more. What Telegram does not take the last time is given up.
    async fn show_all(&mut self, is_last: bool) -> Result<bool, StoreError> {
        if !self.unsaid.is_empty() {
            if !self.may_write().await {
                return Ok(true);
            }
            self.say_again(is_last).await?;
        }
        for what in [What::List, What::Card] {
            if !self.stale[what as usize] {
                continue;
            }
            if !self.may_write().await {
                return Ok(true);
            }
            match hands::show(self, what).await {
                Ok(Some(event)) => {
                    let todo = self.step(self.saved.seen, event).await;
                    debug_assert!(todo.is_empty(), "nothing follows from having shown something");
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(chat = self.key.chat_id, ?what, %error, is_last, "a card could not be shown");
                    // In doubt once more: two cards are better than none, and eight are not.
                    self.doubts += u32::from(error.is_in_doubt());
                    if error.may_pass() && self.doubts < 2 && !is_last {
                        continue;
                    }
                }
            }
            self.stale[what as usize] = false;
            self.saved
                .pending
                .retain(|pending| pending.action != Action::Show(what));
            self.save().await?;
        }
        Ok(self.stale == [false; 2] && self.unsaid.is_empty())
    }

    /// `false`: somebody says more before the chat may be written to.
    async fn may_write(&self) -> bool {
        tokio::select! {
            biased;
            () = self.desk.lanes.more(self.key) => false,
            () = self.desk.messages.open(self.key.chat_id) => true,
        }
    }

    /// Says a sentence, or keeps it to be said when the conversation rests.
    pub(super) async fn say(&mut self, pending: Pending) {
        let Action::Say(line) = &pending.action else { return };
        match hands::say(self, line).await {
            true => self.strike(pending.number),
            false => self.unsaid.push(pending),
        }
    }

    async fn say_again(&mut self, is_last: bool) -> Result<(), StoreError> {
        for pending in std::mem::take(&mut self.unsaid) {
            self.say(pending).await;
        }
        if is_last {
            for pending in std::mem::take(&mut self.unsaid) {
                self.strike(pending.number);
            }
        }
        self.save().await
    }
}
