//! What people use has none of it: compiled as for a release, `torture.rs` needs no crate that could kill, reads no
//! environment, and does nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Everything that the rest of the program calls.
const CALLER: &str = r#"
fn main() {
    torture::arm();
    torture::point("any.point");
    let quiet = !torture::is_on() && !torture::mistake("any_mistake") && torture::hurried(1, 2) == 1;
    std::process::exit(if quiet { 0 } else { 1 });
}
"#;
/// Words that would be in it if it listened.
const WORDS: [&str; 5] = [
    "FAILPOINTS",
    "MUSICCIRCLES_TORTURE",
    "MUSICCIRCLES_MISTAKE",
    "any.point",
    "any_mistake",
];

#[test]
fn a_release_has_neither_points_nor_mistakes() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/torture.rs");
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.rs");
    let program = folder.path().join("caller");
    fs::write(&main, format!("#[path = {source:?}]\nmod torture;\n{CALLER}")).unwrap();
    let compiled = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args([
            "--edition",
            "2024",
            "-O",
            "-C",
            "debug-assertions=no",
            "-A",
            "warnings",
            "-o",
        ])
        .args([&program, &main])
        .output()
        .unwrap();
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(&program)
        .env("FAILPOINTS", "any.point=return")
        .env("MUSICCIRCLES_MISTAKE", "any_mistake")
        .env("MUSICCIRCLES_TORTURE", "1")
        .status()
        .unwrap();
    assert!(ran.success(), "{ran}");
    let bytes = fs::read(program).unwrap();
    for word in WORDS {
        let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word} is in it");
    }
}

/// Every place that is told apart by the build: in `torture.rs`, and where it stands in for the drawing.
#[test]
fn nothing_else_is_told_apart_by_the_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).unwrap().contains("debug_assertions") {
                found.push(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert_eq!(found, ["torture.rs", "worker/mod.rs", "worker/task.rs"]);
}
