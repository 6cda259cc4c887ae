//! One conversation at work: its notes in order, each stepped, saved, and only then acted upon.
//!
//! An update is done when every action that follows from it is; until then its row stays in the inbox, and after a restart
//! brings the conversation back to what was left over.

mod keeping;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::dialogue::{Action, Event, Pending, Prefs, Saved, What};
use super::hands;
use super::lanes::{Note, Pushed};
use super::texts::Line;
use super::update::{Incoming, Said};
use crate::store::dialogues::DialogueKey;
use crate::store::{StoreError, people};

/// For a conversation in the middle of a word when the service ends; what waits for its turn longer than this is gone on with
/// after the next start.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Works a conversation off until there is nothing to do.
pub async fn work(desk: Arc<Desk>, key: DialogueKey) {
    let mut talker = Talker {
        desk,
        key,
        saved: Saved::default(),
        before: None,
        open: BTreeSet::new(),
        stale: [false; 2],
        forgotten: false,
    };
    let mut loaded = false;
    while let Some(note) = talker.desk.lanes.next(key) {
        let outcome = async {
            if !loaded {
                // Released with the others should this fail.
                talker.open.insert(note.row());
                talker.saved = talker.load().await?;
                loaded = true;
            }
            talker.hear(note).await?;
            if !talker.desk.lanes.has_more(key) {
                talker.refresh().await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = outcome.await {
            tracing::error!(chat = key.chat_id, %error, "a conversation could not be written down");
            talker.give_up().await;
            loaded = false;
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
    /// Under which number of the chat the conversation is kept so far, where that is not the one it has now.
    before: Option<DialogueKey>,
    /// Rows of the inbox that are not done.
    open: BTreeSet<i64>,
    /// The list, the card: to be shown anew before the conversation rests.
    stale: [bool; 2],
    /// The person asked to be forgotten: nothing is written down any more.
    pub forgotten: bool,
}

impl Talker {
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
                self.saved.pending.retain(|pending| pending.number != number);
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
                if hands::is_slow(&pending.action) {
                    self.begin(pending);
                    continue;
                }
                let event = hands::act(self, &pending).await;
                self.saved.pending.retain(|other| other.number != pending.number);
                if let Some(event) = event {
                    next.extend(self.step(pending.of, event).await);
                }
            }
            self.save().await?;
            todo = next;
        }
        Ok(())
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

    /// Brings the list and the card up to date, once for all steps that wanted it. Whoever says more while the chat has to be
    /// left alone is heard first.
    async fn refresh(&mut self) -> Result<(), StoreError> {
        for what in [What::List, What::Card] {
            if !self.stale[what as usize] {
                continue;
            }
            tokio::select! {
                biased;
                () = self.desk.lanes.more(self.key) => return Ok(()),
                () = self.desk.messages.open(self.key.chat_id) => {}
            }
            self.stale[what as usize] = false;
            let event = hands::show(self, what).await;
            self.saved
                .pending
                .retain(|pending| pending.action != Action::Show(what));
            if let Some(event) = event {
                let todo = self.step(self.saved.seen, event).await;
                debug_assert!(todo.is_empty(), "nothing follows from having shown something");
            }
            self.save().await?;
        }
        Ok(())
    }
}
