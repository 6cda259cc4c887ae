//! What the service tells systemd, and what it writes into its log.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::command::code_of;

const SOON: Duration = Duration::from_secs(60);
const CANARY: &str = "987654:canary-token-of-a-bot-canary-token-of-it";

/// `serve` in a folder of its own.
fn serve(folder: &Path, environment: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musiccircles"));
    command
        .arg("serve")
        .current_dir(folder)
        .env("MUSICCIRCLES__DATA__MIN_FREE_BYTES", "1000000")
        .env("MUSICCIRCLES__HTTP__LISTEN", "127.0.0.1:0")
        .env("MUSICCIRCLES__RENDER__ADAPTER", "cpu")
        .env("MUSICCIRCLES_LOG", "info")
        .envs(environment.iter().copied());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn stop(mut child: Child) {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(code_of(child.wait().unwrap()), 0);
}

#[test]
fn the_service_manager_is_told_of_the_start_of_life_and_of_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    let environment = [("NOTIFY_SOCKET", socket.to_str().unwrap()), ("WATCHDOG_USEC", "600000")];
    let child = serve(folder.path(), &environment);
    let hear = || {
        let mut word = [0; 256];
        let length = manager.recv(&mut word).expect("nothing is said");
        String::from_utf8_lossy(&word[..length]).trim().to_owned()
    };
    assert_eq!(hear(), "READY=1");
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    // Twice in the time after which it would be ended, and no machine gun.
    assert!(
        (Duration::from_secs(1)..SOON).contains(&began.elapsed()),
        "{:?}",
        began.elapsed()
    );
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut word = hear();
    while word == "WATCHDOG=1" {
        word = hear();
    }
    assert_eq!(word, "STOPPING=1");
    stop(child);
}

#[test]
fn the_log_is_json_in_daily_files_and_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let environment = [
        ("MUSICCIRCLES__LOG__FORMAT", "json"),
        ("MUSICCIRCLES__LOG__DIR", logs.to_str().unwrap()),
        ("MUSICCIRCLES__LOG__DAYS", "3"),
        ("TELEGRAM_BOT_TOKEN", CANARY),
        // Nobody answers there, and that is worth a line.
        ("MUSICCIRCLES__TELEGRAM__API_URL", "http://127.0.0.1:9"),
        ("MUSICCIRCLES_LOG", "debug"),
    ];
    // Older ones than are kept.
    fs::create_dir(&logs).unwrap();
    for day in 1..=5 {
        fs::write(logs.join(format!("musiccircles.2020-01-0{day}.log")), "{}").unwrap();
    }
    let child = serve(folder.path(), &environment);
    let all = || {
        let files = fs::read_dir(&logs).unwrap().map(|file| file.unwrap().path());
        let texts = files.map(|file| fs::read_to_string(file).unwrap_or_default());
        texts.collect::<Vec<_>>().join("\n")
    };
    let began = Instant::now();
    while !(all().contains("open http://") && all().contains("a worker is ready") && all().contains("WARN")) {
        assert!(began.elapsed() < SOON, "{}", all());
        std::thread::sleep(Duration::from_millis(100));
    }
    stop(child);
    let text = all();
    assert!(!text.contains("canary"), "the token is in the log");
    for line in text.lines().filter(|line| line.len() > 2) {
        let told: Value = serde_json::from_str(line).expect(line);
        for key in ["timestamp", "level", "message", "target"] {
            assert!(told[key].is_string(), "no {key}: {line}");
        }
    }
    assert!(fs::read_dir(&logs).unwrap().count() <= 3);
}

#[test]
fn the_unit_is_sound_and_confines() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/operating/musiccircles.service");
    let text = fs::read_to_string(&unit).unwrap();
    let keys = [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=30",
        "Restart=always",
        "TimeoutStopSec=80",
        "DynamicUser=yes",
        "StateDirectory=musiccircles",
        "CacheDirectory=musiccircles",
        "Environment=XDG_CACHE_HOME=/var/cache/musiccircles",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "SystemCallFilter=@system-service",
    ];
    for key in keys {
        assert!(text.lines().any(|line| line == key), "no {key}");
    }
    let Ok(checked) = Command::new("systemd-analyze").arg("--version").output() else {
        eprintln!("systemd-analyze is not here: only the keys were looked at");
        return;
    };
    assert!(checked.status.success());
    // It looks for the program, too: the one that was built stands for the one that is installed.
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("musiccircles.service");
    fs::write(
        &here,
        text.replace("/usr/local/bin/musiccircles", env!("CARGO_BIN_EXE_musiccircles")),
    )
    .unwrap();
    let done = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&here)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let ours: Vec<_> = said
        .lines()
        .filter(|line| line.contains("musiccircles.service"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
