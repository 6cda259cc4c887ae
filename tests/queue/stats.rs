//! What an operator is told: every number of a day whose events are known.

use musiccircles::bot::stats::{read, show};
use musiccircles::bot::texts::Lang;
use musiccircles::model::JobId;
use musiccircles::queue::delivery::{Outcome, Refusal};
use musiccircles::queue::{Ended, Made, SentAs, Submitted, Todo};
use musiccircles::store::jobs::Failure;
use musiccircles::store::overview;
use musiccircles::store::people::{self, InteractionKind};
use musiccircles::store::stats::{Day, Trouble};

use super::desk::{Desk, OPEN, next_parcel};

const DAY_MS: i64 = 24 * 3600 * 1000;

impl Desk {
    fn did(&self, user: i64, kind: InteractionKind, days_ago: i64) {
        let date = self.now.load(std::sync::atomic::Ordering::Relaxed) - days_ago * DAY_MS;
        let store = self.queue.store();
        store.write(move |tx| people::log(tx, user, None, kind, date)).unwrap();
    }

    /// A circle that waits for 2 s, is drawn in `render_ms` and `decode_ms` more, and takes 0.5 s to be sent.
    fn made_and_sent(&self, user: i64, seed: u64, decode_ms: i64, render_ms: i64) {
        let job = self.queued(user, seed);
        self.later(2_000);
        let claim = self.claim();
        self.later(decode_ms + render_ms);
        let stages = serde_json::json!({ "stages": { "decode": decode_ms as f64, "render": render_ms as f64 } });
        let made = Made {
            facts: stages.to_string(),
            ..self.made(seed)
        };
        self.queue.rendered(claim.held, made).unwrap();
        self.sent(job, Outcome::Sent);
    }

    fn sent(&self, job: JobId, outcome: Outcome) {
        let Todo::Now(parcel) = next_parcel(&self.queue) else {
            panic!("nothing to send")
        };
        assert_eq!(parcel.job.job, job);
        self.later(500);
        let sent = SentAs {
            message_id: job.0,
            date: 0,
            file: None,
        };
        self.queue.answered(job, outcome, Some(sent)).unwrap();
    }

    fn fails(&self, user: i64, kind: &str) {
        self.queued(user, user as u64 + 1000);
        let failure = Failure {
            kind: kind.into(),
            words: "…".into(),
        };
        self.queue.ended(self.claim().held, Ended::Impossible(failure)).unwrap();
    }
}

#[test]
fn an_operator_is_told_the_numbers_of_the_day() {
    let desk = Desk::new(OPEN);
    let (search, circle) = (InteractionKind::Search, InteractionKind::Circle);
    for (user, kind, days_ago) in [
        (1, circle, 0),
        (1, search, 0),
        (2, circle, 0),
        (2, circle, 0),
        (3, search, 5),
        (4, circle, 6),
    ] {
        desk.did(user, kind, days_ago);
    }
    // An old failure is no news.
    desk.fails(20, "device");
    desk.later(DAY_MS + 1);
    desk.did(5, search, 0);
    for (nth, render_ms) in [(0, 1_000), (1, 2_000), (2, 9_000)] {
        desk.made_and_sent(100 + nth, nth as u64, 100, render_ms);
    }
    // The same again needs no worker.
    let Submitted::Ready { job, .. } = desk.ask(103, 1) else {
        panic!("it was not found")
    };
    desk.sent(job, Outcome::Sent);
    let refused = desk.rendered(104, 50);
    desk.sent(refused, Outcome::Refused(Refusal::ChatGone));
    desk.fails(21, "not_a_song");
    desk.fails(22, "not_a_song");
    desk.fails(23, "song_damaged");
    desk.queued(105, 60);
    desk.later(4_000);
    desk.queued(106, 61);

    let now = desk.now.load(std::sync::atomic::Ordering::Relaxed);
    let numbers = desk.queue.store().read(|conn| read(conn, now)).unwrap();
    let again = desk.queue.store().read(|conn| overview::again(conn, now - DAY_MS));
    assert_eq!(again.unwrap(), (4, 1), "of four circles one was there already");
    let kept = desk.queue.store().read(overview::kept).unwrap();
    assert!(kept.0 == 4 && kept.1 > 0, "{kept:?}");
    let day = |date: &str, people, circles, searches| Day {
        date: date.into(),
        people,
        circles,
        searches,
    };
    // A week, and no day before it.
    let days = [
        day("2027-01-10", 1, 0, 1),
        day("2027-01-15", 2, 3, 1),
        day("2027-01-16", 1, 0, 1),
    ];
    assert_eq!(numbers.days, days);
    let trouble = |state, kind: &str, count| Trouble {
        state,
        kind: kind.into(),
        count,
    };
    use musiccircles::store::jobs::JobState::{Failed, Refused};
    assert_eq!(
        numbers.troubles,
        [
            trouble(Failed, "not_a_song", 2),
            trouble(Failed, "song_damaged", 1),
            trouble(Refused, "ChatGone", 1)
        ]
    );
    assert_eq!(numbers.longest_wait_ms, Some(4_000));
    let mut whole: Vec<_> = numbers.passages.iter().map(|passage| passage.whole).collect();
    whole.sort_by(f64::total_cmp);
    assert_eq!(whole, [500.0, 3_600.0, 4_600.0, 11_600.0]);
    assert!(
        numbers
            .passages
            .iter()
            .all(|passage| passage.sending == Some(500.0) && passage.waiting.is_none_or(|ms| ms == 2_000.0))
    );

    let page = show(&numbers, (5 << 20, 100 << 20), Lang::En).html;
    let expected = "\
📊 <b>By day</b>: people, circles, searches
<pre>2027-01-10      1      0      1
2027-01-15      2      3      1
2027-01-16      1      0      1</pre>
<b>Queue</b>: 2 waiting (the longest for 4.00 s), 0 drawn, 0 being sent
<b>24 hours</b>: 4 sent (1 of them were there already), 3 failed, 1 refused, 0 unknown
<pre>failed not_a_song        2
failed song_damaged      1
refused ChatGone         1</pre>
<b>Seconds</b>: p50, p95
<pre>waiting         2.00   2.00
decode          0.10   0.10
analyse            –      –
gpu_init           –      –
render          2.00   9.00
encode_video       –      –
encode_audio       –      –
mux                –      –
total              –      –
sending         0.50   0.50
order to chat   4.60  11.60</pre>
<b>Drawing</b>: 250 ms a second of circle. <b>Disk</b>: 5 of 100 MB";
    assert_eq!(page, expected);
}

#[test]
fn a_day_without_anything_is_told_as_well() {
    let desk = Desk::new(OPEN);
    let numbers = desk.queue.store().read(|conn| read(conn, 1_800_000_000_000)).unwrap();
    for lang in Lang::ALL {
        let page = show(&numbers, (0, 1 << 30), lang).html;
        assert!(page.contains("p95") && page.contains("1024"), "{page}");
    }
}
