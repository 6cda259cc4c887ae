//! Deliveries: the pure machine in virtual time, a hundred thousand of them, and the outbox on a real record.

use musiccircles::model::JobId;
use musiccircles::queue::delivery::{Delivery, Effect, Event, Outcome, Phase, Refusal, Scan, Shape, Timing};
use musiccircles::queue::{Parcel, SentAs, Sought, Todo};
use musiccircles::store::jobs::{self, JobState};
use musiccircles::store::{circles, deliveries, known};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::desk::{BOT, Desk, OPEN, key, next_parcel};

/// One circle's way in a world where much goes wrong.
struct World {
    random: StdRng,
    now: i64,
    /// When each accepted message can be seen.
    visible: Vec<i64>,
    longest_delay: i64,
    faulted: bool,
}

impl World {
    fn accept(&mut self) {
        let delay = self.random.random_range(0..=self.longest_delay);
        self.visible.push(self.now + delay);
    }

    /// What becomes of a send, and what is known of it afterwards.
    fn send(&mut self) -> Event {
        let fate = self.random.random_range(0..100);
        self.faulted |= fate >= 60;
        self.now += self.random.random_range(10..3000);
        match fate {
            0..60 => {
                self.accept();
                Event::Answered(Outcome::Sent)
            }
            60..66 => Event::Answered(Outcome::NotSent { retry_after: None }),
            66..70 => Event::Answered(Outcome::NotSent {
                retry_after: Some(self.random.random_range(1000..40_000)),
            }),
            70..72 => Event::Answered(Outcome::Refused(Refusal::VoiceForbidden)),
            72..74 => Event::Answered(Outcome::Refused(Refusal::FileIdGone)),
            // A timeout, with or without a message.
            74..88 => {
                if fate % 2 == 0 {
                    self.accept();
                }
                let last_byte = self.random.random_bool(0.5).then_some(self.now);
                self.now += 60_000;
                Event::Answered(Outcome::Ambiguous { last_byte })
            }
            // The program ends, before or after Telegram has it.
            _ => {
                if fate % 2 == 0 {
                    self.accept();
                }
                self.now += self.random.random_range(0..20_000);
                Event::Restarted
            }
        }
    }

    fn search(&mut self) -> Scan {
        match self.random.random_range(0..100) {
            0..10 => Scan::Postponed {
                until: self.now + 5_000,
            },
            10..13 => Scan::Undecidable,
            13..16 => Scan::TooMany {
                until: self.now + 5_000,
            },
            _ if self.visible.iter().any(|visible| *visible <= self.now) => Scan::Found,
            _ => Scan::Absent,
        }
    }
}

/// How it ended, how many messages there are, and whether anything went wrong on the way.
fn deliver(seed: u64, longest_delay: i64) -> (Delivery, Vec<i64>, bool) {
    let timing = Timing::default();
    let random = StdRng::seed_from_u64(seed);
    let mut world = World {
        random,
        now: 1_000_000,
        visible: vec![],
        longest_delay,
        faulted: false,
    };
    let mut delivery = Delivery::ready(world.now);
    for _ in 0..1000 {
        let event = match &delivery.phase {
            Phase::Ready { from } => {
                world.now = world.now.max(*from);
                let (sending, effects) = delivery.step(Event::Begin, world.now, &timing);
                assert_eq!(effects, [Effect::Send], "seed {seed}");
                delivery = sending;
                world.send()
            }
            Phase::Reconciling(doubt) => {
                world.now = world.now.max(doubt.scan_at);
                Event::Scanned(world.search())
            }
            _ => return (delivery, world.visible, world.faulted),
        };
        let (next, effects) = delivery.step(event, world.now, &timing);
        assert!(!effects.contains(&Effect::Send), "seed {seed}: sent without an intent");
        delivery = next;
    }
    panic!("seed {seed}: no end");
}

#[test]
fn a_hundred_thousand_deliveries_arrive_once() {
    let (mut faulted, mut unknown) = (0, 0);
    for seed in 0..100_000 {
        // Shorter than the quiet time: Telegram shows what it took.
        let (delivery, messages, fault) = deliver(seed, 29_000);
        faulted += u32::from(fault);
        match delivery.phase {
            Phase::Sent { .. } => assert_eq!(messages.len(), 1, "seed {seed}"),
            Phase::Unknown => {
                unknown += 1;
                assert!(messages.len() <= 1, "seed {seed}");
            }
            // Telegram said no to everything.
            Phase::Refused { .. } => assert!(messages.is_empty(), "seed {seed}"),
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(faulted >= 30_000, "{faulted}");
    // Only where searches were impossible or the resends used up; the person was asked.
    assert!(unknown < 600, "{unknown}");
    println!("{faulted} of 100000 faulted, {unknown} unknown");
}

#[test]
fn what_becomes_visible_after_both_searches_is_the_only_way_to_two() {
    let mut twice = 0;
    for seed in 0..20_000 {
        let (_, messages, _) = deliver(seed, 600_000);
        if messages.len() > 1 {
            twice += 1;
        }
        // Nothing is seen before the second search, at least 90 s after the message: the window we admit.
        for seen in &messages[..messages.len().saturating_sub(1)] {
            assert!(*seen > 1_000_000 + 90_000, "seed {seed}: {messages:?}");
        }
    }
    assert!(twice > 0, "the test can see two");
}

fn any_event() -> impl Strategy<Value = Event> {
    let refusal = prop_oneof![
        Just(Refusal::VoiceForbidden),
        Just(Refusal::FileIdGone),
        Just(Refusal::TooLarge),
        Just(Refusal::ChatGone)
    ];
    let outcome = prop_oneof![
        Just(Outcome::Sent),
        Just(Outcome::WrongKind { message_id: 9 }),
        Just(Outcome::Moved { to: 5 }),
        proptest::option::of(0_i64..100_000).prop_map(|retry_after| Outcome::NotSent { retry_after }),
        refusal.prop_map(Outcome::Refused),
        proptest::option::of(0_i64..100_000).prop_map(|last_byte| Outcome::Ambiguous { last_byte }),
    ];
    let scan = prop_oneof![
        Just(Scan::Found),
        Just(Scan::WrongKind { message_id: 9 }),
        Just(Scan::Absent),
        Just(Scan::Undecidable),
        (0_i64..100_000).prop_map(|until| Scan::Postponed { until }),
        (0_i64..100_000).prop_map(|until| Scan::TooMany { until }),
        Just(Scan::TakenAway),
    ];
    prop_oneof![
        3 => Just(Event::Begin),
        3 => outcome.prop_map(Event::Answered),
        3 => scan.prop_map(Event::Scanned),
        1 => prop_oneof![
            Just(Event::Restarted),
            Just(Event::MarkerSeen),
            Just(Event::ResendWanted),
            Just(Event::FileGone),
            Just(Event::Remade)
        ],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens in whatever order, also what cannot happen.
    #[test]
    fn no_order_of_events_breaks_a_rule(events in proptest::collection::vec((any_event(), 0_i64..100_000), 1..40)) {
        let timing = Timing::default();
        let (mut delivery, mut now) = (Delivery::ready(0), 0);
        let mut quiet_until = 0;
        for (event, wait) in events {
            now += wait;
            let (next, effects) = delivery.step(event, now, &timing);
            let sends = effects.contains(&Effect::Send);
            prop_assert_eq!(sends, event == Event::Begin && matches!(delivery.phase, Phase::Ready { .. }));
            if matches!(delivery.phase, Phase::Sent { .. }) {
                prop_assert_eq!(&next, &delivery);
            }
            match (&delivery.phase, &next.phase) {
                (Phase::Sending { .. }, Phase::Reconciling(_)) => quiet_until = now + timing.again_ms[0],
                // Out of doubt and back to sending: two searches, a minute apart, said that it is not there.
                (Phase::Reconciling(_), Phase::Ready { .. }) => prop_assert!(now >= quiet_until),
                // Made again only once the other one is out of the way.
                (Phase::Sending { .. } | Phase::Reconciling(_), Phase::Remaking) => {
                    prop_assert_eq!(event, Event::Answered(Outcome::Refused(Refusal::TooLarge)));
                }
                _ => {}
            }
            let text = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Delivery>(&text).unwrap(), &next);
            delivery = next;
        }
    }
}

fn parcel(desk: &Desk) -> Parcel {
    match next_parcel(&desk.queue) {
        Todo::Now(parcel) => *parcel,
        Todo::Wait(until) => panic!("nothing to send until {until:?}"),
    }
}

fn sent(message_id: i64) -> Option<SentAs> {
    let file = Some((format!("file {message_id}"), format!("unique {message_id}")));
    Some(SentAs {
        message_id,
        date: 5,
        file,
    })
}

/// Telegram made a video of it; it is taken away.
fn unwanted(desk: &Desk, job: JobId, message_id: i64) {
    desk.queue
        .answered(job, Outcome::WrongKind { message_id }, None)
        .unwrap();
    taken_away(desk, job, message_id);
}

fn taken_away(desk: &Desk, job: JobId, message_id: i64) {
    let search = search(desk);
    assert_eq!((search.job, search.sought), (job, Sought::Unwanted { message_id }));
    desk.queue.scanned(job, Scan::TakenAway, None).unwrap();
}

fn search(desk: &Desk) -> musiccircles::queue::Search {
    match desk.queue.next_search().unwrap() {
        Todo::Now(search) => *search,
        Todo::Wait(until) => panic!("nothing to search until {until:?}"),
    }
}

#[test]
fn what_was_sent_is_known_and_sent_again_by_its_name() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    let first = parcel(&desk);
    assert_eq!((first.job.job, first.attempt, first.shape), (job, 1, Shape::Circle));
    assert_eq!(first.circle.file_id, None);
    desk.queue.answered(job, Outcome::Sent, sent(70)).unwrap();
    assert_eq!(desk.state(job), JobState::Sent);
    let highest = desk.queue.store().read(|conn| known::highest(conn, BOT, 1)).unwrap();
    assert_eq!(highest, 70);
    // Somebody else wants the same; Telegram has it.
    let musiccircles::queue::Submitted::Ready { job, .. } = desk.ask(2, 1) else {
        panic!()
    };
    let again = parcel(&desk);
    assert_eq!(again.circle.file_id.as_deref(), Some("file 70"));
    // It forgot: the name is dropped, the file is sent.
    desk.queue
        .answered(job, Outcome::Refused(Refusal::FileIdGone), None)
        .unwrap();
    desk.later(2_000);
    let third = parcel(&desk);
    assert_eq!((third.job.job, third.attempt, third.circle.file_id), (job, 2, None));
}

#[test]
fn a_restart_in_the_middle_of_a_send_searches_before_it_sends() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    desk.queue
        .store()
        .write(|tx| known::note(tx, BOT, 1, 40, 5, 5))
        .unwrap();
    let begun = parcel(&desk);
    let desk = desk.restart();
    assert_eq!(desk.state(job), JobState::Sending);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(Some(_))));
    assert!(matches!(desk.queue.next_search().unwrap(), Todo::Wait(Some(_))));
    desk.later(30_000);
    let first = search(&desk);
    assert_eq!((first.job, first.marker), (job, begun.marker));
    let Sought::Among(candidates) = first.sought else {
        panic!("{first:?}")
    };
    assert_eq!(candidates.numbers, (41..=56).collect::<Vec<_>>());
    desk.queue.scanned(job, Scan::Absent, None).unwrap();
    // A circle for the same chat waits for this one.
    let other = desk.rendered(1, 2);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)));
    desk.later(60_000);
    search(&desk);
    desk.queue.scanned(job, Scan::Found, sent(43)).unwrap();
    assert_eq!(desk.state(job), JobState::Sent);
    assert_eq!(parcel(&desk).job.job, other);
}

#[test]
fn absent_twice_is_sent_again_and_undecidable_is_the_persons_choice() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    let marker = parcel(&desk).marker;
    desk.queue
        .answered(job, Outcome::Ambiguous { last_byte: None }, None)
        .unwrap();
    for wait in [30_000, 60_000] {
        desk.later(wait);
        search(&desk);
        desk.queue.scanned(job, Scan::Absent, None).unwrap();
    }
    let again = parcel(&desk);
    assert_eq!((again.attempt, again.marker), (2, marker));
    desk.queue
        .answered(job, Outcome::Ambiguous { last_byte: None }, None)
        .unwrap();
    for wait in [30_000, 60_000, 120_000] {
        desk.later(wait);
        search(&desk);
        desk.queue.scanned(job, Scan::Undecidable, None).unwrap();
    }
    assert_eq!(desk.state(job), JobState::Unknown);
    assert!(!desk.queue.resend(job, 2).unwrap(), "another person's");
    assert!(desk.queue.resend(job, 1).unwrap());
    assert!(!desk.queue.resend(job, 1).unwrap(), "a second tap");
    desk.later(2_000);
    assert_eq!(parcel(&desk).attempt, 3);
    // A button below the first one proves it after all.
    let seen = SentAs {
        message_id: 44,
        date: 5,
        file: None,
    };
    assert_eq!(desk.queue.marker_seen(marker, seen).unwrap(), Some(job));
    assert_eq!(desk.state(job), JobState::Sent);
}

#[test]
fn telegrams_pauses_and_a_forbidden_circle() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    parcel(&desk);
    desk.queue
        .answered(
            job,
            Outcome::NotSent {
                retry_after: Some(7_000),
            },
            None,
        )
        .unwrap();
    let desk = desk.restart();
    desk.later(6_999);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(Some(_))));
    desk.later(1);
    parcel(&desk);
    desk.queue
        .answered(job, Outcome::Refused(Refusal::VoiceForbidden), None)
        .unwrap();
    desk.later(2_000);
    assert_eq!(parcel(&desk).shape, Shape::SquareVideo);
    desk.queue
        .answered(job, Outcome::Refused(Refusal::ChatGone), None)
        .unwrap();
    assert_eq!(desk.state(job), JobState::Refused);
}

#[test]
fn one_that_came_as_another_kind_is_made_smaller_once() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    parcel(&desk);
    unwanted(&desk, job, 70);
    let claim = desk.claim();
    // Of the size it had, down to what a circle needs at least.
    assert_eq!((claim.held.job, claim.spec.max_bytes), (job, 100_000));
    desk.queue.rendered(claim.held, desk.made(2)).unwrap();
    // The smaller one is not what the request means.
    let named = desk
        .queue
        .store()
        .read(|conn| circles::key_of(conn, &desk.spec(1).fingerprint("look 1")));
    assert_eq!(named.unwrap(), Some(key(1)));
    desk.later(2_000);
    assert_eq!(parcel(&desk).circle.content_key, key(2));
    unwanted(&desk, job, 71);
    assert_eq!(desk.state(job), JobState::Refused);
}

#[test]
fn a_circle_whose_file_was_lost_is_made_again() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    std::fs::remove_file(desk.queue.disk().full_path(format!("circles/{}.mp4", key(1)))).unwrap();
    desk.queue.tidy().unwrap();
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)));
    assert_eq!(desk.state(job), JobState::Queued);
    desk.queue.rendered(desk.claim().held, desk.made(1)).unwrap();
    let row = desk
        .queue
        .store()
        .read(|conn| deliveries::get(conn, job))
        .unwrap()
        .unwrap();
    assert_eq!(parcel(&desk).marker, row.marker);
}

#[test]
fn one_at_a_time_in_a_chat_and_nobody_waits_for_another() {
    let desk = Desk::new(OPEN);
    let [first, second] = [1, 2].map(|seed| desk.rendered(1, seed));
    let other = desk.rendered(2, 3);
    assert_eq!(parcel(&desk).job.job, first);
    assert_eq!(parcel(&desk).job.job, other, "the first chat is busy");
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)), "both are");
    desk.queue.answered(first, Outcome::Sent, sent(1)).unwrap();
    assert_eq!(parcel(&desk).job.job, second);
}

#[test]
fn the_intent_is_written_only_where_leave_was_given() {
    let desk = Desk::new(OPEN);
    let [slow, quick] = [(1, 1), (2, 2)].map(|(user, seed)| desk.rendered(user, seed));
    let Todo::Now(ready) = desk
        .queue
        .next_parcel(|to| (to.chat_id != 1).then_some("leave"))
        .unwrap()
    else {
        panic!("nobody had leave")
    };
    assert_eq!((ready.0.job.job, ready.1), (quick, "leave"));
    assert_eq!(
        [slow, quick].map(|job| desk.state(job)),
        [JobState::Rendered, JobState::Sending]
    );
    // One that waits for its turn may still be cancelled, and a restart need not look for it.
    let desk = desk.restart();
    assert_eq!(desk.state(slow), JobState::Rendered);
    assert_eq!(parcel(&desk).job.job, slow);
}

#[test]
fn a_chat_with_a_new_number_gets_its_circles_there() {
    const OLD: i64 = -4001;
    const NEW: i64 = -1_001_000_000_777;
    let desk = Desk::new(OPEN);
    let [sending, waiting] = [1, 2].map(|seed| {
        let mut asked = super::desk::submit(7, desk.spec(seed));
        asked.to = asked
            .to
            .map(|to| musiccircles::store::jobs::Address { chat_id: OLD, ..to });
        desk.queue.submit(asked).unwrap();
        let claim = desk.claim();
        desk.queue.rendered(claim.held, desk.made(seed)).unwrap();
        claim.held.job
    });
    assert_eq!(parcel(&desk).to.chat_id, OLD);
    // Heard of while one is on its way: that one stays until Telegram has said what became of it.
    desk.queue.chat_moved(BOT, OLD, NEW).unwrap();
    assert_eq!(
        [sending, waiting].map(|job| desk.job(job).to.unwrap().chat_id),
        [OLD, NEW]
    );
    desk.queue.answered(sending, Outcome::Moved { to: NEW }, None).unwrap();
    let desk = desk.restart();
    let next = parcel(&desk);
    assert_eq!(next.to.chat_id, NEW);
    desk.queue.answered(next.job.job, Outcome::Sent, sent(3)).unwrap();
    let last = parcel(&desk);
    assert_eq!(last.to.chat_id, NEW);
    // A chat that has a new number each time it is asked is none.
    for _ in 0..2 {
        desk.queue
            .answered(last.job.job, Outcome::Moved { to: OLD }, None)
            .unwrap();
        if desk.state(last.job.job) == JobState::Rendered {
            parcel(&desk);
        }
    }
    assert!(desk.state(last.job.job) != JobState::Unknown);
}

#[test]
fn a_send_that_nobody_answers_is_searched_for() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    parcel(&desk);
    desk.later(599_999);
    assert!(desk.queue.expire().unwrap().is_empty());
    desk.later(1);
    assert_eq!(desk.queue.expire().unwrap(), [(job, JobState::Sending)]);
    desk.later(30_000);
    assert_eq!(search(&desk).job, job);
}

#[test]
fn an_answer_about_a_circle_that_is_made_again_changes_nothing() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    let marker = parcel(&desk).marker;
    unwanted(&desk, job, 43);
    let seen = SentAs {
        message_id: 44,
        date: 5,
        file: None,
    };
    desk.queue.marker_seen(marker, seen).unwrap();
    desk.queue.answered(job, Outcome::Sent, sent(44)).unwrap();
    assert_eq!(desk.state(job), JobState::Queued);
    desk.queue.rendered(desk.claim().held, desk.made(2)).unwrap();
    desk.later(2_000);
    assert_eq!(parcel(&desk).attempt, 2);
}

#[test]
fn a_circles_name_is_not_taken_for_the_square_videos() {
    let desk = Desk::new(OPEN);
    let first = desk.rendered(1, 1);
    parcel(&desk);
    desk.queue.answered(first, Outcome::Sent, sent(70)).unwrap();
    let musiccircles::queue::Submitted::Ready { job, .. } = desk.ask(2, 1) else {
        panic!()
    };
    parcel(&desk);
    desk.queue
        .answered(job, Outcome::Refused(Refusal::VoiceForbidden), None)
        .unwrap();
    // Evicted meanwhile: Telegram still knows the circle, and not the square video.
    std::fs::remove_file(desk.queue.disk().full_path(format!("circles/{}.mp4", key(1)))).unwrap();
    desk.queue.tidy().unwrap();
    desk.later(2_000);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)));
    assert_eq!(desk.state(job), JobState::Queued);
    let claim = desk.claim();
    assert_eq!(
        desk.queue.found(claim.held, &key(1)).unwrap(),
        None,
        "it has to be drawn"
    );
    desk.queue.rendered(claim.held, desk.made(1)).unwrap();
    assert_eq!(parcel(&desk).shape, Shape::SquareVideo);
}

#[test]
fn one_that_is_sent_again_is_in_nobodys_way() {
    let desk = Desk::new(OPEN);
    let ask = |seed| {
        let wish = musiccircles::queue::Submit {
            dedupe_key: Some("1:7:create".into()),
            ..super::desk::submit(1, desk.spec(seed))
        };
        match desk.queue.submit(wish).unwrap() {
            musiccircles::queue::Submitted::Queued { job, .. } => job,
            other => panic!("{other:?}"),
        }
    };
    let job = ask(1);
    desk.rendered_by(1, 1, job);
    parcel(&desk);
    desk.queue
        .answered(job, Outcome::Ambiguous { last_byte: None }, None)
        .unwrap();
    while desk.state(job) != JobState::Unknown {
        desk.later(200_000);
        desk.queue.scanned(job, Scan::Undecidable, None).unwrap();
    }
    // The same button makes another one; then the first is wanted all the same.
    let second = ask(2);
    assert_ne!(second, job);
    assert!(desk.queue.resend(job, 1).unwrap());
    assert_eq!(
        (desk.state(job), desk.state(second)),
        (JobState::Rendered, JobState::Queued)
    );
}

/// In doubt, and long enough for a first look.
fn doubtful(desk: &Desk, user_id: i64) -> JobId {
    let job = desk.rendered(user_id, u64::try_from(user_id).unwrap());
    assert_eq!(parcel(desk).job.job, job);
    let lost = Outcome::Ambiguous { last_byte: None };
    desk.queue.answered(job, lost, None).unwrap();
    job
}

#[test]
fn a_search_outlasts_an_outage_but_not_a_day() {
    let desk = Desk::new(OPEN);
    let job = doubtful(&desk, 1);
    desk.later(30_000);
    let later = || Scan::Postponed {
        until: desk.now.load(std::sync::atomic::Ordering::Relaxed) + 15_000,
    };
    for _ in 0..100 {
        search(&desk);
        desk.queue.scanned(job, later(), None).unwrap();
        desk.later(15_000);
    }
    assert_eq!(desk.state(job), JobState::Sending, "given up while Telegram was away");
    desk.later(Timing::DEFAULT.give_up_ms);
    search(&desk);
    desk.queue.scanned(job, later(), None).unwrap();
    assert_eq!(desk.state(job), JobState::Unknown);
}

/// Somebody wrote this long after the circle went.
fn write_later(desk: &Desk, chat_id: i64, message_id: i64) {
    let now = desk.now.load(std::sync::atomic::Ordering::Relaxed);
    let store = desk.queue.store();
    store
        .write(move |tx| known::note(tx, BOT, chat_id, message_id, now, now))
        .unwrap();
}

/// Else one circle holds all others to this chat back for a day.
#[test]
fn candidates_that_stay_too_many_are_the_persons_choice_in_minutes() {
    const MINUTE: i64 = 60_000;
    let desk = Desk::new(OPEN);
    let job = doubtful(&desk, 1);
    let other = desk.rendered(1, 2);
    desk.later(30_000);
    write_later(&desk, 1, 200);
    let look = || {
        assert_eq!(search(&desk).sought, Sought::TooMany);
        let until = desk.now.load(std::sync::atomic::Ordering::Relaxed) + MINUTE;
        desk.queue.scanned(job, Scan::TooMany { until }, None).unwrap();
        desk.later(MINUTE);
    };
    (0..5).for_each(|_| look());
    // Telegram went away, and what was written meanwhile has yet to come in: the minutes begin anew.
    let until = desk.now.load(std::sync::atomic::Ordering::Relaxed) + 60 * MINUTE;
    search(&desk);
    desk.queue.scanned(job, Scan::Postponed { until }, None).unwrap();
    desk.later(60 * MINUTE);
    for _ in 0..10 {
        look();
        assert_eq!(desk.state(job), JobState::Sending, "given up too soon");
        assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)), "two on their way");
    }
    look();
    assert_eq!(desk.state(job), JobState::Unknown);
    assert_eq!(parcel(&desk).job.job, other);
}

/// With its privacy on the bot hears a small part of what is said there.
#[test]
fn in_a_supergroup_nothing_found_is_no_proof_unless_something_later_is_known() {
    const GROUP: i64 = -1_001_000_000_777;
    let desk = Desk::new(OPEN);
    let mut asked = super::desk::submit(7, desk.spec(1));
    asked.to = asked
        .to
        .map(|to| musiccircles::store::jobs::Address { chat_id: GROUP, ..to });
    desk.queue.submit(asked).unwrap();
    let claim = desk.claim();
    desk.queue.rendered(claim.held, desk.made(1)).unwrap();
    parcel(&desk);
    let lost = Outcome::Ambiguous { last_byte: None };
    desk.queue.answered(claim.held.job, lost, None).unwrap();
    desk.later(30_000);
    let are_all = || match search(&desk).sought {
        Sought::Among(candidates) => candidates.are_all,
        other => panic!("{other:?}"),
    };
    assert!(!are_all());
    write_later(&desk, GROUP, 40);
    assert!(are_all());
}

#[test]
fn a_video_that_should_have_been_a_circle_is_taken_away_however_often_that_is_tried() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    let marker = parcel(&desk).marker;
    let other = desk.rendered(1, 2);
    let wrong = Outcome::WrongKind { message_id: 70 };
    desk.queue.answered(job, wrong, None).unwrap();
    let not_now = |desk: &Desk| {
        assert_eq!(search(desk).sought, Sought::Unwanted { message_id: 70 });
        let until = desk.now.load(std::sync::atomic::Ordering::Relaxed) + 15_000;
        desk.queue.scanned(job, Scan::Postponed { until }, None).unwrap();
        assert!(
            matches!(desk.queue.next_search().unwrap(), Todo::Wait(Some(_))),
            "at once"
        );
        desk.later(15_000);
    };
    not_now(&desk);
    // It is remembered, and so is that nothing else goes into the chat before.
    let desk = desk.restart();
    not_now(&desk);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)));
    assert_eq!(desk.state(job), JobState::Sending);
    taken_away(&desk, job, 70);
    assert_eq!(desk.state(job), JobState::Queued);
    assert_eq!(parcel(&desk).job.job, other);
    desk.queue.answered(other, Outcome::Sent, sent(71)).unwrap();
    desk.queue.rendered(desk.claim().held, desk.made(3)).unwrap();
    parcel(&desk);
    // A finger was on its button before it went: the circle is another message.
    let seen = SentAs {
        message_id: 70,
        date: 5,
        file: None,
    };
    desk.queue.marker_seen(marker, seen).unwrap();
    assert_eq!(desk.state(job), JobState::Sending);
    desk.queue.answered(job, Outcome::Sent, sent(72)).unwrap();
    assert_eq!(desk.state(job), JobState::Sent);
}

#[test]
fn a_video_that_telegram_never_takes_away_keeps_the_circle_waiting_for_an_hour_at_most() {
    let desk = Desk::new(OPEN);
    let job = desk.rendered(1, 1);
    parcel(&desk);
    let wrong = Outcome::WrongKind { message_id: 70 };
    desk.queue.answered(job, wrong, None).unwrap();
    let began = desk.now.load(std::sync::atomic::Ordering::Relaxed);
    let tried_for = || desk.now.load(std::sync::atomic::Ordering::Relaxed) - began;
    while desk.state(job) == JobState::Sending {
        assert!(tried_for() <= Timing::DEFAULT.take_away_ms);
        search(&desk);
        let until = began + tried_for() + 15_000;
        desk.queue.scanned(job, Scan::Postponed { until }, None).unwrap();
        desk.later(15_000);
    }
    assert!(tried_for() >= Timing::DEFAULT.take_away_ms);
    assert_eq!(desk.state(job), JobState::Queued);
}

#[test]
fn a_circle_found_as_a_video_is_made_again_and_its_name_is_not_kept() {
    let desk = Desk::new(OPEN);
    let job = doubtful(&desk, 1);
    desk.later(30_000);
    search(&desk);
    let found = Scan::WrongKind { message_id: 70 };
    desk.queue.scanned(job, found, None).unwrap();
    taken_away(&desk, job, 70);
    assert_eq!(desk.state(job), JobState::Queued);
    let kept = desk
        .queue
        .store()
        .read(|conn| circles::find(conn, &key(1), Some(BOT)))
        .unwrap();
    assert_eq!(kept.unwrap().file_id, None);
    // Smaller now; as a video again, it is refused.
    let claim = desk.claim();
    desk.queue.rendered(claim.held, desk.made(2)).unwrap();
    parcel(&desk);
    desk.queue
        .answered(job, Outcome::Ambiguous { last_byte: None }, None)
        .unwrap();
    desk.later(30_000);
    let found = Scan::WrongKind { message_id: 71 };
    desk.queue.scanned(job, found, None).unwrap();
    taken_away(&desk, job, 71);
    assert_eq!(desk.state(job), JobState::Refused);
}

#[test]
fn a_search_that_waits_keeps_no_other_waiting() {
    let desk = Desk::new(OPEN);
    let (first, second) = (doubtful(&desk, 1), doubtful(&desk, 2));
    desk.later(30_000);
    let mut under_way = std::collections::HashSet::new();
    for job in [first, second] {
        let Todo::Now(search) = desk.queue.next_search_beside(&under_way).unwrap() else {
            panic!("nothing to search")
        };
        assert_eq!(search.job, job);
        under_way.insert(job);
    }
    let none = desk.queue.next_search_beside(&under_way).unwrap();
    assert!(matches!(none, Todo::Wait(_)), "{none:?}");
}

/// The last word is owed until it is said, and owed again when the job ends otherwise.
#[test]
fn how_a_job_ended_is_owed_until_it_is_told() {
    let desk = Desk::new(OPEN);
    let job = doubtful(&desk, 1);
    let untold = || {
        let now = desk.now.load(std::sync::atomic::Ordering::Relaxed);
        let store = desk.queue.store();
        store.read(|conn| jobs::untold_to(conn, BOT, now - 1000)).unwrap()
    };
    let tell = |state| {
        let store = desk.queue.store();
        store.write(move |tx| jobs::set_told(tx, job, state)).unwrap();
    };
    assert_eq!(untold(), [], "it is on its way");
    for wait in [30_000, 60_000, 120_000] {
        desk.later(wait);
        desk.queue.scanned(job, Scan::Undecidable, None).unwrap();
    }
    assert_eq!(untold(), [job]);
    tell(JobState::Sent);
    assert_eq!(untold(), [job], "that is not how it ended");
    tell(JobState::Unknown);
    assert_eq!(untold(), []);
    assert!(desk.queue.resend(job, 1).unwrap());
    parcel(&desk);
    desk.queue.answered(job, Outcome::Sent, sent(70)).unwrap();
    assert_eq!(untold(), [job]);
    desk.later(2_000);
    assert_eq!(untold(), [], "old news");
}
