//! The Bot API's methods: a bot, a method's name and its parameters in, Telegram's answer out.

mod edit;
mod misc;
mod send;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::{Entry, What};
use super::params::Params;
use super::world::{Bot, World};

/// `result`, or why not.
pub type Answer = Result<Value, Refused>;

/// An error in Telegram's words.
#[derive(Debug)]
pub struct Refused {
    pub code: u16,
    pub description: String,
    pub parameters: Value,
}

impl Refused {
    pub fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            parameters: Value::Null,
        }
    }

    pub fn bad(words: &str) -> Self {
        Self::new(400, format!("Bad Request: {words}"))
    }

    pub fn too_many(secs: u64) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {secs}"),
            parameters: json!({ "retry_after": secs }),
        }
    }

    pub fn json(&self) -> Value {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters.clone();
        }
        body
    }
}

/// One call of a method.
pub struct Call<'c> {
    pub token: &'c str,
    pub method: &'c str,
    pub params: &'c Params,
    pub connection: u64,
    pub nth: u64,
    /// A message it makes is visible only then.
    pub visible_after: Duration,
}

impl Call<'_> {
    pub fn chat(&self) -> Result<i64, Refused> {
        let chat = self.params.number("chat_id");
        chat.ok_or_else(|| Refused::bad("chat_id is empty"))
    }

    pub fn bot<'w>(&self, world: &'w mut World) -> &'w mut Bot {
        world.bots.get_mut(self.token).expect("the token was checked")
    }
}

/// Carries out a method that needs no waiting, and writes the ledger.
pub fn carry_out(world: &mut World, call: &Call<'_>) -> Answer {
    let Some(bot) = world.bots.get(call.token).map(|bot| bot.id) else {
        return Err(Refused::new(401, "Unauthorized"));
    };
    let mut entry = Entry {
        bot,
        method: call.method.to_owned(),
        chat: call.params.number("chat_id").unwrap_or_default(),
        connection: call.connection,
        nth: call.nth,
        ..Entry::default()
    };
    // Names of methods are told apart without regard to case.
    let answer = match call.method.to_ascii_lowercase().as_str() {
        "sendmessage" | "sendphoto" | "sendvideonote" | "sendvideo" | "sendaudio" | "senddocument" => {
            send::send(world, call, &mut entry)
        }
        "editmessagetext" => edit::text(world, call, &mut entry),
        "editmessagecaption" => edit::caption(world, call, &mut entry),
        "editmessagemedia" => edit::media(world, call, &mut entry),
        "editmessagereplymarkup" => edit::markup(world, call, &mut entry),
        "deletemessage" => edit::delete(world, call, &mut entry),
        _ => misc::call(world, call),
    };
    if let Err(refused) = &answer {
        if entry.what != What::TooFast {
            entry.what = What::Refused;
        }
        entry.detail.clone_from(&refused.description);
    }
    world.ledger.write(entry);
    answer
}

/// Counts a message or an edit. Too fast is always in the ledger, and refused where limits are enforced.
fn count(world: &mut World, call: &Call<'_>, chat: i64, entry: &mut Entry) -> Result<(), Refused> {
    let (limits, now) = (world.limits, Instant::now());
    let bot = call.bot(world);
    let Err(wait) = bot.pace.count(limits, chat, now) else {
        return Ok(());
    };
    if !limits.enforced {
        let noted = Entry {
            what: What::TooFast,
            ..entry.clone()
        };
        world.ledger.write(noted);
        return Ok(());
    }
    entry.what = What::TooFast;
    let secs = wait.as_secs_f64().ceil().max(1.0);
    bot.pace.tell_to_wait(chat, now + Duration::from_secs_f64(secs));
    Err(Refused::too_many(secs as u64))
}

/// A keyboard Telegram would take.
fn checked_markup(params: &Params) -> Result<Option<Value>, Refused> {
    let Some(text) = params.text("reply_markup").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let markup: Value =
        serde_json::from_str(text).map_err(|_| Refused::bad("can't parse reply keyboard markup JSON object"))?;
    if markup["inline_keyboard"].is_null() {
        // Keyboards of other kinds belong to no message.
        return Ok(None);
    }
    for button in super::world::buttons(&markup).iter().flatten() {
        if button["text"].as_str().is_none_or(str::is_empty) {
            return Err(Refused::bad(
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ));
        }
        let data = button["callback_data"].as_str();
        if data.is_some_and(|data| data.is_empty() || data.len() > 64) {
            return Err(Refused::bad("BUTTON_DATA_INVALID"));
        }
        let does = [
            "callback_data",
            "url",
            "switch_inline_query",
            "switch_inline_query_current_chat",
            "web_app",
            "pay",
        ];
        if does.iter().all(|key| button[*key].is_null()) {
            return Err(Refused::bad(
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ));
        }
    }
    Ok(Some(markup).filter(|markup| !super::world::buttons(markup).is_empty()))
}

/// As a person reads it: tags of HTML do not count.
fn plain(params: &Params, text: &str) -> String {
    if params
        .text("parse_mode")
        .is_none_or(|mode| !mode.eq_ignore_ascii_case("html"))
    {
        return text.to_owned();
    }
    let (mut shown, mut inside) = (String::new(), false);
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => shown.push(c),
            _ => {}
        }
    }
    shown
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn checked_text(params: &Params, text: &str) -> Result<String, Refused> {
    let shown = plain(params, text);
    if shown.trim().is_empty() {
        return Err(Refused::bad("message text is empty"));
    }
    if shown.encode_utf16().count() > 4096 {
        return Err(Refused::bad("message is too long"));
    }
    Ok(shown)
}

fn checked_caption(params: &Params, caption: Option<&str>) -> Result<Option<String>, Refused> {
    let shown = caption
        .map(|caption| plain(params, caption))
        .filter(|caption| !caption.is_empty());
    if shown
        .as_ref()
        .is_some_and(|caption| caption.encode_utf16().count() > 1024)
    {
        return Err(Refused::bad("message caption is too long"));
    }
    Ok(shown)
}
