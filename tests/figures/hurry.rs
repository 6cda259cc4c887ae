//! What one person waits for: a card, a status, a circle, the same circle again; and what the record needs meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use musiccircles::store::Store;
use musiccircles::store::people::{InteractionKind, log};

use super::{BREATH, CREATE, DEMO, DEMO_SECS, Figure, WITHIN, arrival, conditions, end, fill_library, now_ms};
use crate::bot::service::{House, RENDERED, SOON, card};
use crate::support::music::{Fault, Music};
use crate::support::telegram::{Limits, Person, Telegram};

const PEOPLE: usize = 40;
/// How long the music service of this test thinks.
const SOURCE: Duration = Duration::from_millis(200);

/// Songs that its Deezer has.
const AT_DEEZER: [(&str, &str); 9] = [
    ("кино", "группа крови"),
    ("кино", "звезда по имени солнце"),
    ("кино", "пачка сигарет"),
    ("кино", "кукушка"),
    ("кино", "спокойная ночь"),
    ("кино", "перемен"),
    ("кино", "алюминиевые огурцы"),
    ("metallica", "one"),
    ("metallica", "nothing else matters"),
];

/// As it comes out of the box.
fn house(telegram: &Telegram) -> House {
    telegram.limits(Limits::REAL);
    House::new(telegram)
        .set("RENDER__SIZE", "640")
        .set("RENDER__FPS", "30")
        // Nobody is turned away.
        .set("LIMITS__QUEUE_SECONDS", "3600")
}

fn people(telegram: &Telegram, count: usize) -> Vec<Person> {
    (0..count).map(|nth| telegram.person(&format!("P{nth}"))).collect()
}

/// From what a person does until a message of this kind arrives, in milliseconds.
fn wait_ms<T>(telegram: &Telegram, person: &Person, kind: &str, act: impl FnOnce(&Person) -> T) -> f64 {
    let (from, began) = (end(telegram), now_ms());
    act(person);
    arrival(telegram, from, kind, person.chat, SOON).saturating_sub(began) as f64
}

/// Everybody one after another; between two steps of one person Telegram's second has passed.
fn each<T>(telegram: &Telegram, people: &[Person], kind: &str, act: impl Fn(usize, &Person) -> T) -> Vec<f64> {
    let waits = people.iter().enumerate();
    let waits = waits.map(|(nth, person)| wait_ms(telegram, person, kind, |person| act(nth, person)));
    let waits = waits.collect();
    thread::sleep(BREATH);
    waits
}

#[test]
#[ignore = "measures: make figures"]
fn message_to_card() {
    conditions();
    let telegram = Telegram::start();
    let house = house(&telegram);
    fill_library(&house.path("music"), PEOPLE);
    let _service = house.start();
    let people = people(&telegram, PEOPLE);
    ready(&people[0]);
    let name = |nth: usize, person: &Person| person.say(&format!("song{nth:03}"));
    let lists = each(&telegram, &people, "text", name);
    let cards = each(&telegram, &people, "photo", |_, person| person.tap("1"));
    let uploads = each(&telegram, &people, "photo", |_, person| {
        person.send_audio("demo.mp3", DEMO.to_vec(), DEMO_SECS, "Demo", "Song")
    });
    let figures = [
        Figure::of("name to the list, library", lists),
        Figure::of("choice to the card, library", cards),
        Figure::of("file to the card", uploads),
    ];

    // Again, while the processors draw.
    let painter = telegram.person("Painter");
    keep_drawing(&painter);
    let lists = each(&telegram, &people, "text", name);
    let cards = each(&telegram, &people, "photo", |_, person| person.tap("1"));
    let busy = [
        Figure::of("name to the list, library, while a circle is drawn", lists),
        Figure::of("choice to the card, library, while a circle is drawn", cards),
    ];
    figures.iter().for_each(|figure| figure.at_most(0.95, 300.0));
    // A card that was brought up to date a moment before has used up its chat's second.
    busy.iter().for_each(|figure| figure.at_most(0.5, 300.0));
    busy.iter().for_each(|figure| figure.at_most(0.95, 1_300.0));
}

/// Until the service answers at all.
pub fn ready(person: &Person) {
    person.say("/help");
    person.wait_for_words("Как сделать кружок", SOON);
    thread::sleep(BREATH);
}

/// A minute of circle in the line, and then some.
fn keep_drawing(painter: &Person) {
    painter.send_audio("demo.mp3", DEMO.to_vec(), DEMO_SECS, "Demo", "Long");
    card(painter, "⏱");
    for start in ["0:00", "0:10", "0:20"] {
        thread::sleep(BREATH);
        let end = format!("1:{}", &start[2..]);
        painter.say(&format!("{start} - {end}"));
        card(painter, &format!("{start} – {end}"));
        thread::sleep(BREATH);
        painter.tap(CREATE);
    }
    painter.wait_for_words("🎬", RENDERED);
}

#[test]
#[ignore = "measures: make figures"]
fn name_to_list_beyond_the_time_of_a_music_service() {
    conditions();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let music = runtime.block_on(Music::start());
    music.deezer.fail("/search", Fault::Slow(SOURCE), usize::MAX);
    let telegram = Telegram::start();
    let house = house(&telegram)
        .set("SOURCES__ORDER", "deezer")
        .set("SOURCES__DEEZER__BASE_URL", &music.deezer.base_url);
    let _service = house.start();
    // What was asked for before is remembered: everybody asks for something else.
    let names = AT_DEEZER.iter().flat_map(|(artist, title)| {
        [
            title.to_string(),
            format!("{artist} {title}"),
            format!("{title} {artist}"),
        ]
    });
    let names: Vec<String> = names.collect();
    let people = people(&telegram, names.len());
    ready(&people[0]);
    let lists = each(&telegram, &people, "text", |nth, person| person.say(&names[nth]));
    let source_ms = SOURCE.as_millis() as f64;
    let lists = Figure::of(
        "name to the list, beyond Deezer's time",
        lists.iter().map(|wait| wait - source_ms),
    );
    // Three questions each; more people would wait for Deezer's own rate.
    let cards = each(&telegram, &people[..10], "photo", |_, person| person.tap("1"));
    let cards = Figure::of("choice to the card, Deezer at once", cards);
    assert!(lists.share(0.0) >= 0.0, "Deezer was not asked");
    lists.at_most(0.95, 300.0);
    // The song is fetched as well.
    cards.at_most(0.5, 300.0);
}

#[test]
#[ignore = "measures: make figures"]
fn tap_to_first_status() {
    conditions();
    let telegram = Telegram::start();
    let house = house(&telegram);
    let _service = house.start();
    let people = people(&telegram, PEOPLE);
    ready(&people[0]);
    for (nth, person) in people.iter().enumerate() {
        let song = crate::bot::service::song_bytes(house.folder.path(), 2.0 + nth as f64 / 50.0);
        person.send_audio("tune.wav", song, 2, &format!("Tune {nth}"), "Anna");
        card(person, "⏱");
    }
    thread::sleep(BREATH);
    // From the second on circles are being drawn.
    let waits = each(&telegram, &people, "text", |_, person| person.tap(CREATE));
    Figure::of("tap to the first status, while circles are drawn", waits).at_most(0.95, 300.0);
}

#[test]
#[ignore = "measures: make figures"]
fn a_circle_of_half_a_minute_and_the_same_again() {
    conditions();
    let telegram = Telegram::start();
    let house = house(&telegram);
    let _service = house.start();
    let anna = telegram.person("Anna");
    ready(&anna);
    anna.send_audio("demo.mp3", DEMO.to_vec(), DEMO_SECS, "Demo", "Anna");
    card(&anna, "⏱");
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for part in [
        "0:00 – 0:30",
        "0:10 – 0:40",
        "0:20 – 0:50",
        "0:30 – 1:00",
        "0:40 – 1:10",
    ] {
        anna.say(part);
        card(&anna, part);
        thread::sleep(2 * BREATH);
        let made = |person: &Person| {
            let (from, began) = (end(&telegram), now_ms());
            person.tap(CREATE);
            let at = arrival(&telegram, from, "video_note", person.chat, WITHIN);
            thread::sleep(BREATH);
            at.saturating_sub(began) as f64
        };
        first.push(made(&anna));
        again.extend([made(&anna), made(&anna), made(&anna)]);
    }
    let first = Figure::of("tap to the circle, 30 s of 640x640 at 30 fps", first);
    let again = Figure::of("tap to the same circle again", again);
    first.at_most(0.5, 15_000.0);
    again.at_most(0.95, 200.0);
}

#[test]
#[ignore = "measures: make figures"]
fn an_interaction_is_written_down_while_circles_are_drawn() {
    const WRITES: usize = 500;
    conditions();
    let telegram = Telegram::start();
    let house = house(&telegram);
    let service = house.start();
    let painter = telegram.person("Painter");
    ready(&painter);
    keep_drawing(&painter);
    // A record of its own on the same disk: the service's has one writer, which is the service.
    let folder = house.path("record");
    let store = Store::open(&folder).unwrap();
    let waits = (0..WRITES).map(|nth| {
        thread::sleep(Duration::from_millis(10));
        let began = Instant::now();
        store
            .write(move |tx| log(tx, nth as i64 + 1, Some("anna"), InteractionKind::Search, nth as i64))
            .unwrap();
        began.elapsed().as_secs_f64() * 1000.0
    });
    let waits: Vec<_> = waits.collect();
    let still = painter.chat().iter().any(|seen| seen.text.contains("🎬"));
    assert!(still, "the drawing ended too soon");
    Figure::of("an interaction into the record, while circles are drawn", waits).at_most(0.99, 50.0);
    drop(service);
}
