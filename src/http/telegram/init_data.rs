//! What Telegram signs about a person who opens the studio inside it: the text as the page got it in, the person out. Pure.
//!
//! It is checked both ways Telegram has: by the secret that it shares with the bot (`hash`, an HMAC), and by its own
//! signature (`signature`, Ed25519), which newer clients bring. The HMAC covers the signature, so nobody can leave it out.
//! Source: core.telegram.org/bots/webapps, the two sections on validating data.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use url::form_urlencoded;

use crate::store::Millis;

/// It is read at once when the page opens; a phone may have slept in between.
const MAX_AGE_SECS: i64 = 3600;
/// Telegram's clock and ours.
const MAX_AHEAD_SECS: i64 = 60;
/// A name, the address of a picture, a parameter of 512 letters.
const MAX_BYTES: usize = 8 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is not what Telegram tells a page about its person; open the studio from the bot")]
    Unreadable,
    #[error("Telegram did not sign this for this bot; open the studio from the bot")]
    Forged,
    #[error("this is too old; close the studio and open it from the bot again")]
    TooOld,
}

/// Who opened the studio.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    #[serde(rename = "id")]
    pub user_id: i64,
    pub username: Option<String>,
    /// As Telegram tells it, `pt-br`.
    pub language_code: Option<String>,
}

/// What tells Telegram's word from anybody's.
pub struct Keys {
    shared: hmac::Key,
    bot_id: i64,
    public: [u8; 32],
}

impl Keys {
    /// Of the bot with this token. `public` is Telegram's own key, of the environment the bot lives in.
    pub fn new(token: &str, public: [u8; 32]) -> Option<Self> {
        let bot_id = token.split_once(':')?.0.parse().ok()?;
        let word = hmac::Key::new(hmac::HMAC_SHA256, b"WebAppData");
        let shared = hmac::sign(&word, token.as_bytes());
        Some(Self {
            shared: hmac::Key::new(hmac::HMAC_SHA256, shared.as_ref()),
            bot_id,
            public,
        })
    }

    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    pub fn name_of(&self, text: &str) -> String {
        let tag = hmac::sign(&self.shared, format!("name of {text}").as_bytes());
        tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn check(&self, text: &str, now: Millis) -> Result<Person, Refused> {
        let mut fields = fields(text)?;
        let hash = fields.remove("hash").ok_or(Refused::Unreadable)?;
        let hash = from_hex(&hash).ok_or(Refused::Unreadable)?;
        // Compared in constant time.
        hmac::verify(&self.shared, lines(&fields).as_bytes(), &hash).map_err(|_| Refused::Forged)?;
        if let Some(signature) = fields.remove("signature") {
            let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('='));
            let signature = signature.map_err(|_| Refused::Unreadable)?;
            let signed = format!("{}:WebAppData\n{}", self.bot_id, lines(&fields));
            let key = UnparsedPublicKey::new(&ED25519, self.public);
            key.verify(signed.as_bytes(), &signature).map_err(|_| Refused::Forged)?;
        }
        let date: i64 = field(&fields, "auth_date")?.parse().map_err(|_| Refused::Unreadable)?;
        if !(-MAX_AHEAD_SECS..=MAX_AGE_SECS).contains(&(now / 1000).saturating_sub(date)) {
            return Err(Refused::TooOld);
        }
        let person: Person = serde_json::from_str(field(&fields, "user")?).map_err(|_| Refused::Unreadable)?;
        if person.user_id <= 0 {
            return Err(Refused::Unreadable);
        }
        Ok(person)
    }
}

/// Each once: of two the signed text would hold one, and another reader might take the other.
fn fields(text: &str) -> Result<BTreeMap<String, String>, Refused> {
    if text.len() > MAX_BYTES {
        return Err(Refused::Unreadable);
    }
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        // A line break could make one field look like two in the signed text.
        let splits = name.contains(['\n', '=']) || value.contains('\n');
        if splits || fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refused::Unreadable);
        }
    }
    Ok(fields)
}

fn field<'f>(fields: &'f BTreeMap<String, String>, name: &str) -> Result<&'f str, Refused> {
    fields.get(name).map(String::as_str).ok_or(Refused::Unreadable)
}

/// The text that is signed.
fn lines(fields: &BTreeMap<String, String>) -> String {
    let lines = fields.iter().map(|(name, value)| format!("{name}={value}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TELEGRAM_KEY;

    /// A sample that Telegram signed both ways, published with its bot's token, which was given up: docs.telegram-mini-apps.com.
    const TOKEN: &str = "7342037359:AAFZehRPBRs8Seg40oDjTMIW8uTGPuW1zfQ";
    const SAMPLE: &str = "user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320%5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private&auth_date=1733584787&signature=zL-ucjNyREiHDE8aihFwpfR9aggP2xiAo3NSpfe-p7IbCisNlDKlo7Kb6G4D0Ao2mBrSgEk4maLSdv6MLIlADQ&hash=2174df5b000556d044f3f020384e879c8efcab55ddea2ced4eb752e93e7080d6";
    const AT_SECS: i64 = 1_733_584_787;

    fn keys() -> Keys {
        Keys::new(TOKEN, TELEGRAM_KEY).unwrap()
    }

    #[test]
    fn what_telegram_signed_is_believed_for_an_hour() {
        let told = |secs: i64| keys().check(SAMPLE, (AT_SECS + secs) * 1000);
        let person = told(5).unwrap();
        assert_eq!(
            (person.user_id, person.language_code.as_deref()),
            (279_058_397, Some("ru"))
        );
        assert_eq!(person.username.as_deref(), Some("vdkfrost"));
        assert!(told(MAX_AGE_SECS).is_ok() && told(-MAX_AHEAD_SECS).is_ok());
        for secs in [MAX_AGE_SECS + 1, -MAX_AHEAD_SECS - 1, i64::MAX / 2000] {
            assert_eq!(told(secs), Err(Refused::TooOld), "{secs}");
        }
    }

    #[test]
    fn neither_another_bot_nor_another_telegram_can_have_signed_it() {
        let now = AT_SECS * 1000;
        let other_bot = Keys::new("7342037359:AAFZehRPBRs8Seg40oDjTMIW8uTGPuW1zfR", TELEGRAM_KEY).unwrap();
        assert_eq!(other_bot.check(SAMPLE, now), Err(Refused::Forged));
        // The HMAC is right, the signature is somebody else's.
        let mut key = TELEGRAM_KEY;
        key[0] ^= 1;
        assert_eq!(Keys::new(TOKEN, key).unwrap().check(SAMPLE, now), Err(Refused::Forged));
    }

    #[test]
    fn every_bit_that_is_another_is_refused() {
        let (keys, now) = (keys(), AT_SECS * 1000);
        let mut tried = 0;
        for at in 0..SAMPLE.len() {
            for bit in 0..7 {
                let mut bytes = SAMPLE.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                // %2f is %2F, and + may stand for %20: the same text, written in another way.
                let same = |text: &str| form_urlencoded::parse(text.as_bytes()).into_owned().collect::<Vec<_>>();
                if same(&changed) == same(SAMPLE) {
                    continue;
                }
                tried += 1;
                assert!(keys.check(&changed, now).is_err(), "{changed}");
            }
        }
        assert!(tried > 4_000, "{tried}");
    }

    #[test]
    fn a_field_more_less_or_twice_is_refused() {
        let (keys, now) = (keys(), AT_SECS * 1000);
        let parts: Vec<&str> = SAMPLE.split('&').collect();
        for part in &parts {
            let without: Vec<&str> = parts.iter().copied().filter(|other| other != part).collect();
            assert!(keys.check(&without.join("&"), now).is_err(), "without {part}");
            assert_eq!(keys.check(&format!("{SAMPLE}&{part}"), now), Err(Refused::Unreadable));
        }
        for more in [
            "&a=b",
            "&user=%7B%22id%22%3A1%7D",
            "&chat_type%0Auser=1",
            "&=",
            "&hash=",
        ] {
            assert!(keys.check(&format!("{SAMPLE}{more}"), now).is_err(), "{more}");
        }
        for text in [
            "",
            "&",
            "hash",
            "hash=00",
            "%",
            "user={}&auth_date=1&hash=",
            &"a".repeat(9000),
        ] {
            assert_eq!(keys.check(text, now), Err(Refused::Unreadable), "{text:.20}");
        }
        assert!(Keys::new("no token", TELEGRAM_KEY).is_none());
    }
}
