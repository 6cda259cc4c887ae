//! The service as somebody starts it who has never done so: every mistake is one sentence, and the end is clean.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::command::{Desk, Done, Running};

/// Workers are being started, and what they need is loaded.
const SOON: Duration = Duration::from_secs(30);

/// `serve` with its data in `folder`, on a free port, and with nobody's token.
fn serve(desk: &Desk, folder: &Path) -> Command {
    let mut command = desk.command();
    command.arg("serve").env_remove("TELEGRAM_BOT_TOKEN");
    command.env("MUSICCIRCLES__DATA__DIR", folder);
    command.env("MUSICCIRCLES__HTTP__LISTEN", "127.0.0.1:0");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn started<'d>(desk: &'d Desk, command: &mut Command, folder: &Path) -> Running<'d> {
    let running = desk.spawn(command);
    let until = Instant::now() + SOON;
    while !folder.join("musiccircles.db").exists() {
        assert!(Instant::now() < until, "no record after {SOON:?}");
        thread::sleep(Duration::from_millis(5));
    }
    running
}

fn refused(desk: &Desk, command: &mut Command, code: i32, words: &[&str]) {
    let done: Done = desk.finish(command);
    assert_eq!(done.code, code, "{}", done.stderr);
    done.failed_at_last(words);
}

#[test]
fn settings_that_cannot_be_used_are_one_sentence() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let with = |name: &str, value: &str| {
        let mut command = serve(&desk, &data);
        command.env(name, value);
        desk.finish(&mut command)
    };
    with("TELEGRAM_BOT_TOKEN", "my-token").failed(2, &["telegram.token", "@BotFather"]);
    with("MUSICCIRCLES__RENDER__SIZE", "1000").failed(2, &["render.size", "240 to 640"]);
    with("MUSICCIRCLES__HTTP__PORT", "80").failed(2, &["http.port", "listen"]);
    let file = desk.file("mine.toml", b"[telegram]\ntokn = \"1:a\"\n");
    let mut command = serve(&desk, &data);
    desk.finish(command.arg("--config").arg(&file))
        .failed(2, &["telegram.tokn", "token"]);
    let mut command = serve(&desk, &data);
    desk.finish(command.args(["--config", "none.toml"]))
        .failed(2, &["none.toml", "not found"]);
    assert!(!data.exists(), "nothing is begun before the settings are good");
}

#[test]
fn a_port_in_use_and_a_folder_that_cannot_be_used_are_one_sentence() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = serve(&desk, &folder.path().join("data"));
    refused(
        &desk,
        command.env("MUSICCIRCLES__HTTP__LISTEN", &address),
        1,
        &[&address, "http.listen"],
    );
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file").join("data");
    refused(
        &desk,
        &mut serve(&desk, &below_a_file),
        1,
        &["data folder", "cannot be used"],
    );
    let mut command = serve(&desk, &folder.path().join("data"));
    refused(
        &desk,
        command.env("MUSICCIRCLES__SOURCES__LIBRARY__PATH", "/no/such/music"),
        1,
        &["sources.library.path", "/no/such/music"],
    );
}

#[test]
fn two_on_one_folder_and_an_early_ctrl_c() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let first = started(&desk, &mut serve(&desk, folder.path()), folder.path());
    refused(
        &desk,
        &mut serve(&desk, folder.path()),
        1,
        &["in use by another MusicCircles", "another folder"],
    );
    first.signal(Signal::INT);
    let done = first.wait();
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.took < SOON, "{:?}", done.took);
    // Nothing is in the way of the next one, which is stopped before it has begun.
    fs::remove_file(folder.path().join("musiccircles.db")).unwrap();
    let second = started(&desk, &mut serve(&desk, folder.path()), folder.path());
    second.signal(Signal::TERM);
    let done = second.wait();
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn doctor_looks_at_what_the_service_would_use() {
    let desk = Desk::new();
    let says = |json: &serde_json::Value, name: &str| {
        let checks = json["service"].as_array().unwrap().iter();
        let mut found = checks.filter(|check| check["name"] == name);
        found
            .next()
            .map(|check| (check["ok"] == true, check["says"].as_str().unwrap().to_owned()))
    };
    let with = |name: &str, value: &str| {
        let mut command = desk.command();
        command
            .args(["doctor", "--json"])
            .env_remove("TELEGRAM_BOT_TOKEN")
            .env(name, value);
        desk.finish(&mut command).json()
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let json = with("MUSICCIRCLES__HTTP__LISTEN", &address);
    let (ok, words) = says(&json, "port").unwrap();
    assert!(
        !ok && words.contains(&address) && !words.contains("os error"),
        "{words}"
    );
    let (ok, words) = says(&json, "token").unwrap();
    assert!(!ok && words.contains("@BotFather"), "{words}");
    assert!(says(&json, "database").unwrap().0, "{json}");
    let json = with("MUSICCIRCLES__RENDER__FPS", "24");
    let (ok, words) = says(&json, "settings").unwrap();
    assert!(!ok && words.contains("render.fps"), "{words}");
    assert_eq!(json["ok"], true, "circles are made without it");
}

/// A worker is such a process: it is of the same user, and of no more power.
#[test]
fn no_process_of_the_same_user_reads_the_services_environment() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    // Root reads whatever it likes, as long as it may.
    let powerless = |program: &str| {
        let mut command = Command::new(program);
        if rustix::process::geteuid().is_root() {
            command = Command::new("setpriv");
            command.args(["--bounding-set", "-all", "--", program]);
        }
        desk.dress(&mut command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let environment_of = |process: u32| {
        let read = powerless("cat")
            .arg(format!("/proc/{process}/environ"))
            .output()
            .unwrap();
        String::from_utf8_lossy(&read.stdout).into_owned()
    };
    let mut other = powerless("sleep").arg("60").env("A_SECRET", "1").spawn().unwrap();
    let until = Instant::now() + SOON;
    while !environment_of(other.id()).contains("A_SECRET") {
        assert!(
            Instant::now() < until,
            "the environment of any other process can be read"
        );
    }
    other.kill().unwrap();
    other.wait().unwrap();

    let mut command = powerless(env!("CARGO_BIN_EXE_musiccircles"));
    command.arg("serve").env_remove("TELEGRAM_BOT_TOKEN");
    command.env("MUSICCIRCLES__DATA__DIR", folder.path());
    command.env("MUSICCIRCLES__HTTP__LISTEN", "127.0.0.1:0");
    let running = started(&desk, &mut command, folder.path());
    assert!(environment_of(running.child.id()).is_empty());
    running.signal(Signal::TERM);
}
