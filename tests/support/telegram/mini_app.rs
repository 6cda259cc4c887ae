//! What Telegram signs about a person who opens a Mini App: by the secret it shares with the bot, and by a key of its own.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;
use url::form_urlencoded::Serializer;

/// The stand-in's own key: Telegram's is Telegram's.
fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// What the program is given as `telegram.public_key`.
pub fn public_key() -> String {
    hex(key().public_key().as_ref())
}

pub fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// `initData` as the page gets it.
pub fn init_data(token: &str, user: &Value, at_secs: i64) -> String {
    let bot = token.split_once(':').unwrap().0;
    let mut fields = BTreeMap::from([
        ("auth_date", at_secs.to_string()),
        ("chat_instance", "-3788475317572404878".to_owned()),
        ("chat_type", "sender".to_owned()),
        ("user", user.to_string()),
    ]);
    let signed = format!("{bot}:WebAppData\n{}", lines(&fields));
    fields.insert("signature", URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes())));
    let shared = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"WebAppData"), token.as_bytes());
    let shared = hmac::Key::new(hmac::HMAC_SHA256, shared.as_ref());
    fields.insert("hash", hex(hmac::sign(&shared, lines(&fields).as_bytes()).as_ref()));
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn lines(fields: &BTreeMap<&str, String>) -> String {
    let lines = fields.iter().map(|(name, value)| format!("{name}={value}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
