//! The service without a bot, and a client of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::support::command::song;

/// A debug build on a machine with other work.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Server {
    folder: tempfile::TempDir,
    child: Child,
    /// One for each address it listens on.
    pub bases: Vec<String>,
    pub client: Client,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With more settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let server = Self::over(tempfile::tempdir().unwrap(), settings).await;
        server.at_work().await;
        server
    }

    /// Waits for its workers: on a machine with much other work they take more than one start.
    pub async fn at_work(&self) {
        const WORKERS: usize = 3;
        let began = Instant::now();
        while self.log().matches("a worker is ready").count() < WORKERS {
            assert!(began.elapsed() < 2 * PATIENCE, "its workers do not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Over a folder that may hold data and `music` already.
    pub async fn over(folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::create_dir_all(path("music")).unwrap();
        let usual = [
            ("DATA__DIR", path("data")),
            ("DATA__MIN_FREE_BYTES", "1000000".to_owned()),
            ("SOURCES__LIBRARY__PATH", path("music")),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("HTTP__REQUESTS_PER_MINUTE", "1000000".to_owned()),
            ("RENDER__ADAPTER", "cpu".to_owned()),
            // The smallest: what is tried here is not the picture.
            ("RENDER__SIZE", "240".to_owned()),
            ("RENDER__FPS", "25".to_owned()),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_musiccircles"));
        command
            .arg("serve")
            .current_dir(folder.path())
            .env("MUSICCIRCLES_LOG", "info");
        for (key, value) in usual
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .chain(settings.iter().copied())
        {
            command.env(format!("MUSICCIRCLES__{key}"), value);
        }
        let log = File::create(folder.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let listens = settings.iter().find(|(key, _)| *key == "HTTP__LISTEN");
        let wanted = listens.map_or(1, |(_, list)| list.split(',').count());
        let mut server = Self {
            folder,
            child,
            bases: Vec::new(),
            // As clients do: a connection that was silent for long may be closed by now.
            client: Client::builder()
                .pool_idle_timeout(Duration::from_secs(5))
                .build()
                .unwrap(),
        };
        let began = Instant::now();
        while server.bases.len() < wanted {
            assert!(began.elapsed() < PATIENCE, "it does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
            let log = server.log();
            let told = log
                .split("open http://")
                .skip(1)
                .filter_map(|rest| rest.split(' ').next());
            server.bases = told.map(|address| format!("http://{address}")).collect();
        }
        server
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn base(&self) -> &str {
        &self.bases[0]
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        self.base().trim_start_matches("http://")
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base()))
            .timeout(PATIENCE)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, form: Form) -> Response {
        self.ask(Method::POST, path).multipart(form).send().await.unwrap()
    }

    pub async fn post_json(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path).json(&body).send().await.unwrap()
    }

    /// A song sent; its name.
    pub async fn send_song(&self, bytes: Vec<u8>) -> Value {
        let form = Form::new().part("file", file(bytes, "song.wav"));
        let response = self.post("/api/v1/songs", form).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    /// How many circles were rendered, by the log.
    pub fn rendered(&self) -> usize {
        self.log().matches("a job was worked on").count()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the service's log:\n{}", self.log());
        }
    }
}

pub fn file(bytes: Vec<u8>, name: &str) -> Part {
    Part::bytes(bytes).file_name(name.to_owned())
}

/// The bytes of a song that is no part of the library.
pub fn song_bytes(secs: f64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    song(secs).write_wav(&path);
    fs::read(path).unwrap()
}

pub fn picture_bytes() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/default-cover.png")).unwrap()
}

/// `detail` of an error, which is one sentence.
pub async fn detail(response: Response) -> String {
    let body: Value = response.json().await.unwrap();
    let detail = body["detail"].as_str().expect("no detail").to_owned();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    assert!(!detail.contains('\n') && detail.len() > 10, "{detail:?}");
    detail
}

/// Seconds of sound in the bytes of a file, and its codec, by ffprobe.
pub fn heard(bytes: &[u8], extension: &str) -> (f64, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("heard.{extension}"));
    fs::write(&path, bytes).unwrap();
    let told = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "a:0",
            "-show_entries",
            "stream=codec_name,duration",
            "-of",
            "csv=p=0",
        ])
        .arg(&path)
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (codec, secs) = told.trim().split_once(',').expect("no sound");
    (secs.parse().unwrap(), codec.to_owned())
}
