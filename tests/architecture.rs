//! The one strict rule of the source tree: data flows one way, no step knows another, and each vendor crate lives in one place.

use std::fs;
use std::path::{Path, PathBuf};

/// The steps, in the order the data passes them.
const STEPS: [&str; 7] = ["source", "audio", "analysis", "scene", "render", "encode", "deliver"];
/// A vendor crate and the only places that may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("wgpu", &["render/"]),
    // Only tests read shaders themselves.
    ("naga", &[]),
    ("ffmpeg_next", &["encode/", "audio/last_resort.rs"]),
    ("symphonia", &["audio/"]),
    ("lofty", &["audio/"]),
    ("rubato", &["audio/"]),
    ("ebur128", &["audio/", "analysis/"]),
    ("realfft", &["analysis/"]),
    ("taktus", &["analysis/"]),
    ("kmeans_colors", &["scene/palette.rs"]),
    ("palette", &["scene/palette.rs"]),
    ("cosmic_text", &["scene/"]),
    ("encoding_rs", &["lyrics.rs"]),
    (
        "image",
        &["cover.rs", "render/textures.rs", "deliver/picture.rs", "commands/"],
    ),
    ("clap", &["cli.rs", "cli/", "main.rs"]),
    ("indicatif", &["commands/"]),
    ("rusqlite", &["store/"]),
    ("reqwest", &["source/", "deliver/telegram/", "bot/", "http/health.rs"]),
    ("notify", &["source/library/"]),
    ("md5", &["source/yandex.rs"]),
    ("rusqlite_migration", &["store/"]),
    ("fail", &["torture.rs"]),
    ("config", &["config/merge.rs"]),
    ("seccompiler", &["worker/confine.rs"]),
    // The media steps, and the child that calls them, are synchronous.
    (
        "tokio",
        &[
            // Arrivals take turns, and what waits for the disk goes off the runtime.
            "store/disk.rs",
            "store/reservation.rs",
            "worker/errand.rs",
            "worker/pool.rs",
            "worker/process.rs",
            "worker/supervisor.rs",
            "source/",
            "queue/",
            "deliver/telegram/",
            "bot/",
            "http/",
            "app.rs",
            "app/",
            "commands/serve.rs",
        ],
    ),
    ("teloxide", &["bot/", "deliver/telegram/"]),
    ("fluent_templates", &["bot/texts.rs"]),
    ("subtle", &["bot/intake.rs"]),
    ("ring", &["http/telegram/init_data.rs"]),
    ("axum", &["http/", "bot/webhook.rs", "bot/start.rs", "app.rs"]),
    ("hyper", &["http/listen.rs", "http/headers.rs"]),
    ("hyper_util", &["http/listen.rs"]),
    ("tower", &["http/"]),
    // A panic in a conversation is caught there.
    ("futures_util", &["http/", "bot/"]),
    ("include_dir", &["http/assets.rs", "http/admin/page.rs"]),
    ("argon2", &["http/admin/token.rs"]),
    ("metrics", &["telemetry/figures.rs"]),
    ("metrics_exporter_prometheus", &["telemetry/figures.rs"]),
    ("sd_notify", &["telemetry/manager.rs"]),
    ("tracing_appender", &["telemetry/logs.rs"]),
    ("tracing_subscriber", &["telemetry/logs.rs"]),
    ("swagger_ui_dist", &["http/docs.rs"]),
    ("chrono", &["http/contract/"]),
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
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}

/// Everything a file names by a path, `crate::render::Gpu`: what its `use` lines import, groups taken apart, and what the
/// rest of its code names on the way, unless that begins with a module of its own or one it imported.
fn paths(text: &str) -> Vec<String> {
    let (mut found, mut own, mut rest) = (Vec::new(), Vec::new(), String::new());
    let mut import: Option<String> = None;
    for line in code(text) {
        // Whatever is told to whom: `pub(super) use` as well.
        let told = line
            .strip_prefix("pub")
            .map_or(line, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
        if let Some(name) = told.strip_prefix("mod ") {
            own.push(name.trim_end_matches([';', '{', ' ']).to_owned());
        }
        if import.is_none() {
            import = told.starts_with("use ").then(String::new);
        }
        let Some(tree) = &mut import else {
            rest += line;
            rest.push('\n');
            continue;
        };
        *tree += if tree.is_empty() { &told[4..] } else { line };
        if tree.ends_with(';') {
            expand("", tree.trim_end_matches(';'), &mut found);
            import = None;
        }
    }
    let local = |path: &&String| {
        ["crate::", "super::", "self::"]
            .iter()
            .any(|start| path.starts_with(start))
    };
    own.extend(
        found
            .iter()
            .filter(local)
            .filter_map(|path| path.rsplit("::").next().map(str::to_owned)),
    );
    found.retain(|path| !own.iter().any(|name| leads_to(path, name)));
    // Paths of two names or more.
    let named = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let named = named.filter(|word| word.trim_matches(':').contains("::"));
    found.extend(
        named
            .filter(|path| !own.iter().any(|name| leads_to(path, name)))
            .map(str::to_owned),
    );
    found
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn expand(before: &str, tree: &str, found: &mut Vec<String>) {
    let Some((start, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        found.push(format!("{before}{path}").trim_end_matches("::self").to_owned());
        return;
    };
    let group = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
    let (mut depth, mut from) = (0_i32, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[from..at].trim();
                if !part.is_empty() {
                    expand(&format!("{before}{start}"), part, found);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Whether the path is this module or vendor, or leads into it.
fn leads_to(path: &str, target: &str) -> bool {
    path.strip_prefix(target)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn paths_are_found_however_they_are_written() {
    let text = "
        use crate::{
            flow::{self, Pcm},
            render, // the last one
        };
        use lofty::tag::{Accessor, Tag};
        use super::palette::{self, Palette};
        pub(crate) use image as pictures;
        mod naga;
        // use crate::encode;
        fn f(_: &impl Sized) -> wgpu::Device {
            use std::fs;
            palette::pick(naga::own());
            crate::deliver::file()
        }
    ";
    let mut found = paths(text);
    found.sort();
    let expected = [
        "crate::deliver::file",
        "crate::flow",
        "crate::flow::Pcm",
        "crate::render",
        "image",
        "lofty::tag::Accessor",
        "lofty::tag::Tag",
        "std::fs",
        "super::palette",
        "super::palette::Palette",
        "wgpu::Device",
    ];
    assert_eq!(found, expected);
    assert!(leads_to("crate::render", "crate::render") && leads_to("crate::render::Gpu", "crate::render"));
    assert!(!leads_to("crate::renderer", "crate::render"));
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
        let paths = paths(&text);
        for other in others {
            let reached = paths.iter().find(|path| leads_to(path, &format!("crate::{other}")));
            assert_eq!(reached, None, "src/{file} reaches into {other}");
        }
    }
}

#[test]
fn plain_types_know_no_step() {
    for (file, text) in sources() {
        if file == "flow.rs" || file.starts_with("model/") {
            let paths = paths(&text);
            for step in STEPS {
                let reached = paths.iter().find(|path| leads_to(path, &format!("crate::{step}")));
                assert_eq!(reached, None, "src/{file} reaches into {step}");
            }
        }
    }
}

#[test]
fn vendor_crates_stay_behind_their_fence() {
    for (file, text) in sources() {
        let paths = paths(&text);
        for &(vendor, homes) in FENCES {
            if !homes.iter().any(|home| file.starts_with(home)) {
                let named = paths.iter().find(|path| leads_to(path, vendor));
                assert_eq!(named, None, "src/{file} names {vendor}");
            }
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
