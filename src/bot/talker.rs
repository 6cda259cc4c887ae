//! One conversation at work: its notes in order, each stepped, saved, and only then acted upon.
//!
//! An update is done when every action that follows from it is; until then its row stays in the inbox, and after a restart
//! brings the conversation back to what was left over.

mod keeping;
mod showing;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::desk::Desk;
use super::dialogue::{Action, Event, Pending, Prefs, Saved};
use super::hands;
use super::lanes::{Note, Pushed};
use super::texts::{Lang, Line};
use super::update::{Incoming, Said};
use crate::store::dialogues::DialogueKey;
use crate::store::{StoreError, people};
use crate::torture;

/// For a conversation in the middle of a word when the service ends; what waits for its turn longer than this is gone on with
/// after the next start.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Works a conversation off until there is nothing to do.
pub async fn work(desk: Arc<Desk>, key: DialogueKey) {
    let mut talker = Talker {
        desk,
        key,
        saved: Saved::default(),
        loaded: false,
        lang: Lang::default(),
        before: None,
        open: BTreeSet::new(),
        stale: [false; 2],
        unsaid: Vec::new(),
        forgotten: false,
        doubts: 0,
    };
    while let Some(note) = talker.desk.lanes.next(key) {
        let row = note.row();
        // Whoever died here would be waited for until a restart.
        match AssertUnwindSafe(talker.take_in(note)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(chat = key.chat_id, %error, "a conversation could not be written down");
                talker.give_up().await;
            }
            Err(_) => {
                tracing::error!(chat = key.chat_id, row, "a conversation ended by a mistake of ours");
                talker.begin_anew(row).await;
            }
        }
    }
}

/// Begins to work where nobody does. What is said of a chat's old number is said of the new one. `false`: not taken, to come
/// again.
pub fn push(desk: &Arc<Desk>, key: DialogueKey, note: Note) -> bool {
    let key = DialogueKey {
        chat_id: desk.messages.chats.now(key.chat_id),
        ..key
    };
    let pushed = desk.lanes.push(key, note);
    if pushed == Pushed::Idle {
        let (work, stopping) = (work(Arc::clone(desk), key), desk.stopping.clone());
        desk.tasks.spawn(async move {
            let late = async {
                stopping.cancelled().await;
                tokio::time::sleep(STOP_GRACE).await;
            };
            tokio::select! {
                () = work => {}
                () = late => {}
            }
        });
    }
    pushed != Pushed::Resting
}

pub struct Talker {
    pub desk: Arc<Desk>,
    pub key: DialogueKey,
    pub saved: Saved,
    /// `saved` is what the record has.
    loaded: bool,
    /// What the person's Telegram speaks, for when nothing else is known.
    lang: Lang,
    /// Under which number of the chat the conversation is kept so far, where that is not the one it has now.
    before: Option<DialogueKey>,
    /// Rows of the inbox that are not done.
    open: BTreeSet<i64>,
    /// The list, the card: to be shown anew before the conversation rests.
    stale: [bool; 2],
    /// Sentences that Telegram did not take.
    unsaid: Vec<Pending>,
    /// The person asked to be forgotten: nothing is written down any more.
    pub forgotten: bool,
    /// Shows in a row of which nobody knows whether they arrived.
    doubts: u32,
}

impl Talker {
    async fn take_in(&mut self, note: Note) -> Result<(), StoreError> {
        if !self.loaded {
            // Released with the others should this fail.
            self.open.insert(note.row());
            self.saved = self.load().await?;
            (self.loaded, self.lang) = (true, self.saved.talk.lang);
        }
        self.hear(note).await?;
        if !self.desk.lanes.has_more(self.key) {
            self.refresh().await?;
        }
        Ok(())
    }

    async fn hear(&mut self, note: Note) -> Result<(), StoreError> {
        match note {
            Note::Update { seq, incoming } => {
                self.open.insert(seq);
                if seq <= self.saved.seen {
                    // It was stepped before a restart; what is left of it is done now.
                    let left = self.saved.pending.iter().filter(|pending| pending.of == seq).cloned();
                    let left: Vec<_> = left.collect();
                    return self.act(left).await;
                }
                self.forgotten = false;
                let Incoming {
                    chat,
                    lang,
                    reply_to,
                    thread,
                    username,
                    what,
                    ..
                } = *incoming;
                let here = chat == self.key.chat_id;
                let talk = &mut self.saved.talk;
                (talk.lang, talk.reply_to, talk.thread) = (lang, reply_to.filter(|_| here), thread.filter(|_| here));
                self.lang = lang;
                torture::point("conversation.hearing");
                self.remember(username).await;
                let mut event = self.event(what).await;
                if !event.is_leaving() && self.desk.is_blocked(self.key.user_id).await {
                    event = Event::Failed {
                        serial: None,
                        line: Line::new("reject-blocked"),
                    };
                }
                let todo = self.step(seq, event).await;
                self.saved.seen = seq;
                self.save().await?;
                self.act(todo).await
            }
            Note::Came { number, of, event } => {
                if self.saved.pending.iter().all(|pending| pending.number != number) {
                    // The conversation was ended meanwhile.
                    return Ok(());
                }
                self.strike(number);
                self.open.insert(of);
                let todo = match event {
                    Some(event) => self.step(of, event).await,
                    None => vec![],
                };
                self.save().await?;
                self.act(todo).await
            }
        }
    }

    /// A tap below a circle proves that it arrived, and says which job it was.
    async fn event(&self, what: Said) -> Event {
        match what {
            Said::Event(event) => event,
            Said::Circle {
                query,
                marker,
                press,
                message,
                date_ms,
            } => {
                let job = hands::circle_seen(&self.desk, &marker, message, date_ms).await;
                Event::CircleTapped { query, job, press }
            }
        }
    }

    /// The original's table of people. A failure stops nobody.
    async fn remember(&self, username: Option<String>) {
        let user = self.key.user_id;
        let kept = self
            .desk
            .record(move |store| store.write(move |tx| people::remember(tx, user, username.as_deref())));
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a person was not written down");
        }
    }

    async fn step(&mut self, of: i64, event: Event) -> Vec<Pending> {
        let prefs = self.prefs().await;
        let rules = self.desk.rules(of, self.key.user_id, &prefs);
        let todo = self.saved.take(of, event, &rules);
        for unwanted in self.saved.drop_unwanted() {
            self.open.insert(unwanted.of);
            self.desk.at_large.call_back(self.key, unwanted.number);
        }
        todo
    }

    pub async fn prefs(&self) -> Prefs {
        self.desk.prefs(self.key.user_id, self.saved.talk.lang).await
    }

    /// Does what follows: slow things beside, the rest in order.
    async fn act(&mut self, mut todo: Vec<Pending>) -> Result<(), StoreError> {
        while !todo.is_empty() {
            let mut next = Vec::new();
            for pending in todo {
                if let Action::Show(what) = pending.action {
                    self.stale[what as usize] = true;
                    continue;
                }
                if matches!(pending.action, Action::Say(_)) {
                    self.say(pending).await;
                    continue;
                }
                if hands::is_slow(&pending.action) {
                    self.begin(pending);
                    continue;
                }
                let event = hands::act(self, &pending).await;
                self.strike(pending.number);
                if let Some(event) = event {
                    next.extend(self.step(pending.of, event).await);
                }
            }
            self.save().await?;
            todo = next;
        }
        Ok(())
    }

    /// An action is done, or given up.
    fn strike(&mut self, number: u64) {
        self.saved.pending.retain(|pending| pending.number != number);
    }

    fn begin(&self, pending: Pending) {
        let (desk, key) = (Arc::clone(&self.desk), self.key);
        let (place, lang) = (hands::place(key, &self.saved.talk), self.saved.talk.lang);
        let called_back = desk.at_large.send(key, pending.number, &desk.stopping);
        self.desk.tasks.spawn(async move {
            let Pending { number, of, action } = pending;
            let event = tokio::select! {
                event = hands::act_slowly(&desk, key, place, lang, action) => Some(event),
                // Nobody waits for it; or the service ends, and it is done after the start.
                () = called_back.cancelled() => None,
            };
            desk.at_large.came_back(key, number);
            let Some(event) = event else { return };
            push(&desk, key, Note::Came { number, of, event });
        });
    }
}
