//! What Telegram is told about us at the start: how updates come, and which commands there are.

use secrecy::{ExposeSecret, SecretString};
use teloxide::requests::Requester;
use teloxide::types::{AllowedUpdate, BotCommand};

use super::Intake;
use crate::bot::desk::Desk;
use crate::bot::messages::explain;
use crate::bot::texts::{Lang, Line};

/// Polling and webhook exclude each other at Telegram. Gives the webhook's path and secret.
pub async fn settle(desk: &Desk, intake: &Intake) -> Option<(String, SecretString)> {
    use teloxide::payloads::SetWebhookSetters;
    let bot = &desk.messages.bot;
    let (told, path) = match intake {
        Intake::Polling => (bot.delete_webhook().await, None),
        Intake::Webhook { url, secret } => {
            let path = url
                .splitn(4, '/')
                .nth(3)
                .map_or_else(|| "/".to_owned(), |path| format!("/{path}"));
            let settled = match url.parse() {
                Ok(url) => {
                    let allowed = [
                        AllowedUpdate::Message,
                        AllowedUpdate::CallbackQuery,
                        AllowedUpdate::InlineQuery,
                        AllowedUpdate::MyChatMember,
                    ];
                    let asked = bot.set_webhook(url).secret_token(secret.expose_secret().to_owned());
                    Some(asked.allowed_updates(allowed).await)
                }
                Err(_) => None,
            };
            (
                settled.unwrap_or(Ok(teloxide::types::True)),
                Some((path, secret.clone())),
            )
        }
    };
    if let Err(error) = told {
        tracing::error!(error = %explain(error), "how updates come could not be settled with Telegram");
    }
    path
}

const COMMANDS: [&str; 6] = ["newsong", "history", "settings", "cancel", "help", "delete_me"];

pub async fn set_commands(desk: &Desk) {
    use teloxide::payloads::SetMyCommandsSetters;
    for lang in Lang::ALL {
        let commands = COMMANDS.map(|name| {
            let key = format!("command-{}", name.replace('_', "-"));
            BotCommand::new(name, Line::new(key).plain(lang))
        });
        let asked = desk.messages.bot.set_my_commands(commands);
        let told = match lang {
            // For everybody else.
            Lang::En => asked.await,
            Lang::Ru => asked.language_code(lang.code()).await,
        };
        if let Err(error) = told {
            tracing::warn!(error = %explain(error), "the list of commands was not taken");
        }
    }
}
