//! `/delete_me`: not a byte left.

use std::fs;

use musiccircles::queue::delivery::Outcome;
use musiccircles::queue::{Ended, Todo};
use musiccircles::store::dialogues::{self, DialogueKey};
use musiccircles::store::people::{self, InteractionKind};
use musiccircles::store::{forget, inbox};

use super::desk::{BOT, Desk, OPEN, blob, key, next_parcel, submit};

/// A number whose bytes are nothing else's, and a name.
const PERSON: i64 = 0x5e_a1_ed_0f_ca_11;
const NAME: &str = "kuvshinka_na_prudu";

fn traces(folder: &std::path::Path) -> Vec<String> {
    let decimal = PERSON.to_string();
    let binary = &PERSON.to_be_bytes()[2..];
    let mut found = Vec::new();
    for name in ["musiccircles.db", "musiccircles.db-wal", "musiccircles.db-shm"] {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        for needle in [decimal.as_bytes(), binary, NAME.as_bytes()] {
            let count = bytes.windows(needle.len()).filter(|window| *window == needle).count();
            if count > 0 {
                found.push(format!("{name}: {count} of {needle:?}"));
            }
        }
    }
    found
}

#[test]
fn who_is_half_forgotten_is_remembered_until_all_is_gone() {
    let desk = Desk::new(OPEN);
    let store = desk.queue.store().clone();
    let own = blob(&desk.queue, "their own song");
    let path = own.path().unwrap();
    let key_of = DialogueKey {
        bot_id: BOT,
        chat_id: PERSON,
        user_id: PERSON,
    };
    let life = move |tx: &musiccircles::store::Tx<'_>| {
        for n in 0..1500 {
            people::log(tx, PERSON, Some(NAME), InteractionKind::Search, n)?;
        }
        inbox::keep(tx, BOT, 1, Some(PERSON), "the wish", 1)?;
        dialogues::save(tx, key_of, 1, "the wish, half done", &[path], 5)
    };
    store.write(life).unwrap();
    // As a loss of power leaves it.
    let first = store.write(|tx| forget::some_of(tx, PERSON)).unwrap();
    assert!(first.more);
    let (wish, updates) = store
        .read(|conn| Ok((dialogues::load(conn, key_of)?, inbox::waiting(conn, BOT, 10, 10)?)))
        .unwrap();
    assert!(wish.is_some() && updates.len() == 1, "nobody would go on with it");
    desk.queue.forget(PERSON).unwrap();
    assert_eq!(traces(desk.folder.path()), Vec::<String>::new());
    let song = desk.queue.disk().full_path(own.path().unwrap());
    desk.queue.disk().sweep().unwrap();
    assert!(!song.exists());
}

#[test]
fn a_person_who_wants_to_be_forgotten_is() {
    let desk = Desk::new(OPEN);
    let store = desk.queue.store().clone();
    // A life among others, whose rows share the pages.
    for first in (0..3000_i64).step_by(100) {
        let some = move |tx: &musiccircles::store::Tx<'_>| {
            for n in first..first + 100 {
                for user in [PERSON, n % 50] {
                    people::log(tx, user, (user == PERSON).then_some(NAME), InteractionKind::Search, n)?;
                }
                let payload = format!("{{\"from\":{PERSON},\"name\":\"{NAME}\"}}");
                inbox::keep(tx, BOT, n, Some(PERSON), &payload, n)?;
                if n % 2 == 0 {
                    inbox::done(tx, n + 1)?;
                }
            }
            Ok(())
        };
        store.write(some).unwrap();
    }
    let own = blob(&desk.queue, "their own song");
    let path = own.path().unwrap();
    let key_of = DialogueKey {
        bot_id: BOT,
        chat_id: PERSON,
        user_id: PERSON,
    };
    store
        .write(move |tx| dialogues::save(tx, key_of, 1, &format!("{{\"user\":{PERSON}}}"), &[path], 5))
        .unwrap();
    // A shared song, sent; one's own, failed; one waiting; one of another person of the same song.
    desk.rendered(PERSON, 1);
    let Todo::Now(parcel) = next_parcel(&desk.queue) else {
        panic!()
    };
    desk.queue.answered(parcel.job.job, Outcome::Sent, None).unwrap();
    let mut spec = desk.spec(2);
    spec.song = own.clone();
    desk.queue.submit(submit(PERSON, spec)).unwrap();
    desk.queue.ended(desk.claim().held, Ended::WorkerDied).unwrap();
    let theirs = desk.queued(4, 3);
    desk.rendered_by(4, 3, theirs);
    store
        .write(|tx| people::prefer(tx, PERSON, "language", Some("ru")))
        .unwrap();
    let file = |name: String| desk.queue.disk().full_path(name);
    assert!(!traces(desk.folder.path()).is_empty());

    desk.queue.forget(PERSON).unwrap();

    assert_eq!(traces(desk.folder.path()), Vec::<String>::new());
    assert!(
        !file(own.path().unwrap().to_str().unwrap().into()).exists(),
        "their song"
    );
    assert!(!file(format!("circles/{}.mp4", key(1))).exists(), "their circle");
    assert!(
        file(desk.song.path().unwrap().to_str().unwrap().into()).exists(),
        "a song of others, too"
    );
    assert!(file(format!("circles/{}.mp4", key(3))).exists(), "another's circle");
    let (left, others) = store
        .read(|conn| {
            Ok((
                people::user(conn, PERSON)?,
                people::interactions(conn, Some(4), None, 1000)?.len(),
            ))
        })
        .unwrap();
    assert_eq!((left, others), (None, 60));
    // The same update is still known.
    let again = store
        .write(|tx| inbox::keep(tx, BOT, 7, Some(PERSON), "{}", 9))
        .unwrap();
    assert!(!again);
    assert_eq!(desk.queue.disk().sweep().unwrap(), Default::default());
}

#[test]
fn a_backup_that_reads_the_log_keeps_nobody_from_being_forgotten() {
    let desk = Desk::new(OPEN);
    let store = desk.queue.store().clone();
    store
        .write(|tx| people::log(tx, PERSON, Some(NAME), InteractionKind::Search, 1))
        .unwrap();
    let began = std::time::Instant::now();
    store
        .read(|conn| {
            conn.query_row("SELECT count(*) FROM users", [], |_| Ok(()))?;
            desk.queue.forget(PERSON).unwrap();
            Ok(())
        })
        .unwrap();
    assert!(began.elapsed().as_secs() < 3, "everybody would have waited");
    desk.queue.tidy().unwrap();
    assert_eq!(traces(desk.folder.path()), Vec::<String>::new());
}

#[test]
fn a_thumbnail_goes_with_a_person_who_is_forgotten_before_the_circle_is_kept() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(PERSON, 1);
    let claim = desk.claim();
    let still = desk.queue.disk().reserve("jpg", 10).unwrap();
    fs::write(still.path(), "still").unwrap();
    let mut made = desk.made(1);
    made.thumbnail = Some(still);
    // The circle itself cannot be kept: as it is when the person is forgotten in between.
    fs::remove_file(made.circle.path()).unwrap();
    assert!(desk.queue.rendered(claim.held, made).is_err());
    let name = format!("circles/{}.jpg", key(1));
    assert!(desk.queue.disk().full_path(&name).exists());
    desk.queue.forget(PERSON).unwrap();
    assert!(desk.queue.job(job).unwrap().is_none());
    assert!(!desk.queue.disk().full_path(&name).exists());
    assert_eq!(desk.queue.disk().sweep().unwrap(), Default::default());
}
