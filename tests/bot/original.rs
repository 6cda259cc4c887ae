//! The scenarios of the original's own tests, as conversations: a search that finds, that finds nothing, whose service is
//! down; a choice; times of one's own; a record that is down; a fragment that cannot be cut; the standard cover; a new song
//! in the middle.

use super::service::{House, RENDERED, SOON, card, circle};
use crate::support::telegram::Telegram;

#[test]
fn a_search_whose_service_is_down_says_so_and_a_file_goes_on() {
    let telegram = Telegram::start();
    let house = House::new(&telegram)
        .set("SOURCES__ORDER", "deezer")
        .set("SOURCES__DEEZER__BASE_URL", telegram.dead_url());
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.say("blood type");
    anna.wait_for_words("сервис не отвечает", SOON);
    anna.send_audio(
        "tune.wav",
        super::service::song_bytes(house.folder.path(), 3.0),
        3,
        "Tune",
        "Anna",
    );
    card(&anna, "Anna — Tune");
}

#[test]
fn found_chosen_and_made_with_times_of_ones_own_and_the_standard_cover() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 9.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.say("nobody has ever sung this");
    anna.wait_for_words("ничего не нашлось", SOON);
    anna.say("blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    card(&anna, "⏱");
    anna.tap("⌨️ Время");
    card(&anna, "Напиши момент");
    anna.say("99 soon");
    anna.wait_for_words("Не понял время", SOON);
    anna.say("1 3");
    card(&anna, "0:01 – 0:03");
    anna.tap("🖼 Обложка");
    card(&anna, "Какую обложку");
    anna.tap("Стандартная");
    let shown = card(&anna, "Стандартная обложка");
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    // In the middle of it all, a new song.
    anna.tap("⌨️ Время");
    card(&anna, "Напиши момент");
    anna.say("/newsong");
    anna.wait_for_words("Пришли название песни", SOON);
    anna.say("blood");
    anna.wait_for_words("🔎 blood.", SOON);
}

/// The original's record of what people do must stop nobody.
#[test]
fn a_record_that_is_down_does_not_stop_the_flow() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 4.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.start("");
    anna.wait_for_words("Привет", SOON);
    let record = rusqlite::Connection::open(house.path("data").join("musiccircles.db")).unwrap();
    let broken = "CREATE TRIGGER down_1 BEFORE INSERT ON interactions BEGIN SELECT RAISE(ABORT, 'down'); END;
                  CREATE TRIGGER down_2 BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'down'); END;";
    record.execute_batch(broken).unwrap();
    anna.say("blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    let shown = card(&anna, "⏱");
    anna.tap("▶️ Создать кружок");
    circle(&anna, shown.id);
    assert!(house.log().contains("an interaction was not written down"));
}

#[test]
fn a_fragment_that_cannot_be_cut_is_a_sentence() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 4.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.say("blood type");
    anna.wait_for_words("Выбери песню", SOON);
    anna.tap("1");
    card(&anna, "⏱");
    // Its bytes rot on our disk.
    let rotten = |folder: &std::path::Path| {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wav") {
                std::fs::write(path, b"rot").unwrap();
            }
        }
    };
    let mut folders = vec![house.path("data")];
    while let Some(folder) = folders.pop() {
        rotten(&folder);
        let inside = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inside.filter(|path| path.is_dir()));
    }
    anna.tap("▶️ Создать кружок");
    let said = anna.wait_for("a sentence", RENDERED, |seen| {
        let last = seen.iter().rev().find(|seen| seen.by_bot && seen.kind == "text")?;
        last.text.contains("ришли").then(|| last.text.clone())
    });
    for hidden in ["/", "data", ".wav", "Error"] {
        assert!(!said.contains(hidden), "{said}");
    }
    // And the conversation goes on.
    anna.say("/newsong");
    anna.wait_for_words("Пришли название песни", SOON);
}
