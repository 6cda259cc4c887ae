//! `musiccircles keys`: who may use the HTTP API beyond what anybody may.

use std::fmt::Write;

use super::CommandError;
use super::answer::{print_text, say};
use crate::cli::{KeysAction, KeysArgs};
use crate::config::Config;
use crate::model::clean_tag;
use crate::store::api_keys::{self, ApiKey};
use crate::store::operators::{self, Operator};
use crate::store::{self, Clock};

/// Whoever may write into the data folder.
fn by() -> Operator {
    Operator {
        who: "command line".to_owned(),
        address: "this machine".to_owned(),
    }
}

pub fn run(args: &KeysArgs) -> Result<(), CommandError> {
    let config = Config::load_here(args.config.as_deref()).map_err(|error| CommandError::Usage(error.to_string()))?;
    let (folder, now) = (&config.data.dir, Clock::System.now());
    let machine = |error: store::StoreError| CommandError::Machine(error.to_string());
    match &args.action {
        KeysAction::Create {
            name,
            per_minute,
            people,
        } => {
            let name = clean_tag(name)
                .ok_or_else(|| CommandError::Usage("give the key a name that can be read".to_owned()))?;
            let key = ApiKey {
                key_id: 0,
                name,
                requests_per_minute: *per_minute,
                people: *people,
            };
            let made = store::beside(folder, move |tx| {
                let (number, secret) = api_keys::create(tx, &key, now)?;
                operators::note(tx, &by(), "make key", &format!("key {number}, {}", key.name), now)?;
                Ok((number, secret))
            });
            let (number, key) = made.map_err(machine)?;
            say(&format!(
                "key {number}; it is shown this once, and sent as `Authorization: Bearer KEY`"
            ));
            print_text(&format!("{key}\n"))
        }
        KeysAction::List => {
            let keys = store::beside(folder, |tx| api_keys::all(tx)).map_err(machine)?;
            let mut text = String::new();
            for row in keys {
                let (key, state) = (row.key, if row.revoked.is_some() { ", revoked" } else { "" });
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{}: {}, {} requests a minute, counts as {}{state}",
                    key.key_id, key.name, key.requests_per_minute, key.people
                );
            }
            print_text(&text)
        }
        KeysAction::Revoke { number } => {
            let number = *number;
            let revoked = store::beside(folder, move |tx| {
                let revoked = api_keys::revoke(tx, number, now)?;
                if revoked {
                    operators::note(tx, &by(), "revoke key", &format!("key {number}"), now)?;
                }
                Ok(revoked)
            });
            match revoked.map_err(machine)? {
                true => print_text(&format!("key {number} is no longer taken\n")),
                false => Err(CommandError::Usage(format!(
                    "there is no key {number} that is still taken; `musiccircles keys list` shows them"
                ))),
            }
        }
    }
}
