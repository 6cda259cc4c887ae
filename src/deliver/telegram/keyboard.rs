//! The buttons under a circle. One of them always carries the delivery's marker: that is how a circle whose answer was lost
//! is recognised later.

use serde_json::{Value, json};
use thiserror::Error;

use super::patience::MAX_CALLBACK_BYTES;

/// Names one attempt to deliver one circle. Letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker(String);

/// So that an action fits behind it: `d:<marker>:<action>`.
const MAX_MARKER_CHARS: usize = 32;
const PREFIX: &str = "d:";

impl Marker {
    pub fn new(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = (1..=MAX_MARKER_CHARS).contains(&text.len()) && text.chars().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The marker a pressed button carried, and what the button was for.
    pub fn of(callback_data: &str) -> Option<(Self, &str)> {
        let rest = callback_data.strip_prefix(PREFIX)?;
        let (marker, action) = rest.split_once(':').unwrap_or((rest, ""));
        Some((Self::new(marker)?, action))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `d:<marker>`, or `d:<marker>:<action>`.
    pub fn callback_data(&self, action: &str) -> String {
        if action.is_empty() {
            format!("{PREFIX}{}", self.0)
        } else {
            format!("{PREFIX}{}:{action}", self.0)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub text: String,
    pub press: Press,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// Its `callback_data` comes back to the bot.
    Callback(String),
    Url(String),
    /// Opens another chat with this inline query.
    Share(String),
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyboardError {
    #[error("no button carries the delivery's marker")]
    Unmarked,
    #[error("the data of a button has {bytes} bytes, and Telegram takes 1 to {MAX_CALLBACK_BYTES}")]
    DataLength { bytes: usize },
}

/// A keyboard of which it is known that it carries its delivery's marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    markup: String,
}

impl Marked {
    pub fn new(marker: &Marker, rows: &[Vec<Button>]) -> Result<Self, KeyboardError> {
        let mut carried = false;
        for button in rows.iter().flatten() {
            if let Press::Callback(data) = &button.press {
                if !(1..=MAX_CALLBACK_BYTES).contains(&data.len()) {
                    return Err(KeyboardError::DataLength { bytes: data.len() });
                }
                carried |= Marker::of(data).is_some_and(|(found, _)| found == *marker);
            }
        }
        if !carried {
            return Err(KeyboardError::Unmarked);
        }
        let rows: Vec<Vec<Value>> = rows.iter().map(|row| row.iter().map(Button::json).collect()).collect();
        Ok(Self {
            markup: json!({ "inline_keyboard": rows }).to_string(),
        })
    }

    /// As `reply_markup` takes it.
    pub(super) fn markup(&self) -> &str {
        &self.markup
    }
}

impl Button {
    fn json(&self) -> Value {
        match &self.press {
            Press::Callback(data) => json!({ "text": self.text, "callback_data": data }),
            Press::Url(url) => json!({ "text": self.text, "url": url }),
            Press::Share(query) => json!({ "text": self.text, "switch_inline_query": query }),
        }
    }
}
