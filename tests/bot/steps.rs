//! The conversation as a pure function: every state, every event, and a restart between any two steps.

use std::time::Duration;

use musiccircles::bot::dialogue::{
    Action, Command, CoverChoice, Event, Menu, Picture, Prefs, Preset, Reopen, Rules, Saved, Song, SongSource, Upload,
    VERSION, What,
};
use musiccircles::bot::recipe::{Recipe, SongRef};
use musiccircles::bot::tap::{CardPress, JobPress, SettingPress, Tap};
use musiccircles::bot::texts::Lang;
use musiccircles::model::{Blob, Found, JobId, Source, TrackRef};
use musiccircles::source::Cursor;

/// A conversation that is written down and read back after every step, as it is over a restart.
struct Talked {
    saved: Saved,
    serial: i64,
    prefs: Prefs,
    themes: Vec<String>,
    lyric_themes: Vec<String>,
    knows_lyrics: bool,
    cover: Blob,
    is_owner: bool,
}

fn blob(letter: char) -> Blob {
    Blob {
        sha256: letter.to_string().repeat(64),
        bytes: 1000,
        extension: "mp3".into(),
    }
}

fn song(secs: u64) -> Box<Song> {
    Box::new(Song {
        file: blob('a'),
        source: SongSource::Upload,
        title: Some("Tune".into()),
        artist: Some("Band".into()),
        duration_ms: secs * 1000,
        preview_only: false,
        tag_cover: Some(blob('b')),
        source_cover: None,
        lyrics: None,
        tag_lyrics: false,
    })
}

fn found(id: &str) -> Found {
    Found {
        track: TrackRef::new(Source::Deezer, id).unwrap(),
        title: "Tune".into(),
        artists: vec!["Band".into()],
        album: None,
        duration: Some(Duration::from_secs(200)),
        preview_only: true,
        explicit: false,
        cover_url: None,
        page_url: None,
    }
}

/// Where a later page begins.
fn cursor(offset: usize) -> Cursor {
    serde_json::from_value(serde_json::json!({ "source": null, "offset": offset })).unwrap()
}

fn upload(bytes: u64) -> Upload {
    Upload {
        file_id: "file".into(),
        bytes,
        title: None,
        artist: None,
    }
}

impl Talked {
    fn new() -> Self {
        Self {
            saved: Saved::default(),
            serial: 0,
            prefs: Prefs {
                lang: Lang::Ru,
                length_secs: 30,
                theme: "vinyl".into(),
            },
            themes: ["vinyl", "tape", "disc"].map(str::to_owned).to_vec(),
            lyric_themes: vec!["disc".to_owned()],
            knows_lyrics: false,
            cover: blob('d'),
            is_owner: false,
        }
    }

    /// One event, with a restart before and after it.
    fn hears(&mut self, event: Event) -> Vec<Action> {
        self.restart();
        self.serial += 1;
        let rules = Rules {
            serial: self.serial,
            prefs: &self.prefs,
            themes: &self.themes,
            lyric_themes: &self.lyric_themes,
            knows_lyrics: self.knows_lyrics,
            default_cover: &self.cover,
            size_px: 640,
            fps: 30,
            max_circle_bytes: 8_000_000,
            upload_bytes: 20 << 20,
            is_owner: self.is_owner,
        };
        let todo = self.saved.take(self.serial, event, &rules);
        self.saved.seen = self.serial;
        self.restart();
        assert_eq!(
            self.saved.pending.len(),
            todo.len(),
            "what is to be done is written down"
        );
        assert_eq!(self.saved.is_done(self.serial), todo.is_empty());
        self.saved.pending.clear();
        todo.into_iter().map(|pending| pending.action).collect()
    }

    fn restart(&mut self) {
        let json = serde_json::to_string(&self.saved).unwrap();
        let read = Saved::read(VERSION, &json);
        assert_eq!(read, self.saved);
        self.saved = read;
    }

    fn says(&mut self, text: &str) -> Vec<Action> {
        self.hears(Event::Text(text.into()))
    }

    fn taps(&mut self, tap: Tap) -> Vec<Action> {
        self.hears(Event::Tapped {
            query: "q".into(),
            message: 77,
            tap: Some(tap),
        })
    }

    fn presses(&mut self, press: CardPress) -> Vec<Action> {
        let serial = self.card().serial;
        self.taps(Tap::Card { serial, press })
    }

    fn card(&self) -> &musiccircles::bot::dialogue::Card {
        self.saved.talk.card.as_ref().expect("there is a card")
    }

    fn part(&self) -> (u64, u64) {
        (self.card().start_ms / 1000, self.card().end_ms() / 1000)
    }

    /// With a card of a song of this length, shown in message 77.
    fn with_card(secs: u64) -> Self {
        let mut talked = Self::new();
        talked.hears(Event::Sound(upload(1000)));
        let serial = talked.saved.talk.fetching.as_ref().unwrap().serial;
        let got = Event::Got {
            serial,
            song: song(secs),
            preset: Preset::default(),
        };
        let actions = talked.hears(got);
        assert!(
            matches!(actions[..], [Action::Show(What::Card), Action::Listen { .. }]),
            "{actions:?}"
        );
        talked.hears(Event::Shown {
            what: What::Card,
            serial,
            message: 77,
            picture: Some("b".repeat(64)),
        });
        assert_eq!(talked.card().message, Some(77));
        talked
    }
}

/// The text of the only thing said.
fn said(actions: &[Action]) -> &str {
    match actions {
        [.., Action::Say(line)] => line.key(),
        _ => panic!("nothing is said: {actions:?}"),
    }
}

/// The text of the pop-up a tap was answered with.
fn answered(actions: &[Action]) -> Option<&str> {
    actions.iter().find_map(|action| match action {
        Action::Answer { line, .. } => line.as_ref().map(|line| line.key()),
        _ => None,
    })
}

#[test]
fn a_name_becomes_a_list_its_pages_and_a_song() {
    let mut talked = Talked::new();
    let actions = talked.says("  band tune ");
    let [Action::Search { serial, query, from }] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(query, "band tune");
    let (serial, first) = (*serial, *from);
    let second = cursor(5);
    let page = |from, ids: [&str; 2], next| Event::Searched {
        serial,
        from,
        results: ids.map(found).to_vec(),
        next,
        trouble: None,
    };
    assert_eq!(
        talked.hears(page(first, ["1", "2"], Some(second))),
        [Action::Show(What::List)]
    );
    let forward = Tap::Page { serial, forward: true };
    assert!(matches!(
        talked.taps(forward)[..],
        [Action::Answer { .. }, Action::Search { .. }]
    ));
    talked.hears(page(second, ["3", "4"], None));
    // A finger that was faster than the new page does not get another song.
    assert_eq!(answered(&talked.taps(Tap::Pick { serial, nth: 1 })), Some("tap-turned"));
    // No page after the last, and back to the first.
    assert!(matches!(talked.taps(forward)[..], [Action::Answer { .. }]));
    let back = Tap::Page { serial, forward: false };
    assert!(matches!(
        talked.taps(back)[..],
        [Action::Answer { .. }, Action::Search { .. }]
    ));
    // Forward and back again while it is searched: what comes of the page that was left is dropped.
    talked.taps(forward);
    talked.taps(back);
    assert_eq!(talked.hears(page(second, ["3", "4"], None)), []);
    talked.hears(page(first, ["1", "2"], Some(second)));
    // Also below a copy from before a restart: its page says which song is meant.
    talked.hears(Event::Shown {
        what: What::List,
        serial,
        message: 77,
        picture: None,
    });
    let picked = talked.hears(Event::Tapped {
        query: "q".into(),
        message: 76,
        tap: Some(Tap::Pick { serial, nth: 1 }),
    });
    let [Action::Answer { .. }, Action::Fetch { found, .. }] = &picked[..] else {
        panic!("{picked:?}")
    };
    assert_eq!(found.track.id(), "2");
    // A double tap is one song.
    assert!(matches!(
        talked.taps(Tap::Pick { serial, nth: 1 })[..],
        [Action::Answer { .. }]
    ));
    // What is not on the list.
    assert_eq!(answered(&talked.taps(Tap::Pick { serial, nth: 4 })), Some("tap-turned"));
    // A new name replaces the list, and the search that runs.
    talked.says("another band");
    assert_eq!(answered(&talked.taps(Tap::Pick { serial, nth: 1 })), Some("tap-old"));
    assert_eq!(talked.hears(page(first, ["1", "2"], None)), []);
}

#[test]
fn what_nobody_waits_for_any_more_is_called_back() {
    let mut talked = Talked::with_card(100);
    let (prefs, themes, cover) = (talked.prefs.clone(), talked.themes.clone(), talked.cover.clone());
    let mut unwanted = |event: Event| {
        talked.serial += 1;
        let rules = Rules {
            serial: talked.serial,
            prefs: &prefs,
            themes: &themes,
            lyric_themes: &[],
            knows_lyrics: false,
            default_cover: &cover,
            size_px: 640,
            fps: 30,
            max_circle_bytes: 8_000_000,
            upload_bytes: 20 << 20,
            is_owner: false,
        };
        talked.saved.take(talked.serial, event, &rules);
        talked.saved.pending.retain(|pending| {
            !matches!(
                pending.action,
                Action::Say(_) | Action::Show(_) | Action::Answer { .. } | Action::CancelAll
            )
        });
        let dropped = talked.saved.drop_unwanted();
        dropped.into_iter().map(|pending| pending.action).collect::<Vec<_>>()
    };
    let text = |text: &str| Event::Text(text.into());
    assert_eq!(unwanted(text("one band")), []);
    assert!(matches!(&unwanted(text("another"))[..], [Action::Search { query, .. }] if query == "one band"));
    assert_eq!(unwanted(Event::Sound(upload(5))), []);
    assert!(matches!(
        &unwanted(text("https://deezer.com/track/1"))[..],
        [Action::Download { .. }]
    ));
    // Everything, when it begins anew; a picture is kept for the next song.
    unwanted(Event::Picture(upload(5)));
    assert!(matches!(
        &unwanted(Event::Command(Command::NewSong(None)))[..],
        [Action::Search { .. }, Action::Resolve { .. }]
    ));
    assert_eq!(unwanted(Event::Command(Command::Cancel)), []);
}

#[test]
fn only_who_asked_is_forgotten_and_once() {
    let mut talked = Talked::new();
    let yes = Tap::Forget { yes: true };
    assert_eq!(answered(&talked.taps(yes)), Some("tap-old"));
    talked.hears(Event::Command(Command::DeleteMe));
    talked.taps(Tap::Forget { yes: false });
    assert_eq!(answered(&talked.taps(yes)), Some("tap-old"));
    talked.hears(Event::Command(Command::DeleteMe));
    assert!(talked.taps(yes).contains(&Action::Forget));
    assert_eq!(answered(&talked.taps(yes)), Some("tap-old"), "a second tap");
}

#[test]
fn a_search_that_finds_nothing_says_so() {
    let mut talked = Talked::new();
    let nothing = |serial, trouble: Option<&'static str>| Event::Searched {
        serial,
        from: Cursor::default(),
        results: vec![],
        next: None,
        trouble: trouble.map(musiccircles::bot::texts::Line::new),
    };
    talked.says("xyzzy");
    assert_eq!(said(&talked.hears(nothing(1, None))), "search-empty");
    talked.says("xyzzy");
    let serial = talked.serial;
    assert_eq!(
        said(&talked.hears(nothing(serial, Some("source-unavailable")))),
        "source-unavailable"
    );
    // An answer to an older search changes nothing.
    assert_eq!(talked.hears(nothing(serial, None)), []);
}

#[test]
fn every_button_of_the_fragment_keeps_it_in_the_song() {
    let mut talked = Talked::with_card(100);
    assert_eq!(talked.part(), (0, 30));
    talked.presses(CardPress::Start(5));
    assert_eq!(talked.part(), (5, 30));
    talked.presses(CardPress::Start(-1));
    assert_eq!(talked.part(), (4, 30));
    talked.presses(CardPress::End(5));
    talked.presses(CardPress::End(1));
    assert_eq!(talked.part(), (4, 36));
    for _ in 0..8 {
        talked.presses(CardPress::Start(-5));
    }
    assert_eq!(talked.part(), (0, 36));
    for _ in 0..30 {
        talked.presses(CardPress::End(5));
    }
    assert_eq!(talked.part(), (40, 100), "the end pulls the start after it");
    for _ in 0..30 {
        talked.presses(CardPress::Start(5));
    }
    assert_eq!(talked.part(), (99, 100));
    talked.presses(CardPress::Length(45));
    assert_eq!(talked.part(), (55, 100));
    for _ in 0..30 {
        talked.presses(CardPress::End(-5));
    }
    assert_eq!(talked.part(), (0, 1));
    // A song shorter than what is asked for.
    let mut short = Talked::with_card(7);
    short.presses(CardPress::Length(60));
    assert_eq!(short.part(), (0, 7));
}

#[test]
fn the_best_part_is_taken_until_somebody_chooses() {
    let heard = || Event::Heard {
        sha256: blob('a').sha256,
        best: vec![(40_000, 30_000), (10_000, 29_000)],
    };
    let mut talked = Talked::with_card(100);
    assert_eq!(answered(&talked.presses(CardPress::Best(0))), Some("best-wait"));
    assert_eq!(talked.hears(heard()), [Action::Show(What::Card)]);
    assert_eq!(talked.part(), (40, 70));
    talked.presses(CardPress::Best(1));
    assert_eq!(talked.part(), (10, 39));
    assert_eq!(answered(&talked.presses(CardPress::Best(2))), Some("tap-nothing"));

    let mut chosen = Talked::with_card(100);
    chosen.presses(CardPress::Start(1));
    chosen.hears(heard());
    assert_eq!(chosen.part(), (1, 30), "what was chosen stays");
    // What is heard of another song is nothing.
    let other = Event::Heard {
        sha256: "f".repeat(64),
        best: vec![],
    };
    assert_eq!(chosen.hears(other), []);
}

#[test]
fn times_are_typed_when_asked_for_and_when_not() {
    let mut talked = Talked::with_card(100);
    talked.says("0:10 - 0:20");
    assert_eq!(talked.part(), (10, 20));
    // A bare number is a song's name, unless times were asked for.
    assert!(matches!(talked.says("22")[..], [Action::Search { .. }]));
    talked.presses(CardPress::TypeTimes);
    assert_eq!(talked.card().menu, Menu::Typing);
    assert_eq!(said(&talked.says("5 apples")), "times-unclear");
    assert_eq!(said(&talked.says("75 30")), "times-backwards");
    assert_eq!(said(&talked.says("5:00")), "times-beyond");
    assert_eq!(talked.card().menu, Menu::Typing, "and may be typed again");
    talked.says("22");
    assert_eq!((talked.part(), talked.card().menu), ((22, 32), Menu::Main));
    assert_eq!(said(&talked.says("0 - 90")), "times-cut");
    assert_eq!(talked.part(), (0, 60));
    // Words are the next song.
    talked.presses(CardPress::TypeTimes);
    assert!(matches!(talked.says("Bohemian Rhapsody")[..], [Action::Search { .. }]));
    assert_eq!(talked.card().menu, Menu::Main);
}

#[test]
fn the_gallery_shows_each_theme_with_a_picture() {
    let mut talked = Talked::with_card(100);
    let actions = talked.presses(CardPress::Themes);
    assert!(matches!(
        actions[..],
        [Action::Answer { .. }, Action::Show(What::Card), Action::Draw { .. }]
    ));
    talked.presses(CardPress::ThemePrevious);
    let actions = talked.presses(CardPress::ThemePrevious);
    let Some(Action::Draw { spec, serial, nth }) = actions.last() else {
        panic!("{actions:?}")
    };
    assert_eq!(spec.theme, "tape");
    let drawn = |nth, letter| Event::Drawn {
        serial: *serial,
        nth,
        still: blob(letter),
    };
    // The still of the theme before comes late.
    assert_eq!(talked.hears(drawn(nth - 1, 'f')), []);
    assert_eq!(talked.hears(drawn(*nth, 'e')), [Action::Show(What::Card)]);
    assert_eq!(talked.card().picture, Picture::Still(blob('e')));
    talked.presses(CardPress::ThemeTake);
    assert_eq!(
        (talked.card().look.theme.as_str(), talked.card().menu),
        ("tape", Menu::Main)
    );
    // Back changes nothing but the picture.
    talked.presses(CardPress::Themes);
    talked.presses(CardPress::ThemeNext);
    talked.presses(CardPress::Back);
    assert_eq!(talked.card().look.theme, "tape");
    assert_eq!(talked.card().picture, Picture::Cover);
    assert!(talked.saved.talk.files().len() >= 2);
}

#[test]
fn pictures_become_covers_of_this_song_or_the_next() {
    let mut talked = Talked::new();
    assert_eq!(said(&talked.hears(Event::GotPicture(blob('c')))), "cover-kept");
    assert_eq!(talked.saved.talk.files(), [&blob('c')]);
    talked.hears(Event::Sound(upload(0)));
    let serial = talked.serial;
    talked.hears(Event::Got {
        serial,
        song: song(50),
        preset: Preset::default(),
    });
    assert_eq!(
        (talked.card().cover, talked.saved.talk.picture.clone()),
        (CoverChoice::Own, None)
    );
    talked.presses(CardPress::Covers);
    talked.presses(CardPress::CoverDefault);
    assert_eq!(talked.card().cover, CoverChoice::Default);
    talked.presses(CardPress::CoverTags);
    assert_eq!(talked.card().cover, CoverChoice::Song);

    let mut plain = Talked::with_card(50);
    assert_eq!(answered(&plain.presses(CardPress::CoverOwn)), Some("cover-send"));
    assert_eq!(said(&plain.hears(Event::GotPicture(blob('c')))), "cover-set");
    assert_eq!(plain.card().cover, CoverChoice::Own);

    // While the next song is on its way a picture is that one's.
    plain.hears(Event::Sound(upload(0)));
    let serial = plain.serial;
    assert_eq!(said(&plain.hears(Event::GotPicture(blob('e')))), "cover-kept");
    assert_eq!(plain.card().own_cover, Some(blob('c')));
    plain.hears(Event::Got {
        serial,
        song: song(50),
        preset: Preset::default(),
    });
    assert_eq!(
        (plain.card().cover, plain.card().own_cover.clone()),
        (CoverChoice::Own, Some(blob('e')))
    );
}

#[test]
fn words_belong_to_this_song_or_to_the_next() {
    let mut talked = Talked::new();
    let words = || Event::GotLyrics(blob('f'));
    assert_eq!(said(&talked.hears(Event::Lyrics(upload(70_000)))), "lyrics-broken");
    assert!(matches!(
        talked.hears(Event::Lyrics(upload(3_000)))[..],
        [Action::DownloadLyrics(_)]
    ));
    assert_eq!(said(&talked.hears(words())), "lyrics-kept");
    assert_eq!(talked.saved.talk.files(), [&blob('f')]);
    talked.hears(Event::Sound(upload(0)));
    let got = |serial| Event::Got {
        serial,
        song: song(50),
        preset: Preset::default(),
    };
    talked.hears(got(talked.serial));
    assert_eq!(talked.card().song.lyrics, Some(blob('f')));
    assert_eq!(talked.saved.talk.lyrics, None);
    // While the next song is on its way they are that one's.
    talked.hears(Event::Sound(upload(0)));
    let serial = talked.serial;
    talked.hears(Event::GotLyrics(blob('e')));
    assert_eq!(talked.card().song.lyrics, Some(blob('f')));
    talked.hears(got(serial));
    assert_eq!(talked.card().song.lyrics, Some(blob('e')));
    // And those of a song that is not wanted any more are nobody's.
    talked.hears(Event::Sound(upload(0)));
    talked.hears(words());
    talked.hears(Event::Command(Command::NewSong(None)));
    assert_eq!(talked.saved.talk.lyrics, None);

    // A look that shows them is held out; only there are they part of what is asked for.
    let mut plain = Talked::with_card(50);
    let actions = plain.hears(words());
    let [Action::Show(What::Card), Action::Draw { spec, .. }, Action::Say(line)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(line.key(), "lyrics-offer");
    assert_eq!((spec.theme.as_str(), &spec.lyrics), ("disc", &Some(blob('f'))));
    assert_eq!(plain.card().menu, Menu::Themes(2));
    plain.presses(CardPress::Back);
    assert_eq!(ordered(&plain.presses(CardPress::Create)).lyrics, None);
    plain.presses(CardPress::Themes);
    plain.presses(CardPress::ThemePrevious);
    plain.presses(CardPress::ThemeTake);
    assert_eq!(said(&plain.hears(Event::GotLyrics(blob('e')))), "lyrics-set");
    assert_eq!(ordered(&plain.presses(CardPress::Create)).lyrics, Some(blob('e')));
}

/// The request for a circle among the actions.
fn ordered(actions: &[Action]) -> &musiccircles::model::JobSpec {
    let spec = actions.iter().find_map(|action| match action {
        Action::Submit { spec, .. } => Some(spec),
        _ => None,
    });
    spec.unwrap_or_else(|| panic!("nothing is asked for: {actions:?}"))
}

#[test]
fn words_are_looked_for_once_and_a_circle_waits_for_them() {
    let finds = |actions: &[Action]| {
        let found = actions.iter().filter(|action| matches!(action, Action::FindLyrics(_)));
        found.count()
    };
    let found = |lyrics| Event::LyricsFound {
        sha256: blob('a').sha256,
        lyrics,
    };
    let to_words = |talked: &mut Talked| {
        let opened = talked.presses(CardPress::Themes);
        assert_eq!(finds(&opened), 0);
        talked.presses(CardPress::ThemePrevious)
    };
    // Off unless configured.
    let mut off = Talked::with_card(50);
    assert_eq!(finds(&to_words(&mut off)), 0);
    off.presses(CardPress::ThemeTake);
    assert_eq!(ordered(&off.presses(CardPress::Create)).theme, "disc");

    let mut talked = Talked::with_card(50);
    talked.knows_lyrics = true;
    let actions = to_words(&mut talked);
    let Some(Action::FindLyrics(wanted)) = actions.last() else {
        panic!("{actions:?}")
    };
    assert_eq!(*wanted, song(50));
    assert_eq!(finds(&talked.presses(CardPress::ThemeTake)), 0, "asked once");
    // The circle is wanted already: it is asked for when the words are there, and once.
    for _ in 0..2 {
        let actions = talked.presses(CardPress::Create);
        assert!(matches!(actions[..], [Action::Answer { .. }]), "{actions:?}");
    }
    let other = Event::LyricsFound {
        sha256: "f".repeat(64),
        lyrics: Some(blob('e')),
    };
    assert_eq!(talked.hears(other), [], "of another song");
    let actions = talked.hears(found(Some(blob('f'))));
    assert_eq!(ordered(&actions).lyrics, Some(blob('f')));
    assert_eq!(talked.hears(found(Some(blob('e')))), [], "late");
    assert_eq!(ordered(&talked.presses(CardPress::Create)).lyrics, Some(blob('f')));

    // Preferred from the start; nobody knows the words.
    let mut without = Talked::new();
    (without.knows_lyrics, without.prefs.theme) = (true, "disc".into());
    without.hears(Event::Sound(upload(0)));
    let serial = without.serial;
    let got = without.hears(Event::Got {
        serial,
        song: song(50),
        preset: Preset::default(),
    });
    assert_eq!(finds(&got), 1);
    assert_eq!(without.hears(found(None)), [Action::Show(What::Card)]);
    assert_eq!(ordered(&without.presses(CardPress::Create)).lyrics, None);
    assert_eq!(finds(&without.presses(CardPress::Preview)), 0);

    // A song that brings its own words needs no others.
    let mut tagged = Talked::with_card(50);
    tagged.knows_lyrics = true;
    tagged.saved.talk.card.as_mut().unwrap().song.tag_lyrics = true;
    assert_eq!(finds(&to_words(&mut tagged)), 0);
}

#[test]
fn create_asks_for_exactly_what_the_card_shows() {
    let mut talked = Talked::with_card(100);
    talked.says("0:10 - 0:20");
    let actions = talked.presses(CardPress::Create);
    let [Action::Answer { .. }, Action::Submit { spec, song, .. }] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(answered(&actions), Some("accepted"));
    assert_eq!(
        (spec.start_ms, spec.length_ms, spec.theme.as_str()),
        (10_000, 10_000, "vinyl")
    );
    // The song's own picture is taken from the song.
    assert_eq!((&spec.song, &spec.cover, spec.size_px), (&song.file, &None, 640));
    assert_eq!(talked.card().message, Some(77), "and the card stays for another one");
}

#[test]
fn an_old_or_foreign_card_is_told_kindly() {
    let mut talked = Talked::with_card(100);
    let serial = talked.card().serial;
    let press = CardPress::Create;
    assert_eq!(
        answered(&talked.taps(Tap::Card {
            serial: serial - 1,
            press
        })),
        Some("tap-old")
    );
    let elsewhere = Event::Tapped {
        query: "q".into(),
        message: 78,
        tap: Some(Tap::Card { serial, press }),
    };
    assert_eq!(answered(&talked.hears(elsewhere)), Some("tap-copy"));
    let garbage = Event::Tapped {
        query: "q".into(),
        message: 77,
        tap: None,
    };
    assert_eq!(answered(&talked.hears(garbage)), Some("tap-old"));
    let mut stranger = Talked::new();
    assert_eq!(answered(&stranger.taps(Tap::Card { serial, press })), Some("tap-old"));
    let circle = Event::CircleTapped {
        query: "q".into(),
        job: None,
        press: musiccircles::bot::tap::CirclePress::AnotherLook,
    };
    assert_eq!(answered(&stranger.hears(circle)), Some("tap-old"));
}

#[test]
fn a_new_song_in_the_middle_forgets_the_old_one() {
    let mut talked = Talked::with_card(100);
    assert_eq!(said(&talked.hears(Event::Command(Command::NewSong(None)))), "ask-song");
    assert_eq!((&talked.saved.talk.card, &talked.saved.talk.list), (&None, &None));
    // A song that was on its way is not wanted any more.
    talked.hears(Event::Sound(upload(1)));
    let serial = talked.serial;
    talked.hears(Event::Command(Command::NewSong(None)));
    let late = Event::Got {
        serial,
        song: song(10),
        preset: Preset::default(),
    };
    assert_eq!(talked.hears(late), []);
    let failed = Event::Failed {
        serial: Some(serial),
        line: musiccircles::bot::texts::Line::new("upload-gone"),
    };
    assert_eq!(talked.hears(failed), []);
    assert!(matches!(
        talked.hears(Event::Command(Command::NewSong(Some("band".into()))))[..],
        [Action::Search { .. }]
    ));
}

#[test]
fn commands_taps_and_files_go_where_they_belong() {
    let mut talked = Talked::new();
    assert_eq!(said(&talked.hears(Event::Command(Command::Start(None)))), "welcome");
    assert_eq!(said(&talked.hears(Event::Command(Command::Help))), "help");
    assert_eq!(
        said(&talked.hears(Event::Command(Command::Start(Some("?".into()))))),
        "recipe-unreadable"
    );
    assert_eq!(said(&talked.hears(Event::Command(Command::Stats))), "unknown-command");
    talked.is_owner = true;
    assert_eq!(talked.hears(Event::Command(Command::Stats)), [Action::ShowStats]);
    assert_eq!(talked.hears(Event::Command(Command::Cancel)), [Action::CancelAll]);
    assert_eq!(talked.hears(Event::Command(Command::DeleteMe)), [Action::AskForget]);
    assert_eq!(talked.hears(Event::Command(Command::History)), [Action::ShowHistory]);
    assert_eq!(said(&talked.hears(Event::Other)), "send-a-song");
    assert_eq!(said(&talked.hears(Event::Sound(upload(21 << 20)))), "upload-too-large");
    assert_eq!(
        said(&talked.hears(Event::Picture(upload(21 << 20)))),
        "upload-too-large"
    );
    assert_eq!(said(&talked.says(&"x".repeat(300))), "query-too-long");
    assert!(matches!(
        talked.says("https://deezer.com/track/1")[..],
        [Action::Resolve { .. }]
    ));
    // As share menus write it.
    let shared = talked.says("Listen: Tune by Band, https://deezer.com/track/2");
    assert!(
        matches!(&shared[..], [Action::Resolve { link, .. }] if link == "https://deezer.com/track/2"),
        "{shared:?}"
    );
    let job = JobId(5);
    assert!(matches!(
        talked.taps(Tap::Job {
            job,
            press: JobPress::Cancel
        })[..],
        [Action::CancelJob { .. }]
    ));
    assert!(matches!(
        talked.taps(Tap::History(job))[..],
        [Action::Answer { .. }, Action::Reopen { how: Reopen::Same, .. }]
    ));
    assert!(matches!(
        talked.taps(Tap::Settings(SettingPress::English))[..],
        [
            Action::Prefer { .. },
            Action::Answer { .. },
            Action::ShowSettings { edit: Some(77) }
        ]
    ));
    talked.hears(Event::Command(Command::DeleteMe));
    assert!(matches!(
        talked.taps(Tap::Forget { yes: true })[..],
        [Action::Answer { .. }, Action::Forget, Action::Close { .. }]
    ));
    assert_eq!(said(&talked.hears(Event::FilesGone)), "files-gone");
}

#[test]
fn another_moment_is_not_the_same_moment() {
    let mut talked = Talked::new();
    let circle = Event::CircleTapped {
        query: "q".into(),
        job: Some(JobId(3)),
        press: musiccircles::bot::tap::CirclePress::AnotherMoment,
    };
    talked.hears(circle);
    let serial = talked.serial;
    talked.hears(Event::Got {
        serial,
        song: song(100),
        preset: Preset {
            part: Some((40_000, 30_000)),
            elsewhere: true,
            ..Preset::default()
        },
    });
    talked.hears(Event::Heard {
        sha256: blob('a').sha256,
        best: vec![(40_000, 30_000), (10_000, 30_000)],
    });
    assert_eq!(talked.part(), (10, 40));
}

#[test]
fn a_conversation_of_another_form_begins_anew() {
    assert_eq!(Saved::read(VERSION + 1, "{}"), Saved::default());
    assert_eq!(Saved::read(VERSION, "no json"), Saved::default());
}

#[test]
fn a_link_carries_song_part_and_look_in_64_characters() {
    let settings = [("accent", "#ff8800"), ("glow", "1.0")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let songs = [
        SongRef::Track(TrackRef::new(Source::Deezer, "3135556").unwrap()),
        SongRef::Track(TrackRef::new(Source::Yandex, u64::MAX.to_string()).unwrap()),
        SongRef::Track(TrackRef::new(Source::Library, "00ff00ff00ff00ff").unwrap()),
        SongRef::Track(TrackRef::new(Source::Itunes, "Abc123").unwrap()),
        SongRef::File(Blob { bytes: 0, ..blob('a') }),
    ];
    for song in songs {
        let recipe = Recipe {
            song,
            start_ms: 3_599_990,
            length_ms: 59_990,
            theme: "vinyl".into(),
            speed: "beat".into(),
            settings: settings.clone().into(),
        };
        let written = recipe.write().unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(written.len() <= 64 && written.chars().all(plain), "{written}");
        let read = Recipe::read(&written).unwrap();
        assert_eq!(
            (&read.song, read.start_ms, read.length_ms),
            (&recipe.song, 3_599_990, 59_990)
        );
        assert_eq!((read.theme.as_str(), read.speed.as_str()), ("vinyl", "beat"));
        assert_eq!(read.settings.get("accent").map(String::as_str), Some("#ff8800"));
        // Damaged on its way: read as something, or not at all, and never a panic.
        for cut in 0..written.len() {
            let _ = Recipe::read(&written[..cut]);
        }
    }
    assert_eq!(Recipe::read("ref_12345"), None);
    assert_eq!(Recipe::read("А"), None);
}
