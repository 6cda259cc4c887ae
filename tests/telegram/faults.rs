//! Every way a request can fail, row by row, and ten thousand of them by chance: the ledger is the judge.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musiccircles::deliver::telegram::{Outcome, Patience, Place, Refusal, Shape, Trouble};

use super::{CALM, QUICK, SOON, circle, client, client_at, first_keyboard};
use crate::support::telegram::{Answer, Cut, Fault, Limits, Person, Seeded, Telegram, What, is_send, next};

/// More than all buffers between two processes hold: what is cut off early is cut off in our hands.
const MUCH: usize = 32 * 1024 * 1024;
const LITTLE: usize = 4_000;

struct Try {
    telegram: Telegram,
    anna: Person,
}

/// What came of one send, and how many messages there are.
impl Try {
    fn new() -> Self {
        let telegram = Telegram::start();
        let anna = telegram.person("Anna");
        Self { telegram, anna }
    }

    async fn send(&self, fault: Fault, bytes: usize) -> (Outcome, usize) {
        self.send_with(CALM, fault, bytes).await
    }

    async fn send_with(&self, patience: Patience, fault: Fault, bytes: usize) -> (Outcome, usize) {
        self.telegram.script(next("sendVideoNote", [fault]));
        let clip = circle(&self.telegram, bytes);
        let before = self.telegram.sent_with("m").len();
        let outcome = client_at(&self.telegram.url(), self.telegram.token(), patience)
            .send_circle(Place::chat(self.anna.chat), &clip, &first_keyboard("m"))
            .await;
        (outcome, self.telegram.sent_with("m").len() - before)
    }
}

fn ambiguous(trouble: Trouble) -> Outcome {
    Outcome::Ambiguous { trouble }
}

#[tokio::test]
async fn no_connection_is_not_sent() {
    let telegram = Telegram::start();
    let anna = telegram.person("Anna");
    let patience = Patience {
        connect: Duration::from_millis(300),
        ..QUICK
    };
    // A listener that takes no more connections: nothing comes back at all.
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = silent.listen(0).unwrap();
    let address = silent.local_addr().unwrap();
    let _queued = std::net::TcpStream::connect(address).unwrap();
    for url in [
        telegram.dead_url(),
        "http://host.invalid".to_owned(),
        format!("http://{address}"),
    ] {
        let began = Instant::now();
        let outcome = client_at(&url, telegram.token(), patience)
            .send_circle(Place::chat(anna.chat), &circle(&telegram, LITTLE), &first_keyboard("m"))
            .await;
        let expected = Outcome::NotSent {
            trouble: Trouble::NoConnection,
            retry_after: None,
        };
        assert_eq!(outcome, expected, "{url}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_body_that_was_cut_off_is_provably_not_sent() {
    let desk = Try::new();
    for cut in [Cut::AtOnce, Cut::AfterHead, Cut::AtByte(1), Cut::AtByte(2_000_000)] {
        let (outcome, messages) = desk.send(Fault::Cut(cut), MUCH).await;
        let Outcome::NotSent {
            trouble: Trouble::Unfinished {
                handed_bytes,
                total_bytes,
            },
            ..
        } = outcome
        else {
            panic!("{cut:?}: {outcome:?}");
        };
        assert!(handed_bytes < total_bytes && total_bytes > MUCH as u64);
        assert_eq!(messages, 0);
    }
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_given_up_and_not_sent() {
    let desk = Try::new();
    let began = Instant::now();
    let (outcome, messages) = desk.send_with(QUICK, Fault::Cut(Cut::StallAtByte(100_000)), MUCH).await;
    assert!(
        matches!(
            outcome,
            Outcome::NotSent {
                trouble: Trouble::Unfinished { .. },
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(messages, 0);
    assert!((QUICK.write_stall..Duration::from_secs(5)).contains(&began.elapsed()));
}

#[tokio::test]
async fn a_body_that_was_given_up_is_never_completed_behind_our_back() {
    let desk = Try::new();
    let pause = QUICK.write_stall * 2;
    let (outcome, _) = desk.send_with(QUICK, Fault::Pause { byte: 100_000, pause }, MUCH).await;
    assert!(
        matches!(
            outcome,
            Outcome::NotSent {
                trouble: Trouble::Unfinished { .. },
                ..
            }
        ),
        "{outcome:?}"
    );
    // The server reads on, and finds that the rest never comes.
    let told = |desk: &Try| {
        desk.telegram
            .ledger()
            .iter()
            .any(|entry| entry.what == What::Incomplete)
    };
    let deadline = Instant::now() + SOON;
    while !told(&desk) {
        assert!(Instant::now() < deadline, "{:?}", desk.telegram.ledger());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.telegram.sent_with("m"), []);
}

#[tokio::test]
async fn all_bytes_and_no_answer_is_ambiguous_whatever_happened_to_them() {
    let desk = Try::new();
    for (executed, fault) in [
        (0, Fault::Cut(Cut::StallAtByte(LITTLE as u64))),
        (0, Fault::refused(Answer::Close)),
        (0, Fault::refused(Answer::Reset)),
        (1, Fault::accepted(Answer::Close)),
        (1, Fault::accepted(Answer::Reset)),
        (1, Fault::late(Duration::from_millis(50))),
        (1, Fault::accepted(Answer::After(Duration::from_secs(3)))),
        (1, Fault::accepted(Answer::Drip(Duration::from_millis(20)))),
        (1, Fault::accepted(Answer::Truncated(40))),
        (1, Fault::accepted(Answer::WrongLength(5))),
    ] {
        let (outcome, messages) = desk.send_with(QUICK, fault, LITTLE).await;
        let expected = [ambiguous(Trouble::Unanswered), ambiguous(Trouble::TimeOut)];
        assert!(expected.contains(&outcome), "{fault:?}: {outcome:?}");
        assert_eq!(messages, executed, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_is_ambiguous() {
    let desk = Try::new();
    let html = |status| Answer::Status { status, html: true };
    for (answer, trouble) in [
        (
            Answer::Status {
                status: 500,
                html: false,
            },
            Trouble::ServerFailed { code: 500 },
        ),
        (html(502), Trouble::Unreadable { status: 502 }),
        (html(504), Trouble::Unreadable { status: 504 }),
        (html(403), Trouble::Unreadable { status: 403 }),
        (html(302), Trouble::Unreadable { status: 302 }),
        (Answer::GatewayTooMany, Trouble::Unreadable { status: 429 }),
        (Answer::Nonsense, Trouble::Unreadable { status: 200 }),
        (Answer::Doubled, Trouble::Unreadable { status: 200 }),
        (Answer::WrongLength(-5), Trouble::Unreadable { status: 200 }),
    ] {
        let (outcome, messages) = desk.send(Fault::accepted(answer), LITTLE).await;
        assert_eq!((outcome, messages), (ambiguous(trouble), 1), "{answer:?}");
    }
}

#[tokio::test]
async fn telegrams_own_refusals_are_final_and_429_tells_when() {
    let desk = Try::new();
    let (outcome, messages) = desk
        .send(Fault::refused(Answer::TooMany { retry_after_secs: 7 }), LITTLE)
        .await;
    let expected = Outcome::NotSent {
        trouble: Trouble::TooMany,
        retry_after: Some(Duration::from_secs(7)),
    };
    assert_eq!((outcome, messages), (expected, 0));
    for (status, html, kind) in [
        (400, false, Refusal::Other),
        (403, false, Refusal::Other),
        (413, true, Refusal::TooLarge),
    ] {
        let (outcome, messages) = desk.send(Fault::refused(Answer::Status { status, html }), LITTLE).await;
        assert!(
            matches!(outcome, Outcome::Refused { kind: told, .. } if told == kind),
            "{status}: {outcome:?}"
        );
        assert_eq!(messages, 0);
    }
}

#[tokio::test]
async fn a_slow_answer_within_patience_is_an_answer() {
    let desk = Try::new();
    for answer in [
        Answer::After(Duration::from_millis(1_000)),
        Answer::Drip(Duration::from_micros(50)),
        Answer::ThenStale,
    ] {
        let (outcome, messages) = desk.send(Fault::accepted(answer), LITTLE).await;
        assert!(
            matches!(&outcome, Outcome::Sent(receipt) if receipt.shape == Shape::Round),
            "{answer:?}: {outcome:?}"
        );
        assert_eq!(messages, 1);
    }
}

#[tokio::test]
async fn no_connection_is_used_twice_and_nothing_is_repeated() {
    let desk = Try::new();
    let faults = [Answer::ThenStale, Answer::Close, Answer::Reset, Answer::Usual];
    desk.telegram.script(next("sendVideoNote", faults.map(Fault::accepted)));
    let client = client(&desk.telegram);
    for n in 0..faults.len() {
        let marker = format!("m{n}");
        let keyboard = first_keyboard(&marker);
        let _ = client
            .send_circle(Place::chat(desk.anna.chat), &circle(&desk.telegram, LITTLE), &keyboard)
            .await;
        assert_eq!(desk.telegram.sent_with(&marker).len(), 1);
    }
    let ledger = desk.telegram.ledger();
    assert!(ledger.iter().all(|entry| entry.nth == 1));
    let sent = ledger.iter().filter(|entry| entry.what == What::Sent);
    assert_eq!(sent.count(), faults.len());
}

/// Sends, each with a fault.
const SENDS: usize = 10_000;
/// At once: many of them wait for an answer that does not come.
const AT_ONCE: usize = 256;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_faults_and_never_a_false_word() {
    const SEED: u64 = 20_261_120;
    let telegram = Telegram::start();
    telegram.limits(Limits::OFF);
    telegram.script(
        Seeded {
            seed: SEED,
            percent: |method| if is_send(method) { 100 } else { 0 },
            longest_delay: Duration::from_millis(300),
        }
        .script(),
    );
    let patience = Patience {
        write_stall: Duration::from_millis(200),
        answer: Duration::from_millis(200),
        ..QUICK
    };
    let client = Arc::new(client_at(&telegram.url(), telegram.token(), patience));
    let anna = telegram.person("Anna");
    let clip = Arc::new(circle(&telegram, LITTLE));
    let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..SENDS {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let (client, clip, chat) = (Arc::clone(&client), Arc::clone(&clip), anna.chat);
        sends.spawn(async move {
            let keyboard = first_keyboard(&format!("m{n}"));
            let outcome = client.send_circle(Place::chat(chat), &clip, &keyboard).await;
            drop(place);
            (n, outcome)
        });
    }
    let outcomes = sends.join_all().await;
    // What is still being carried out for a client that went away.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut messages = BTreeMap::<String, Vec<i64>>::new();
    for entry in telegram.ledger().iter().filter(|entry| entry.what == What::Sent) {
        messages
            .entry(entry.marker.clone().unwrap())
            .or_default()
            .push(entry.message_id);
    }
    let mut told = BTreeMap::<&str, usize>::new();
    for (n, outcome) in &outcomes {
        let arrived = messages.get(&format!("m{n}")).map_or(&[][..], Vec::as_slice);
        let word = match outcome {
            Outcome::Sent(receipt) => {
                assert_eq!(arrived, [receipt.message_id], "seed {SEED}, send {n}");
                "sent"
            }
            Outcome::NotSent { .. } | Outcome::Refused { .. } => {
                assert_eq!(arrived, [0; 0], "seed {SEED}, send {n}: {outcome:?}");
                "not sent"
            }
            Outcome::Ambiguous { .. } if arrived.is_empty() => "ambiguous, nothing there",
            Outcome::Ambiguous { .. } => {
                assert_eq!(arrived.len(), 1, "seed {SEED}, send {n}: sent twice");
                "ambiguous, arrived"
            }
        };
        *told.entry(word).or_default() += 1;
    }
    println!("{told:?}");
    assert_eq!(outcomes.len(), SENDS);
    assert!(told.len() == 4 && told.values().all(|count| *count > 300), "{told:?}");
}
