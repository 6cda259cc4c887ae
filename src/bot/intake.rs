//! Updates into the inbox: from long polling or from a webhook. An update is in the record before Telegram is told that we
//! have it, be it by the next offset or by the answer 200; the same update again changes nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use teloxide::types::AllowedUpdate;

use super::desk::Desk;
use super::update::Facts;
use crate::store::{StoreError, chats, inbox, known};
use crate::torture;

/// What we want to hear of, polled or pushed. Telegram remembers an older list where none is given.
pub const ALLOWED: [AllowedUpdate; 4] = [
    AllowedUpdate::Message,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::InlineQuery,
    AllowedUpdate::MyChatMember,
];
/// How long Telegram may hold a poll that has nothing to say.
const POLL_SECS: u64 = 25;
/// And how much longer its answer may take then.
const ANSWER: Duration = Duration::from_secs(15);
/// Instead of the two, where Telegram often says nothing at all.
const HURRIED: (u64, Duration) = (1, Duration::from_secs(1));
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Two programs with one token fight; there is no hurry to take part.
const CONFLICT: Duration = Duration::from_secs(10);
/// Telegram's answer to one poll: a hundred updates, each below 64 kB.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// An update pushed to us.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Where Telegram puts the webhook's secret.
pub const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// Polls until the service ends.
pub async fn poll(desk: Arc<Desk>) {
    let mut offset: Option<i64> = None;
    let mut pause = PAUSE;
    loop {
        let asked = tokio::select! {
            asked = ask(&desk, offset) => asked,
            () = desk.stopping.cancelled() => return,
        };
        let wait = match asked {
            Ok(updates) => {
                let last = updates.iter().filter_map(|update| update["update_id"].as_i64()).max();
                if torture::mistake("offset_before_commit") {
                    offset = last.map(|last| last + 1);
                    let _ = ask(&desk, offset).await;
                }
                match keep(&desk, updates).await {
                    Ok(()) => {
                        // With nothing left to confirm there is none: after a quiet week numbers begin anywhere.
                        offset = last.map(|last| last + 1);
                        pause = PAUSE;
                        continue;
                    }
                    Err(error) => {
                        tracing::error!(%error, "updates could not be written down, and will come again");
                        PAUSE
                    }
                }
            }
            Err(Trouble::Unreachable) => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                torture::hurried(pause / 2, PAUSE / 10)
            }
            Err(Trouble::Refused { code: 409, words }) => {
                tracing::error!(
                    words,
                    "another program uses the same token, or a webhook is set; stop that one"
                );
                torture::hurried(CONFLICT, PAUSE)
            }
            Err(Trouble::Refused { code: 401 | 404, .. }) => {
                tracing::error!("Telegram does not know the token; put the right one into the configuration");
                LONGEST_PAUSE
            }
            Err(Trouble::Refused { code, words }) => {
                tracing::warn!(code, words, "Telegram did not give updates");
                torture::hurried(CONFLICT, PAUSE)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = desk.stopping.cancelled() => return,
        }
    }
}

enum Trouble {
    Unreachable,
    Refused { code: i64, words: String },
}

/// One poll. As it comes, without types: what we keep is what Telegram said.
async fn ask(desk: &Desk, offset: Option<i64>) -> Result<Vec<Value>, Trouble> {
    let bot = &desk.messages.bot;
    let base = bot.api_url();
    let url = format!("{}/bot{}/getUpdates", base.as_str().trim_end_matches('/'), bot.token());
    let (poll_secs, answer) = torture::hurried((POLL_SECS, ANSWER), HURRIED);
    let mut asked = json!({ "timeout": poll_secs, "limit": 100, "allowed_updates": ALLOWED });
    if let Some(offset) = offset {
        asked["offset"] = offset.into();
    }
    // The error is not told: it would name the address, and with it the token.
    let unreachable = |_| Trouble::Unreachable;
    let mut response = bot
        .client()
        .post(url)
        .timeout(Duration::from_secs(poll_secs) + answer)
        .json(&asked)
        .send()
        .await
        .map_err(unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Trouble::Unreachable);
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| Trouble::Unreachable)?;
    if let Value::Array(updates) = answer["result"].take() {
        return Ok(updates);
    }
    let code = answer["error_code"].as_i64().unwrap_or(0);
    if code >= 500 {
        return Err(Trouble::Unreachable);
    }
    let words = answer["description"].as_str().unwrap_or_default();
    Err(Trouble::Refused {
        code,
        words: crate::deliver::telegram::token::scrub(words).into_owned(),
    })
}

/// Writes updates down; when this returns, they are on the disk.
pub async fn keep(desk: &Desk, updates: Vec<Value>) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    let (bot_id, now) = (desk.me.id, desk.clock.now());
    let moves: Vec<_> = updates.iter().filter_map(|update| Facts::of(update).moved).collect();
    let kept = desk.record(move |store| {
        store.write(move |tx| {
            for update in &updates {
                // Without a number it is none of Telegram's.
                let Some(id) = update["update_id"].as_i64() else {
                    continue;
                };
                let facts = Facts::of(update);
                inbox::keep(tx, bot_id, id, facts.user, &update.to_string(), now)?;
                if let Some((chat, message, date)) = facts.message {
                    known::note(tx, bot_id, chat, message, date, now)?;
                }
                if let Some((from, to)) = facts.moved {
                    chats::moved(tx, bot_id, from, to)?;
                }
            }
            Ok(())
        })
    });
    kept.await?;
    for (from, to) in moves {
        desk.messages.chats.learn(from, to);
    }
    torture::point("inbox.after_commit_before_ack");
    desk.mail.notify_one();
    Ok(())
}

/// Whether a webhook's caller knows the secret. It takes as long for a nearly right one as for any other.
pub fn knows_secret(given: Option<&[u8]>, secret: &str) -> bool {
    // Two of them are none: whoever guesses gets one guess.
    given.is_some_and(|given| given.ct_eq(secret.as_bytes()).into())
}
