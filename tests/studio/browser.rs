//! A real browser without a window, led by the WebDriver protocol (W3C): Debian's chromium and its driver.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::holds::Holds;

/// A browser that draws on the processor, on a machine with other work: everything it is asked for ends within this.
pub const PATIENCE: Duration = Duration::from_secs(120);
const CLOSES_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The key of an element in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    http: reqwest::Client,
    session: String,
    driver: Child,
    /// What it writes goes with it.
    _folder: tempfile::TempDir,
}

impl Browser {
    pub async fn open(holds: Holds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .args([format!("--port={port}"), "--log-level=OFF".to_owned()])
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium and chromium-driver are here: .ci/install test");
        let mut browser = Self {
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap(),
            session: format!("http://127.0.0.1:{port}"),
            driver,
            _folder: folder,
        };
        let began = Instant::now();
        while browser
            .http
            .get(format!("{}/status", browser.session))
            .send()
            .await
            .is_err()
        {
            assert!(began.elapsed() < PATIENCE, "chromedriver does not answer");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let session = browser
            .ask("", json!({ "capabilities": { "alwaysMatch": holds.capabilities() } }))
            .await;
        browser.session = format!("{}/session/{}", browser.session, session["sessionId"].as_str().unwrap());
        let preferred = json!({ "cmd": "Emulation.setEmulatedMedia", "params": holds.colours() });
        browser.ask("/goog/cdp/execute", preferred).await;
        browser
    }

    pub async fn go(&self, url: &str) {
        self.ask("/url", json!({ "url": url })).await;
    }

    /// The value of an expression, a promise's included.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async () => ({expression}))().then((it) => done({{ it }}), (no) => done({{ no: String(no?.stack ?? no) }}))"
        );
        let told = self
            .ask("/execute/async", json!({ "script": script, "args": [] }))
            .await;
        assert!(told["no"].is_null(), "{expression}: {}", told["no"]);
        told["it"].clone()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let began = Instant::now();
        while self.value(expression).await != json!(true) {
            assert!(
                began.elapsed() < PATIENCE,
                "never: {expression}; the page says {}, its console {:?}",
                self.value("document.body.innerText").await,
                self.console().await
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.ask(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into an element; into one that takes files, the path of one.
    pub async fn type_in(&self, selector: &str, keys: &str) {
        let element = self.element(selector).await;
        self.ask(&format!("/element/{element}/value"), json!({ "text": keys }))
            .await;
    }

    pub async fn choose_file(&self, selector: &str, path: &Path) {
        self.type_in(selector, path.to_str().unwrap()).await;
    }

    /// Drops files on the page as a person does: from outside, anywhere, all at once. Each comes with its kind.
    pub async fn drop_files(&self, files: &[(&Path, &str)]) {
        let add = |(path, kind): &(&Path, &str)| {
            let bytes = STANDARD.encode(std::fs::read(path).unwrap());
            let name = path.file_name().unwrap().to_str().unwrap();
            format!(
                "dataTransfer.items.add(new File([Uint8Array.from(atob('{bytes}'), (c) => c.charCodeAt(0))], \
                 '{name}', {{ type: '{kind}' }})); "
            )
        };
        let added: String = files.iter().map(add).collect();
        self.value(&format!(
            "(() => {{ const dataTransfer = new DataTransfer(); {added} \
             for (const type of ['dragenter', 'dragover', 'drop']) \
             document.querySelector('main').dispatchEvent(new DragEvent(type, {{ dataTransfer, bubbles: true, cancelable: true }})) }})()"
        ))
        .await;
    }

    pub async fn drop_file(&self, path: &Path, kind: &str) {
        self.drop_files(&[(path, kind)]).await;
    }

    /// Takes an element by its middle and lets it go so many pixels to the right.
    pub async fn drag(&self, selector: &str, right_px: i32) {
        self.value(&format!(
            "void document.querySelector('{selector}').scrollIntoView({{ block: 'center' }})"
        ))
        .await;
        let middle = json!({ (ELEMENT): self.element(selector).await });
        let moves = json!([
            { "type": "pointerMove", "duration": 0, "origin": middle, "x": 0, "y": 0 },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerMove", "duration": 200, "origin": "pointer", "x": right_px, "y": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let hand = json!({ "type": "pointer", "id": "hand", "actions": moves });
        self.ask("/actions", json!({ "actions": [hand] })).await;
    }

    /// Lines of the console since this was last asked: what a page should not have.
    pub async fn console(&self) -> Vec<String> {
        let told = self.ask("/se/log", json!({ "type": "browser" })).await;
        let line = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        told.as_array().unwrap().iter().map(line).collect()
    }

    /// Addresses of everything the page loaded, itself included.
    pub async fn loaded(&self) -> Vec<String> {
        let told = self
            .value("[location.href, ...performance.getEntriesByType('resource').map((entry) => entry.name)]")
            .await;
        told.as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn screenshot(&self, path: &Path) {
        let url = format!("{}/screenshot", self.session);
        let told: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        std::fs::write(path, STANDARD.decode(told["value"].as_str().unwrap()).unwrap()).unwrap();
    }

    async fn element(&self, selector: &str) -> String {
        let found = self
            .ask("/element", json!({ "using": "css selector", "value": selector }))
            .await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    async fn ask(&self, command: &str, body: Value) -> Value {
        // Before there is a session there is only one thing to ask for.
        let command = if self.session.contains("/session/") {
            command
        } else {
            "/session"
        };
        let url = format!("{}{command}", self.session);
        let told: Value = self
            .http
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert!(
            told["value"]["error"].is_null(),
            "{command}: {}",
            told["value"]["message"]
        );
        told["value"].clone()
    }
}

impl Browser {
    /// Ends the session, and the browser with it. Blocks: there may be no runtime any more.
    fn close(&self) {
        let Some((address, path)) = self.session.trim_start_matches("http://").split_once('/') else {
            return;
        };
        let Ok(mut driver) = TcpStream::connect(address) else {
            return;
        };
        let _ = driver.set_read_timeout(Some(CLOSES_WITHIN));
        let asked = format!("DELETE /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        if driver.write_all(asked.as_bytes()).is_ok() {
            let _ = driver.read_to_end(&mut Vec::new());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is ended leaves its browser behind, which draws on for ever.
        self.close();
        if let Some(pid) = rustix::process::Pid::from_raw(self.driver.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.driver.wait();
    }
}
