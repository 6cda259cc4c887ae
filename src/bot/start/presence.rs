//! What Telegram is told about us at the start: how updates come, which commands there are, and where the studio is.

use std::sync::Arc;

use secrecy::ExposeSecret;
use teloxide::RequestError;
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, MenuButton, WebAppInfo};

use super::{Intake, LONGEST_PAUSE, PAUSE};
use crate::bot::desk::Desk;
use crate::bot::intake;
use crate::bot::messages::explain;
use crate::bot::texts::{Lang, Line};
use crate::torture;

/// Where Telegram calls us.
pub fn path(url: &str) -> String {
    format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default())
}

/// Settles with Telegram how updates come, then lets them come. A Telegram out of reach is asked until it is settled: nobody
/// would hear of us otherwise.
pub async fn hear(desk: Arc<Desk>, intake: Intake) {
    let mut pause = PAUSE;
    while let Err(error) = settle(&desk, &intake).await {
        tracing::error!(error = %explain(error), "how updates come could not be settled with Telegram; trying again");
        tokio::select! {
            () = tokio::time::sleep(torture::hurried(pause, PAUSE / 10)) => {}
            () = desk.stopping.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    tracing::info!("updates come");
    let polled = async {
        match intake {
            Intake::Polling => intake::poll(Arc::clone(&desk)).await,
            Intake::Webhook { .. } => desk.stopping.cancelled().await,
        }
    };
    // Nobody waits for the list of commands and the menu.
    let commands = async {
        tokio::select! {
            () = async { set_commands(&desk).await; set_menu(&desk).await } => {}
            () = desk.stopping.cancelled() => {}
        }
    };
    tokio::join!(polled, commands);
}

/// Polling and webhook exclude each other at Telegram.
async fn settle(desk: &Desk, intake: &Intake) -> Result<(), RequestError> {
    use teloxide::payloads::SetWebhookSetters;
    let bot = &desk.messages.bot;
    let Intake::Webhook { url, secret } = intake else {
        return bot.delete_webhook().await.map(drop);
    };
    // The configuration has parsed it before.
    let Ok(url) = url.parse() else { return Ok(()) };
    let asked = bot.set_webhook(url).secret_token(secret.expose_secret().to_owned());
    asked.allowed_updates(intake::ALLOWED).await.map(drop)
}

const COMMANDS: [&str; 6] = ["newsong", "history", "settings", "cancel", "help", "delete_me"];

async fn set_commands(desk: &Desk) {
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

/// One for all languages: Telegram takes no more.
async fn set_menu(desk: &Desk) {
    use teloxide::payloads::SetChatMenuButtonSetters;
    let Some(url) = &desk.house.studio_url else { return };
    let menu = MenuButton::WebApp {
        text: Line::new("menu-studio").plain(Lang::En),
        web_app: WebAppInfo { url: url.clone() },
    };
    if let Err(error) = desk.messages.bot.set_chat_menu_button().menu_button(menu).await {
        tracing::warn!(error = %explain(error), "the menu's button was not taken");
    }
}
