//! The stand-in itself: it must say what Telegram says, or the tests that lean on it prove nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SOON, demo_file};
use crate::support::telegram::{Fault, Limits, Telegram, What, ledger, next};

pub(super) struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    pub(super) fn new(telegram: &Telegram) -> Self {
        Self::with_token(telegram, telegram.token())
    }

    pub(super) fn with_token(telegram: &Telegram, token: &str) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("{}/bot{token}", telegram.url()),
        }
    }

    /// The whole answer.
    pub(super) async fn ask(&self, method: &str, params: Value) -> Value {
        let request = self.http.post(format!("{}/{method}", self.base)).json(&params);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(super) async fn ok(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["result"].clone()
    }

    /// Telegram's words, and the code.
    pub(super) async fn error(&self, method: &str, params: Value) -> (u64, String) {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        let words = answer["description"].as_str().unwrap().to_owned();
        (answer["error_code"].as_u64().unwrap(), words)
    }

    async fn upload(&self, method: &str, field: &str, bytes: Vec<u8>, more: &[(&str, &str)]) -> Value {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("a.mp4");
        let mut form = reqwest::multipart::Form::new().part(field.to_owned(), part);
        for (name, value) in more {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let request = self.http.post(format!("{}/{method}", self.base)).multipart(form);
        request.send().await.unwrap().json().await.unwrap()
    }
}

fn bad(words: &str) -> (u64, String) {
    (400, format!("Bad Request: {words}"))
}

fn keyboard(data: &str) -> Value {
    json!({ "inline_keyboard": [[{ "text": "Tap", "callback_data": data }]] })
}

#[tokio::test]
async fn a_bot_is_known_by_its_token() {
    let telegram = Telegram::start();
    let me = Api::new(&telegram).ok("getMe", json!({})).await;
    assert_eq!((&me["is_bot"], &me["username"]), (&json!(true), &json!("circles_bot")));
    let stranger = Api::with_token(&telegram, "1:x");
    assert_eq!(
        stranger.error("getMe", json!({})).await,
        (401, "Unauthorized".to_owned())
    );
}

#[tokio::test]
async fn private_chats_share_a_counter_and_groups_have_their_own() {
    let telegram = Telegram::start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let friends = anna.in_group(telegram.group("Friends"));
    let api = Api::new(&telegram);
    let mut ids = vec![anna.say("hello"), boris.say("hello"), friends.say("hello")];
    for chat in [anna.chat, boris.chat, friends.chat, friends.chat, anna.chat] {
        let message = api.ok("sendMessage", json!({ "chat_id": chat, "text": "hi" })).await;
        ids.push(message["message_id"].as_i64().unwrap());
    }
    assert_eq!(ids, [1, 2, 1, 3, 4, 2, 3, 5]);
}

#[tokio::test]
async fn edits_follow_telegrams_rules() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let own = anna.say("mine");
    let sent = api
        .ok(
            "sendMessage",
            json!({ "chat_id": anna.chat, "text": "one", "reply_markup": keyboard("a") }),
        )
        .await;
    let id = sent["message_id"].clone();
    let edit = |text: &str, data: &str| json!({ "chat_id": anna.chat, "message_id": id, "text": text, "reply_markup": keyboard(data) });
    let edited = api.ok("editMessageText", edit("two", "a")).await;
    assert_eq!((&edited["text"], edited["edit_date"].is_u64()), (&json!("two"), true));
    let (code, words) = api.error("editMessageText", edit("two", "a")).await;
    assert!(code == 400 && words.starts_with("Bad Request: message is not modified: specified new message content"));
    api.ok(
        "editMessageReplyMarkup",
        json!({ "chat_id": anna.chat, "message_id": id, "reply_markup": keyboard("b") }),
    )
    .await;
    let (_, words) = api
        .error(
            "editMessageReplyMarkup",
            json!({ "chat_id": anna.chat, "message_id": id, "reply_markup": keyboard("b") }),
        )
        .await;
    assert!(words.contains("message is not modified"));
    // A keyboard that is not given is taken away.
    let bare = api
        .ok(
            "editMessageText",
            json!({ "chat_id": anna.chat, "message_id": id, "text": "two" }),
        )
        .await;
    assert!(bare["reply_markup"].is_null());
    let other = |message: i64| json!({ "chat_id": anna.chat, "message_id": message, "text": "x" });
    assert_eq!(
        api.error("editMessageText", other(own)).await,
        bad("message can't be edited")
    );
    assert_eq!(
        api.error("editMessageText", other(99)).await,
        bad("message to edit not found")
    );
    let caption = json!({ "chat_id": anna.chat, "message_id": id, "caption": "x" });
    assert_eq!(
        api.error("editMessageCaption", caption).await,
        bad("there is no caption in the message to edit")
    );
    api.ok("deleteMessage", json!({ "chat_id": anna.chat, "message_id": id }))
        .await;
    assert_eq!(
        api.error("editMessageText", edit("three", "a")).await,
        bad("message to edit not found")
    );
    let gone = json!({ "chat_id": anna.chat, "message_id": id });
    assert_eq!(
        api.error("deleteMessage", gone).await,
        bad("message to delete not found")
    );
}

#[tokio::test]
async fn texts_captions_and_buttons_have_limits() {
    let telegram = Telegram::start();
    let chat = telegram.person("Anna").chat;
    let api = Api::new(&telegram);
    let text = |text: &str| json!({ "chat_id": chat, "text": text });
    api.ok("sendMessage", text(&"ж".repeat(4096))).await;
    assert_eq!(
        api.error("sendMessage", text(&"ж".repeat(4097))).await,
        bad("message is too long")
    );
    assert_eq!(api.error("sendMessage", text(" ")).await, bad("message text is empty"));
    let html = json!({ "chat_id": chat, "text": format!("<b>{}</b>", "a".repeat(4096)), "parse_mode": "HTML" });
    api.ok("sendMessage", html).await;
    let button = |data: &str| json!({ "chat_id": chat, "text": "x", "reply_markup": keyboard(data) });
    api.ok("sendMessage", button(&"x".repeat(64))).await;
    assert_eq!(
        api.error("sendMessage", button(&"x".repeat(65))).await,
        bad("BUTTON_DATA_INVALID")
    );
    let long = "x".repeat(1025);
    let (id, caption) = (chat.to_string(), long.as_str());
    let answer = api
        .upload(
            "sendPhoto",
            "photo",
            vec![1; 10],
            &[("chat_id", &id), ("caption", caption)],
        )
        .await;
    assert_eq!(answer["description"], "Bad Request: message caption is too long");
    assert_eq!(
        api.error("sendMessage", json!({ "chat_id": 5, "text": "x" })).await,
        bad("chat not found")
    );
}

#[tokio::test]
async fn a_note_is_looked_into() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let chat = anna.chat.to_string();
    let send = async |bytes: Vec<u8>, more: &[(&str, &str)]| {
        let more: Vec<_> = [("chat_id", chat.as_str())].iter().chain(more).copied().collect();
        api.upload("sendVideoNote", "video_note", bytes, &more).await
    };
    for length in ["0", "641", "x"] {
        let answer = send(vec![1; 10], &[("length", length)]).await;
        assert_eq!(
            answer["description"], "Bad Request: wrong video note length",
            "{length}"
        );
    }
    let kind = |answer: Value| {
        let result = &answer["result"];
        ["video_note", "video"]
            .into_iter()
            .find(|kind| result[*kind].is_object())
            .unwrap()
    };
    assert_eq!(
        kind(send(vec![1; 10], &[("length", "640"), ("duration", "60")]).await),
        "video_note"
    );
    assert_eq!(kind(send(vec![1; 10], &[("duration", "61")]).await), "video");
    assert_eq!(kind(send(film(640, 640, 60), &[]).await), "video_note");
    assert_eq!(kind(send(film(640, 360, 30), &[("length", "640")]).await), "video");
    assert_eq!(kind(send(film(640, 640, 61), &[("duration", "30")]).await), "video");
    assert_eq!(kind(send(vec![1; 10 * 1024 * 1024 + 1], &[]).await), "video");
    let url = json!({ "chat_id": anna.chat, "video_note": "https://example.org/a.mp4" });
    assert_eq!(
        api.error("sendVideoNote", url).await,
        bad("wrong file identifier/HTTP URL specified")
    );
}

/// The boxes of an mp4 that say how large and how long it is.
fn film(width: u32, height: u32, secs: u32) -> Vec<u8> {
    let boxed =
        |name: &[u8; 4], content: &[u8]| [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let movie = boxed(b"mvhd", &[words(&[0, 0, 0, 1000, secs * 1000]), vec![0; 80]].concat());
    let track = |width: u32, height: u32| {
        boxed(
            b"trak",
            &boxed(b"tkhd", &[vec![0; 76], words(&[width << 16, height << 16])].concat()),
        )
    };
    let moov = boxed(b"moov", &[movie, track(0, 0), track(width, height)].concat());
    [boxed(b"ftyp", b"isom\0\0\0\0"), moov].concat()
}

#[tokio::test]
async fn media_may_replace_a_text_and_never_a_note() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let api = Api::new(&telegram);
    let chat = anna.chat.to_string();
    let jpeg = std::fs::read(demo_file("cover.jpg")).unwrap();
    api.ok("sendMessage", json!({ "chat_id": anna.chat, "text": "wait" }))
        .await;
    let media = json!({ "type": "photo", "media": "attach://p", "caption": "card" }).to_string();
    let answer = api
        .upload(
            "editMessageMedia",
            "p",
            jpeg.clone(),
            &[("chat_id", &chat), ("message_id", "1"), ("media", &media)],
        )
        .await;
    assert_eq!(answer["result"]["caption"], "card", "{answer}");
    let seen = &anna.chat()[0];
    assert_eq!((seen.kind.as_str(), anna.download(seen)), ("photo", jpeg));
    let note = api
        .upload("sendVideoNote", "video_note", vec![1; 10], &[("chat_id", &chat)])
        .await;
    let id = note["result"]["message_id"].to_string();
    let answer = api
        .upload(
            "editMessageMedia",
            "p",
            vec![2; 9],
            &[("chat_id", &chat), ("message_id", &id), ("media", &media)],
        )
        .await;
    assert_eq!(answer["description"], "Bad Request: message can't be edited");
    let to_note = json!({ "chat_id": anna.chat, "message_id": 1, "media": { "type": "video_note", "media": "x" } });
    let (_, words) = api.error("editMessageMedia", to_note).await;
    assert!(words.contains("Unsupported"), "{words}");
}

#[tokio::test]
async fn files_come_down_from_the_cloud_and_lie_on_disk_at_a_local_server() {
    for local in [false, true] {
        let telegram = if local {
            Telegram::start_local()
        } else {
            Telegram::start()
        };
        let anna = telegram.person("Anna");
        let api = Api::new(&telegram);
        anna.send_document("a.flac", vec![5; 100], "audio/flac");
        anna.send_document("b.flac", vec![5; 20 * 1024 * 1024 + 1], "audio/flac");
        let ids: Vec<_> = anna.chat().iter().map(|seen| seen.content["file_id"].clone()).collect();
        let file = api.ok("getFile", json!({ "file_id": ids[0] })).await;
        let path = file["file_path"].as_str().unwrap();
        if local {
            assert_eq!(std::fs::read(path).unwrap(), vec![5; 100]);
            api.ok("getFile", json!({ "file_id": ids[1] })).await;
        } else {
            let url = format!("{}/file/bot{}/{path}", telegram.url(), telegram.token());
            let bytes = reqwest::get(url).await.unwrap().bytes().await.unwrap();
            assert_eq!(bytes, vec![5; 100]);
            assert_eq!(
                api.error("getFile", json!({ "file_id": ids[1] })).await,
                bad("file is too big")
            );
        }
    }
}

#[tokio::test]
async fn limits_are_kept_and_counted() {
    let telegram = Telegram::start();
    let (anna, group) = (telegram.person("Anna"), telegram.group("Friends"));
    let api = Api::new(&telegram);
    telegram.limits(Limits::REAL);
    let hi = |chat: i64| json!({ "chat_id": chat, "text": "hi" });
    api.ok("sendMessage", hi(anna.chat)).await;
    let answer = api.ask("sendMessage", hi(anna.chat)).await;
    assert_eq!(answer["error_code"], 429);
    assert_eq!(answer["description"], "Too Many Requests: retry after 1");
    assert_eq!(answer["parameters"]["retry_after"], 1);
    tokio::time::sleep(Duration::from_millis(1010)).await;
    api.ok("sendMessage", hi(anna.chat)).await;
    // Thirty in a second, all to different people.
    telegram.limits(Limits {
        chat_per_sec: 1000,
        overall_per_sec: 5,
        ..Limits::REAL
    });
    let mut refused = 0;
    for n in 0..10 {
        let chat = telegram.person(&format!("P{n}")).chat;
        refused += usize::from(api.ask("sendMessage", hi(chat)).await["ok"] == false);
    }
    assert!(refused >= 5, "{refused}");
    telegram.limits(Limits {
        chat_per_sec: 1000,
        overall_per_sec: 1000,
        ..Limits::REAL
    });
    for _ in 0..20 {
        api.ok("sendMessage", hi(group)).await;
    }
    let (code, words) = api.error("sendMessage", hi(group)).await;
    assert!(code == 429 && words.ends_with(" 60"), "{words}");
    let counted = telegram.too_fast();
    assert_eq!(counted, refused + 2);
    // Only counted.
    telegram.limits(Limits {
        enforced: false,
        ..Limits::REAL
    });
    api.ok("sendMessage", hi(group)).await;
    assert_eq!(telegram.too_fast(), counted + 1);
}

#[tokio::test]
async fn the_ledger_is_in_a_file_before_the_answer_is_heard() {
    let telegram = Telegram::start();
    let chat = telegram.person("Anna").chat;
    let api = Api::new(&telegram);
    telegram.script(next("sendMessage", [Fault::late(Duration::from_secs(60))]));
    let url = format!("{}/bot{}/sendMessage", telegram.url(), telegram.token());
    let body = json!({ "chat_id": chat, "text": "x", "reply_markup": keyboard("d:m7:again") });
    assert!(reqwest::Client::new().post(url).json(&body).send().await.is_err());
    let written = ledger::read(&telegram.ledger_path());
    assert_eq!(written, telegram.ledger());
    assert_eq!(telegram.sent_with("m7").len(), 1);
    assert_eq!(
        written.iter().map(|entry| entry.what).collect::<Vec<_>>(),
        [What::Fault, What::Sent]
    );
    // Nobody sees it yet.
    let probe = json!({ "chat_id": chat, "message_id": 1, "reply_markup": keyboard("x") });
    assert_eq!(
        api.error("editMessageReplyMarkup", probe).await,
        bad("message to edit not found")
    );
    telegram.outage(true);
    let dead = reqwest::Client::new().get(telegram.url()).timeout(SOON).send().await;
    assert!(dead.is_err());
}
