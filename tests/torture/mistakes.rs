//! Five mistakes, each made on purpose by a switch of the program: what is true without it is not true with it.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::crowd::{Crowd, is_circle, words_survive};
use super::run::{free_port, house, wait};
use crate::bot::service::SOON;
use crate::support::telegram::{Answer, Fault, Telegram, next};

/// How many times the only circle arrived.
fn arrivals(mistake: &str, failpoints: &str, faults: impl IntoIterator<Item = Fault>) -> usize {
    let telegram = Telegram::start();
    let house = house(&telegram);
    let service = house.start();
    let mut crowd = Crowd::gather(&telegram, &house, 1, 1, 0);
    service.kill();
    telegram.script(next("sendVideoNote", faults));
    let made_on_purpose = !mistake.is_empty();
    let mistake = ("MUSICCIRCLES_MISTAKE", mistake);
    let mut service = house.start_with(&[mistake, ("FAILPOINTS", failpoints)]);
    wait(SOON, || service.ended().is_some() || crowd.go_on(1));
    // It arrives a moment before the end.
    if !failpoints.is_empty() {
        wait(SOON, || service.ended().is_some());
    }
    if service.ended().is_some() {
        service = house.start_with(&[mistake]);
    }
    wait(SOON, || crowd.go_on(1));
    let arrived = || telegram.ledger().iter().filter(|entry| is_circle(entry)).count();
    // A second one would come as soon as the program is up again.
    let (began, patience) = match made_on_purpose {
        true => (Instant::now(), SOON),
        false => (Instant::now(), Duration::from_secs(3)),
    };
    while arrived() < 2 && began.elapsed() < patience {
        thread::sleep(Duration::from_millis(50));
    }
    service.kill();
    arrived()
}

#[test]
fn without_a_record_of_the_intent_a_circle_comes_twice() {
    // Telegram has it, and the program dies before it has written that down.
    let killed = "send.response_before_commit=return";
    assert_eq!(arrivals("", killed, []), 1);
    assert!(arrivals("no_intent", killed, []) > 1, "the mistake was not caught");
}

#[test]
fn who_sends_again_after_silence_sends_twice() {
    let silence = [Fault::accepted(Answer::Close)];
    assert_eq!(arrivals("", "", silence), 1);
    assert!(
        arrivals("retry_on_timeout", "", silence) > 1,
        "the mistake was not caught"
    );
}

#[test]
fn without_the_fence_a_worker_thought_dead_ends_anothers_job() {
    let fenced = |mistake: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", FENCE])
            .env("MUSICCIRCLES_MISTAKE", mistake)
            .output()
            .unwrap()
    };
    let usual = fenced("");
    let words = String::from_utf8_lossy(&usual.stdout);
    assert!(usual.status.success() && words.contains("1 passed"), "{words}");
    assert!(!fenced("no_fencing").status.success(), "the mistake was not caught");
}

#[test]
fn confirmed_before_it_is_written_down_is_lost_by_polling() {
    let told = |mistake| {
        let telegram = Telegram::start();
        words_survive(&telegram, &house(&telegram), mistake)
    };
    assert!(told(""));
    assert!(!told("offset_before_commit"), "the mistake was not caught");
}

#[test]
fn confirmed_before_it_is_written_down_is_lost_by_webhook() {
    let told = |mistake| {
        let telegram = Telegram::start();
        let address = format!("127.0.0.1:{}", free_port());
        let house = house(&telegram)
            .set("HTTP__LISTEN", &address)
            .set("TELEGRAM__MODE", "webhook")
            .set("TELEGRAM__WEBHOOK_URL", format!("http://{address}/hook"))
            .set("TELEGRAM__WEBHOOK_SECRET", "a-secret-of-the-test");
        words_survive(&telegram, &house, mistake)
    };
    assert!(told(""));
    assert!(!told("ack_before_commit"), "the mistake was not caught");
}

/// The test of the queue that a claim which ran out changes nothing any more.
const FENCE: &str = "queue::work::a_worker_that_was_given_up_changes_nothing";
