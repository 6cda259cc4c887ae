//! The service as an operator runs it: the real program, its folder, its settings in the environment.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::command::{code_of, song};
use crate::support::disk::SmallDisk;
use crate::support::telegram::{Person, Seen, Telegram};

/// Rendering in a debug build on a machine with other work.
pub const RENDERED: Duration = Duration::from_secs(90);
/// Everything else.
pub const SOON: Duration = Duration::from_secs(30);

/// Its data, its music and its log. What is in it outlives a kill.
pub struct House {
    pub folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
    is_awake: bool,
    disk: Option<SmallDisk>,
}

pub struct Service<'h> {
    house: &'h House,
    child: Child,
}

impl House {
    /// With an empty library.
    pub fn new(telegram: &Telegram) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("music")).unwrap();
        let mut house = Self {
            folder,
            settings: Vec::new(),
            is_awake: false,
            disk: None,
        };
        let path = |name: &str| house.folder.path().join(name).to_string_lossy().into_owned();
        let settings = [
            ("TELEGRAM__TOKEN", telegram.token().to_owned()),
            ("TELEGRAM__API_URL", telegram.url()),
            ("DATA__DIR", path("data")),
            ("DATA__MIN_FREE_BYTES", "1000000".to_owned()),
            ("SOURCES__LIBRARY__PATH", path("music")),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("RENDER__ADAPTER", "cpu".to_owned()),
            // The smallest: what is tried here is not the picture.
            ("RENDER__SIZE", "240".to_owned()),
            ("RENDER__FPS", "25".to_owned()),
        ];
        house.settings = settings.map(|(key, value)| (key.to_owned(), value)).to_vec();
        house
    }

    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// With its data on this disk.
    pub fn on(mut self, disk: SmallDisk) -> Self {
        self.disk = Some(disk);
        self
    }

    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().unwrap()
    }

    /// Circles are not drawn, and nobody waits as long as for Telegram.
    pub fn awake(mut self) -> Self {
        self.is_awake = true;
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A song of the library, `Artist - Title`.
    pub fn add_song(&self, name: &str, secs: f64) -> PathBuf {
        let path = self.path("music").join(format!("{name}.wav"));
        song(secs).write_wav(&path);
        path
    }

    pub fn start(&self) -> Service<'_> {
        self.start_with(&[])
    }

    /// With more in its environment.
    pub fn start_with(&self, environment: &[(&str, &str)]) -> Service<'_> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.path("log"))
            .unwrap();
        let program = env!("CARGO_BIN_EXE_musiccircles");
        let mut command = match &self.disk {
            Some(disk) => disk.command(program),
            None => Command::new(program),
        };
        command
            .arg("serve")
            .current_dir(self.folder.path())
            .env("MUSICCIRCLES_LOG", "info");
        for (key, value) in &self.settings {
            command.env(format!("MUSICCIRCLES__{key}"), value);
        }
        if self.is_awake {
            command.env(musiccircles::torture::SWITCH, "1");
        }
        command.envs(environment.iter().copied());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Service { house: self, child }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Service<'_> {
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// The numbers of its children.
    pub fn children(&self) -> Vec<i32> {
        let processes = fs::read_dir("/proc").unwrap();
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let own = self.child.id().to_string();
        let is_ours = |number: &i32| {
            let facts = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            // After the name, which may hold anything: the state, then the parent.
            let fields = facts.rsplit(')').next().unwrap_or_default();
            fields.split_whitespace().nth(1) == Some(own.as_str())
        };
        numbers.filter(is_ours).collect()
    }

    pub fn tell_to_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// As a service manager does it; how long it took.
    pub fn stop(self) -> Duration {
        self.tell_to_stop();
        self.stopped()
    }

    /// It was told to stop; how long it took from now on.
    pub fn stopped(mut self) -> Duration {
        let began = Instant::now();
        let status = self.child.wait().unwrap();
        assert_eq!(code_of(status), 0, "{}", self.house.log());
        began.elapsed()
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // Already gone after `kill` and `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the service's log:\n{}", self.house.log());
        }
    }
}

/// The newest card of the chat, once it shows these words.
pub fn card(person: &Person, words: &str) -> Seen {
    person.wait_for(&format!("a card with {words:?}"), RENDERED, |seen| {
        let card = seen
            .iter()
            .rev()
            .find(|message| message.by_bot && message.kind == "photo")?;
        card.text.contains(words).then(|| card.clone())
    })
}

/// A circle after message `after`.
pub fn circle(person: &Person, after: i64) -> Seen {
    person.wait_for_kind("video_note", after, RENDERED)
}

pub fn labels(seen: &Seen) -> Vec<&str> {
    seen.buttons
        .iter()
        .flatten()
        .map(|button| button.text.as_str())
        .collect()
}

/// The bytes of a song that is no part of the library.
pub fn song_bytes(folder: &Path, secs: f64) -> Vec<u8> {
    let path = folder.join(format!("upload-{secs}.wav"));
    song(secs).write_wav(&path);
    fs::read(path).unwrap()
}
