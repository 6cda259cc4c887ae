//! The inbox into conversations: what is not processed yet in, each to its own conversation, in the order it came.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;

use super::desk::Desk;
use super::lanes::Note;
use super::texts::Line;
use super::update::{self, Read};
use super::{inline, talker};
use crate::store::dialogues::DialogueKey;
use crate::store::inbox;
use crate::torture;

/// Updates looked at at once. More than this waiting, and the rest is read when some are done.
const BATCH: u32 = 1000;
/// Of them at most so many of one person, who hears a second apart anyway.
const OF_ONE: u32 = 30;
/// Also without being called: what could not be written down is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Hands updates out until the service ends.
pub async fn run(desk: Arc<Desk>) {
    let mut typing = HashMap::new();
    loop {
        hand_out(&desk, &mut typing).await;
        typing.retain(|_, answer| !answer.is_finished());
        tokio::select! {
            () = desk.mail.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = desk.stopping.cancelled() => return,
        }
    }
}

/// `typing`: who is being answered inline.
async fn hand_out(desk: &Arc<Desk>, typing: &mut HashMap<i64, AbortHandle>) {
    let bot_id = desk.me.id;
    torture::point("router.handing_out");
    desk.lanes.wake();
    let waiting = match desk
        .record(move |store| store.read(|conn| inbox::waiting(conn, bot_id, BATCH, OF_ONE)))
        .await
    {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, "the inbox could not be read");
            return;
        }
    };
    let mut nothing = Vec::new();
    for row in waiting {
        let is_new = desk
            .at_work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(row.seq);
        if !is_new {
            continue;
        }
        // One that breaks the reader is none that anybody can be answered: the same after every start.
        let read = catch_unwind(AssertUnwindSafe(|| update::read(&row.payload, &desk.me)));
        match read.unwrap_or(Read::Unreadable("breaks the reader")) {
            Read::Incoming(incoming) => {
                let key = DialogueKey {
                    bot_id,
                    chat_id: incoming.chat,
                    user_id: incoming.user,
                };
                let seq = row.seq;
                if !talker::push(desk, key, Note::Update { seq, incoming }) {
                    let mut at_work = desk.at_work.lock().unwrap_or_else(PoisonError::into_inner);
                    at_work.remove(&seq);
                }
            }
            Read::Inline {
                query,
                user,
                lang,
                text,
            } => {
                nothing.push(row.seq);
                let answering = Arc::clone(desk);
                let answer = async move { inline::answer(&answering, &query, user, lang, &text).await };
                let answer = desk.tasks.spawn(answer).abort_handle();
                // With every letter comes another question, and only the newest is waited for.
                if let Some(older) = typing.insert(user, answer) {
                    older.abort();
                }
            }
            Read::Stray { query, user, lang } => {
                nothing.push(row.seq);
                let desk = Arc::clone(desk);
                desk.tasks.clone().spawn(async move {
                    let lang = desk.prefs(user, lang).await.lang;
                    let text = Line::new("tap-old").plain(lang);
                    desk.messages.answer(&query, Some(&text), true).await;
                });
            }
            Read::Nothing => nothing.push(row.seq),
            Read::Unreadable(kind) => {
                tracing::warn!(update = row.update_id, kind, "an update could not be read");
                nothing.push(row.seq);
            }
        }
    }
    finish(desk, nothing).await;
}

/// Nothing follows from these.
async fn finish(desk: &Desk, rows: Vec<i64>) {
    if rows.is_empty() {
        return;
    }
    let marked = rows.clone();
    let done = desk
        .record(move |store| store.write(move |tx| marked.iter().try_for_each(|seq| inbox::done(tx, *seq).map(drop))));
    if let Err(error) = done.await {
        tracing::warn!(%error, "updates could not be marked as done");
    }
    let mut at_work = desk.at_work.lock().unwrap_or_else(PoisonError::into_inner);
    rows.iter().for_each(|seq| {
        at_work.remove(seq);
    });
}
