//! The stand-in as a bot hears of people: long polling, webhooks, taps, inline queries.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::SOON;
use super::standin::Api;
use crate::support::telegram::{Seen, Tappable, Telegram};

fn ids(updates: &Value) -> Vec<i64> {
    let updates = updates.as_array().unwrap().iter();
    updates.map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn updates_stay_until_a_greater_offset_confirms_them() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    anna.start("recipe_1");
    anna.say("queen");
    let both = api.ok("getUpdates", json!({})).await;
    assert_eq!(both[0]["message"]["text"], "/start recipe_1");
    assert_eq!(both[0]["message"]["entities"][0]["length"], 6);
    assert_eq!(both[0]["message"]["from"]["language_code"], "ru");
    let numbers = ids(&both);
    assert_eq!(numbers[1], numbers[0] + 1);
    assert_eq!(ids(&api.ok("getUpdates", json!({})).await), numbers);
    let second = api.ok("getUpdates", json!({ "offset": numbers[1] })).await;
    assert_eq!(ids(&second), numbers[1..]);
    assert_eq!(
        api.ok("getUpdates", json!({ "offset": numbers[1] + 1 })).await,
        json!([])
    );
    // After a week of silence numbers begin anywhere, and nothing new is lost by an old offset.
    telegram.jump_update_ids(17);
    anna.say("abba");
    assert_eq!(
        ids(&api.ok("getUpdates", json!({ "offset": numbers[1] + 1 })).await),
        [17]
    );
    assert_eq!(api.ok("getUpdates", json!({ "offset": 18 })).await, json!([]));
    assert_eq!(telegram.unconfirmed(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_waits_and_gives_way_to_a_newer_one() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let old = Api::new(&telegram);
    let waiting = tokio::spawn(async move { old.ask("getUpdates", json!({ "timeout": 30 })).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let api = Api::new(&telegram);
    let newer = tokio::spawn(async move { api.ask("getUpdates", json!({ "timeout": 30 })).await });
    let ended = waiting.await.unwrap();
    assert_eq!(ended["error_code"], 409);
    assert!(
        ended["description"]
            .as_str()
            .unwrap()
            .starts_with("Conflict: terminated by other getUpdates")
    );
    let began = Instant::now();
    anna.say("hello");
    assert_eq!(ids(&newer.await.unwrap()["result"]).len(), 1);
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn updates_may_come_often_and_out_of_order_and_all_come() {
    let telegram = Telegram::start();
    telegram.disorder(3, 5);
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    for n in 0..100 {
        anna.say(&n.to_string());
    }
    let (mut heard, mut offset, mut empty) = (Vec::new(), 0, 0);
    while empty < 3 {
        let batch = ids(&api.ok("getUpdates", json!({ "offset": offset, "limit": 7 })).await);
        empty = if batch.is_empty() { empty + 1 } else { 0 };
        offset = batch.iter().map(|id| id + 1).max().unwrap_or(0).max(offset);
        heard.extend(batch);
    }
    let different: BTreeSet<_> = heard.iter().collect();
    assert_eq!(different.len(), 100);
    assert!(heard.len() > 200 && !heard.is_sorted(), "{}", heard.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_pushed_to_with_its_secret_until_it_answers_200() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    api.ok(
        "setWebhook",
        json!({ "url": url, "secret_token": "s3cret_-", "allowed_updates": ["message"] }),
    )
    .await;
    let (code, words) = api.error("getUpdates", json!({})).await;
    assert!(code == 409 && words.contains("while webhook is active"));
    anna.say("queen");
    let mut numbers = Vec::new();
    for status in ["500 Internal Server Error", "200 OK"] {
        let (mut stream, _) = tokio::time::timeout(SOON, listener.accept()).await.unwrap().unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}") {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        let request = String::from_utf8(bytes).unwrap();
        assert!(request.starts_with("POST /hook "));
        assert!(
            request
                .to_lowercase()
                .contains("x-telegram-bot-api-secret-token: s3cret_-"),
            "{request}"
        );
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        numbers.push(body["update_id"].clone());
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    assert_eq!(numbers[0], numbers[1]);
    let deadline = Instant::now() + SOON;
    while telegram.unconfirmed() > 0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let info = api.ok("getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!(url), &json!(0)));
    assert!(info["last_error_message"].as_str().unwrap().contains("500"));
    api.ok("deleteWebhook", json!({})).await;
    anna.say("abba");
    assert_eq!(ids(&api.ok("getUpdates", json!({})).await).len(), 1);
    assert_eq!(
        api.error("setWebhook", json!({ "url": url, "secret_token": "ж" }))
            .await
            .0,
        400
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taps_and_inline_queries_are_answered_once_and_in_time() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let rows = json!({ "inline_keyboard": [[{ "text": "Create", "callback_data": "make:1" }]] });
    api.ok(
        "sendMessage",
        json!({ "chat_id": anna.chat, "text": "card", "reply_markup": rows }),
    )
    .await;
    let card = anna.wait_for_words("card", SOON);
    assert_eq!(card.buttons[0][0].data.as_deref(), Some("make:1"));
    let (by_text, by_data) = (anna.tap("Create"), anna.tap("make:1"));
    let late = anna.tap_too_late("Create");
    let updates = api.ok("getUpdates", json!({})).await;
    assert_eq!(updates[0]["callback_query"]["data"], "make:1");
    assert_eq!(updates[0]["callback_query"]["message"]["message_id"], card.id);
    for query in [&by_text, &by_data] {
        api.ok(
            "answerCallbackQuery",
            json!({ "callback_query_id": query, "text": "soon" }),
        )
        .await;
        assert_eq!(anna.answer_to(query, SOON)["text"], "soon");
    }
    for old in [&by_text, &late] {
        let (code, words) = api
            .error("answerCallbackQuery", json!({ "callback_query_id": old }))
            .await;
        assert!(code == 400 && words.contains("query is too old"), "{words}");
    }
    let typed = {
        let anna = anna.clone();
        tokio::task::spawn_blocking(move || anna.inline("queen", SOON))
    };
    let offset = ids(&updates).pop().unwrap() + 1;
    let update = api.ok("getUpdates", json!({ "offset": offset, "timeout": 5 })).await;
    let query = &update[0]["inline_query"];
    assert_eq!(query["query"], "queen");
    let results = json!([{ "type": "article", "id": "1", "title": "Queen" }]);
    api.ok(
        "answerInlineQuery",
        json!({ "inline_query_id": query["id"], "results": results }),
    )
    .await;
    assert_eq!(typed.await.unwrap()["results"], results);
}

#[tokio::test]
async fn a_person_sends_files_and_the_bot_gets_their_facts() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let first = anna.send_audio("a.mp3", vec![1; 9], 200, "Song", "Band");
    anna.send_voice(vec![2; 9], 5);
    anna.send_video("c.mp4", vec![3; 9], 7);
    anna.send_photo(vec![4; 9]);
    anna.reply(first, "this one");
    let updates = api.ok("getUpdates", json!({})).await;
    let message = |n: usize| &updates[n]["message"];
    assert_eq!(message(0)["audio"]["performer"], "Band");
    assert_eq!(message(0)["from"]["id"], anna.id());
    assert_eq!(
        (&message(1)["voice"]["duration"], &message(2)["video"]["width"]),
        (&json!(5), &json!(640))
    );
    assert_eq!(message(3)["photo"][2]["width"], 800);
    assert_eq!(message(4)["reply_to_message"]["message_id"], first);
    let file = api
        .ok("getFile", json!({ "file_id": message(3)["photo"][2]["file_id"] }))
        .await;
    assert_eq!(file["file_size"], 9);
    anna.delete(first);
    assert_eq!(anna.chat().len(), 4);
}

#[tokio::test]
async fn what_a_bot_shows_of_itself_is_remembered() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let commands = json!([{ "command": "start", "description": "Begin" }]);
    api.ok("setMyCommands", json!({ "commands": commands })).await;
    assert_eq!(telegram.commands(), commands);
    api.ok(
        "sendChatAction",
        json!({ "chat_id": anna.chat, "action": "record_video_note" }),
    )
    .await;
    assert_eq!(telegram.actions(), [(anna.chat, "record_video_note".to_owned())]);
    let (code, words) = api.error("sendDice", json!({ "chat_id": anna.chat })).await;
    assert!(code == 404 && words.contains("method not found"));
    let id = api
        .ok("sendMessage", json!({ "chat_id": anna.chat, "text": "a" }))
        .await["message_id"]
        .clone();
    let seen: Seen = anna.wait_for_kind("text", 0, SOON);
    assert!(!seen.edited && seen.buttons == Vec::<Vec<Tappable>>::new());
    api.ok(
        "editMessageText",
        json!({ "chat_id": anna.chat, "message_id": id, "text": "b" }),
    )
    .await;
    assert!(anna.wait_for_words("b", SOON).edited);
}

#[tokio::test]
async fn a_person_is_seen_to_wait_in_vain() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    anna.say("hello?");
    let waited = std::panic::catch_unwind(|| anna.wait_for_words("hello!", Duration::from_millis(100)));
    let words = *waited.unwrap_err().downcast::<String>().unwrap();
    assert!(
        words.contains("in vain for: hello!") && words.contains("hello?"),
        "{words}"
    );
    // And the stand-in still works.
    anna.say("anybody?");
    assert_eq!(anna.chat().len(), 2);
}
