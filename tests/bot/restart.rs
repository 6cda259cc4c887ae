//! The service killed in the middle of a conversation: it goes on where it was.

use image::ImageFormat;

use super::service::{House, SOON, card, circle, labels, song_bytes};
use crate::support::picture;
use crate::support::telegram::{Telegram, What};

#[test]
fn a_conversation_survives_a_kill_in_every_state() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 20.0);
    let anna = telegram.person("Anna");
    let service = house.start();
    anna.say("blood type");
    let list = anna.wait_for_words("Выбери песню", SOON);
    service.kill();

    // A list from before.
    let service = house.start();
    anna.tap("1");
    let shown = card(&anna, "⏱");
    anna.tap("⌨️ Время");
    card(&anna, "Напиши момент");
    service.kill();

    // Times asked for before; and what is said while nobody is there is heard later.
    anna.say("0:02 - 0:04");
    let service = house.start();
    card(&anna, "0:02 – 0:04");
    service.kill();

    anna.tap("▶️ Создать кружок");
    let service = house.start();
    // As soon as somebody says that it is in the line.
    anna.wait_for("a status or a circle", SOON, |seen| {
        seen.iter()
            .find(|message| message.by_bot && message.id > shown.id.max(list.id))
            .map(|message| message.id)
    });
    service.kill();

    let _service = house.start();
    let made = circle(&anna, shown.id);
    assert_eq!(made.content["duration"], 2);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let circles = telegram
        .ledger()
        .into_iter()
        .filter(|entry| entry.what == What::Sent && entry.kind == "video_note");
    assert_eq!(circles.count(), 1, "a circle asked for once arrived more than once");
}

#[test]
fn menus_pictures_and_questions_survive_a_kill_too() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let anna = telegram.person("Anna");
    let service = house.start();
    let photo = picture::file(picture::quadrants(300, 300), ImageFormat::Jpeg);
    anna.send_photo(photo);
    anna.wait_for_words("Запомнил картинку", SOON);
    service.kill();

    // A picture that waits for its song.
    let service = house.start();
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 3.0), 3, "Tune", "Anna");
    card(&anna, "Своя обложка");
    anna.tap("🎨 Вид");
    card(&anna, "(1 из");
    service.kill();

    // The gallery.
    let service = house.start();
    anna.tap("▶️");
    card(&anna, "(2 из");
    anna.tap("✅ Выбрать");
    anna.wait_for("the card itself", SOON, |seen| {
        let card = seen.iter().rev().find(|seen| seen.kind == "photo")?;
        labels(card).contains(&"🖼 Обложка").then_some(())
    });
    anna.tap("🖼 Обложка");
    card(&anna, "Какую обложку");
    service.kill();

    // The choice of covers.
    let service = house.start();
    anna.tap("Стандартная");
    let shown = card(&anna, "Стандартная обложка");
    anna.say("/delete_me");
    anna.wait_for_words("Удалить всё", SOON);
    service.kill();

    // A question.
    let _service = house.start();
    anna.tap("Нет");
    anna.wait_for_words("Ничего не удалил", SOON);
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
}

#[test]
fn updates_that_come_again_do_nothing() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    telegram.disorder(7, 4);
    let anna = telegram.person("Anna");
    let _service = house.start();
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 4.0), 4, "Tune", "Anna");
    let shown = card(&anna, "Anna — Tune");
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let kinds: Vec<_> = anna
        .chat()
        .into_iter()
        .filter(|seen| seen.by_bot)
        .map(|seen| seen.kind)
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "photo").count(), 1, "{kinds:?}");
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "video_note").count(),
        1,
        "{kinds:?}"
    );
}

#[test]
fn without_a_token_everything_but_the_bot_runs() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("TELEGRAM__TOKEN", "");
    let service = house.start();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(house.log().contains("everything but the bot runs"), "{}", house.log());
    assert!(service.stop().as_secs() < 20);
}

#[test]
fn a_token_that_telegram_does_not_know_is_one_sentence() {
    let telegram = Telegram::start();
    let unknown = "123456789:AAnobody_has_ever_been_given_this";
    let house = House::new(&telegram).set("TELEGRAM__TOKEN", unknown);
    let service = house.start();
    let until = std::time::Instant::now() + SOON;
    while !house
        .log()
        .contains("Telegram does not know the token; copy it again from @BotFather")
    {
        assert!(std::time::Instant::now() < until, "{}", house.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(service.stop().as_secs() < 20);
    assert!(!house.log().contains(unknown), "the token is in the log");
}
