//! The program as a person meets it: run in a folder of its own, with nothing of ours in its environment, and judged by
//! its exit code, its words and the files it leaves.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::sound::Sketch;

/// No refusal takes longer, whatever it is handed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where commands are typed: a working folder and, beside it, the temporary folder the program is told to use.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// A command that has ended.
pub struct Done {
    /// As a shell shows it: 128 and the number for a signal.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub took: Duration,
    /// Names that are in the working folder and were not before.
    pub made: Vec<String>,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// With `song.wav`, a beat and a tone of this length.
    pub fn with_song(secs: f64) -> Self {
        let desk = Self::new();
        song(secs).write_wav(&desk.path("song.wav"));
        desk
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    pub fn file(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn names(&self) -> BTreeSet<String> {
        names_in(&self.path(""))
    }

    /// What may be seen while a command runs. Where the file system has no files without a name, an unfinished one is hidden
    /// and called a part: that one is left out.
    pub fn names_meanwhile(&self) -> BTreeSet<String> {
        let mut names = self.names();
        if !self.has_nameless_files() {
            names.retain(|name| !(name.starts_with(".musiccircles-") && name.ends_with(".part")));
        }
        names
    }

    /// Whether this file system can hold a file without a name; most can, some older overlays cannot.
    pub fn has_nameless_files(&self) -> bool {
        let flags = OFlags::TMPFILE | OFlags::WRONLY;
        rustix::fs::open(self.path(""), flags, Mode::RUSR).is_ok()
    }

    /// What lies in the temporary folder.
    pub fn scraps(&self) -> BTreeSet<String> {
        names_in(&self.folder.path().join("tmp"))
    }

    /// `musiccircles`, to be given arguments: in the working folder, without a home or a session.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musiccircles"));
        self.dress(&mut command);
        command
    }

    /// The same folder and environment for another program.
    pub fn dress(&self, command: &mut Command) {
        command.current_dir(self.path(""));
        command.env("TMPDIR", self.folder.path().join("tmp"));
        for name in [
            "HOME",
            "XDG_RUNTIME_DIR",
            "XDG_CACHE_HOME",
            "MUSICCIRCLES_LOG",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        // Without a home the software adapter would compile each shader anew, a second of every drawing.
        command.env(
            "MESA_SHADER_CACHE_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/shaders"),
        );
        command.stdin(Stdio::null());
    }

    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Done {
        self.finish(self.command().args(arguments))
    }

    /// The words of `line`, split at spaces, as the arguments.
    pub fn type_in(&self, line: &str) -> Done {
        self.run(line.split_whitespace())
    }

    pub fn finish(&self, command: &mut Command) -> Done {
        let before = self.names();
        let began = Instant::now();
        let output = command.output().unwrap();
        let took = began.elapsed();
        self.judge(output, took, &before)
    }

    /// Started with its output caught, for whoever wants to interfere.
    pub fn start(&self, line: &str) -> Running<'_> {
        let mut command = self.command();
        command.args(line.split_whitespace());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn(&mut command)
    }

    pub fn spawn(&self, command: &mut Command) -> Running<'_> {
        Running {
            desk: self,
            before: self.names(),
            began: Instant::now(),
            child: command.spawn().unwrap(),
        }
    }

    fn judge(&self, output: Output, took: Duration, before: &BTreeSet<String>) -> Done {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert_eq!(self.scraps(), BTreeSet::new(), "left in the temporary folder");
        Done {
            code: code_of(output.status),
            stdout: output.stdout,
            stderr,
            took,
            made: self.names().difference(before).cloned().collect(),
        }
    }
}

/// A command on its way.
pub struct Running<'d> {
    desk: &'d Desk,
    before: BTreeSet<String>,
    began: Instant,
    pub child: Child,
}

impl Running<'_> {
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn wait(self) -> Done {
        let Self {
            desk,
            before,
            began,
            child,
        } = self;
        let output = child.wait_with_output().unwrap();
        desk.judge(output, began.elapsed(), &before)
    }
}

impl Done {
    /// Made exactly these files, and none of the words is a complaint.
    pub fn worked(&self, made: &[&str]) -> &Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        assert_eq!(self.made, made, "{}", self.stderr);
        assert!(!self.stderr.contains("musiccircles: "), "{}", self.stderr);
        self
    }

    /// One sentence on stderr that holds `words`, nothing on stdout, no file.
    pub fn failed(&self, code: i32, words: &[&str]) {
        let stderr = &self.stderr;
        assert_eq!(self.code, code, "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        self.failed_at_last(words);
        assert_eq!(self.stdout, b"", "{stderr}");
        assert!(self.took < PATIENCE, "{:?}: {stderr}", self.took);
    }

    /// As [`failed`](Self::failed), but lines of progress may come before the sentence.
    pub fn failed_at_last(&self, words: &[&str]) {
        let last = self.stderr.lines().last().unwrap_or_default();
        let sentence = last
            .strip_prefix("musiccircles: ")
            .unwrap_or_else(|| panic!("{}", self.stderr));
        assert!(self.stderr.ends_with('\n') && sentence.len() > 5, "{last}");
        for word in words {
            assert!(sentence.contains(word), "no {word:?} in: {sentence}");
        }
        for noise in ["os error", "Caused by", "error: ", "Error", "Some(", "src/"] {
            assert!(!sentence.contains(noise), "{noise:?} in: {sentence}");
        }
        assert_eq!(self.made, [""; 0], "{sentence}");
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The one object on stdout, where nothing else may be, and nothing on stderr.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        assert_eq!(self.stderr, "");
        assert_eq!(self.text().lines().count(), 1);
        serde_json::from_slice(&self.stdout).unwrap()
    }
}

pub fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// A beat and a tone.
pub fn song(secs: f64) -> Sketch {
    let mut song = Sketch::silence(44_100, secs);
    for beat in 0..(secs * 2.0) as u32 {
        song.kick(f64::from(beat) * 0.5, 0.8);
    }
    song.note(0.0, secs, 220.0, 0.2);
    song
}

/// The keys of an object, sorted.
pub fn keys(object: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}
