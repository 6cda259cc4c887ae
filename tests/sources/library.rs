//! A real folder: scanned, watched, searched with mistakes, copied from, and never left.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use musiccircles::audio;
use musiccircles::model::spelling::Named;
use musiccircles::source::settings::Library;
use musiccircles::source::{LibraryStatus, ReadFacts};
use musiccircles::store::catalogue::Catalogue;
use tempfile::TempDir;

use super::*;
use crate::support::sound::{Sketch, ffmpeg};

/// A folder of music, its index, and how many files were opened.
struct Shelf {
    home: TempDir,
    opened: Arc<AtomicUsize>,
}

impl Shelf {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("music")).unwrap();
        Self {
            home,
            opened: Arc::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("music").join(name)
    }

    /// A short song without tags.
    fn add(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Sketch::silence(8_000, 2.0).write_wav(&path);
        path
    }

    fn open(&self, rescan: Duration) -> Sources {
        let opened = self.opened.clone();
        let read_facts: ReadFacts = Arc::new(move |path, stop| {
            opened.fetch_add(1, Ordering::Relaxed);
            audio::probe(path, stop).ok()
        });
        let index = Catalogue::open(&self.home.path().join("library.db")).unwrap();
        let settings = Settings {
            order: vec![Source::Library],
            library: Some(Library {
                folder: self.home.path().join("music"),
                rescan,
            }),
            ..Settings::default()
        };
        Sources::start(&settings, Some((index, read_facts))).unwrap()
    }

    async fn scanned(&self) -> Sources {
        let sources = self.open(Library::RESCAN);
        until(&sources, |status| status.scanned_at.is_some()).await;
        sources
    }
}

async fn until(sources: &Sources, done: impl Fn(LibraryStatus) -> bool) {
    let started = Instant::now();
    while !done(sources.library().unwrap()) {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", sources.library());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn titles(sources: &Sources, text: &str) -> Vec<String> {
    let page = search(sources, text).await;
    assert!(page.failures.is_empty(), "{:?}", page.failures);
    page.results.into_iter().map(|found| found.title).collect()
}

#[tokio::test]
async fn tags_length_and_cover_are_read_and_the_song_is_copied() {
    let shelf = Shelf::new();
    let plain = shelf.add("plain.wav");
    ffmpeg(
        &plain,
        "-metadata title=Кукушка -metadata artist=Кино -metadata album=Чёрный -c:a libmp3lame",
        shelf.path("tagged.mp3"),
    );
    fs::copy("assets/demo/demo.mp3", shelf.path("demo.mp3")).unwrap();
    let sources = shelf.scanned().await;
    assert_eq!(sources.library().unwrap().songs, 3);
    let found = first(&sources, "кукушка").await;
    assert_eq!(
        (found.artist().as_str(), found.album.as_deref()),
        ("Кино", Some("Чёрный"))
    );
    assert!(found.duration.unwrap().abs_diff(Duration::from_secs(2)) < Duration::from_millis(60));
    assert!(!found.preview_only);
    assert_eq!(sources.info(&found.track).await.unwrap(), found);

    let into = shelf.home.path().join("copy");
    let media = sources
        .fetch(&found.track, &into, FetchLimits::default())
        .await
        .unwrap();
    assert_eq!(fs::read(&into).unwrap(), fs::read(shelf.path("tagged.mp3")).unwrap());
    assert_eq!((media.extension, media.preview_only), ("mp3", false));
    let small = FetchLimits {
        max_bytes: 100,
        ..FetchLimits::default()
    };
    let other = shelf.home.path().join("other");
    let error = sources.fetch(&found.track, &other, small).await.unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { .. }) && !other.exists());
    assert_eq!(sources.cover(&found).await.unwrap(), None);
}

#[tokio::test]
async fn the_words_beside_a_song_are_its_lyrics() {
    let shelf = Shelf::new();
    shelf.add("Kino - Blood.Type.wav");
    shelf.add("Kino - Pack.wav");
    fs::write(shelf.path("Kino - Blood.Type.lrc"), "[00:01.00] one").unwrap();
    let outside = shelf.home.path().join("outside.lrc");
    fs::write(&outside, "[00:01.00] not ours").unwrap();
    symlink(&outside, shelf.path("Kino - Pack.lrc")).unwrap();
    let sources = shelf.scanned().await;
    let words = async |text: &str| {
        let found = first(&sources, text).await;
        let named = Named {
            title: &found.title,
            artist: &found.artist(),
            duration: None,
        };
        sources.lyrics(Some(&found.track), &named).await.unwrap()
    };
    assert!(sources.knows_lyrics());
    assert_eq!(words("blood type").await.as_deref(), Some(&b"[00:01.00] one"[..]));
    assert_eq!(words("pack").await, None, "what lies elsewhere is nobody's");
}

#[tokio::test]
async fn the_picture_in_the_tags_is_the_cover() {
    let shelf = Shelf::new();
    let plain = shelf.add("plain.wav");
    let picture = format!(
        "-i {}/assets/demo/themes.jpg -map 0 -map 1 -c:v copy -c:a libmp3lame",
        env!("CARGO_MANIFEST_DIR")
    );
    ffmpeg(&plain, &picture, shelf.path("covered.mp3"));
    let sources = shelf.scanned().await;
    let found = first(&sources, "covered").await;
    let cover = sources.cover(&found).await.unwrap().unwrap();
    assert_eq!(cover, fs::read("assets/demo/themes.jpg").unwrap());
}

#[tokio::test]
async fn mistakes_and_both_scripts_are_forgiven() {
    let shelf = Shelf::new();
    for name in [
        "Кино - Группа крови.wav",
        "Кино - Звезда по имени Солнце.wav",
        "Виктор Цой - Перемен.wav",
        "Земфира - Ариведерчи.wav",
        "Linkin Park - In the End.wav",
        "Би-2 - Полковнику никто не пишет.wav",
        "Rammstein - Sonne.wav",
        "Beyoncé - Halo.wav",
        "AC-DC - Thunderstruck.wav",
        "U2 - One.wav",
    ] {
        shelf.add(name);
    }
    let sources = shelf.scanned().await;
    for (typed, title) in [
        ("группа крови", "Группа крови"),
        ("kino gruppa krovi", "Группа крови"),
        ("kinо группа", "Группа крови"),
        ("кино група кровь", "Группа крови"),
        ("ГРУППА  КРОВИ!!!", "Группа крови"),
        ("гуррпа крови", "Группа крови"),
        ("zvezda po imeni solnce", "Звезда по имени Солнце"),
        ("звизда па имени", "Звезда по имени Солнце"),
        ("victor tsoy", "Перемен"),
        ("tsoi peremen", "Перемен"),
        ("zemfira", "Ариведерчи"),
        ("земфера", "Ариведерчи"),
        ("линкин парк", "In the End"),
        ("linkinpark", "In the End"),
        ("linken prak", "In the End"),
        ("bi 2", "Полковнику никто не пишет"),
        ("раммштайн sonne", "Sonne"),
        ("ramstein", "Sonne"),
        ("beyonce", "Halo"),
        ("бейонсе halo", "Halo"),
        ("ac/dc", "Thunderstruck"),
        ("thunderstuck", "Thunderstruck"),
        ("u2", "One"),
        ("u2 one", "One"),
    ] {
        let found = titles(&sources, typed).await;
        assert_eq!(found.first().map(String::as_str), Some(title), "{typed}: {found:?}");
    }
    for typed in [
        "metallica",
        "qwertyuiop",
        "ъъъ",
        "!!!",
        "100%_\"*",
        "NEAR(a b)",
        "title:x OR y",
    ] {
        assert_eq!(titles(&sources, typed).await, Vec::<String>::new(), "{typed}");
    }
}

#[tokio::test]
async fn changes_in_the_folder_are_noticed() {
    let shelf = Shelf::new();
    shelf.add("one.wav");
    let sources = shelf.scanned().await;
    assert!(sources.library().unwrap().watching);
    shelf.add("sub/deeper/second song.wav");
    until(&sources, |status| status.songs == 2).await;
    assert_eq!(titles(&sources, "second song").await, ["second song"]);

    let track = first(&sources, "second song").await.track;
    fs::rename(shelf.path("sub"), shelf.path("other")).unwrap();
    let started = Instant::now();
    while first(&sources, "second song").await.track == track {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(matches!(sources.info(&track).await, Err(SourceError::NotFound { .. })));

    fs::remove_dir_all(shelf.path("other")).unwrap();
    until(&sources, |status| status.songs == 1).await;
    assert_eq!(titles(&sources, "second song").await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_opened_twice_and_nothing_is_lost_over_a_restart() {
    let shelf = Shelf::new();
    for n in 0..5 {
        shelf.add(&format!("song number {n}.wav"));
    }
    fs::write(shelf.path("broken.mp3"), [0; 5_000]).unwrap();
    fs::write(shelf.path("notes.txt"), "no song").unwrap();
    drop(shelf.scanned().await);
    assert_eq!(shelf.opened.load(Ordering::Relaxed), 6);
    fs::remove_file(shelf.path("song number 3.wav")).unwrap();
    shelf.add("song number 7.wav");
    let sources = shelf.scanned().await;
    assert_eq!(shelf.opened.load(Ordering::Relaxed), 7, "only the new one");
    assert_eq!(sources.library().unwrap().songs, 5);

    // The regular look finds what nobody told of.
    drop(sources);
    let sources = shelf.open(Duration::from_millis(300));
    let first_look = Instant::now();
    until(&sources, |status| {
        status
            .scanned_at
            .is_some_and(|at| at.elapsed().is_ok_and(|ago| ago < Duration::from_millis(200)))
    })
    .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let again = sources.library().unwrap().scanned_at.unwrap();
    assert!(again.elapsed().unwrap() < first_look.elapsed() - Duration::from_millis(250));
}

#[tokio::test]
async fn a_damaged_index_is_made_anew() {
    let shelf = Shelf::new();
    shelf.add("one song.wav");
    drop(shelf.scanned().await);
    fs::write(shelf.home.path().join("library.db"), [7; 40_000]).unwrap();
    let sources = shelf.scanned().await;
    assert_eq!(titles(&sources, "one song").await, ["one song"]);
}

#[tokio::test]
async fn hostile_names_are_only_names() {
    let shelf = Shelf::new();
    let outside = shelf.home.path().join("secret song.wav");
    Sketch::silence(8_000, 2.0).write_wav(&outside);
    let hostile = [
        "a\nb song.wav",
        "'; DROP TABLE library_tracks; -- song.wav",
        "\"quoted\" song.wav",
        "%s %n song.wav",
        "-rf song.wav",
        "\u{202e}reversed song.wav",
        "\u{1b}[31m song.wav",
        "song 💿.wav",
        "a..song.wav",
        "CON song.wav",
    ];
    for name in hostile {
        shelf.add(name);
    }
    let broken = shelf
        .home
        .path()
        .join("music")
        .join(OsStr::from_bytes(b"not utf-8 \xff\xfe song.wav"));
    fs::copy(&outside, &broken).unwrap();
    shelf.add(&format!("song {}.wav", "long".repeat(60)));
    // Ways out, and things that are no files.
    symlink(&outside, shelf.path("linked song.wav")).unwrap();
    symlink(shelf.home.path(), shelf.path("folder")).unwrap();
    symlink("..", shelf.path("up")).unwrap();
    symlink("loop", shelf.path("loop")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, shelf.path("pipe song.wav"), rustix::fs::Mode::RUSR).unwrap();
    fs::create_dir(shelf.path("folder song.wav")).unwrap();

    let sources = shelf.scanned().await;
    assert_eq!(sources.library().unwrap().songs, hostile.len() as u64 + 2);
    let mut cursor = Some(Cursor::default());
    let mut fetched = 0;
    while let Some(from) = cursor {
        let page = sources.search("song", 50, from).await;
        cursor = page.next;
        for found in page.results {
            assert!(!found.title.contains(['\n', '\u{1b}', '\u{202e}']), "{found:?}");
            assert!(
                !found.title.contains("secret") && !found.title.contains("linked"),
                "{found:?}"
            );
            let into = shelf.home.path().join(format!("copy-{fetched}"));
            sources
                .fetch(&found.track, &into, FetchLimits::default())
                .await
                .unwrap();
            fetched += 1;
        }
    }
    assert_eq!(fetched, hostile.len() + 2);
}

#[tokio::test]
async fn a_song_that_became_a_link_or_went_away_is_not_given() {
    let shelf = Shelf::new();
    let outside = shelf.home.path().join("secret.wav");
    Sketch::silence(8_000, 2.0).write_wav(&outside);
    let (song, gone) = (shelf.add("sub/my song.wav"), shelf.add("gone.wav"));
    let sources = shelf.scanned().await;
    let (track, missing) = (
        first(&sources, "my song").await.track,
        first(&sources, "gone").await.track,
    );
    // Asked for before the change is noticed.
    fs::remove_file(&song).unwrap();
    symlink(&outside, &song).unwrap();
    fs::remove_file(&gone).unwrap();
    for track in [track, missing] {
        let error = sources
            .fetch(&track, &shelf.home.path().join("copy"), FetchLimits::default())
            .await
            .unwrap_err();
        assert!(matches!(error, SourceError::NotFound { .. }), "{error:?}");
        assert!(!shelf.home.path().join("copy").exists());
    }
    let error = fetch(&sources, "library:0123456789abcdef", &shelf.home.path().join("copy"))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NotFound { .. }));
}

#[test]
fn a_folder_that_is_not_there_is_told_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let settings = Settings {
        order: vec![Source::Library],
        library: Some(Library {
            folder: home.path().join("nothing"),
            rescan: Library::RESCAN,
        }),
        ..Settings::default()
    };
    let index = Catalogue::open(&home.path().join("library.db")).unwrap();
    let read_facts: ReadFacts = Arc::new(|_, _| None);
    let error = Sources::start(&settings, Some((index, read_facts))).err().unwrap();
    assert!(!error.to_string().contains(home.path().to_str().unwrap()));
}
