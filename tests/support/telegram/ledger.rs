//! What really happened, in order, never changed: the judge of every claim about a delivery. Each entry is also a line of
//! JSON in a file, written before the client hears an answer.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub seq: u64,
    /// Unix time.
    pub at_ms: u64,
    pub bot: i64,
    pub method: String,
    pub what: What,
    pub chat: i64,
    /// Of the message sent, edited or deleted; else 0.
    pub message_id: i64,
    /// The message's field: `text`, `video_note`, `video`...
    pub kind: String,
    /// What stands behind `d:` in the first button that has it.
    pub marker: Option<String>,
    /// Telegram's words, or what was cut.
    pub detail: String,
    /// The connection, and which request on it this was.
    pub connection: u64,
    pub nth: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A message of the bot's exists now.
    Sent,
    Edited,
    Deleted,
    /// A method that makes no message was carried out.
    Done,
    /// Answered with an error of Telegram's.
    Refused,
    /// More than Telegram allows, or sooner than it asked to wait.
    TooFast,
    /// The request did not come in whole: nothing was carried out.
    Incomplete,
    /// A fault of the script's struck.
    Fault,
}

pub struct Ledger {
    entries: Vec<Entry>,
    file: Option<File>,
}

impl Ledger {
    pub fn new(path: Option<&Path>) -> Self {
        Self {
            entries: Vec::new(),
            file: path.map(|path| File::options().create(true).append(true).open(path).unwrap()),
        }
    }

    pub fn write(&mut self, mut entry: Entry) {
        entry.seq = self.entries.len() as u64;
        entry.at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(&entry).unwrap() + "\n";
            file.write_all(line.as_bytes()).unwrap();
        }
        self.entries.push(entry);
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            seq: 0,
            at_ms: 0,
            bot: 0,
            method: String::new(),
            what: What::Done,
            chat: 0,
            message_id: 0,
            kind: String::new(),
            marker: None,
            detail: String::new(),
            connection: 0,
            nth: 0,
        }
    }
}

/// The ledger another process wrote.
pub fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
