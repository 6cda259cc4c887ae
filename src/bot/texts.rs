//! What the bot says: a key and what fills its gaps in, a sentence in the reader's language out. The sentences are in
//! `assets/locales/<language>/*.ftl`, and are part of the program.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use serde::{Deserialize, Serialize};

static_loader! {
    static LOCALES = {
        locales: "./assets/locales",
        fallback_language: "en",
        // No invisible marks around what is filled in: buttons would show them as boxes.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static RU: LanguageIdentifier = langid!("ru");
static EN: LanguageIdentifier = langid!("en");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    Ru,
    #[default]
    En,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::Ru, Self::En];

    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// What to speak with somebody whose Telegram has this language: Russian also where it is widely read.
    pub fn of_telegram(code: Option<&str>) -> Self {
        let primary = code.unwrap_or_default().split('-').next().unwrap_or_default();
        match primary {
            "ru" | "be" | "uk" | "kk" | "ky" | "tg" | "uz" | "tt" | "ba" | "hy" => Self::Ru,
            _ => Self::En,
        }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self {
            Self::Ru => &RU,
            Self::En => &EN,
        }
    }
}

/// A gap's filling. Text is somebody else's and is escaped where it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Filling {
    Number(i64),
    Text(String),
}

impl From<&str> for Filling {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Filling {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Filling {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Filling {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// One text to be said, in no language yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    key: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fillings: Vec<(Cow<'static, str>, Filling)>,
}

impl Line {
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self {
            key: key.into(),
            fillings: Vec::new(),
        }
    }

    pub fn with(mut self, name: &'static str, filling: impl Into<Filling>) -> Self {
        self.fillings.push((Cow::Borrowed(name), filling.into()));
        self
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// As Telegram's HTML.
    pub fn html(&self, lang: Lang) -> String {
        self.say(lang, escape)
    }

    /// For buttons and pop-ups, which know no HTML.
    pub fn plain(&self, lang: Lang) -> String {
        self.say(lang, str::to_owned)
    }

    fn say(&self, lang: Lang, shown: impl Fn(&str) -> String) -> String {
        let fillings = self.fillings.iter().map(|(name, filling)| {
            let value = match filling {
                Filling::Number(number) => FluentValue::from(*number),
                Filling::Text(text) => FluentValue::from(shown(text)),
            };
            (name.clone(), value)
        });
        let fillings: HashMap<Cow<'static, str>, FluentValue<'_>> = fillings.collect();
        let said = LOCALES.try_lookup_with_args(lang.id(), &self.key, &fillings);
        said.unwrap_or_else(|| {
            tracing::error!(key = &*self.key, "a text is missing");
            String::from("…")
        })
    }
}

/// Whether this language has a text of its own under this key.
pub fn is_known(lang: Lang, key: &str) -> bool {
    let looked_up = LOCALES.lookup_single_language::<String>(lang.id(), key, None);
    // A text whose gaps are not filled in is one all the same; the kind of the error cannot be named outside its crate.
    looked_up.map_or_else(|error| error.to_string().starts_with("Fluent errors"), |_| true)
}

/// Somebody's words as Telegram's HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
