//! The bot's token: kept from logs by its type, and taken out of any text that might hold one.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// `123456:AA...`. Its `Debug` shows nothing.
#[derive(Clone, Debug)]
pub struct Token {
    secret: SecretString,
    bot_id: i64,
}

/// Digits before the colon: the shortest bot numbers in use have more, ports and times have fewer.
const MIN_ID_DIGITS: usize = 6;
/// Characters after it: tokens have 35.
const MIN_SECRET_CHARS: usize = 30;
const HIDDEN: &str = "<token>";

impl Token {
    /// `None` when the text does not look like a token, which is the commonest mistake in a configuration.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = token_end(text.as_bytes())?;
        let (id, _) = text.split_once(':')?;
        (end == text.len()).then_some(())?;
        Some(Self {
            secret: SecretString::from(text.to_owned()),
            bot_id: id.parse().ok()?,
        })
    }

    /// The bot's own number: file ids are valid for this bot only.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    pub(super) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// `text` with every token in it hidden.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut clean, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let begins = bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit());
        match token_end(&bytes[at..]).filter(|_| begins) {
            Some(length) => {
                clean.push_str(&text[kept..at]);
                clean.push_str(HIDDEN);
                at += length;
                kept = at;
            }
            None => at += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept..]);
    Cow::Owned(clean)
}

/// How many bytes of `bytes`, from its start, are a token. The colon may have been escaped on its way through an address.
fn token_end(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &bytes[digits..];
    let colon = [&b":"[..], b"%3A", b"%3a"]
        .into_iter()
        .find(|colon| rest.starts_with(colon))?
        .len();
    let secret = rest[colon..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    (digits >= MIN_ID_DIGITS && secret >= MIN_SECRET_CHARS).then_some(digits + colon + secret)
}
