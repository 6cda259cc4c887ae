//! Children that die, hang, or outlive their welcome; and a parent that dies.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use musiccircles::worker::{Death, Step, WorkFailed, limits};
use rustix::process::{Pid, Signal, getpgid};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::shop::{PATIENCE, Shop, children_in, large, small, until_drawing};

/// Of two children, the one that takes circles: it uses the processor now.
fn busiest(children: &[i32]) -> i32 {
    let ticks = |child: i32| {
        let facts = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let fields = facts.rsplit(')').next().unwrap_or_default().to_owned();
        fields
            .split_whitespace()
            .nth(11)
            .and_then(|ticks| ticks.parse::<u64>().ok())
            .unwrap_or(0)
    };
    *children.iter().max_by_key(|&&child| ticks(child)).unwrap()
}

async fn interfered(shop: &Shop, signal: Signal) -> (Result<musiccircles::worker::Rendered, WorkFailed>, Duration) {
    let song = shop.path("song.wav");
    let (steps, seen) = watch::channel(Step::default());
    let path = shop.path("a.mp4");
    let render = shop
        .pool
        .render(large(&song), &path, None, steps, CancellationToken::new());
    let interfere = async {
        until_drawing(seen).await;
        sleep(Duration::from_millis(300)).await;
        shop.signal(busiest(&shop.children()), signal);
        Instant::now()
    };
    let (made, began) = tokio::join!(async { (render.await, Instant::now()) }, interfere);
    (made.0, made.1 - began)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_killed_in_the_middle_is_told_and_replaced() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let (made, took) = interfered(&shop, Signal::KILL).await;
    assert_eq!(made, Err(WorkFailed::WorkerDied(Death::Signal(9))));
    assert!(took < Duration::from_secs(1), "{took:?}");
    let made = timeout(PATIENCE, shop.render(small(&song, 1_000), "b.mp4"))
        .await
        .unwrap();
    assert!(made.is_ok(), "{made:?}");
    assert_eq!(shop.names(), ["b.mp4", "song.wav"]);
    assert_eq!(shop.children().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_hangs_is_killed_and_replaced() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let hung = timeout(limits::FIRST_STALL + limits::STALL, interfered(&shop, Signal::STOP));
    let (made, _) = hung.await.unwrap();
    assert_eq!(made, Err(WorkFailed::WorkerDied(Death::Hung)));
    let made = timeout(PATIENCE, shop.render(small(&song, 1_000), "b.mp4"))
        .await
        .unwrap();
    assert!(made.is_ok(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_hangs_while_it_is_cancelled_costs_nobody_time() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let (steps, seen) = watch::channel(Step::default());
    let (path, cancel) = (shop.path("a.mp4"), CancellationToken::new());
    let render = shop.pool.render(large(&song), &path, None, steps, cancel.clone());
    let interfere = async {
        until_drawing(seen).await;
        sleep(Duration::from_millis(300)).await;
        shop.signal(busiest(&shop.children()), Signal::STOP);
        cancel.cancel();
        Instant::now()
    };
    let (made, began) = tokio::join!(async { (render.await, Instant::now()) }, interfere);
    assert_eq!(made.0, Err(WorkFailed::Cancelled));
    // Well before anybody would call it hung.
    assert!(made.1 - began < limits::STALL / 2, "{:?}", made.1 - began);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_its_time_and_no_more() {
    let shop = Shop::open_with(|settings| settings.job = Duration::from_secs(3)).await;
    let song = shop.song(60.0);
    let began = Instant::now();
    assert_eq!(
        shop.render(large(&song), "a.mp4").await,
        Err(WorkFailed::WorkerDied(Death::OverTime))
    );
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(shop.names(), ["song.wav"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_its_processor_time_and_no_more() {
    let shop = Shop::open_with(|settings| settings.cpu = Some(Duration::from_secs(2))).await;
    let song = shop.song(60.0);
    assert_eq!(
        shop.render(large(&song), "a.mp4").await,
        Err(WorkFailed::WorkerDied(Death::OverCpu))
    );
    // The time is each job's own.
    for _ in 0..3 {
        assert!(shop.render(small(&song, 1_000), "b.mp4").await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_cannot_start_make_the_pool_say_so() {
    let shop = Shop::opening(|settings| settings.program = "/bin/false".into());
    let song = shop.song(2.0);
    assert!(!shop.pool.is_ready());
    let made = timeout(Duration::from_secs(10), shop.render(small(&song, 1_000), "a.mp4"))
        .await
        .unwrap();
    assert_eq!(made, Err(WorkFailed::NotReady));
    let began = Instant::now();
    assert_eq!(
        shop.render(small(&song, 1_000), "a.mp4").await,
        Err(WorkFailed::NotReady)
    );
    assert!(began.elapsed() < Duration::from_millis(100));
    assert!(!shop.pool.ready(Duration::from_millis(100)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_killed_three_times_comes_back_slowly() {
    let shop = Shop::open().await;
    let song = shop.song(2.0);
    for kill in 0..3 {
        assert!(shop.pool.ready(PATIENCE).await);
        let children = shop.children();
        for &child in &children {
            shop.signal(child, Signal::KILL);
        }
        let settled = || {
            let now = shop.children();
            let gone = children.iter().all(|child| !now.contains(child));
            // The third time nobody follows at once, in either lane.
            gone && if kill < 2 {
                now.len() == children.len()
            } else {
                shop.pool.lanes().iter().all(|(_, health)| health.up == 0)
            }
        };
        let waited = async {
            while !settled() {
                sleep(Duration::from_millis(10)).await
            }
        };
        timeout(PATIENCE, waited).await.unwrap();
        if kill < 2 {
            let made = shop.render(small(&song, 1_000), "a.mp4").await;
            assert!(made.is_ok(), "{made:?}");
        }
    }
    assert!(!shop.pool.is_ready());
    assert_eq!(
        shop.render(small(&song, 1_000), "a.mp4").await,
        Err(WorkFailed::NotReady)
    );
    assert!(
        shop.pool.ready(limits::SLOW_RESTART + PATIENCE).await,
        "it never came back"
    );
    assert!(shop.render(small(&song, 1_000), "a.mp4").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_short_work_end_and_puts_long_work_back() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let path = shop.path("f.png");
    let work = shop
        .pool
        .frame(small(&song, 1_000), Duration::ZERO, &path, CancellationToken::new());
    let (steps, seen) = watch::channel(Step::default());
    let long = shop.path("a.mp4");
    let long = shop
        .pool
        .render(large(&song), &long, None, steps, CancellationToken::new());
    let stop = async {
        until_drawing(seen).await;
        let began = Instant::now();
        shop.pool.stop(Duration::from_secs(1)).await;
        began.elapsed()
    };
    let (drawn, made, took) = tokio::join!(work, long, stop);
    assert!(drawn.is_ok(), "{drawn:?}");
    assert_eq!(made, Err(WorkFailed::Stopping));
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(shop.children(), Vec::<i32>::new());
    assert_eq!(
        shop.render(small(&song, 1_000), "b.mp4").await,
        Err(WorkFailed::Stopping)
    );
    assert_eq!(shop.names(), ["f.png", "song.wav"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_dropped_leaves_nobody_behind() {
    let shop = Shop::open().await;
    let folder = shop.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/').to_owned();
    drop(shop.pool.clone());
    assert_eq!(shop.children().len(), 2);
    drop(shop);
    gone_within_a_second(&folder).await;
}

async fn gone_within_a_second(folder: &str) {
    let began = Instant::now();
    while !children_in(folder.as_ref()).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(1), "children are left");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Ctrl-C at a terminal reaches every process of its group: the service ends its children itself, when their work is put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_in_a_group_of_its_own() {
    let shop = Shop::open().await;
    for child in shop.children() {
        let child = Pid::from_raw(child);
        assert_eq!(getpgid(child).unwrap(), child.unwrap());
    }
}

/// Not a test of its own: the parent that the next test kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by children_of_a_killed_parent_are_gone"]
async fn the_parent_to_be_killed() {
    let shop = Shop::open().await;
    shop.song(60.0);
    println!("\nfolder {}", shop.path("").display());
    let (steps, _) = watch::channel(Step::default());
    let wanted = large(&shop.path("song.wav"));
    let _ = shop
        .pool
        .render(wanted, &shop.path("a.mp4"), None, steps, CancellationToken::new())
        .await;
    sleep(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_of_a_killed_parent_are_gone() {
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap());
    parent.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "worker::dying::the_parent_to_be_killed",
    ]);
    let mut parent = parent.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let folder = lines.find_map(|line| Some(line.ok()?.strip_prefix("folder ")?.trim_end_matches('/').to_owned()));
    let folder = folder.expect("the parent says where it works");
    sleep(Duration::from_millis(500)).await;
    let children = children_in(folder.as_ref());
    assert_eq!(children.len(), 2, "the parent is at work");
    parent.kill().unwrap();
    parent.wait().unwrap();
    gone_within_a_second(&folder).await;
    let _ = std::fs::remove_dir_all(folder);
}
