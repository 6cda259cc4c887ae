//! A song's words: sent as a file, or looked for where the operator allows it, and only for a look that shows them.

use musiccircles::model::{JobId, JobSpec};
use musiccircles::store::{Store, jobs};

use super::service::{House, SOON, card, circle, song_bytes};
use crate::support::music::Music;
use crate::support::telegram::{Person, Telegram};

const WORDS: &[u8] = "[00:00.50] Тёплое место\n[00:02.00] но улицы ждут\n".as_bytes();

/// What was asked of the renderer, read from a copy: the record itself belongs to the service.
fn ordered(house: &House, job: i64) -> JobSpec {
    let copy = tempfile::tempdir().unwrap();
    for name in ["musiccircles.db", "musiccircles.db-wal"] {
        std::fs::copy(house.path("data").join(name), copy.path().join(name)).unwrap();
    }
    let store = Store::open(copy.path()).unwrap();
    store.read(|conn| jobs::get(conn, JobId(job))).unwrap().unwrap().spec
}

/// Leafs through the gallery to the look that shows words.
fn leaf_to_words(person: &Person) {
    person.tap("🎨 Вид");
    card(person, "(1 из");
    // One step back from the first is the last.
    person.tap("◀️");
    card(person, "🎤");
}

#[test]
fn a_file_of_words_goes_into_the_circle() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio(
        "tune.wav",
        song_bytes(house.folder.path(), 4.0),
        4,
        "Группа крови",
        "Кино",
    );
    let shown = card(&anna, "Кино — Группа крови");
    assert!(!shown.text.contains('🎤'), "{}", shown.text);
    anna.tap("▶️ Создать кружок");
    let plain = circle(&anna, shown.id);
    anna.send_document("plain.txt", "Тёплое место".into(), "text/plain");
    anna.wait_for_words("нет времени", SOON);
    anna.send_document("song.lrc", vec![b'x'; 70_000], "application/octet-stream");
    anna.wait_for_words("Не получилось прочитать слова", SOON);
    anna.send_document("song.lrc", WORDS.to_vec(), "application/octet-stream");
    anna.wait_for_words("Слова есть", SOON);
    let offered = card(&anna, "Со словами");
    assert!(offered.text.contains(" из "), "the gallery is open: {}", offered.text);
    anna.tap("✅ Выбрать");
    anna.wait_for("the card with the look taken", SOON, |seen| {
        let card = seen.iter().rev().find(|message| message.kind == "photo")?;
        (card.text.contains("Со словами") && !card.text.contains(" из ")).then_some(())
    });
    anna.tap("▶️ Создать кружок");
    let sung = circle(&anna, plain.id);
    assert_eq!(
        (ordered(&house, 1).theme.as_str(), ordered(&house, 1).lyrics),
        ("vinyl", None)
    );
    let spec = ordered(&house, 2);
    assert_eq!(spec.theme, "lyrics");
    let words = house.path("data").join(spec.lyrics.unwrap().path().unwrap());
    assert_eq!(std::fs::read(words).unwrap(), WORDS);
    assert_ne!(sung.content["file_unique_id"], plain.content["file_unique_id"]);
}

#[test]
fn words_are_looked_for_when_a_look_shows_them() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let music = runtime.block_on(Music::start());
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("SOURCES__LRCLIB__BASE_URL", &music.lrclib.base_url);
    let _service = house.start();
    let anna = telegram.person("Anna");
    let song = song_bytes(house.folder.path(), 4.0);
    anna.send_audio("tune.wav", song.clone(), 4, "Группа крови", "Кино, Виктор Цой");
    let shown = card(&anna, "Группа крови");
    anna.tap("▶️ Создать кружок");
    let plain = circle(&anna, shown.id);
    assert_eq!(music.lrclib.count("/api/get"), 0, "nobody wanted words");
    leaf_to_words(&anna);
    card(&anna, "Со словами");
    anna.tap("✅ Выбрать");
    anna.tap("▶️ Создать кружок");
    circle(&anna, plain.id);
    assert_eq!(music.lrclib.count("/api/get"), 2, "both artists, and the first of them");
    let spec = ordered(&house, 2);
    let words = house.path("data").join(spec.lyrics.unwrap().path().unwrap());
    assert_eq!(std::fs::read_to_string(words).unwrap(), "[00:21.50] Тёплое место");

    // Nobody knows this one: it is told, and the circle is made without.
    let boris = telegram.person("Boris");
    boris.send_audio("tune.wav", song, 4, "No Such Song", "Nobody");
    let shown = card(&boris, "No Such Song");
    leaf_to_words(&boris);
    card(&boris, "Слов пока нет");
    boris.tap("✅ Выбрать");
    boris.tap("▶️ Создать кружок");
    circle(&boris, shown.id);
    assert_eq!(ordered(&house, 3).lyrics, None);
}
