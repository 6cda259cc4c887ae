//! Somebody who calls the bot's webhook as Telegram does. All of it blocks, as people in chats do.

use std::cell::Cell;

use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::Person;

/// Where Telegram puts the webhook's secret.
pub const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// The first number of an update: Telegram's own are never so high, so that none is taken for one of them.
const FIRST: i64 = 900_000_000;

pub struct Impostor {
    pub http: Client,
    runtime: Runtime,
    /// Of the next update: none is the same again.
    next: Cell<i64>,
}

impl Impostor {
    pub fn new() -> Self {
        Self {
            http: Client::builder().no_proxy().build().unwrap(),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            next: Cell::new(FIRST),
        }
    }

    /// A person starts the bot, in a language it does not know, with so many letters behind it.
    pub fn update(&self, person: &Person, letters: usize) -> String {
        let id = self.next.replace(self.next.get() + 1);
        let chat = json!({ "id": person.chat, "type": "private", "first_name": "A" });
        let from = json!({ "id": person.id(), "is_bot": false, "first_name": "A" });
        let message = json!({ "message_id": id, "date": 1, "text": "/start", "chat": chat, "from": from });
        json!({ "update_id": id, "message": message, "padding": "x".repeat(letters) }).to_string()
    }

    /// The status of the answer.
    pub fn send(&self, request: RequestBuilder) -> u16 {
        self.runtime.block_on(request.send()).unwrap().status().as_u16()
    }

    pub fn call(&self, url: &str, secret: &str, body: String) -> u16 {
        self.send(self.http.post(url).header(SECRET_HEADER, secret).body(body))
    }
}
