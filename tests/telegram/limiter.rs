//! Telegram's rates: never exceeded, as Telegram counts them; remembered over a restart; and who goes first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musiccircles::deliver::telegram::{Gate, Kind, Later, Limiter, Permit, Place, Saved, Verdict};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{CALM, circle, client_at, first_keyboard};
use crate::support::telegram::{Limits, Telegram, What};

/// Some time of day, in milliseconds of Unix time.
const NOW: i64 = 1_795_000_000_000;
const GROUP: i64 = -100_123;

fn wait_until(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Wait {
            until_ms: Some(until_ms),
        } => until_ms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chat_has_one_message_a_second_after_the_last_came_back() {
    let mut limiter = Limiter::new();
    assert_eq!(limiter.ask(NOW, 1, Kind::Message), Verdict::Go);
    // Nobody knows when that one arrives.
    assert_eq!(
        limiter.ask(NOW + 5_000, 1, Kind::Circle),
        Verdict::Wait { until_ms: None }
    );
    assert_eq!(
        limiter.ask(NOW, 2, Kind::Message),
        Verdict::Go,
        "another chat is another matter"
    );
    limiter.done(NOW + 6_000, 1);
    assert_eq!(wait_until(limiter.ask(NOW + 6_000, 1, Kind::Circle)), NOW + 7_001);
    assert_eq!(limiter.ask(NOW + 7_001, 1, Kind::Circle), Verdict::Go);
}

#[test]
fn an_edit_is_skipped_and_never_stands_in_a_circles_way() {
    let mut limiter = Limiter::new();
    assert_eq!(limiter.ask(NOW, 1, Kind::Edit), Verdict::Go);
    assert_eq!(limiter.ask(NOW, 1, Kind::Edit), Verdict::Skip);
    limiter.done(NOW + 50, 1);
    let until = wait_until(limiter.ask(NOW + 100, 1, Kind::Circle));
    // Its turn has come, but a circle waits for this very moment.
    assert_eq!(limiter.ask(until, 1, Kind::Edit), Verdict::Skip);
    assert!(matches!(limiter.ask(until, 1, Kind::Message), Verdict::Wait { .. }));
    assert_eq!(limiter.ask(until, 1, Kind::Circle), Verdict::Go);
    // A circle that never comes back for its turn blocks nobody for long.
    limiter.done(until, 1);
    let until = wait_until(limiter.ask(until, 1, Kind::Circle));
    assert_eq!(limiter.ask(until + 2_001, 1, Kind::Edit), Verdict::Go);
}

#[test]
fn edits_leave_the_last_places_to_circles() {
    let mut limiter = Limiter::new();
    let edits = (1..100)
        .filter(|chat| limiter.ask(NOW, *chat, Kind::Edit) == Verdict::Go)
        .count();
    let circles = (1000..1100)
        .filter(|chat| limiter.ask(NOW, *chat, Kind::Circle) == Verdict::Go)
        .count();
    assert_eq!((edits, circles), (17, 8));
    // In a group, of its minute.
    let mut limiter = Limiter::new();
    let mut at = NOW;
    let mut count = |kind| {
        (0..40)
            .filter(|_| {
                at += 1_002;
                let went = limiter.ask(at, GROUP, kind) == Verdict::Go;
                if went {
                    limiter.done(at, GROUP);
                }
                went
            })
            .count()
    };
    assert_eq!(count(Kind::Edit), 12);
    // 40 s later, in the same minute for most of them.
    assert_eq!(count(Kind::Message), 6 + 12);
}

#[test]
fn what_telegram_asks_to_wait_is_waited_and_survives_a_restart() {
    let mut limiter = Limiter::new();
    for (chat, kind) in [(1, Kind::Circle), (GROUP, Kind::Message)] {
        assert_eq!(limiter.ask(NOW, chat, kind), Verdict::Go);
    }
    limiter.refused(NOW, 1, Duration::from_secs(37));
    limiter.done(NOW, 1);
    let saved = serde_json::to_string(&limiter.save(NOW)).unwrap();
    let saved: Saved = serde_json::from_str(&saved).unwrap();
    assert_eq!(saved, limiter.save(NOW));
    assert_eq!(limiter.save(NOW + 40_000).chats.len(), 1, "what is over is not kept");
    let mut limiter = Limiter::restore(&saved, NOW + 500);
    assert_eq!(wait_until(limiter.ask(NOW + 500, 1, Kind::Circle)), NOW + 37_000);
    assert_eq!(limiter.ask(NOW + 500, 2, Kind::Circle), Verdict::Go);
    // What was on its way when the program died may have arrived until now.
    assert_eq!(wait_until(limiter.ask(NOW + 500, GROUP, Kind::Message)), NOW + 1_501);
    // A day later nobody waits any more.
    let mut later = Limiter::restore(&saved, NOW + 86_400_000);
    assert_eq!(later.ask(NOW + 86_400_000, 1, Kind::Circle), Verdict::Go);
    // A clock that was set back by a year does not hold a chat for one.
    let mut earlier = Limiter::restore(&saved, NOW - 31_536_000_000);
    let until = wait_until(earlier.ask(NOW - 31_536_000_000, 1, Kind::Circle));
    assert!(until <= NOW - 31_536_000_000 + 86_400_000);
}

#[test]
fn many_chats_held_at_once_mean_the_bot() {
    let mut limiter = Limiter::new();
    for chat in 1..=3 {
        limiter.refused(NOW, chat, Duration::from_secs(20));
    }
    assert_eq!(limiter.ask(NOW, 99, Kind::Message), Verdict::Go);
    limiter.refused(NOW, 4, Duration::from_secs(5));
    assert_eq!(wait_until(limiter.ask(NOW, 98, Kind::Circle)), NOW + 5_000);
}

#[test]
fn what_a_few_chats_must_wait_is_not_what_all_must() {
    let mut limiter = Limiter::new();
    for chat in 1..=4 {
        limiter.refused(NOW, chat, Duration::from_secs(24 * 3600));
    }
    let until = wait_until(limiter.ask(NOW, 99, Kind::Message));
    assert!(until <= NOW + 10_000, "{} ms", until - NOW);
    // One tells whether Telegram meant the bot.
    assert_eq!(limiter.ask(until, 99, Kind::Message), Verdict::Go);
    let next = wait_until(limiter.ask(until, 98, Kind::Message));
    assert!((until + 1..=until + 5_000).contains(&next), "{} ms", next - until);
    limiter.refused(until + 100, 99, Duration::from_secs(30));
    limiter.done(until + 100, 99);
    let until = wait_until(limiter.ask(until + 100, 98, Kind::Message));
    // It did; the next time it did not.
    assert_eq!(limiter.ask(until, 98, Kind::Message), Verdict::Go);
    limiter.done(until + 100, 98);
    for chat in 50..60 {
        assert_eq!(limiter.ask(until + 100, chat, Kind::Message), Verdict::Go);
    }
}

#[tokio::test]
async fn nobody_waits_for_a_chat_that_is_silenced_for_a_day() {
    let gate = Gate::new(Limiter::new());
    gate.refused(1, Duration::from_secs(24 * 3600));
    let asked = Instant::now();
    let turn = gate.message(1, Duration::from_secs(5)).await;
    assert!(turn.is_err_and(|wait| wait > Duration::from_secs(24 * 3600 - 60)));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    // Nor for ever for a request that does not come back.
    let under_way = gate.message(2, Duration::ZERO).await.unwrap();
    assert!(gate.message(2, Duration::from_millis(100)).await.is_err());
    drop(under_way);
    assert!(gate.message(2, Duration::from_secs(5)).await.is_ok());
}

/// Hours of traffic in virtual time: requests take their time, arrive somewhere in it, and the program restarts.
#[test]
fn no_window_of_telegrams_is_ever_too_full() {
    const SEED: u64 = 7;
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut limiter = Limiter::new();
    // When those under way come back, the chat, and which arrival it was.
    let mut under_way: Vec<(i64, i64, usize)> = Vec::new();
    let mut arrivals: Vec<(i64, i64)> = Vec::new();
    let mut now = NOW;
    while arrivals.len() < 20_000 {
        now += chance.random_range(0..25);
        under_way.retain(|&(back, chat, _)| {
            if back <= now {
                limiter.done(now, chat);
            }
            back > now
        });
        if chance.random_bool(0.0005) {
            limiter = Limiter::restore(&limiter.save(now), now);
            // Nothing arrives from a program that is gone.
            for (_, _, arrival) in under_way.drain(..) {
                arrivals[arrival].0 = arrivals[arrival].0.min(now);
            }
        }
        let chat = if chance.random_bool(0.2) {
            -chance.random_range(1..5)
        } else {
            chance.random_range(1..200)
        };
        let kind = [Kind::Circle, Kind::Message, Kind::Edit][chance.random_range(0..3)];
        if limiter.ask(now, chat, kind) == Verdict::Go {
            let back = now
                + if chance.random_bool(0.1) {
                    chance.random_range(0..8_000)
                } else {
                    chance.random_range(0..80)
                };
            under_way.push((back, chat, arrivals.len()));
            arrivals.push((chance.random_range(now..=back), chat));
        }
    }
    arrivals.sort_unstable();
    let most = |times: &[i64], span: i64| {
        let mut first = 0;
        let counts = times.iter().enumerate().map(|(last, at)| {
            while times[first] <= at - span {
                first += 1;
            }
            last - first + 1
        });
        counts.max().unwrap_or(0)
    };
    let times: Vec<i64> = arrivals.iter().map(|(at, _)| *at).collect();
    let mut by_chat = BTreeMap::<i64, Vec<i64>>::new();
    for (at, chat) in arrivals {
        by_chat.entry(chat).or_default().push(at);
    }
    assert!(
        (20..=30).contains(&most(&times, 1_000)),
        "seed {SEED}: {}",
        most(&times, 1_000)
    );
    for (chat, times) in by_chat {
        assert_eq!(most(&times, 1_000), 1, "seed {SEED}, chat {chat}");
        assert!(chat > 0 || most(&times, 60_000) <= 20, "seed {SEED}, group {chat}");
    }
}

/// Asks again and again, as the outbox does.
async fn leave(gate: &Gate, chat: i64) -> Permit {
    loop {
        let moved = gate.moved();
        tokio::pin!(moved);
        moved.as_mut().enable();
        match gate.circle(chat) {
            Ok(permit) => return permit,
            Err(Later(Some(_))) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(Later(None)) => moved.await,
        }
    }
}

/// The same with real sockets, and Telegram's real limits on the other side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telegram_never_finds_us_too_fast() {
    let telegram = Telegram::start();
    telegram.limits(Limits::REAL);
    let people: Vec<_> = (0..40).map(|n| telegram.person(&format!("Person{n}")).chat).collect();
    let group = telegram.group("Friends");
    let gate = Gate::new(Limiter::new());
    let client = Arc::new(client_at(&telegram.url(), telegram.token(), CALM));
    let clip = Arc::new(circle(&telegram, 2_000));
    let mut sends = tokio::task::JoinSet::new();
    let chats = people.iter().chain([&group]).flat_map(|chat| [*chat, *chat]);
    let began = Instant::now();
    for chat in chats {
        let (gate, client, clip) = (gate.clone(), Arc::clone(&client), Arc::clone(&clip));
        sends.spawn(async move {
            let permit = leave(&gate, chat).await;
            let outcome = client.send_circle(Place::chat(chat), &clip, &first_keyboard("m")).await;
            drop(permit);
            outcome
        });
    }
    sends.join_all().await;
    let sent = telegram
        .ledger()
        .iter()
        .filter(|entry| entry.what == What::Sent)
        .count();
    assert_eq!((sent, telegram.too_fast()), (82, 0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // An edit takes what is left, or nothing.
    let first = gate.edit(people[0]);
    assert!(first.is_none() || gate.edit(people[0]).is_none());
}
