//! Telegram's rates over a restart: what was sent lately is written down while it changes, and Telegram's own word at once.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use crate::deliver::telegram::{Gate, Limiter, Saved};
use crate::queue::off_runtime;
use crate::store::{Store, send_rates};

/// What a crash forgets is at most this much: a message or two of a group's minute, a few of all chats together. The gate keeps
/// as many below Telegram's limits.
const WRITE_EVERY: Duration = Duration::from_millis(250);

/// As it was before the last end.
pub async fn open(store: &Store, bot_id: i64) -> Gate {
    let store = store.clone();
    let read = off_runtime(move || store.read(|conn| send_rates::load(conn, bot_id))).await;
    let saved = read
        .ok()
        .flatten()
        .and_then(|json| serde_json::from_str::<Saved>(&json).ok());
    saved.map_or_else(|| Gate::new(Limiter::new()), |saved| Gate::restore(&saved))
}

/// Writes them down until the service ends.
pub async fn keep(desk: Arc<Desk>) {
    let mut last = Saved::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(WRITE_EVERY) => {}
            () = desk.stopping.cancelled() => return,
        }
        let now = desk.messages.gate.save();
        if now != last {
            write(&desk.store, desk.me.id, &desk.messages.gate).await;
            last = now;
        }
    }
}

pub async fn write(store: &Store, bot_id: i64, gate: &Gate) {
    let Ok(json) = serde_json::to_string(&gate.save()) else {
        return;
    };
    let store = store.clone();
    let written = off_runtime(move || store.write(move |tx| send_rates::keep(tx, bot_id, &json))).await;
    if let Err(error) = written {
        tracing::warn!(%error, "the rates of sending were not written down");
    }
}
