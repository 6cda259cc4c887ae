//! A pool of workers with a folder of its own, and jobs for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use musiccircles::model::Corners;
use musiccircles::model::job::{Blob, JobSpec};
use musiccircles::worker::{Files, Pool, Rendered, Settings, Step, Wanted, WorkFailed};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::command::song;

/// Starting two children in a debug build, on a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Shop {
    folder: tempfile::TempDir,
    pub pool: Pool,
}

pub fn settings(folder: &Path) -> Settings {
    Settings {
        program: env!("CARGO_BIN_EXE_musiccircles").into(),
        folder: folder.to_owned(),
        adapter: "cpu".to_owned(),
        encoder: "x264".to_owned(),
        render_workers: 1,
        quick_workers: 1,
        cores: 2,
        memory_bytes: 2 << 30,
        job: Duration::from_secs(60),
        cpu: None,
    }
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        let shop = Self::opening(change);
        assert!(shop.pool.ready(PATIENCE).await, "no worker came up");
        shop
    }

    /// One that may never open.
    pub fn opening(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        Self {
            pool: Pool::start(settings),
            folder,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A beat and a tone of this length.
    pub fn song(&self, secs: f64) -> PathBuf {
        let path = self.path("song.wav");
        song(secs).write_wav(&path);
        path
    }

    pub async fn render(&self, wanted: Wanted, output: &str) -> Result<Rendered, WorkFailed> {
        let (steps, _) = watch::channel(Step::default());
        let cancel = CancellationToken::new();
        self.pool.render(wanted, &self.path(output), None, steps, cancel).await
    }

    /// Names of what lies in the folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The children's numbers: of all processes of this test, those that were started in this shop's folder.
    pub fn children(&self) -> Vec<i32> {
        children_in(self.folder.path())
    }

    pub fn signal(&self, child: i32, signal: Signal) {
        kill_process(Pid::from_raw(child).unwrap(), signal).unwrap();
    }
}

pub fn children_in(folder: &Path) -> Vec<i32> {
    let tmpdir = format!("TMPDIR={}", folder.display());
    let processes = std::fs::read_dir("/proc").unwrap();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let ours = |number: &i32| {
        let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|entry| entry == tmpdir.as_bytes())
    };
    numbers.filter(ours).collect()
}

/// A small circle of this song: 240 pixels, 25 frames a second.
pub fn small(song: &Path, length_ms: u64) -> Wanted {
    let blob = Blob {
        sha256: "0f".repeat(32),
        bytes: 1,
        extension: "wav".to_owned(),
    };
    Wanted {
        spec: JobSpec {
            song: blob,
            cover: None,
            lyrics: None,
            start_ms: 0,
            length_ms,
            theme: "vinyl".to_owned(),
            settings: BTreeMap::new(),
            speed: "33.333".to_owned(),
            size_px: 240,
            fps: 25,
            corners: Corners::Black,
            title: None,
            artist: None,
            seed: 0,
            max_bytes: 8_000_000,
        },
        files: Files {
            song: song.to_owned(),
            cover: None,
            lyrics: None,
        },
    }
}

/// One that takes many seconds.
pub fn large(song: &Path) -> Wanted {
    let mut wanted = small(song, 60_000);
    wanted.spec.size_px = 640;
    wanted.spec.fps = 60;
    wanted
}

/// The same as a job of 60 s at 640 pixels, once its first frames are drawn.
pub async fn until_drawing(mut steps: watch::Receiver<Step>) {
    let drawing = |step: &Step| step.done > 0;
    tokio::time::timeout(PATIENCE, steps.wait_for(drawing))
        .await
        .expect("it begins to draw")
        .expect("it is not over yet");
}
