//! A circle that was made before: by Telegram's name for it, from its file, drawn again only when both are gone.

use std::fs;
use std::time::{Duration, Instant};

use super::service::{House, RENDERED, SOON, card, circle, labels, song_bytes};
use crate::support::telegram::{Entry, Person, Seen, Telegram, What};

/// Nobody may be written to twice a second.
const A_MOMENT: Duration = Duration::from_millis(1_200);
/// What "at once" may mean where other tests run as well; the time itself is printed.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Orders the card's circle once more; also how long it took from the tap to the message.
fn again(person: &Person, after: &Seen) -> (Seen, Duration) {
    std::thread::sleep(A_MOMENT);
    let tapped = Instant::now();
    person.tap("▶️ Создать кружок");
    let seen = circle(person, after.id);
    (seen, tapped.elapsed())
}

fn drawn(house: &House) -> usize {
    house.log().matches("drawn=true").count()
}

#[test]
fn the_same_circle_is_drawn_once_for_everybody() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let service = house.start();
    let (anna, boris) = (telegram.person("Anna"), telegram.person("Boris"));
    let song = song_bytes(house.folder.path(), 6.0);
    anna.send_audio("tune.wav", song.clone(), 6, "Tune", "");
    let shown = card(&anna, "Tune");
    anna.say("0:01 - 0:03");
    card(&anna, "0:01 – 0:03");
    anna.tap("▶️ Создать кружок");
    let first = circle(&anna, shown.id);
    let still = image::load_from_memory(&anna.thumbnail(&first)).unwrap().into_rgb8();
    assert_eq!(still.dimensions(), (240, 240));
    let light = still.pixels().map(|pixel| u64::from(pixel.0[1])).sum::<u64>() / (240 * 240);
    assert!(light > 15, "a dark still: {light}");

    // The same request: Telegram has it, and is only told its name.
    let (second, took) = again(&anna, &first);
    println!("from the tap to the same circle: {took:?}");
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(second.content["file_id"], first.content["file_id"]);
    // Nothing was said of a circle that was there already.
    let ledger = telegram.ledger();
    let arrived = ledger.iter().find(|entry| entry.message_id == first.id).unwrap().seq;
    let words = |entry: &&Entry| entry.seq > arrived && entry.what == What::Sent && entry.kind == "text";
    assert_eq!(ledger.iter().find(words).map(|entry| entry.message_id), None);

    // Another person's request, written otherwise: for a file with another extension.
    boris.send_audio("tune.aiff", song, 6, "Tune", "");
    let shown = card(&boris, "Tune");
    boris.say("0:01 - 0:03");
    card(&boris, "0:01 – 0:03");
    boris.tap("▶️ Создать кружок");
    let his = circle(&boris, shown.id);
    assert_eq!(his.content["file_id"], first.content["file_id"]);
    assert_eq!(drawn(&house), 1);
    assert!(house.log().contains("drawn=false"), "it was not looked for");

    // Telegram forgets the name: the same file, under another one.
    let name = |seen: &Seen| seen.content["file_unique_id"].as_str().unwrap().to_owned();
    let bytes = anna.download(&first);
    telegram.forget_file(&name(&first));
    let (third, _) = again(&anna, &second);
    assert_ne!(third.content["file_id"], first.content["file_id"]);
    assert!(anna.download(&third) == bytes, "another file");
    assert!(third.content["thumbnail"].is_object(), "its still is kept with it");
    assert_eq!(drawn(&house), 1);
    let (fourth, _) = again(&anna, &third);
    assert_eq!(fourth.content["file_id"], third.content["file_id"]);

    // Both are gone: it is drawn again, and is the same.
    service.stop();
    for circle in fs::read_dir(house.path("data/circles")).unwrap() {
        fs::remove_file(circle.unwrap().path()).unwrap();
    }
    telegram.forget_file(&name(&third));
    let service = house.start();
    let (fifth, _) = again(&anna, &fourth);
    assert!(anna.download(&fifth) == bytes, "another circle");
    assert!(fifth.content["thumbnail"].is_object());
    assert_eq!(drawn(&house), 2);

    // Telegram alone has it: nothing needs to be drawn.
    service.stop();
    for circle in fs::read_dir(house.path("data/circles")).unwrap() {
        fs::remove_file(circle.unwrap().path()).unwrap();
    }
    let _service = house.start();
    let (sixth, _) = again(&anna, &fifth);
    assert_eq!(sixth.content["file_id"], fifth.content["file_id"]);
    assert_eq!(drawn(&house), 2);
    let refused = telegram
        .ledger()
        .into_iter()
        .filter(|entry| entry.what == What::Refused && entry.method.eq_ignore_ascii_case("sendVideoNote"));
    assert_eq!(refused.count(), 2, "the two names that Telegram had forgotten");
}

#[test]
fn a_square_video_has_its_still_as_well() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let _service = house.start();
    let vera = telegram.person("Vera");
    vera.forbid_voice(true);
    vera.send_voice(song_bytes(house.folder.path(), 3.0), 3);
    let shown = card(&vera, "⏱");
    vera.tap("▶️ Создать кружок");
    let video = vera.wait_for_kind("video", shown.id, RENDERED);
    let still = image::load_from_memory(&vera.thumbnail(&video)).unwrap();
    assert_eq!(still.width(), 240);
    // Another look is another circle.
    vera.tap("🎨 Вид");
    card(&vera, "(1 из");
    vera.tap("▶️");
    card(&vera, "(2 из");
    vera.tap("✅ Выбрать");
    vera.wait_for("the whole card", SOON, |seen| {
        let card = seen.iter().rev().find(|message| message.kind == "photo")?;
        labels(card).contains(&"▶️ Создать кружок").then_some(())
    });
    vera.tap("▶️ Создать кружок");
    vera.wait_for_kind("video", video.id, RENDERED);
    assert_eq!(drawn(&house), 2);
}
