//! One conversation at work: its notes in order, each stepped, saved, and only then acted upon.
//!
//! An update is done when every action that follows from it is; until then its row stays in the inbox, and after a restart
//! brings the conversation back to what was left over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::dialogue::{Action, Event, Pending, Prefs, Saved, VERSION, What};
use super::lanes::Note;
use super::texts::Line;
use super::update::{Incoming, Said};
use super::{hands, view};
use crate::model::Blob;
use crate::store::dialogues::{self, DialogueKey};
use crate::store::{StoreError, inbox, operators, people};

/// Tries to write a conversation down before its updates are left for later.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// Works a conversation off until there is nothing to do.
pub async fn work(desk: Arc<Desk>, key: DialogueKey) {
    let mut talker = Talker {
        desk,
        key,
        saved: Saved::default(),
        open: BTreeSet::new(),
        stale: [false; 2],
        forgotten: false,
    };
    let mut loaded = false;
    while let Some(note) = talker.desk.lanes.next(key) {
        let outcome = async {
            if !loaded {
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

/// Begins to work where nobody does.
pub fn push(desk: &Arc<Desk>, key: DialogueKey, note: Note) {
    if desk.lanes.push(key, note) {
        desk.tasks.spawn(work(Arc::clone(desk), key));
    }
}

pub struct Talker {
    pub desk: Arc<Desk>,
    pub key: DialogueKey,
    pub saved: Saved,
    /// Rows of the inbox that are not done.
    open: BTreeSet<i64>,
    /// The list, the card: to be shown anew before the conversation rests.
    stale: [bool; 2],
    /// The person asked to be forgotten: nothing is written down any more.
    pub forgotten: bool,
}

impl Talker {
    async fn load(&self) -> Result<Saved, StoreError> {
        let key = self.key;
        let found = self
            .desk
            .record(move |store| store.read(|conn| dialogues::load(conn, key)))
            .await?;
        Ok(found.map_or_else(Saved::default, |found| Saved::read(found.version, &found.state)))
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
                    lang,
                    reply_to,
                    thread,
                    username,
                    what,
                    ..
                } = *incoming;
                let talk = &mut self.saved.talk;
                (talk.lang, talk.reply_to, talk.thread) = (lang, reply_to, thread);
                self.remember(username).await;
                let mut event = self.event(what).await;
                if !event.is_leaving() && self.is_blocked().await {
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

    /// Whether the operator blocked this person. Without the record nobody is.
    async fn is_blocked(&self) -> bool {
        let user = self.key.user_id;
        let asked = self
            .desk
            .record(move |store| store.read(|conn| operators::is_blocked(conn, user)));
        asked.await.unwrap_or(false)
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
        self.saved.take(of, event, &rules)
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
        self.desk.tasks.spawn(async move {
            let event = tokio::select! {
                event = hands::act_slowly(&desk, key, place, lang, pending.action) => event,
                // It is still pending, and is done after the start.
                () = desk.stopping.cancelled() => return,
            };
            let Pending { number, of, .. } = pending;
            push(&desk, key, Note::Came { number, of, event });
        });
    }

    /// Brings the list and the card up to date, once for all steps that wanted it.
    async fn refresh(&mut self) -> Result<(), StoreError> {
        for what in [What::List, What::Card] {
            if !std::mem::take(&mut self.stale[what as usize]) {
                continue;
            }
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

    /// Writes the conversation down, and with it which updates are done.
    async fn save(&mut self) -> Result<(), StoreError> {
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
                        self.saved.pending.retain(|other| other.number != pending.number);
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
        let state = serde_json::to_string(&self.saved)?;
        let held: Vec<_> = self.saved.talk.files().into_iter().filter_map(Blob::path).collect();
        let rows = done.clone();
        let saved = self.desk.record(move |store| {
            store.write(move |tx| {
                if !skip && !dialogues::save(tx, key, VERSION, &state, &held, now)? {
                    return Ok(false);
                }
                for seq in rows {
                    inbox::done(tx, seq)?;
                }
                Ok(true)
            })
        });
        let saved = saved.await?;
        if saved {
            let mut at_work = self
                .desk
                .at_work
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            for seq in done {
                self.open.remove(&seq);
                at_work.remove(&seq);
            }
        }
        Ok(saved)
    }

    /// The record does not take it: the person hears so, and the updates come again in a while.
    async fn give_up(&mut self) {
        let lang = self.saved.talk.lang;
        let place = hands::place(self.key, &self.saved.talk);
        let page = view::line(&Line::new("trouble-record"), lang);
        if let Err(error) = self.desk.messages.send(place, &page).await {
            tracing::warn!(%error, "nor could that be told");
        }
        let mut at_work = self
            .desk
            .at_work
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for seq in std::mem::take(&mut self.open) {
            at_work.remove(&seq);
        }
        self.stale = [false; 2];
    }
}
