//! Methods that make no message: who the bot is, answers to taps and inline queries, files, webhook settings.

use serde_json::{Value, json};

use super::super::updates::Webhook;
use super::super::world::World;
use super::{Answer, Call, Refused};

/// What the cloud lets a bot download.
const MAX_DOWNLOAD_BYTES: usize = 20 * 1024 * 1024;
const MAX_INLINE_RESULTS: usize = 50;

pub fn call(world: &mut World, call: &Call<'_>) -> Answer {
    let params = call.params;
    match call.method.to_ascii_lowercase().as_str() {
        "getme" => {
            let mut user = call.bot(world).user();
            for (key, value) in [
                ("can_join_groups", true),
                ("can_read_all_group_messages", false),
                ("supports_inline_queries", true),
                ("can_connect_to_business", false),
                ("has_main_web_app", false),
            ] {
                user[key] = json!(value);
            }
            Ok(user)
        }
        "sendchataction" => {
            let chat = call.chat()?;
            let bot = call.bot(world);
            super::send::may_write(bot, chat)?;
            bot.actions
                .push((chat, params.text("action").unwrap_or_default().to_owned()));
            Ok(json!(true))
        }
        "answercallbackquery" => {
            let id = params.text("callback_query_id").unwrap_or_default();
            let bot = call.bot(world);
            if !bot.callbacks.remove(id) {
                return Err(too_old());
            }
            let answer = json!({ "text": params.text("text"), "show_alert": params.flag("show_alert"), "url": params.text("url") });
            bot.callback_answers.insert(id.to_owned(), answer);
            Ok(json!(true))
        }
        "answerinlinequery" => answer_inline(world, call),
        "setmycommands" => {
            call.bot(world).commands = params.parsed("commands").unwrap_or_else(|| json!([]));
            Ok(json!(true))
        }
        "setchatmenubutton" => {
            call.bot(world).menu = params.parsed("menu_button").unwrap_or_default();
            Ok(json!(true))
        }
        "getmycommands" => Ok(call.bot(world).commands.clone()),
        "deletemycommands" | "setmydescription" | "setmyshortdescription" | "logout" | "close" => Ok(json!(true)),
        "getchat" => {
            let chat = call.chat()?;
            let bot = call.bot(world);
            let found = bot.chats.get(&chat).ok_or_else(|| Refused::bad("chat not found"))?;
            Ok(found.shown.clone())
        }
        "getfile" => get_file(world, call),
        "setwebhook" => set_webhook(world, call),
        "deletewebhook" => {
            let updates = &mut call.bot(world).updates;
            updates.webhook = None;
            if params.flag("drop_pending_updates") {
                updates.clear();
            }
            Ok(json!(true))
        }
        "getwebhookinfo" => {
            let updates = &call.bot(world).updates;
            let mut info = json!({
                "url": updates.webhook.as_ref().map_or("", |webhook| &webhook.url),
                "has_custom_certificate": false,
                "pending_update_count": updates.waiting(),
            });
            if let Some(error) = &updates.webhook_error {
                info["last_error_message"] = json!(error);
                info["last_error_date"] = json!(super::super::world::now_secs());
            }
            Ok(info)
        }
        _ => Err(Refused::new(404, "Not Found: method not found")),
    }
}

fn too_old() -> Refused {
    Refused::bad("query is too old and response timeout expired or query id is invalid")
}

fn answer_inline(world: &mut World, call: &Call<'_>) -> Answer {
    let id = call.params.text("inline_query_id").unwrap_or_default();
    let results: Value = call.params.parsed("results").unwrap_or_else(|| json!([]));
    let bot = call.bot(world);
    if !bot.callbacks.remove(id) {
        return Err(too_old());
    }
    if results.as_array().map_or(0, Vec::len) > MAX_INLINE_RESULTS {
        return Err(Refused::bad("RESULTS_TOO_MUCH"));
    }
    let answer = json!({ "results": results, "button": call.params.parsed::<Value>("button") });
    bot.inline_answers.insert(id.to_owned(), answer);
    Ok(json!(true))
}

/// In the cloud a path below `/file/bot<token>/`; from a local server one on this disk.
fn get_file(world: &mut World, call: &Call<'_>) -> Answer {
    let local = world.local.clone();
    let id = call.params.text("file_id").unwrap_or_default();
    let bot = call.bot(world);
    let Some(file) = bot.files.find(id) else {
        return Err(Refused::bad("wrong file_id or the file is temporarily unavailable"));
    };
    let path = match local {
        Some(folder) => {
            let path = folder.join(format!("{}-{}", file.unique_id, file.name.replace('/', "_")));
            std::fs::write(&path, file.bytes.as_slice()).expect("the folder can be written");
            path.to_string_lossy().into_owned()
        }
        None if file.bytes.len() > MAX_DOWNLOAD_BYTES => return Err(Refused::bad("file is too big")),
        None => {
            let extension = file.name.rsplit_once('.').map_or("bin", |(_, extension)| extension);
            format!("{}s/{id}.{extension}", file.kind.field())
        }
    };
    Ok(json!({
        "file_id": id, "file_unique_id": file.unique_id, "file_size": file.bytes.len(), "file_path": path,
    }))
}

fn set_webhook(world: &mut World, call: &Call<'_>) -> Answer {
    let url = call.params.text("url").unwrap_or_default().to_owned();
    let secret = call.params.text("secret_token").map(str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if secret
        .as_ref()
        .is_some_and(|secret| secret.len() > 256 || !secret.chars().all(plain))
    {
        return Err(Refused::bad("secret token contains unallowed characters"));
    }
    let updates = &mut call.bot(world).updates;
    if let Some(allowed) = call.params.parsed("allowed_updates") {
        updates.allowed = Some(allowed);
    }
    if call.params.flag("drop_pending_updates") {
        updates.clear();
    }
    updates.poll += 1;
    updates.webhook = (!url.is_empty()).then_some(Webhook {
        url,
        secret,
        generation: updates.poll,
    });
    Ok(json!(true))
}
