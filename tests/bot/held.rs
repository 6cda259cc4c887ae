//! What holds the bot up, and must not hold up more than it has to: a record that fails for a moment, a chat that is silenced,
//! a sign that is not taken, a person who blocked the bot.

use std::thread;
use std::time::Duration;

use super::service::{House, SOON, card, circle, song_bytes};
use crate::support::telegram::{Answer, Fault, Telegram, What, next};

const CREATE: &str = "▶️ Создать кружок";

fn record(house: &House) -> rusqlite::Connection {
    let record = rusqlite::Connection::open(house.path("data").join("musiccircles.db")).unwrap();
    record.busy_timeout(SOON).unwrap();
    record
}

#[test]
fn an_update_that_could_not_be_written_down_goes_before_those_after_it() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.say("/help");
    anna.wait_for_words("Как сделать кружок", SOON);
    thread::sleep(Duration::from_millis(500));
    service.stop();
    let record = record(&house);
    let last: i64 = record
        .query_row("SELECT max(seq) FROM inbox", [], |row| row.get(0))
        .unwrap();
    // What follows from the next update alone cannot be written down.
    for (name, when) in [("down_1", "INSERT"), ("down_2", "UPDATE")] {
        let down = format!(
            "CREATE TRIGGER {name} BEFORE {when} ON dialogues WHEN json_extract(NEW.state, '$.seen') = {}
             BEGIN SELECT RAISE(ABORT, 'down'); END",
            last + 1
        );
        record.execute_batch(&down).unwrap();
    }
    anna.say("/help");
    anna.say("/newsong");
    let service = house.start();
    anna.wait_for_words("Не смог записать", SOON);
    // Tried again meanwhile, more than once.
    thread::sleep(Duration::from_secs(8));
    let said = |words: &str| {
        let chat = anna.chat().into_iter();
        chat.filter(|seen| seen.by_bot && seen.text.contains(words)).count()
    };
    assert_eq!(said("Не смог записать"), 1, "told more than once");
    record
        .execute_batch("DROP TRIGGER down_1; DROP TRIGGER down_2")
        .unwrap();
    anna.wait_for_words("🎵 Пришли название песни", SOON);
    assert_eq!(said("Как сделать кружок"), 2, "{:?}", anna.chat());
    service.stop();
}

#[test]
fn how_a_job_ended_is_told_after_a_kill_as_well_and_once() {
    let telegram = Telegram::start();
    let house = House::new(&telegram)
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "60");
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 59.0), 59, "Tune", "Anna");
    card(&anna, "Tune");
    anna.say("0:00 - 0:58");
    card(&anna, "0:00 – 0:58");
    anna.tap(CREATE);
    anna.wait_for_words("🎬", SOON);
    thread::sleep(Duration::from_millis(500));
    service.kill();
    // As if that had been right after it was given up.
    let ended = "UPDATE jobs SET state = 'failed', failure_kind = 'timeout', failure_words = '', lease_ms = NULL";
    record(&house).execute(ended, []).unwrap();
    let service = house.start();
    let told = anna.wait_for_words("слишком долго", SOON);
    assert!(
        !anna.chat().iter().any(|seen| seen.text.contains("🎬")),
        "the status stays"
    );
    thread::sleep(Duration::from_secs(1));
    service.kill();
    let _service = house.start();
    thread::sleep(Duration::from_secs(3));
    let ends = anna
        .chat()
        .into_iter()
        .filter(|seen| seen.text.contains("слишком долго"));
    assert_eq!(ends.map(|seen| seen.id).collect::<Vec<_>>(), [told.id]);
}

#[test]
fn a_sign_that_telegram_does_not_take_holds_nothing_up() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    let late = Fault::accepted(Answer::After(Duration::from_secs(25)));
    telegram.script(next("sendChatAction", [late; 5]));
    anna.say("blood type");
    anna.wait_for_words("Выбери песню", Duration::from_secs(12));
}

#[test]
fn whoever_blocked_the_bot_is_left_alone() {
    let telegram = Telegram::start();
    let house = House::new(&telegram)
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "60");
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 59.0), 59, "Tune", "Anna");
    card(&anna, "Tune");
    anna.say("0:00 - 0:58");
    card(&anna, "0:00 – 0:58");
    anna.tap(CREATE);
    anna.wait_for_words("🎬", SOON);
    anna.block(true);
    thread::sleep(Duration::from_secs(8));
    let refused = telegram.ledger().into_iter();
    let refused = refused.filter(|entry| entry.what == What::Refused && entry.method.starts_with("edit"));
    let refused = refused.count();
    assert!(refused <= 1, "{refused} edits into a chat that is closed");
}

#[test]
fn inline_the_newest_question_is_answered_and_whoever_is_blocked_gets_nothing() {
    let telegram = Telegram::start();
    let house = House::new(&telegram);
    house.add_song("Kino - Blood Type", 6.0);
    let _service = house.start();
    let anna = telegram.person("Anna");
    let found = |text: &str, longest| anna.inline(text, longest)["results"].as_array().unwrap().len();
    assert_eq!(found("blood type", SOON), 1);
    let typing = anna.clone();
    let older = thread::spawn(move || typing.inline("blood typ", Duration::from_secs(5)));
    thread::sleep(Duration::from_millis(50));
    assert_eq!(found("blood type", SOON), 1);
    assert!(older.join().is_err(), "the older question was answered");
    let id = anna.id();
    record(&house)
        .execute("INSERT INTO blocked (user_id, why, since_ms) VALUES (?1, '', 0)", [id])
        .unwrap();
    assert_eq!(found("blood type", SOON), 0);
}

#[test]
fn a_circle_that_became_a_video_unheard_is_taken_away_when_it_is_found() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).awake();
    let _service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 6.0), 6, "Tune", "Anna");
    let shown = card(&anna, "Tune");
    telegram.next_notes_are_videos(1);
    telegram.script(next("sendVideoNote", [Fault::accepted(Answer::Close)]));
    anna.tap(CREATE);
    circle(&anna, shown.id);
    assert!(
        !anna.chat().iter().any(|seen| seen.kind == "video"),
        "it is still there"
    );
}
