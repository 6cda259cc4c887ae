//! The service as it is started with nothing configured but a folder, and what is in it for a person with a browser.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::command::song;

/// Opening the workers in a debug build on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(90);
pub const SONG_SECS: f64 = 12.0;

pub struct House {
    folder: tempfile::TempDir,
    service: Child,
    pub url: String,
}

impl House {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With more settings.
    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        song(SONG_SECS).write_wav(&folder.path().join("Moon - Tide.wav"));
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let service = Command::new(env!("CARGO_BIN_EXE_musiccircles"))
            .arg("serve")
            .current_dir(folder.path())
            .env("MUSICCIRCLES__HTTP__LISTEN", &listen)
            .env("MUSICCIRCLES__RENDER__ADAPTER", "cpu")
            .env("MUSICCIRCLES__DATA__MIN_FREE_BYTES", "1000000")
            .envs(
                settings
                    .iter()
                    .map(|(key, value)| (format!("MUSICCIRCLES__{key}"), value)),
            )
            .env("MUSICCIRCLES_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let house = Self {
            folder,
            service,
            url: format!("http://{listen}"),
        };
        let began = Instant::now();
        // One that draws and one that looks: a person would come when both are there.
        let ready = |log: String| log.matches("a worker is ready").count() >= 2;
        while !ready(house.log()) || reqwest::get(format!("{}/health", house.url)).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "{}", house.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        house
    }

    /// Its file's name says more than its tags.
    pub fn song(&self) -> PathBuf {
        self.folder.path().join("Moon - Tide.wav")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        if let Some(pid) = rustix::process::Pid::from_raw(self.service.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.service.wait();
    }
}
