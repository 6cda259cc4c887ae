//! How soon a service that was killed is at work again: also with years of people in its record.

use std::thread;
use std::time::{Duration, Instant};

use musiccircles::store::Store;

use crate::bot::service::{House, SOON, card, song_bytes};
use crate::support::telegram::Telegram;

/// From the start of the process to the first thing done about the job that was interrupted.
const RECOVERED: Duration = Duration::from_secs(2);
/// What a year of a busy bot leaves.
const JOBS: u32 = 100_000;
const INTERACTIONS: u32 = 1_000_000;

/// Rows as the service writes them, of people who are not there now.
fn fill(house: &House) {
    let store = Store::open(&house.path("data")).unwrap();
    let context = "x".repeat(700);
    let spec = format!("{{\"song\":\"{}\"}}", "y".repeat(500));
    let statements = [
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
         INSERT INTO users SELECT i, 'somebody' || i FROM n"
            .to_owned(),
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {INTERACTIONS})
             INSERT INTO interactions (user_id, interaction_type_id, interaction_date)
             SELECT 1 + i % 20000, 1 + i % 2, 1800000000000 + i FROM n"
        ),
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {JOBS})
             INSERT INTO jobs (user_id, bot_id, chat_id, context, spec, length_ms, state, not_before_ms, created_ms,
                 changed_ms)
             SELECT 1 + i % 20000, 1, 1 + i % 20000, '{context}', '{spec}', 30000, 'sent', 0, 1800000000000 + i,
                 1800000000000 + i FROM n"
        ),
    ];
    for statement in statements {
        store.write(move |tx| Ok(tx.execute_batch(&statement)?)).unwrap();
    }
}

/// Killed while a circle is drawn; how long from the start of the process until somebody is at it again.
fn killed_and_back(house: &House, telegram: &Telegram) -> Duration {
    let service = house.start();
    let anna = telegram.person("Anna");
    anna.send_audio("tune.wav", song_bytes(house.folder.path(), 61.0), 61, "Tune", "Anna");
    card(&anna, "Tune");
    anna.tap("60 с");
    card(&anna, "60 секунд");
    anna.tap("▶️ Создать кружок");
    anna.wait_for_words("🎬", SOON);
    service.kill();
    let claims = house.log().matches(CLAIMED).count();
    let began = Instant::now();
    let service = house.start();
    while house.log().matches(CLAIMED).count() == claims {
        assert!(began.elapsed() < SOON, "not at work again");
        thread::sleep(Duration::from_millis(2));
    }
    let took = began.elapsed();
    anna.tap("✖️ Отменить");
    anna.wait_for_words("✖️ Отменено", SOON);
    service.stop();
    took
}

const CLAIMED: &str = "a job is being worked on";

#[test]
fn after_a_kill_it_is_at_work_again_within_two_seconds() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("RENDER__SIZE", "640");
    let took = killed_and_back(&house, &telegram);
    println!("empty: {took:?}");
    assert!(took < RECOVERED, "{took:?}");
}

#[test]
fn also_with_a_hundred_thousand_jobs_and_a_million_interactions() {
    let telegram = Telegram::start();
    let house = House::new(&telegram).set("RENDER__SIZE", "640");
    fill(&house);
    let took = killed_and_back(&house, &telegram);
    println!("full: {took:?}");
    assert!(took < RECOVERED, "{took:?}");
}
