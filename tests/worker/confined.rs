//! What a child may not do.

use musiccircles::worker::{Death, Freedom, WorkFailed};
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, large, small};
use crate::support::picture::{file, quadrants};

#[tokio::test(flavor = "multi_thread")]
async fn no_network_no_programs_no_signals_no_higher_limits() {
    let shop = Shop::open().await;
    assert_eq!(shop.pool.freedom().await.unwrap(), Freedom::default());
    for child in shop.children() {
        let facts = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap();
        for fact in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(facts.contains(fact), "{fact} in {facts}");
        }
        let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap();
        let bound = |name: &str| {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].split_whitespace().nth(1).unwrap().to_owned()
        };
        assert_eq!(bound("Max data size"), (2_u64 << 30).to_string());
        assert_eq!(bound("Max file size"), (64 << 20).to_string());
        assert_eq!(bound("Max open files"), "256");
        assert_eq!(bound("Max core file size"), "0");
        // Threads made before and after are bound alike.
        for thread in std::fs::read_dir(format!("/proc/{child}/task")).unwrap() {
            let facts = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
            assert!(facts.contains("Seccomp:\t2"), "{facts}");
        }
    }
    // The device still draws.
    let brightness = shop.pool.check().await.unwrap();
    assert!((20.0..200.0).contains(&brightness), "{brightness}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_in_a_childs_environment() {
    let shop = Shop::open().await;
    let children = shop.children();
    assert_eq!(children.len(), 2);
    for child in children {
        let environment = std::fs::read_to_string(format!("/proc/{child}/environ")).unwrap();
        let names = environment.split('\0').filter_map(|entry| entry.split('=').next());
        for name in names {
            let known = [
                "PATH",
                "HOME",
                "LANG",
                "LC_ALL",
                "TZ",
                "LD_LIBRARY_PATH",
                "TMPDIR",
                "NODEVICE_SELECT",
            ];
            let of_tools = [
                "VK_",
                "MESA_",
                "LP_",
                "XDG_",
                "MUSICCIRCLES_LOG",
                "RUST_BACKTRACE",
                "NVIDIA_",
                "CUDA_",
            ];
            let harmless = name.is_empty() || known.contains(&name) || of_tools.iter().any(|of| name.starts_with(of));
            assert!(harmless, "{name} is not for a child to know");
        }
    }
}

/// Not what anybody wishes, but what the manual tells: files are those of the service's user, within the folder and without.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_its_user_are_open_to_a_child_as_the_manual_says() {
    let shop = Shop::open().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (song, picture) = (elsewhere.path().join("song.wav"), elsewhere.path().join("picture.png"));
    std::fs::rename(shop.song(2.0), &song).unwrap();
    let never = CancellationToken::new;
    assert!(shop.pool.probe(&song, None, never()).await.is_ok(), "it reads");
    let cover = elsewhere.path().join("cover.png");
    std::fs::write(&cover, file(quadrants(64, 64), image::ImageFormat::Png)).unwrap();
    shop.pool.cover(&cover, &picture, never()).await.unwrap();
    assert!(picture.exists(), "it writes");
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md")).unwrap();
    assert!(manual.contains("Files are not closed to it"));
}

/// A circle of a minute at 640 pixels takes 330 MB of private memory, a small one 130.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_who_wants_more_dies_alone() {
    let shop = Shop::open_with(|settings| settings.memory_bytes = 160 << 20).await;
    let song = shop.song(60.0);
    let made = shop.render(large(&song), "a.mp4").await;
    assert!(
        matches!(made, Err(WorkFailed::WorkerDied(Death::Signal(_)))),
        "{made:?}"
    );
    let made = shop.render(small(&song, 1_000), "b.mp4").await;
    assert!(made.is_ok(), "{made:?}");
    assert_eq!(shop.names(), ["b.mp4", "song.wav"]);
}
