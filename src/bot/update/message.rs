//! A message read: whether it is meant for us, and what is said with it.

use serde_json::Value;
use teloxide::types::Message;

use super::content::content;
use super::{Incoming, Me, Read, Said, incoming, raw, user_id};
use crate::bot::dialogue::{Command, Event};

pub fn read(message: Value, me: &Me) -> Read {
    // Beside what the types do not know, too.
    let words = raw::words(&message).to_owned();
    let Some(message) = raw::message(message) else {
        return Read::Unreadable("message");
    };
    of_message(&message, &words, me).map_or(Read::Nothing, |incoming| Read::Incoming(Box::new(incoming)))
}

fn of_message(message: &Message, words: &str, me: &Me) -> Option<Incoming> {
    let user = message.from.as_ref().filter(|user| !user.is_bot)?;
    let event = match command(words, me) {
        Some(Some(command)) => Event::Command(command),
        // For another bot.
        Some(None) => return None,
        None if message.chat.is_private() => content(message, words)?,
        None => in_group(message, words, me)?,
    };
    Some(incoming(&message.chat, user, Some(message), Said::Event(event)))
}

/// In a group we are meant when we are named, or when somebody answers us.
fn in_group(message: &Message, words: &str, me: &Me) -> Option<Event> {
    let answered = message.reply_to_message();
    let to_us = answered
        .and_then(|answered| answered.from.as_ref())
        .is_some_and(|from| user_id(from) == me.id);
    let rest = without_mention(words, me);
    match (rest, answered) {
        (None, _) if to_us => content(message, words),
        (None, _) => None,
        // "@bot" under somebody's song.
        (Some(rest), Some(answered)) if rest.is_empty() && !to_us => {
            content(answered, answered.text().unwrap_or_default())
        }
        (Some(rest), _) => content(message, &rest),
    }
}

/// The words without our name, if it is among them.
fn without_mention(words: &str, me: &Me) -> Option<String> {
    let name = format!("@{}", me.username).to_lowercase();
    let mut found = false;
    let rest = words.split_whitespace().filter(|word| {
        let ours = word.trim_end_matches([',', ':', '!', '?', '.']).to_lowercase() == name;
        found |= ours;
        !ours
    });
    let rest: Vec<_> = rest.collect();
    found.then(|| rest.join(" "))
}

/// `None`: no command. `Some(None)`: one for another bot.
fn command(words: &str, me: &Me) -> Option<Option<Command>> {
    let rest = words.strip_prefix('/')?;
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, whose) = name.split_once('@').unwrap_or((name, &me.username));
    if !whose.eq_ignore_ascii_case(&me.username) {
        return Some(None);
    }
    let argument = Some(argument.trim().to_owned()).filter(|argument| !argument.is_empty());
    Some(Some(match name.to_lowercase().as_str() {
        "start" => Command::Start(argument),
        "newsong" | "song" | "circle" => Command::NewSong(argument),
        "history" => Command::History,
        "settings" => Command::Settings,
        "cancel" => Command::Cancel,
        "delete_me" | "deleteme" => Command::DeleteMe,
        "stats" => Command::Stats,
        "admin" => Command::Admin,
        _ => Command::Help,
    }))
}
