//! The studio opened inside Telegram: who somebody is there, for as long as a session lasts.

mod init_data;

use secrecy::{ExposeSecret, SecretString};

use super::sessions::Sessions;
use crate::store::Millis;

use init_data::Keys;
pub use init_data::{Person, Refused};

/// As long as a page may reasonably stay open.
pub const LIFE_MS: Millis = 12 * 3600 * 1000;
/// A session is some hundred bytes; with more than this, the oldest open the studio again.
const SESSIONS: usize = 50_000;
/// A phone, a desk, and the page opened anew.
const SESSIONS_OF_ONE: usize = 8;

pub struct MiniApp {
    keys: Keys,
    people: Sessions<Person>,
}

impl MiniApp {
    /// Of the bot with this token; `public_key` is Telegram's. `None`: the token is none.
    pub fn new(token: &SecretString, public_key: [u8; 32]) -> Option<Self> {
        Some(Self {
            keys: Keys::new(token.expose_secret().trim(), public_key)?,
            people: Sessions::new(LIFE_MS, SESSIONS, SESSIONS_OF_ONE),
        })
    }

    pub fn bot_id(&self) -> i64 {
        self.keys.bot_id()
    }

    /// A name that stands for this text as long as the bot has its token, and that nobody can make who has not: 128 bits.
    pub fn name_of(&self, text: &str) -> String {
        self.keys.name_of(text)
    }

    /// What Telegram signed, for the secret of a session. The same may be shown again within its hour: a page that is loaded anew
    /// has nothing else to show.
    pub fn sign_in(&self, init_data: &str, now: Millis) -> Result<(String, Person), Refused> {
        let person = self.keys.check(init_data, now)?;
        Ok((self.people.open(person.clone(), now), person))
    }

    pub fn find(&self, secret: &str, now: Millis) -> Option<Person> {
        self.people.find(secret, now)
    }
}
