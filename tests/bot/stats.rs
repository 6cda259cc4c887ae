//! `/stats` over the stand-in Telegram: for the owners alone.

use super::service::{House, SOON, card, circle, song_bytes};
use crate::support::telegram::Telegram;

#[test]
fn an_owner_asks_for_numbers_and_nobody_else_gets_any() {
    let telegram = Telegram::start();
    let (owner, other) = (telegram.person("Owner"), telegram.person("Other"));
    let house = House::new(&telegram).set("TELEGRAM__OWNERS", owner.id().to_string());
    let _service = house.start();
    owner.send_voice(song_bytes(house.folder.path(), 3.0), 3);
    let shown = card(&owner, "⏱");
    owner.tap("▶️ Создать кружок");
    circle(&owner, shown.id);
    owner.say("/stats");
    let told = owner.wait_for_words("По дням", SOON).text;
    for words in [
        "1      1      0",
        "отправлено 1 (из них готовых 0)",
        "render",
        "order to chat",
    ] {
        assert!(told.contains(words), "no {words:?} in: {told}");
    }
    let render = told.lines().find(|line| line.starts_with("render")).unwrap();
    assert!(!render.contains('–'), "{told}");
    other.say("/stats");
    other.wait_for_words("Такой команды", SOON);
}
