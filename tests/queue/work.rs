//! Claims, leases and the fence; retries; cancelling; what a death costs.

use musiccircles::queue::limits::{BACK_OFF_MS, LEASE_MS, NOT_YET_FOR_MS, NOT_YET_MS};
use musiccircles::queue::{Cancelled, Ended, Happened, QueueError, QueueLimits, Submitted, Todo};
use musiccircles::store::inbox;
use musiccircles::store::jobs::{Failure, JobState};

use super::desk::{BOT, Desk, OPEN, next_parcel};

fn failure() -> Failure {
    Failure {
        kind: "busy".into(),
        words: "not now".into(),
    }
}

#[test]
fn a_worker_that_was_given_up_changes_nothing() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    let first = desk.claim().held;
    desk.later(LEASE_MS - 1);
    assert!(!desk.queue.heartbeat(first).unwrap());
    desk.later(LEASE_MS);
    assert!(desk.queue.expire().unwrap().is_empty());
    desk.later(1);
    assert_eq!(desk.queue.expire().unwrap(), [(job, JobState::Queued)]);
    let second = desk.claim().held;
    assert_eq!(second.job, job);
    let stale = |result: Result<JobState, QueueError>| assert!(matches!(result, Err(QueueError::Stale)), "{result:?}");
    assert!(matches!(desk.queue.heartbeat(first), Err(QueueError::Stale)));
    stale(desk.queue.ended(first, Ended::Impossible(failure())));
    stale(desk.queue.ended(first, Ended::WorkerDied));
    stale(desk.queue.ended(first, Ended::PutBack));
    stale(desk.queue.rendered(first, desk.made(1)));
    assert_eq!(desk.state(job), JobState::Rendering);
    assert_eq!(desk.queue.rendered(second, desk.made(1)).unwrap(), JobState::Rendered);
    stale(desk.queue.rendered(second, desk.made(1)));
    assert_eq!(desk.state(job), JobState::Rendered);
}

#[test]
fn two_workers_never_have_the_same_job() {
    let desk = Desk::new(OPEN);
    for n in 0..40 {
        desk.queued(n, 1);
    }
    let mut claimed: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| std::iter::from_fn(|| desk.queue.claim("w").unwrap()).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .map(|claim| claim.held.job)
            .collect()
    });
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 40);
}

#[test]
fn one_person_has_as_many_made_at_once_as_the_operator_lets() {
    let desk = Desk::new(QueueLimits {
        per_user_rendering: 2,
        ..OPEN
    });
    let jobs = [1, 2, 3].map(|seed| desk.queued(1, seed));
    let claims = [desk.claim(), desk.claim()];
    assert_eq!(claims.map(|claim| claim.held.job), [jobs[0], jobs[1]]);
    assert_eq!(desk.queue.claim("w").unwrap(), None, "a third");
    let other = desk.queued(2, 4);
    assert_eq!(desk.claim().held.job, other);
}

#[test]
fn a_circle_that_is_there_is_not_drawn_again() {
    let desk = Desk::new(OPEN);
    let key = super::desk::key;
    // A request that is written otherwise, for the same content.
    let job = desk.queued(1, 2);
    let claim = desk.claim().held;
    assert_eq!(desk.queue.found(claim, &key(1)).unwrap(), None, "nobody made it yet");
    assert_eq!(desk.state(job), JobState::Rendering, "and it is still to be drawn");
    desk.queue.ended(claim, Ended::PutBack).unwrap();
    let first = desk.queued(2, 1);
    desk.rendered_by(2, 1, first);
    let claim = desk.claim().held;
    assert_eq!(desk.queue.found(claim, &key(1)).unwrap(), Some(JobState::Rendered));
    assert_eq!(desk.job(job).content_key, Some(key(1)));
    assert!(matches!(desk.queue.found(claim, &key(1)), Err(QueueError::Stale)));
    // From now on the request itself is known by it.
    assert!(matches!(desk.ask(3, 2), Submitted::Ready { .. }));
}

#[test]
fn what_may_pass_is_tried_three_times_with_pauses() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    for pause in BACK_OFF_MS {
        let claim = desk.claim();
        assert_eq!(
            desk.queue.ended(claim.held, Ended::TryAgain(failure())).unwrap(),
            JobState::Queued
        );
        desk.later(pause - 1);
        assert_eq!(desk.queue.claim("w").unwrap(), None);
        desk.later(1);
    }
    let last = desk.claim();
    assert_eq!(last.attempts, 2);
    assert_eq!(
        desk.queue.ended(last.held, Ended::TryAgain(failure())).unwrap(),
        JobState::Failed
    );
    assert_eq!(desk.job(job).failure, Some(failure()));
    assert_eq!(desk.queue.claim("w").unwrap(), None);
}

#[test]
fn what_cannot_be_done_is_not_tried_again() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    let claim = desk.claim();
    assert_eq!(
        desk.queue.ended(claim.held, Ended::Impossible(failure())).unwrap(),
        JobState::Failed
    );
    assert_eq!(desk.job(job).failure, Some(failure()));
}

#[test]
fn a_job_that_kills_its_worker_twice_is_set_aside() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    assert_eq!(
        desk.queue.ended(desk.claim().held, Ended::WorkerDied).unwrap(),
        JobState::Queued
    );
    // Being put back and the end of the whole program are nobody's fault.
    assert_eq!(
        desk.queue.ended(desk.claim().held, Ended::PutBack).unwrap(),
        JobState::Queued
    );
    desk.claim();
    let desk = desk.restart();
    assert_eq!(desk.state(job), JobState::Queued);
    // Nor is a maker of ours that was held up: the clock jumped.
    desk.claim();
    desk.later(LEASE_MS + 1);
    assert_eq!(desk.queue.expire().unwrap(), [(job, JobState::Queued)]);
    assert_eq!(
        desk.queue.ended(desk.claim().held, Ended::WorkerDied).unwrap(),
        JobState::SetAside
    );
    assert_eq!(desk.queue.claim("w").unwrap(), None);
}

#[test]
fn who_waits_for_a_worker_or_for_space_is_not_failed_for_it() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    let not_yet = || Ended::NotYet(failure());
    for _ in 0..20 {
        assert_eq!(
            desk.queue.ended(desk.claim().held, not_yet()).unwrap(),
            JobState::Queued
        );
        assert_eq!(desk.queue.claim("w").unwrap(), None, "not at once");
        desk.later(NOT_YET_MS);
    }
    let claim = desk.claim();
    assert_eq!(claim.attempts, 0);
    desk.queue.ended(claim.held, not_yet()).unwrap();
    // But not for ever.
    desk.later(NOT_YET_FOR_MS);
    for _ in BACK_OFF_MS {
        desk.queue.ended(desk.claim().held, not_yet()).unwrap();
        desk.later(BACK_OFF_MS[1]);
    }
    desk.queue.ended(desk.claim().held, not_yet()).unwrap();
    assert_eq!(desk.state(job), JobState::Failed);
    // Who does not want to wait does not.
    let other = desk.queued(1, 2);
    let claim = desk.claim();
    desk.queue.cancel(other, 1).unwrap();
    assert_eq!(desk.queue.ended(claim.held, not_yet()).unwrap(), JobState::Cancelled);
}

#[test]
fn an_update_that_nobody_processed_is_not_forgotten() {
    let desk = Desk::new(OPEN);
    let (store, now) = (desk.queue.store(), desk.now.load(std::sync::atomic::Ordering::Relaxed));
    let seq = store
        .write(move |tx| {
            inbox::keep(tx, BOT, 1, Some(1), "a wish", now)?;
            Ok(inbox::waiting(tx, BOT, 10, 10)?[0].seq)
        })
        .unwrap();
    let keep_again = move || {
        store
            .write(move |tx| inbox::keep(tx, BOT, 1, Some(1), "a wish", now))
            .unwrap()
    };
    desk.later(2 * inbox::REMEMBERED_MS);
    desk.queue.tidy().unwrap();
    assert_eq!(store.read(|conn| inbox::waiting(conn, BOT, 10, 10)).unwrap().len(), 1);
    store.write(move |tx| inbox::done(tx, seq)).unwrap();
    assert!(!keep_again());
    desk.queue.tidy().unwrap();
    assert!(keep_again(), "now it is");
}

#[test]
fn a_job_can_be_cancelled_until_it_is_sent() {
    let desk = Desk::new(OPEN);
    let waiting = desk.queued(1, 1);
    assert_eq!(
        desk.queue.cancel(waiting, 2).unwrap(),
        Cancelled::TooLate,
        "another person's"
    );
    assert_eq!(desk.queue.cancel(waiting, 1).unwrap(), Cancelled::Done);
    assert_eq!(desk.queue.cancel(waiting, 1).unwrap(), Cancelled::TooLate);
    assert_eq!(desk.queue.claim("w").unwrap(), None);

    let rendering = desk.queued(1, 2);
    let claim = desk.claim();
    let mut events = desk.queue.events();
    assert_eq!(desk.queue.cancel(rendering, 1).unwrap(), Cancelled::Asked);
    assert_eq!(events.try_recv().unwrap().what, Happened::CancelAsked);
    assert!(desk.queue.heartbeat(claim.held).unwrap(), "the worker hears of it");
    assert_eq!(
        desk.queue.ended(claim.held, Ended::Cancelled).unwrap(),
        JobState::Cancelled
    );

    // Asked, and then the program ends: it does not begin again.
    let interrupted = desk.queued(1, 3);
    desk.claim();
    desk.queue.cancel(interrupted, 1).unwrap();
    let desk = desk.restart();
    assert_eq!(desk.state(interrupted), JobState::Cancelled);

    let rendered = desk.rendered(1, 4);
    assert_eq!(desk.queue.cancel(rendered, 1).unwrap(), Cancelled::Done);
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)));

    let sending = desk.rendered(1, 5);
    next_parcel(&desk.queue);
    assert_eq!(desk.state(sending), JobState::Sending);
    assert_eq!(desk.queue.cancel(sending, 1).unwrap(), Cancelled::TooLate);
}

/// Between the worker's last heartbeat and the end of its work: "Stopping" was said already.
#[test]
fn a_circle_called_off_at_the_last_moment_is_kept_and_not_sent() {
    let desk = Desk::new(OPEN);
    let drawn = desk.queued(1, 1);
    let claim = desk.claim();
    assert_eq!(desk.queue.cancel(drawn, 1).unwrap(), Cancelled::Asked);
    assert_eq!(
        desk.queue.rendered(claim.held, desk.made(1)).unwrap(),
        JobState::Cancelled
    );
    // Nor one that was there already, by a request written otherwise.
    let known = desk.queued(1, 2);
    let claim = desk.claim();
    assert_eq!(desk.queue.cancel(known, 1).unwrap(), Cancelled::Asked);
    let found = desk.queue.found(claim.held, &super::desk::key(1)).unwrap();
    assert_eq!(found, Some(JobState::Cancelled));
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)), "one is sent");
    assert_eq!([drawn, known].map(|job| desk.state(job)), [JobState::Cancelled; 2]);
    let desk = desk.restart();
    assert!(matches!(next_parcel(&desk.queue), Todo::Wait(_)), "one is sent");
    // It is not drawn twice for that.
    assert!(matches!(desk.ask(1, 1), Submitted::Ready { .. }));
}

/// One that nobody is sent is not done either.
#[test]
fn a_circle_that_is_fetched_can_be_called_off_at_the_last_moment_as_well() {
    let desk = Desk::new(OPEN);
    let fetched = musiccircles::queue::Submit {
        to: None,
        ..super::desk::submit(1, desk.spec(1))
    };
    let Submitted::Queued { job, .. } = desk.queue.submit(fetched).unwrap() else {
        panic!()
    };
    let claim = desk.claim();
    assert_eq!(desk.queue.cancel(job, 1).unwrap(), Cancelled::Asked);
    desk.queue.rendered(claim.held, desk.made(1)).unwrap();
    assert_eq!(desk.state(job), JobState::Cancelled);
}

#[test]
fn a_start_frees_what_the_last_run_held_at_once() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    let old = desk.claim().held;
    let desk = desk.restart();
    let new = desk.claim().held;
    assert_eq!((new.job, new.epoch), (job, old.epoch + 1));
    assert!(matches!(desk.queue.rendered(old, desk.made(1)), Err(QueueError::Stale)));
}

#[test]
fn files_of_a_job_stay_while_it_needs_them_and_go_after() {
    let desk = Desk::new(OPEN);
    let job = desk.queued(1, 1);
    let song = desk.queue.disk().full_path(desk.song.path().unwrap());
    // More than the budget leaves beside it.
    let crowd = || (0..20).for_each(|n| drop(super::desk::blob(&desk.queue, &format!("{n}").repeat(60_000))));
    crowd();
    assert!(song.exists(), "held by the waiting job");
    desk.queue.rendered(desk.claim().held, desk.made(1)).unwrap();
    crowd();
    assert!(!song.exists(), "nobody needs it any more");
    let circle = desk
        .queue
        .disk()
        .full_path(format!("circles/{}.mp4", super::desk::key(1)));
    assert!(circle.exists(), "not sent yet");
    desk.queue.cancel(job, 1).unwrap();
    crowd();
    assert!(!circle.exists());
    assert_eq!(desk.queue.tidy().unwrap(), Default::default());
}

#[tokio::test]
async fn whoever_waits_is_woken() {
    let desk = Desk::new(OPEN);
    let queue = desk.queue.clone();
    let waiting = tokio::spawn(async move { queue.work_waits(std::time::Duration::from_secs(30)).await });
    let began = std::time::Instant::now();
    let (queue, asked) = (desk.queue.clone(), super::desk::submit(1, desk.spec(1)));
    musiccircles::queue::off_runtime(move || queue.submit(asked))
        .await
        .unwrap();
    waiting.await.unwrap();
    assert!(began.elapsed().as_secs() < 10);
}
