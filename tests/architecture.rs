//! The one strict rule of the source tree: data flows one way, no step knows another, and each vendor crate lives in one place.

use std::fs;
use std::path::{Path, PathBuf};

/// The steps, in the order the data passes them.
const STEPS: [&str; 6] = ["audio", "analysis", "scene", "render", "encode", "deliver"];
/// A vendor crate and the only places that may name it.
const FENCES: [(&str, &[&str]); 7] = [
    ("wgpu", &["render/"]),
    ("ffmpeg_next", &["encode/", "audio/last_resort.rs"]),
    ("symphonia", &["audio/"]),
    ("lofty", &["audio/"]),
    ("clap", &["cli.rs", "cli/", "main.rs"]),
    ("indicatif", &["commands/"]),
    ("cosmic_text", &["scene/"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// Lines of code, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn no_step_imports_another() {
    for (file, text) in sources() {
        let Some(own) = STEPS.iter().find(|step| file.starts_with(&format!("{step}/"))) else {
            continue;
        };
        let others = STEPS
            .iter()
            .filter(|step| *step != own)
            .copied()
            .chain(["pipeline", "commands", "cli"]);
        for other in others {
            let import = format!("crate::{other}");
            assert!(
                !code(&text).any(|line| line.contains(&import)),
                "src/{file} reaches into {other}"
            );
        }
    }
}

#[test]
fn plain_types_know_no_step() {
    for (file, text) in sources() {
        if file == "flow.rs" || file.starts_with("model/") {
            for step in STEPS {
                let import = format!("crate::{step}");
                assert!(
                    !code(&text).any(|line| line.contains(&import)),
                    "src/{file} reaches into {step}"
                );
            }
        }
    }
}

#[test]
fn vendor_crates_stay_behind_their_fence() {
    for (file, text) in sources() {
        for (vendor, homes) in FENCES {
            let named = code(&text)
                .any(|line| line.contains(&format!("{vendor}::")) || line.contains(&format!("use {vendor}")));
            let allowed = homes.iter().any(|home| file.starts_with(home));
            assert!(!named || allowed, "src/{file} names {vendor}");
        }
    }
}

#[test]
fn unsafe_is_in_one_file_and_explained() {
    for (file, text) in sources() {
        let lines: Vec<_> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let trimmed = line.trim_start();
            if trimmed.starts_with("//") || !trimmed.contains("unsafe ") {
                continue;
            }
            // One more in `main`: the environment may be changed only before the first thread.
            assert!(
                ["encode/ffi.rs", "main.rs"].contains(&file.as_str()),
                "src/{file}:{} is unsafe",
                n + 1
            );
            let explained = lines[n.saturating_sub(6)..=n]
                .iter()
                .any(|line| line.contains("SAFETY:"));
            assert!(
                explained || trimmed.contains("unsafe extern"),
                "src/{file}:{} does not say why it is safe",
                n + 1
            );
        }
    }
}

#[test]
fn every_file_opens_with_what_it_does() {
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "src/{file} has no first line");
    }
}
