//! The other way updates travel: pushed to the bot's own address, with the secret it asked for, until it answers 200.

use std::sync::Arc;
use std::time::Duration;

use super::fault::Incoming;
use super::serve::Shared;

/// Telegram doubles from one second to a minute or two; a test has no such time.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_millis(800);
const PATIENCE: Duration = Duration::from_secs(10);
/// With a fault of the script's: whoever calls hangs up after a moment, with or without having been heard.
const NO_PATIENCE: Duration = Duration::from_millis(3);
/// What the script is told.
const PUSH: &str = "webhook";

/// Pushes one update after another until the webhook is changed.
pub async fn push(shared: Arc<Shared>, token: String) {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let current = |shared: &Shared| shared.world().bots.get(&token)?.updates.webhook.clone();
    let Some(webhook) = current(&shared) else { return };
    let mut retry = FIRST_RETRY;
    loop {
        let news = shared.updates.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        if current(&shared).is_none_or(|now| now.generation != webhook.generation) {
            return;
        }
        let batch = {
            let mut world = shared.world();
            world
                .bots
                .get_mut(&token)
                .map(|bot| bot.updates.hand_out(1))
                .unwrap_or_default()
        };
        if batch.is_empty() {
            news.await;
            continue;
        }
        for update in batch {
            let mut request = client.post(&webhook.url).json(&update);
            if let Some(secret) = &webhook.secret {
                request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
            }
            let incoming = Incoming {
                method: PUSH.to_owned(),
                content_length: 0,
            };
            if (shared.world().script)(&incoming).is_some() {
                request = request.timeout(NO_PATIENCE);
            }
            let error = match request.send().await {
                Ok(response) if response.status().is_success() => None,
                Ok(response) => Some(format!("Wrong response from the webhook: {}", response.status())),
                Err(_) => Some("Connection refused".to_owned()),
            };
            retry = if error.is_none() {
                FIRST_RETRY
            } else {
                (retry * 2).min(LAST_RETRY)
            };
            let pause = error.is_some();
            {
                let mut world = shared.world();
                let Some(bot) = world.bots.get_mut(&token) else { return };
                if let (None, Some(id)) = (&error, update["update_id"].as_i64()) {
                    bot.updates.confirm_one(id);
                }
                bot.updates.webhook_error = error.or(bot.updates.webhook_error.take());
            }
            shared.changed.notify_all();
            if pause {
                tokio::time::sleep(retry).await;
            }
        }
    }
}
