//! Fingers on old buttons: of a list that was replaced, of a card of another song, of somebody else's; each is answered, and
//! nothing is done to the wrong song.

use musiccircles::deliver::telegram::Marker;

use super::service::{House, SOON, card, circle, song_bytes};
use crate::support::telegram::{Person, Seen, Telegram, What};

/// What a button of this message carries.
fn data(seen: &Seen, label: &str) -> String {
    let mut buttons = seen.buttons.iter().flatten();
    let found = buttons.find(|button| button.text == label);
    found.and_then(|button| button.data.clone()).expect(label)
}

fn answer(person: &Person, data: &str) -> String {
    let tap = person.tap(data);
    let answer = person.answer_to(&tap, SOON);
    answer["text"].as_str().unwrap_or_default().to_owned()
}

const OLD: &str = "уже не действует";

#[test]
fn buttons_of_other_songs_change_nothing() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    house.add_song("Nena - Ballons", 8.0);
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.say("blood type");
    let first_list = anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    let first = card(&anna, "Blood Type");
    anna.say("ballons");
    let second_list = anna.wait_for_words("🔎 ballons", SOON);
    assert!(answer(&anna, &data(&first_list, "1")).contains(OLD));
    anna.tap(&data(&second_list, "1"));
    let second = card(&anna, "Ballons");
    assert!(second.id > first.id);
    // All of the first card is dead, over a restart too; the second is as it was.
    service.kill();
    let _service = house.start();
    for label in ["▶️ Создать кружок", "⇤ +1", "15 с", "🎨 Вид", "🎵 Другая песня"]
    {
        assert!(answer(&anna, &data(&first, label)).contains(OLD), "{label}");
    }
    assert_eq!(card(&anna, "Ballons").text, second.text);
    // Nor after a new beginning.
    let create = data(&second, "▶️ Создать кружок");
    anna.say("/newsong");
    anna.wait_for_words("Пришли название песни", SOON);
    assert!(answer(&anna, &create).contains(OLD));
    let films = telegram.ledger().into_iter().filter(|entry| entry.what == What::Sent);
    assert_eq!(films.filter(|entry| entry.kind == "video_note").count(), 0);
}

#[test]
fn a_card_that_was_deleted_is_shown_anew() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 6.0), 6, "Tune", "Anna");
    let first = card(&anna, "Anna — Tune");
    anna.delete(first.id);
    anna.say("0:01 - 0:03");
    let second = card(&anna, "0:01 – 0:03");
    assert!(second.id > first.id);
    anna.tap("▶️ Создать кружок");
    circle(&anna, second.id);
}

#[test]
fn in_a_group_buttons_are_those_of_who_asked() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start();
    let group = telegram.group("Friends");
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let (anna, boris) = (anna.in_group(group), boris.in_group(group));
    anna.say("@circles_bot blood type");
    let list = anna.wait_for_words("Выбери песню", SOON);
    assert!(answer(&boris, &data(&list, "1")).contains("чужая"));
    anna.tap("1");
    let shown = card(&anna, "Blood Type");
    assert!(answer(&boris, &data(&shown, "▶️ Создать кружок")).contains("чужая"));
    anna.say("/delete_me@circles_bot");
    let asked = anna.wait_for_words("Удалить всё", SOON);
    let yes = asked.buttons[0][0].data.clone().unwrap();
    assert!(answer(&boris, &yes).contains("чужая"));
    assert_eq!(answer(&anna, &yes), "");
    anna.wait_for_words("Удаляю всё", SOON);
    assert!(answer(&anna, &data(&shown, "▶️ Создать кружок")).contains(OLD));
}

/// Else the search passes over it, and if we die before its proof is written down the circle comes twice.
#[test]
fn a_tap_below_a_circle_makes_its_message_no_known_one() {
    use musiccircles::bot::update::Facts;
    let known = |data: &str| {
        let message = serde_json::json!({ "chat": { "id": 5 }, "message_id": 3, "date": 7 });
        let update = serde_json::json!({ "callback_query": { "message": message, "data": data } });
        Facts::of(&update).message
    };
    let marker = Marker::new("0123456789abcdef").unwrap();
    assert_eq!(known(&marker.callback_data("moment")), None);
    assert_eq!(known("c1:1:go"), Some((5, 3, 7_000)));
}

/// A message may be gone, or too old for Telegram to show; the sign on the button ends all the same.
#[test]
fn a_tap_whose_message_nobody_knows_is_answered() {
    use musiccircles::bot::update::{Me, Read, read};
    let me = Me {
        id: 1,
        username: "circles_bot".into(),
    };
    let from = serde_json::json!({ "id": 5, "is_bot": false, "first_name": "Anna", "language_code": "ru" });
    let mut query = serde_json::json!({ "update_id": 9, "callback_query": {
        "id": "q", "from": from, "chat_instance": "7", "data": "c1:1:go", "inline_message_id": "m" } });
    let Read::Stray { query: id, user, .. } = read(&query.to_string(), &me) else {
        panic!("it is not answered")
    };
    assert_eq!((id.as_str(), user), ("q", 5));
    let chat = serde_json::json!({ "id": 5, "type": "private", "first_name": "Anna" });
    query["callback_query"]["message"] = serde_json::json!({ "chat": chat, "message_id": 3, "date": 0 });
    let Read::Incoming(incoming) = read(&query.to_string(), &me) else {
        panic!("a message that is too old to be shown")
    };
    assert_eq!((incoming.chat, incoming.user), (5, 5));
}
