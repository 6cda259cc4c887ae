//! Users, interactions, preferences, conversations, the inbox: rows that are asked for the way the service asks.

use musiccircles::store::dialogues::{self, DialogueKey};
use musiccircles::store::people::{self, InteractionKind};
use musiccircles::store::{Store, inbox, known};

#[test]
fn interactions_are_listed_and_counted_as_the_original_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for n in 0..30 {
        let kind = if n % 3 == 0 {
            InteractionKind::Circle
        } else {
            InteractionKind::Search
        };
        let name = (n == 5).then_some("five");
        let logged = store
            .write(move |tx| people::log(tx, n % 10, name, kind, 1000 + n))
            .unwrap();
        assert_eq!(logged.kind, kind);
    }
    assert_eq!(
        InteractionKind::from_name("Создание видео"),
        Some(InteractionKind::Circle)
    );
    let of = |user, after, limit| {
        store
            .read(move |conn| people::interactions(conn, user, after, limit))
            .unwrap()
    };
    let fives = of(Some(5), Some(0), 10);
    assert_eq!(fives.iter().map(|row| row.date).collect::<Vec<_>>(), [1005, 1015, 1025]);
    // A later visit without a name keeps the one that is known.
    assert!(fives.iter().all(|row| row.username.as_deref() == Some("five")));
    let first = of(None, Some(0), 20);
    let rest = of(None, Some(first.last().unwrap().interaction_id), 20);
    assert_eq!((first.len(), rest.len()), (20, 10));
    // Without a number to begin after, the newest, in the same order.
    assert_eq!(of(None, None, 10), rest);
    assert_eq!(of(Some(5), None, 2)[..], fives[1..]);
    let count = store
        .read(|conn| people::count(conn, InteractionKind::Circle, 1000, 1010))
        .unwrap();
    assert_eq!((count.interactions, count.people), (4, 4));
}

/// However many rows there are, what is asked for is found by an index.
#[test]
fn nothing_that_grows_for_years_is_ever_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let questions = [
        "SELECT * FROM interactions i JOIN users u USING (user_id) WHERE i.user_id = 1 AND i.interaction_id > 5 ORDER BY i.interaction_id LIMIT 9",
        "SELECT * FROM interactions i JOIN users u USING (user_id) WHERE i.interaction_id > 5 ORDER BY i.interaction_id LIMIT 9",
        "SELECT * FROM interactions i JOIN users u USING (user_id) WHERE i.user_id = 1 AND i.interaction_id > 5 ORDER BY i.interaction_id DESC LIMIT 9",
        "SELECT count(*), count(DISTINCT user_id) FROM interactions WHERE interaction_date >= 1 AND interaction_date < 2 AND interaction_type_id = 1",
        "SELECT interaction_date FROM interactions WHERE interaction_date >= 1 GROUP BY interaction_date / 86400000",
        "SELECT count(*) FROM jobs j LEFT JOIN deliveries d USING (job_id) WHERE j.changed_ms >= 1 AND j.state IN ('failed', 'set_aside', 'refused', 'unknown') GROUP BY j.state",
        "SELECT * FROM jobs WHERE changed_ms >= 1 ORDER BY changed_ms DESC LIMIT 9",
        "SELECT min(created_ms) FROM jobs WHERE active = 1 AND state = 'queued'",
        "SELECT seq FROM inbox WHERE bot_id = 1 AND payload IS NOT NULL ORDER BY seq LIMIT 9",
        "SELECT job_id FROM jobs WHERE user_id = 1 AND job_id < 9 ORDER BY job_id DESC LIMIT 9",
        "SELECT job_id FROM jobs WHERE active = 1 AND dedupe_key = 'x' AND dedupe_key IS NOT NULL",
        "SELECT job_id FROM jobs WHERE active = 1 AND state = 'queued' AND not_before_ms <= 1",
        "SELECT job_id FROM deliveries WHERE phase = 'ready' AND wake_ms <= 1 AND phase IN ('ready', 'sending', 'reconciling') ORDER BY wake_ms, job_id LIMIT 1",
    ];
    for question in questions {
        let plan = store.read(|conn| {
            let mut asked = conn.prepare(&format!("EXPLAIN QUERY PLAN {question}"))?;
            let steps = asked.query_map([], |row| row.get::<_, String>(3))?;
            Ok(steps.collect::<Result<Vec<_>, _>>()?)
        });
        let plan = plan.unwrap().join("; ");
        assert!(
            !plan.contains("SCAN") && !plan.contains("TEMP B-TREE FOR ORDER"),
            "{question}: {plan}"
        );
    }
}

#[test]
fn an_update_is_processed_once_however_often_and_in_whatever_order_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let keep = |bot, id: i64, now| {
        store
            .write(move |tx| inbox::keep(tx, bot, id, Some(7), &format!("{{\"update_id\":{id}}}"), now))
            .unwrap()
    };
    // Telegram's numbers may jump down after a quiet week.
    let news = [
        (1, 500, true),
        (1, 501, true),
        (1, 500, false),
        (1, 3, true),
        (2, 500, true),
        (1, 3, false),
    ];
    for (bot, id, new) in news {
        assert_eq!(keep(bot, id, 1000), new, "{bot} {id}");
    }
    let waiting = || store.read(|conn| inbox::waiting(conn, 1, 10, 10)).unwrap();
    let order: Vec<_> = waiting().iter().map(|update| update.update_id).collect();
    assert_eq!(order, [500, 501, 3]);
    let seq = waiting()[0].seq;
    assert!(store.write(move |tx| inbox::done(tx, seq)).unwrap());
    assert!(!store.write(move |tx| inbox::done(tx, seq)).unwrap());
    assert_eq!(waiting().len(), 2);
    assert!(!keep(1, 500, 2000), "processed is not forgotten");
    let later = 1001 + inbox::REMEMBERED_MS;
    assert!(!store.write(move |tx| inbox::prune(tx, later)).unwrap());
    assert!(keep(1, 500, later));
}

#[test]
fn who_writes_a_thousand_times_keeps_nobody_from_being_heard() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let said = (0..1_500).map(|id| (id, 7)).chain([(1_500, 8), (1_501, 7), (1_502, 9)]);
    store
        .write(move |tx| {
            said.into_iter()
                .try_for_each(|(id, user)| inbox::keep(tx, 1, id, Some(user), "{}", 0).map(drop))
        })
        .unwrap();
    let waiting = store.read(|conn| inbox::waiting(conn, 1, 1_000, 30)).unwrap();
    let heard: Vec<_> = waiting.iter().map(|update| update.update_id).collect();
    assert_eq!(heard, (0..30).chain([1_500, 1_502]).collect::<Vec<_>>());
}

#[test]
fn a_conversation_survives_and_holds_only_files_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let key = DialogueKey {
        bot_id: 1,
        chat_id: 2,
        user_id: 3,
    };
    let none: [&str; 0] = [];
    let store = Store::open(folder.path()).unwrap();
    assert!(
        store
            .write(move |tx| dialogues::save(tx, key, 4, "{\"step\":\"theme\"}", &none, 10))
            .unwrap()
    );
    assert!(
        !store
            .write(move |tx| dialogues::save(tx, key, 4, "{}", &["blobs/gone.mp3"], 11))
            .unwrap()
    );
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let found = store.read(|conn| dialogues::load(conn, key)).unwrap().unwrap();
    assert_eq!(
        (found.version, &*found.state, found.updated),
        (4, "{\"step\":\"theme\"}", 10)
    );
    store.write(move |tx| dialogues::end(tx, key)).unwrap();
    assert_eq!(store.read(|conn| dialogues::load(conn, key)).unwrap(), None);
}

#[test]
fn only_the_numbers_nobody_knows_are_candidates() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let note = |chat, id, date, seen| store.write(move |tx| known::note(tx, 1, chat, id, date, seen)).unwrap();
    let candidates_in = |chat, lo, settled| {
        store
            .read(move |conn| known::candidates(conn, 1, chat, lo, settled))
            .unwrap()
    };
    let candidates = |lo, settled| {
        let found = candidates_in(50, lo, settled)?;
        assert!(found.are_all, "all messages of these chats are heard");
        Some(found.numbers)
    };
    [100, 101, 103].into_iter().for_each(|id| note(50, id, 1000, 1000));
    // Nothing newer yet: a little beyond the highest.
    assert_eq!(
        candidates(101, 5000).unwrap(),
        std::iter::once(102).chain(104..=119).collect::<Vec<_>>()
    );
    // Other chats share the mailbox; supergroups do not.
    note(60, 106, 6000, 6000);
    note(-1_000_000_000_050, 104, 6000, 6000);
    assert_eq!(candidates(101, 5000).unwrap(), [102, 104, 105]);
    // A backlog: seen late, but older than what is looked for.
    note(60, 105, 900, 7000);
    assert_eq!(candidates(101, 5000).unwrap(), [102, 104]);
    note(60, 500, 8000, 8000);
    assert_eq!(candidates(110, 7500), None, "too many to ask");
    // In a supergroup much may be said that nobody hears: only what came later says where to stop.
    let all_of_group = |settled| candidates_in(-1_000_000_000_050, 101, settled).unwrap().are_all;
    assert!(all_of_group(5000) && !all_of_group(7000));
}
