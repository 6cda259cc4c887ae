//! The other way updates travel: pushed to the bot's own address, with the secret it asked for, until it answers 200.

use std::sync::Arc;
use std::time::Duration;

use super::serve::Shared;

/// Telegram doubles from one second to a minute or two; a test has no such time.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_millis(800);
const PATIENCE: Duration = Duration::from_secs(10);

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
