//! People and the real program, over the stand-in Telegram: from a name or a file to a circle.

use std::time::Instant;

use image::ImageFormat;

use super::service::{House, RENDERED, SOON, card, circle, labels, song_bytes};
use crate::support::picture;
use crate::support::telegram::{Telegram, What};

#[test]
fn from_a_name_to_a_circle_with_times_of_ones_own() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 40.0);
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.start("");
    anna.wait_for_words("Привет", SOON);
    anna.say("kino blood type");
    let list = anna.wait_for_words("Выбери песню", SOON);
    assert!(list.text.contains("1. ") && list.text.contains("0:40"), "{}", list.text);
    anna.tap("1");
    let shown = card(&anna, "⏱");
    assert!(labels(&shown).contains(&"▶️ Создать кружок"), "{:?}", labels(&shown));
    anna.say("0:05 - 0:07");
    card(&anna, "0:05 – 0:07 (2 секунды)");
    let tap = anna.tap("▶️ Создать кружок");
    assert_eq!(anna.answer_to(&tap, SOON)["text"], "Принято!");
    let made = circle(&anna, shown.id);
    assert_eq!(made.content["duration"], 2);
    assert_eq!(made.content["length"], 240);
    assert_eq!(labels(&made), ["⏱ Другой момент", "🎨 Другой вид", "📤 Поделиться"]);

    // The same again is there at once, by the name Telegram gave it.
    let again = Instant::now();
    anna.tap("▶️ Создать кружок");
    circle(&anna, made.id);
    assert!(again.elapsed().as_secs() < 5, "{:?}", again.elapsed());
    let circles = telegram
        .ledger()
        .into_iter()
        .filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    assert_eq!(circles.count(), 2);

    // Another moment of it begins with the best part that is elsewhere.
    anna.tap("⏱ Другой момент");
    anna.wait_for("another card", SOON, |seen| {
        seen.iter()
            .filter(|message| message.kind == "photo")
            .nth(1)
            .map(|card| card.id)
    });
    assert!(service.stop().as_secs() < 30);
    assert!(!house.log().contains(telegram.token()), "the token is in the log");
    assert_eq!(telegram.too_fast(), 0);
}

#[test]
fn an_upload_with_a_cover_of_ones_own() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let boris = telegram.person("Boris");
    let photo = picture::file(picture::quadrants(300, 300), ImageFormat::Jpeg);
    boris.send_photo(photo);
    boris.wait_for_words("Запомнил картинку", SOON);
    let song = song_bytes(house.folder.path(), 12.0);
    boris.send_audio("tune.wav", song, 12, "Tune", "Boris");
    let shown = card(&boris, "Boris — Tune");
    assert!(shown.text.contains("Своя обложка"), "{}", shown.text);
    boris.tap("👁 Посмотреть");
    boris.wait_for("a still", SOON, |seen| {
        let now = seen.iter().find(|message| message.id == shown.id)?;
        (now.content[0]["file_unique_id"] != shown.content[0]["file_unique_id"]).then_some(())
    });
    // What the best part of it is comes when it was heard; then the end moves.
    boris.tap("−5 ⇥");
    boris.tap("▶️ Создать кружок");
    circle(&boris, shown.id);
}

#[test]
fn who_forbids_video_messages_gets_a_square_video_with_a_word_about_it() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let vera = telegram.person("Vera");
    vera.forbid_voice(true);
    vera.send_voice(song_bytes(house.folder.path(), 3.0), 3);
    let shown = card(&vera, "⏱");
    vera.tap("▶️ Создать кружок");
    let video = vera.wait_for_kind("video", shown.id, RENDERED);
    assert!(video.text.contains("обычное видео"), "{}", video.text);
}

#[test]
fn what_cannot_be_done_is_a_sentence() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let dana = telegram.person("Dana");
    dana.say("nobody has ever sung this");
    dana.wait_for_words("ничего не нашлось", SOON);
    dana.say("https://example.com/song");
    dana.wait_for_words("ссылку я не узнаю", SOON);
    dana.send_document("song.mp3", b"this is no music at all".to_vec(), "audio/mpeg");
    dana.wait_for_words("не нашёл музыки", SOON);
    dana.send_document("cover.jpg", b"this is no picture at all".to_vec(), "image/jpeg");
    dana.wait_for_words("картинку не открыть", SOON);
    dana.say("/start !!!");
    dana.wait_for_words("Ссылка повреждена", SOON);
    dana.say("/stats");
    dana.wait_for_words("Такой команды", SOON);
    // A button of a list that is long gone.
    house.add_song("Nena - Ballons", 5.0);
    dana.say("/newsong");
    dana.wait_for_words("Пришли название песни", SOON);
}

#[test]
fn a_recipe_opens_the_same_song_for_a_friend() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 9.0), 9, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    anna.say("0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    // The share button opens an inline query with the recipe.
    let recipe = telegram.ledger();
    assert!(recipe.iter().any(|entry| entry.kind == "video_note"));
    let past = {
        anna.say("/history");
        anna.wait_for_words("Последние кружки", SOON)
    };
    assert!(past.text.contains("1. Anna — Tune, 0:01 – 0:03"), "{}", past.text);
    let parameter = house_recipe(&house);
    let answer = anna.inline(&parameter, SOON);
    let result = &answer["results"][0];
    assert_eq!(result["title"], "Anna — Tune");
    let url = result["reply_markup"]["inline_keyboard"][0][0]["url"].as_str().unwrap();
    assert_eq!(url, format!("https://t.me/circles_bot?start={parameter}"));
    boris.start(&parameter);
    card(&boris, "0:01 – 0:03");
}

/// What the share button below the only circle holds.
fn house_recipe(house: &House) -> String {
    use musiccircles::bot::desk::JobContext;
    use musiccircles::store::jobs;
    // A copy: the record itself belongs to the service.
    let copy = tempfile::tempdir().unwrap();
    for name in ["musiccircles.db", "musiccircles.db-wal"] {
        std::fs::copy(house.path("data").join(name), copy.path().join(name)).unwrap();
    }
    let store = musiccircles::store::Store::open(copy.path()).unwrap();
    let made = store
        .read(|conn| jobs::get(conn, musiccircles::model::JobId(1)))
        .unwrap()
        .unwrap();
    let context: JobContext = serde_json::from_str(&made.context).unwrap();
    musiccircles::bot::recipe_of(&context, &made.spec).write().unwrap()
}

#[test]
fn a_group_talks_to_us_by_name_and_by_replies() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 4.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    // In any chat: the songs of a name, each with a link to begin from.
    let found = anna.inline("blood type", SOON);
    let title = found["results"][0]["title"].as_str().unwrap();
    assert!(title.contains("Blood Type"), "{found}");
    assert_eq!(
        anna.inline("nobody has ever sung this", SOON)["results"],
        serde_json::json!([])
    );
    let anna = anna.in_group(telegram.group("Friends"));
    anna.say("hello everybody");
    anna.say("@circles_bot blood type");
    let list = anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    let shown = card(&anna, "⏱");
    assert!(
        anna.chat()
            .iter()
            .filter(|message| message.by_bot)
            .all(|message| message.reply_to.is_some())
    );
    anna.reply(shown.id, "0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    anna.tap("▶️ Создать кружок");
    circle(&anna, list.id);
}

#[test]
fn settings_are_kept_and_a_person_is_forgotten() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.say("/settings");
    anna.wait_for_words("Настройки", SOON);
    anna.tap("🇬🇧 English");
    anna.wait_for_words("Language: English", SOON);
    anna.tap("15 s");
    anna.wait_for_words("Length of a circle: 15 seconds", SOON);
    anna.say("/history");
    anna.wait_for_words("No circles yet", SOON);
    anna.say("/delete_me");
    anna.wait_for_words("Delete everything", SOON);
    anna.tap("Yes, delete everything");
    anna.wait_for_words("Deleting everything I knew", SOON);
    // What was preferred is forgotten, too.
    anna.say("/settings");
    anna.wait_for_words("Длина кружка: 30 секунд", SOON);
}
