//! What the pool makes, and that it is what the command line makes.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use musiccircles::model::{Fps, Fragment};
use musiccircles::worker::{Blame, Reason, Stage, Step, WorkFailed};
use musiccircles::{analysis, audio};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, large, small, until_drawing};
use crate::support::command::Desk;
use crate::support::picture::{RED, file};
use crate::support::sound::{Sketch, ffmpeg};

fn no_cancel() -> CancellationToken {
    CancellationToken::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_is_the_one_the_command_line_makes() {
    let shop = Shop::open().await;
    let song = shop.song(3.0);
    let wanted = small(&song, 1_000);
    let (steps, seen) = watch::channel(Step::default());
    let path = shop.path("a.mp4");
    let made = shop.pool.render(wanted.clone(), &path, None, steps, no_cancel());
    let made = made.await.unwrap();
    assert_eq!(
        (made.frames, made.length_ms, made.encoder.as_str()),
        (25, 1_000, "x264")
    );
    assert_eq!(std::fs::read(shop.path("a.mp4")).unwrap().len() as u64, made.bytes);
    let last = *seen.borrow();
    assert_eq!((last.stage, last.done, last.of), (Stage::Drawing, 25, 25));
    assert_eq!(shop.pool.key(wanted, no_cancel()).await.unwrap(), made.key);

    let desk = Desk::new();
    let mut command = desk.command();
    command.arg("render").arg(&song);
    command
        .args("--duration 1 --size 240 --fps 25 --adapter cpu --encoder x264 --rpm 33.333 --json -o b.mp4".split(' '));
    let told = desk.finish(&mut command).json();
    assert_eq!(told["key"], made.key);
    assert!(
        desk.read("b.mp4") == std::fs::read(shop.path("a.mp4")).unwrap(),
        "other bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_still_beside_a_circle_is_of_its_strongest_moment() {
    let shop = Shop::open().await;
    // Soft, then four loud beats, then soft again.
    let mut sketch = Sketch::silence(48_000, 8.0);
    sketch.note(0.0, 8.0, 220.0, 0.05);
    for beat in 0..4 {
        sketch.kick(4.0 + f64::from(beat) * 0.5, 0.9);
        sketch.snare(4.25 + f64::from(beat) * 0.5, 0.6);
    }
    let song = shop.path("song.wav");
    sketch.write_wav(&song);
    let (circle, still) = (shop.path("a.mp4"), shop.path("a.jpg"));
    let make = async || {
        let (steps, _) = watch::channel(Step::default());
        let made = shop
            .pool
            .render(small(&song, 8_000), &circle, Some(&still), steps, no_cancel());
        let made = made.await.unwrap();
        let bytes = std::fs::read(&still).unwrap();
        assert_eq!(made.still_bytes, Some(bytes.len() as u64));
        assert!(bytes.len() < 200_000);
        bytes
    };
    let bytes = make().await;
    assert!(bytes == make().await, "another still of the same circle");
    let still = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8();
    assert_eq!(still.dimensions(), (240, 240));

    let mut distances = Vec::new();
    for nth in (0..200).step_by(10).chain(peaks_of(&song)) {
        let path = shop.path("frame.png");
        let at = Duration::from_millis(nth * 40);
        let drawn = shop.pool.frame(small(&song, 8_000), at, &path, no_cancel()).await;
        drawn.unwrap();
        let frame = image::open(&path).unwrap().into_rgb8();
        let apart = still.iter().zip(frame.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
        distances.push((apart.sum::<f64>() / still.len() as f64, nth));
    }
    let nearest = distances.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    // JPEG alone is between them.
    assert!(nearest.0 < 4.0, "{distances:?}");
    assert!((100..150).contains(&nearest.1), "frame {}", nearest.1);
}

/// As the worker finds them.
fn peaks_of(song: &std::path::Path) -> Vec<u64> {
    let whole = Fragment {
        start: Duration::ZERO,
        length: Duration::from_secs(8),
    };
    let pcm = audio::decode(song, whole, &AtomicBool::new(false)).unwrap();
    let features = analysis::analyse(&pcm, Fps::new(25).unwrap(), 200);
    let peaks = analysis::peaks(&features);
    peaks.into_iter().map(|index| u64::from(index.0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_lyrics_when_they_have_their_times() {
    let shop = Shop::open().await;
    let file = shop.path("words");
    let tell = async |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        shop.pool.lyrics(&file, no_cancel()).await
    };
    assert_eq!(tell(b"[00:01.00] one\n[00:02.00] two\n").await, Ok(2));
    for (text, reason) in [
        (&b"one\ntwo\n"[..], Reason::LyricsWithoutTimes),
        (&[0, 1, 2, 3, 255, 0, 0, 0], Reason::LyricsDamaged),
        (&[b'x'; 70_000], Reason::LyricsDamaged),
    ] {
        let Err(WorkFailed::Failed(failure)) = tell(text).await else {
            panic!("{reason:?} was not told");
        };
        assert_eq!((failure.blame, failure.reason), (Blame::Request, reason), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_song_tells_what_it_is_and_how_it_sounds() {
    let shop = Shop::open().await;
    let cover = shop.path("cover.png");
    let red = image::RgbImage::from_pixel(80, 60, image::Rgb(RED));
    std::fs::write(&cover, file(red, image::ImageFormat::Png)).unwrap();
    let args = format!(
        "-i {} -map 0:a -map 1:v -c:v copy -disposition:v attached_pic -metadata title=Tide -metadata artist=Moon",
        cover.display()
    );
    let song = ffmpeg(&shop.song(20.0), &args, shop.path("song.mp3"));
    let picture = shop.path("picture.png");
    let told = shop.pool.probe(&song, Some(&picture), no_cancel()).await.unwrap();
    assert_eq!(
        (told.title.as_deref(), told.artist.as_deref(), told.codec.as_str()),
        (Some("Tide"), Some("Moon"), "mp3")
    );
    assert!((19_900..20_200).contains(&told.length_ms), "{}", told.length_ms);
    assert_eq!(told.cover_bytes, Some(std::fs::metadata(&picture).unwrap().len()));
    let drawn = image::open(&picture).unwrap().into_rgb8();
    assert_eq!((drawn.dimensions(), drawn.get_pixel(256, 256).0), ((512, 512), RED));

    let heard = shop
        .pool
        .survey(&song, Duration::from_secs(5), no_cancel())
        .await
        .unwrap();
    assert!(heard.waveform.len() > 100 && heard.waveform.iter().any(|&peak| peak > 100));
    assert!((heard.tempo_bpm.unwrap() - 120.0).abs() < 2.0, "{:?}", heard.tempo_bpm);
    assert!(
        heard
            .highlights
            .iter()
            .all(|best| best.start_ms < best.end_ms && best.end_ms <= told.length_ms)
    );

    let bytes = shop
        .pool
        .cover(&cover, &shop.path("own.png"), no_cancel())
        .await
        .unwrap();
    assert_eq!(std::fs::metadata(shop.path("own.png")).unwrap().len(), bytes);

    let frame = shop.path("frame.png");
    let drawn = shop
        .pool
        .frame(small(&song, 2_000), Duration::from_secs(1), &frame, no_cancel())
        .await
        .unwrap();
    assert_eq!(std::fs::metadata(&frame).unwrap().len(), drawn.bytes);
    assert_eq!(image::open(&frame).unwrap().width(), 240);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_in_a_sentence_without_a_path() {
    let shop = Shop::open().await;
    let song = shop.song(3.0);
    let noise = shop.path("noise.mp3");
    std::fs::write(&noise, [7; 5_000]).unwrap();
    let mut bad_theme = small(&song, 1_000);
    bad_theme.spec.theme = "../vinyl".to_owned();
    let mut late = small(&song, 1_000);
    late.spec.start_ms = 10_000;
    let mut bad_speed = small(&song, 1_000);
    bad_speed.spec.speed = "1000".to_owned();
    let mut bad_cover = small(&song, 1_000);
    bad_cover.files.cover = Some(noise.clone());
    let cases = [
        (small(&noise, 1_000), Reason::NotASong),
        (small(&shop.path("gone.mp3"), 1_000), Reason::SongMissing),
        (bad_theme, Reason::Look),
        (late, Reason::StartBeyondEnd),
        (bad_speed, Reason::Format),
        (bad_cover, Reason::CoverDamaged),
        (small(&song, 61_000), Reason::Format),
    ];
    let home = shop.path("").display().to_string();
    for (wanted, reason) in cases {
        let Err(WorkFailed::Failed(failure)) = shop.render(wanted, "a.mp4").await else {
            panic!("{reason:?} was not told");
        };
        assert_eq!((failure.blame, failure.reason), (Blame::Request, reason), "{failure}");
        assert!(
            failure.sentence.len() > 20 && !failure.sentence.contains(home.trim_end_matches('/')),
            "{failure}"
        );
    }
    let nowhere = shop.render(small(&song, 1_000), "no/such/folder.mp4").await;
    let Err(WorkFailed::Failed(failure)) = nowhere else {
        panic!("{nowhere:?}")
    };
    assert_eq!((failure.blame, failure.reason), (Blame::TryAgain, Reason::Unwritable));
    assert_eq!(shop.names(), ["noise.mp3", "song.wav"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_is_done_within_a_moment() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let children = shop.children();
    for _ in 0..3 {
        let (steps, seen) = watch::channel(Step::default());
        let cancel = no_cancel();
        let path = shop.path("a.mp4");
        let render = shop.pool.render(large(&song), &path, None, steps, cancel.clone());
        let stop = async {
            until_drawing(seen).await;
            cancel.cancel();
            Instant::now()
        };
        let (made, stopped) = tokio::join!(async { (render.await, Instant::now()) }, stop);
        assert_eq!(made.0, Err(WorkFailed::Cancelled));
        let took = made.1 - stopped;
        eprintln!("cancel took {took:?}");
        assert!(took < Duration::from_millis(450), "{took:?}");
        // Nobody who waits any more is a cancel as well.
        let (steps, seen) = watch::channel(Step::default());
        let render = shop.pool.render(large(&song), &path, None, steps, no_cancel());
        tokio::select! {
            made = render => panic!("{made:?}"),
            () = until_drawing(seen) => {}
        }
    }
    assert!(shop.render(small(&song, 1_000), "b.mp4").await.is_ok());
    assert_eq!(shop.names(), ["b.mp4", "song.wav"]);
    assert_eq!(shop.children(), children, "a child that stops by itself is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_does_not_wait_for_a_circle() {
    let shop = Shop::open().await;
    let song = shop.song(60.0);
    let (steps, seen) = watch::channel(Step::default());
    let path = shop.path("a.mp4");
    let render = shop.pool.render(large(&song), &path, None, steps, no_cancel());
    let preview = async {
        until_drawing(seen).await;
        shop.pool
            .frame(small(&song, 2_000), Duration::ZERO, &shop.path("f.png"), no_cancel())
            .await
    };
    tokio::select! {
        made = render => panic!("the circle was first: {made:?}"),
        drawn = preview => assert!(drawn.is_ok(), "{drawn:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_make_two_circles_at_once_on_one_adapter() {
    let shop = Shop::open_with(|settings| settings.render_workers = 2).await;
    let song = shop.song(3.0);
    let (steps, first) = watch::channel(Step::default());
    let (more_steps, second) = watch::channel(Step::default());
    let (a, b) = (shop.path("a.mp4"), shop.path("b.mp4"));
    let both = async {
        tokio::join!(
            shop.pool.render(small(&song, 3_000), &a, None, steps, no_cancel()),
            shop.pool.render(small(&song, 3_000), &b, None, more_steps, no_cancel()),
        )
    };
    let overlap = async {
        until_drawing(first).await;
        until_drawing(second).await;
    };
    let ((made, also), ()) = tokio::join!(both, overlap);
    assert_eq!(made.unwrap().key, also.unwrap().key);
    assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_piles_up_over_fifty_jobs() {
    let shop = Shop::open().await;
    let song = shop.song(2.0);
    let open_files = |process: String| std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let all_open = || {
        let children = shop.children().into_iter().map(|child| child.to_string());
        children.chain(["self".to_owned()]).map(open_files).collect::<Vec<_>>()
    };
    let mut before = Vec::new();
    for n in 0..50 {
        shop.pool
            .frame(small(&song, 1_000), Duration::ZERO, &shop.path("f.png"), no_cancel())
            .await
            .unwrap();
        if n % 5 == 0 {
            shop.render(small(&song, 1_000), "a.mp4").await.unwrap();
        }
        if n == 5 {
            before = all_open();
        }
    }
    let after = all_open();
    assert!(
        before.len() == after.len() && before.iter().zip(&after).all(|(b, a)| a <= &(b + 1)),
        "{before:?} {after:?}"
    );
    assert_eq!(shop.names(), ["a.mp4", "f.png", "song.wav"]);
}
