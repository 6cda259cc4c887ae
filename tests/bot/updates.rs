//! Updates as Telegram tells them, also those that are newer than the types we read them with: nobody is left without a word.

use musiccircles::bot::dialogue::Event;
use musiccircles::bot::update::{Me, Read, Said, read};
use serde_json::{Value, json};

use super::service::{House, SOON};
use crate::support::telegram::Telegram;

/// What is read of a message with this in it, in a private chat.
fn told(content: &Value) -> Read {
    let me = Me {
        id: 7,
        username: "circles_bot".into(),
    };
    let mut message = json!({
        "message_id": 5, "date": 1_700_000_000,
        "from": { "id": 9, "is_bot": false, "first_name": "A" },
        "chat": { "id": 9, "type": "private", "first_name": "A" },
    });
    for (key, value) in content.as_object().unwrap() {
        message[key] = value.clone();
    }
    read(&json!({ "update_id": 1, "message": message }).to_string(), &me)
}

fn event(content: &Value) -> Option<Event> {
    match told(content) {
        Read::Incoming(incoming) => match incoming.what {
            Said::Event(event) => Some(event),
            Said::Circle { .. } => None,
        },
        _ => None,
    }
}

#[test]
fn words_are_read_whatever_is_new_beside_them() {
    let words = Some(Event::Text("kino".into()));
    let formatting = json!([{ "type": "a kind of next year", "offset": 0, "length": 4 }]);
    for content in [
        json!({ "text": "kino", "entities": formatting }),
        json!({ "text": "kino", "quote": { "text": "x", "position": 0, "entities": formatting } }),
        json!({ "text": "kino", "external_reply": { "origin": { "type": "a kind of next year" } } }),
        json!({ "text": "kino", "via_bot": { "is": "something else by now" } }),
        json!({ "caption": "kino", "hologram": { "file_id": "x" } }),
    ] {
        assert_eq!(event(&content), words, "{content}");
    }
}

#[test]
fn files_are_read_whatever_their_sender_calls_them() {
    let file = |more: Value| {
        let mut file = json!({ "file_id": "x", "file_unique_id": "y", "duration": 3, "file_size": 5 });
        for (key, value) in more.as_object().unwrap() {
            file[key] = value.clone();
        }
        file
    };
    let formatting = json!([{ "type": "a kind of next year", "offset": 0, "length": 4 }]);
    for content in [
        json!({ "audio": file(json!({})), "caption": "kino", "caption_entities": formatting }),
        json!({ "audio": file(json!({ "mime_type": "no type" })) }),
        json!({ "voice": file(json!({ "mime_type": "audio/ogg; codecs=opus" })) }),
        json!({ "document": file(json!({ "mime_type": "audio/x-wav; x", "file_name": "tune" })) }),
        json!({ "document": file(json!({ "mime_type": "mp3", "file_name": "tune.mp3" })) }),
    ] {
        let sound = event(&content);
        assert!(matches!(sound, Some(Event::Sound(_))), "{content}: {sound:?}");
    }
}

#[test]
fn whatever_somebody_sends_is_answered_and_what_happens_by_itself_is_not() {
    for content in [
        json!({ "dice": { "emoji": "🎲", "value": 3 } }),
        json!({ "story": { "id": 1, "chat": { "id": 9, "type": "private", "first_name": "A" } } }),
        json!({ "hologram": { "file_id": "x" } }),
        json!({ "location": { "latitude": 1.0, "longitude": 2.0 } }),
    ] {
        assert_eq!(event(&content), Some(Event::Other), "{content}");
    }
    for content in [
        json!({ "message_auto_delete_timer_changed": { "message_auto_delete_time": 86400 } }),
        json!({ "migrate_to_chat_id": -1_001_000_000_000_i64 }),
    ] {
        assert_eq!(told(&content), Read::Nothing, "{content}");
    }
    assert_eq!(told(&json!({ "chat": 5 })), Read::Unreadable("message"));
}

#[test]
fn a_tap_below_a_message_that_is_not_understood_is_a_tap() {
    let me = Me {
        id: 7,
        username: "circles_bot".into(),
    };
    let query = json!({ "update_id": 1, "callback_query": {
        "id": "1", "from": { "id": 9, "is_bot": false, "first_name": "A" }, "chat_instance": "1", "data": "f1:n",
        "message": {
            "message_id": 5, "date": 1_700_000_000, "chat": { "id": 9, "type": "private", "first_name": "A" },
            "text": "kino", "via_bot": "something else by now",
        } } });
    let Read::Incoming(incoming) = read(&query.to_string(), &me) else {
        panic!("{query}")
    };
    assert!(
        matches!(
            incoming.what,
            Said::Event(Event::Tapped {
                message: 5,
                tap: Some(_),
                ..
            })
        ),
        "{incoming:?}"
    );
}

#[test]
fn a_poll_is_answered_and_what_cannot_be_read_leaves_a_line_without_its_words() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_other("dice", json!({ "emoji": "🎲", "value": 3 }));
    anna.wait_for_words("Из этого кружок не сделать", SOON);
    telegram.tell("message", json!({ "text": "a secret", "chat": 5 }));
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    let log = house.log();
    assert!(log.contains("an update could not be read"), "{log}");
    assert!(log.contains("kind=\"message\""), "{log}");
    assert!(!log.contains("a secret"), "{log}");
}
