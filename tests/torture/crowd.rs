//! People who ask for one circle after another by the card, some of them for what their neighbours ask for, too.

use std::fs;
use std::thread;
use std::time::Duration;

use musiccircles::store::jobs::JobState;
use musiccircles::store::{Store, jobs};

use crate::bot::service::{House, SOON, card, circle};
use crate::support::sound::Sketch;
use crate::support::telegram::{Entry, Person, Telegram, What};
use crate::torture::run::wait;

/// One waits while one is rendered; the queue lets in four.
const AT_ONCE: usize = 3;
/// Songs on their way at once, so that nobody's is given up as too slow.
const WAVE: usize = 10;
/// The song, and the lengths people ask for.
const SONG_SECS: usize = 120;
const LENGTHS: usize = 20;
/// Every so manieth is one that the next person asked for just before: it is sent again, or made by two at a time. Their own
/// again would be one job with the first for as long as the service is not sure that the first arrived.
const SHARED_EVERY: usize = 5;

pub struct Crowd<'t> {
    telegram: &'t Telegram,
    people: Vec<Asker>,
    /// They have a circle each, and the question before them whether everything of theirs is to be deleted.
    leaving: Vec<Person>,
    left: Vec<i64>,
    /// Jobs of each person.
    share: usize,
    /// Entries of the ledger that were looked at.
    seen: usize,
}

struct Asker {
    person: Person,
    asked: usize,
    got: usize,
}

impl<'t> Crowd<'t> {
    /// Everybody has sent a song and sees its card. The service must run, undisturbed.
    pub fn gather(telegram: &'t Telegram, house: &House, people: usize, share: usize, leaving: usize) -> Self {
        let bytes = song(house, SONG_SECS, 220.0);
        let leaving: Vec<_> = (0..leaving).map(|nth| about_to_leave(telegram, house, nth)).collect();
        let people: Vec<_> = (0..people).map(|nth| telegram.person(&format!("P{nth}"))).collect();
        for some in people.chunks(WAVE) {
            for person in some {
                person.send_audio("tone.wav", bytes.clone(), SONG_SECS as u64, "Tone", "Nobody");
            }
            for person in some {
                card(person, "⏱");
            }
        }
        // Until where the cards are is written down: one that is shown anew takes the taps with it.
        thread::sleep(Duration::from_secs(1));
        let people = people.into_iter().map(|person| Asker {
            person,
            asked: 0,
            got: 0,
        });
        Self {
            telegram,
            people: people.collect(),
            leaving,
            left: Vec::new(),
            share,
            seen: 0,
        }
    }

    /// One of those who want to be forgotten says so.
    pub fn somebody_leaves(&mut self) {
        if let Some(person) = self.leaving.pop() {
            person.tap("Да, удалить всё");
            self.left.push(person.id());
        }
    }

    /// Looks at what arrived and asks for more, up to so many circles in all. `true`: everybody has everything.
    pub fn go_on(&mut self, most: usize) -> bool {
        let news = self.telegram.ledger_since(self.seen);
        self.seen += news.len();
        for entry in news.iter().filter(|entry| is_circle(entry)) {
            let of = self.people.iter_mut().find(|asker| asker.person.chat == entry.chat);
            if let Some(asker) = of {
                asker.got += 1;
            }
        }
        let count = self.people.len();
        let mut asked: usize = self.people.iter().map(|asker| asker.asked).sum();
        for (nth, asker) in self.people.iter_mut().enumerate() {
            while asked < most && asker.asked < self.share && asker.asked < asker.got + AT_ONCE {
                let (whose, round) = match asker.asked % SHARED_EVERY == SHARED_EVERY - 1 {
                    true => ((nth + 1) % count, asker.asked - 1),
                    false => (nth, asker.asked),
                };
                asker.person.say(&fragment(whose, round));
                asker.person.tap("▶️ Создать кружок");
                asker.asked += 1;
                asked += 1;
            }
        }
        self.people.iter().all(|asker| asker.got >= self.share)
    }

    pub fn got(&self) -> usize {
        self.people.iter().map(|asker| asker.got).sum()
    }

    /// Every job of the record was sent, each once, and everybody has as many as were asked for.
    pub fn check(&self, house: &House, seed: u64) {
        let is_asked = |entry: &Entry| is_circle(entry) && self.people.iter().any(|of| of.person.chat == entry.chat);
        let circles: Vec<_> = self.telegram.ledger().into_iter().filter(is_asked).collect();
        let store = Store::open(&house.path("data")).unwrap();
        let left_over = fs::read_dir(house.path("data/tmp")).unwrap().count();
        assert_eq!(left_over, 0, "seed {seed}: files half written");
        for &id in &self.left {
            assert_eq!(traces(&store, id), Vec::<String>::new(), "seed {seed}: {id} left");
        }
        for asker in &self.people {
            let jobs = store
                .read(|conn| jobs::of_user(conn, asker.person.id(), None, u32::MAX))
                .unwrap();
            let states: Vec<_> = jobs.iter().map(|job| job.state).collect();
            assert!(
                states.iter().all(|state| *state == JobState::Sent),
                "seed {seed}: {states:?}\n{}",
                last(&house.log())
            );
            let mine = circles.iter().filter(|entry| entry.chat == asker.person.chat).count();
            assert_eq!(
                (jobs.len(), mine),
                (self.share, self.share),
                "seed {seed}: jobs and circles of {}",
                asker.person.id()
            );
        }
        let mut markers: Vec<_> = circles.iter().filter_map(|entry| entry.marker.clone()).collect();
        markers.sort_unstable();
        markers.dedup();
        assert_eq!(markers.len(), self.people.len() * self.share, "seed {seed}: markers");
    }

    /// What everybody still waits for.
    pub fn missing(&self) -> String {
        let lacking = self.people.iter().filter(|asker| asker.got < self.share);
        let lines = lacking.map(|asker| format!("{}: asked {} got {}\n", asker.person.id(), asker.asked, asker.got));
        lines.collect()
    }
}

/// A song of silence and one note.
fn song(house: &House, secs: usize, note_hz: f32) -> Vec<u8> {
    let path = house.path("song.wav");
    let mut song = Sketch::silence(8_000, secs as f64);
    song.note(0.0, secs as f64, note_hz, 0.3);
    song.write_wav(&path);
    fs::read(path).unwrap()
}

/// Somebody with a song and a circle that are theirs alone, who asked to be forgotten and is asked whether that is meant.
fn about_to_leave(telegram: &Telegram, house: &House, nth: usize) -> Person {
    let person = telegram.person(&format!("L{nth}"));
    let bytes = song(house, 3, 300.0 + nth as f32);
    person.send_audio("own.wav", bytes, 3, &format!("Own {nth}"), "Nobody");
    let shown = card(&person, "⏱");
    person.tap("▶️ Создать кружок");
    circle(&person, shown.id);
    person.say("/delete_me");
    person.wait_for_words("Удалить всё", SOON);
    person
}

/// Where the record still names a person.
fn traces(store: &Store, id: i64) -> Vec<String> {
    let tables = [
        "users",
        "interactions",
        "jobs",
        "dialogues",
        "inbox",
        "preferences",
        "turns",
        "circle_owners",
        "file_owners",
    ];
    let holds = |table: &&str| {
        let ask = format!("SELECT count(*) FROM {table} WHERE user_id = ?1");
        let count = store.read(|conn| Ok(conn.query_row(&ask, [id], |row| row.get::<_, i64>(0))?));
        count.unwrap() > 0
    };
    tables.into_iter().filter(holds).map(str::to_owned).collect()
}

pub fn is_circle(entry: &Entry) -> bool {
    entry.what == What::Sent && entry.kind == "video_note"
}

pub fn last(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A person's fragment of this round, as somebody would type it: never the same twice in a hundred rounds, and only every
/// fortieth person has the same ones.
fn fragment(whose: usize, round: usize) -> String {
    let (length, starts) = (1 + whose % LENGTHS, SONG_SECS - LENGTHS);
    let start = (whose / LENGTHS * (starts / 2) + round) % starts;
    let time = |secs: usize| format!("{}:{:02}", secs / 60, secs % 60);
    format!("{} - {}", time(start), time(start + length))
}

/// How long an update is held up before its commit.
const HELD_UP: Duration = Duration::from_secs(3);

/// Somebody writes, and the program is killed a moment after Telegram would have forgotten what was written.
pub fn words_survive(telegram: &Telegram, house: &House, mistake: &str) -> bool {
    let held_up = format!("inbox.before_commit=sleep({})", HELD_UP.as_millis());
    let environment = [("MUSICCIRCLES_MISTAKE", mistake), ("FAILPOINTS", &held_up)];
    let service = house.start_with(&environment);
    let anna = telegram.person("Anna");
    assert!(wait(SOON, || house.log().contains("updates come")));
    anna.say("/help");
    // Either it is confirmed within this time, or not before the commit.
    wait(HELD_UP / 2, || telegram.unconfirmed() == 0);
    service.kill();
    let _service = house.start();
    wait(Duration::from_secs(8), || anna.chat().iter().any(|seen| seen.by_bot))
}
