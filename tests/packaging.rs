//! What surrounds the program: that the image, `make` and CI install by the same script and run what they say they run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The instructions of a Dockerfile by stage: continued lines joined, comments dropped.
fn stages(dockerfile: &str) -> Vec<Vec<(String, String)>> {
    let joined = dockerfile.replace("\\\n", " ");
    let mut stages = vec![Vec::new()];
    for line in joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (verb, rest) = line.split_once(' ').expect("an instruction has arguments");
        if verb == "FROM" {
            stages.push(Vec::new());
        }
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        stages.last_mut().expect("never empty").push((verb.to_owned(), rest));
    }
    stages
}

fn all<'a>(stage: &'a [(String, String)], verb: &str) -> Vec<&'a str> {
    stage
        .iter()
        .filter(|(v, _)| v == verb)
        .map(|(_, rest)| rest.as_str())
        .collect()
}

#[test]
fn the_image_is_built_by_the_script_that_make_uses() {
    let dockerfile = text("Dockerfile.cuda");
    let stages = stages(&dockerfile);
    let [before, build, run] = stages.as_slice() else {
        panic!("one build stage, one run stage")
    };

    // One base for both, an NVIDIA one whose package names the script knows.
    assert!(all(before, "ARG")[0].starts_with("BASE=nvidia/cuda:") && all(before, "ARG")[0].ends_with("ubuntu24.04"));
    assert!(all(build, "FROM")[0].starts_with("${BASE} ") && all(run, "FROM") == ["${BASE}"]);
    assert!(
        all(build, "RUN")
            .iter()
            .any(|run| run.starts_with(".ci/install build rust"))
    );
    assert!(
        all(run, "RUN")
            .iter()
            .any(|line| line.starts_with("/opt/musiccircles/.ci/install run nvidia"))
    );
    assert!(
        all(build, "RUN")
            .iter()
            .any(|run| run.ends_with("cargo build --release --locked"))
    );
    assert!(!dockerfile.contains("apt-get"), "packages are the script's business");

    let makefile = text("Makefile");
    assert!(makefile.contains(".ci/install build run rust") && makefile.contains("cargo build --release --locked"));
    assert!(text(".ci/run").contains("make test"));
    for name in [".ci/install", ".ci/run"] {
        assert!(
            !makefile.contains("apt-get") && runs(&["-n", name]).status.success(),
            "{name} is sound bash"
        );
    }
}

#[test]
fn the_image_runs_as_a_user_with_vulkan_and_nvenc_and_a_health_check() {
    let dockerfile = text("Dockerfile.cuda");
    let stages = stages(&dockerfile);
    let run = stages.last().expect("a run stage");
    let capabilities = "NVIDIA_DRIVER_CAPABILITIES=compute,graphics,video,utility";
    assert!(
        all(run, "ENV")
            .iter()
            .any(|env| env.split(' ').any(|pair| pair == capabilities))
    );
    assert_eq!(all(run, "ENTRYPOINT"), [r#"["musiccircles"]"#]);
    assert!(all(run, "HEALTHCHECK")[0].ends_with(r#"CMD ["musiccircles", "doctor"]"#));

    // The service can be reached through a port that is published, and writes where that user may.
    assert!(all(run, "ENV").contains(&"MUSICCIRCLES__HTTP__LISTEN=0.0.0.0:8080") && all(run, "EXPOSE") == ["8080"]);
    assert_eq!(all(run, "WORKDIR"), ["/data"]);

    // The user is made, is not root, and is in force for whatever starts the program.
    let user = all(run, "USER")[0];
    assert!(user != "root" && user != "0" && all(run, "RUN").iter().any(|line| line.contains("useradd")));
    let place = |verb: &str| run.iter().position(|(v, _)| v == verb).expect("it is there");
    assert!(place("USER") < place("HEALTHCHECK") && place("USER") < place("ENTRYPOINT"));

    // Everything copied from the working tree exists, and nothing that is copied is kept out.
    for (_, rest) in stages
        .iter()
        .flatten()
        .filter(|(verb, rest)| verb == "COPY" && !rest.starts_with("--from"))
    {
        let parts: Vec<&str> = rest.split(' ').collect();
        for source in &parts[..parts.len() - 1] {
            assert!(root().join(source).exists(), "{source} is not in the repository");
        }
    }
}

/// A machine made of stand-ins: `installed` packages, apt-get and sudo that only write down how they were called.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new(os_release: &str, uid: u32, installed: &str) -> Self {
        let machine = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        machine.write("os-release", os_release);
        machine.write("calls", "");
        machine.program("id", &format!("echo {uid}"));
        machine.program("apt-get", "echo apt-get \"$@\" >>\"$MACHINE/calls\"");
        machine.program("sudo", "echo sudo >>\"$MACHINE/calls\"; \"$@\"");
        let known = installed.replace(' ', "|");
        machine.program(
            "dpkg-query",
            &format!("case \"${{@: -1}}\" in {known}) echo -n installed ;; *) exit 1 ;; esac"),
        );
        machine
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the file is written");
    }

    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/bash\n{script}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.folder.path().join(name), mode).expect("it may be run");
    }

    /// Runs the install script here; gives its output and what was called.
    fn install(&self, what: &[&str]) -> (Output, String) {
        // Before the system's own programs, and before anything the script puts in front: that is where cargo lives.
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        let output = Command::new("bash")
            .arg(".ci/install")
            .args(what)
            .current_dir(root())
            .env("PATH", path)
            .env("CARGO_HOME", self.folder.path().join("no-cargo"))
            .env("OS_RELEASE", self.folder.path().join("os-release"))
            .env("MACHINE", self.folder.path())
            .output()
            .expect("bash is installed");
        (
            output,
            std::fs::read_to_string(self.folder.path().join("calls")).expect("the calls"),
        )
    }
}

const DEBIAN: &str = "ID=debian\nVERSION_ID=12\n";
const UBUNTU: &str = "ID=ubuntu\nVERSION_ID=24.04\n";

#[test]
fn the_script_installs_what_is_missing_by_its_name_here() {
    let (output, calls) = Machine::new(DEBIAN, 0, "libopus0 libvulkan1").install(&["run", "test"]);
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<&str> = calls.lines().collect();
    assert_eq!(lines[0], "apt-get update -qq");
    assert!(
        lines[1].contains("libavcodec59")
            && lines[1].ends_with(" ffmpeg bsdutils util-linux mount chromium chromium-driver"),
        "{calls}"
    );
    assert!(
        !lines[1].contains("libopus0") && lines.len() == 2,
        "what is there is left alone, in one go: {calls}"
    );

    let (_, calls) = Machine::new(UBUNTU, 0, "none").install(&["run", "nvidia"]);
    for name in [
        "libavcodec60",
        "mesa-vulkan-drivers",
        "libvulkan1",
        "libegl1",
        "libgl1",
        "libxext6",
        "libx11-6",
    ] {
        assert!(
            calls.split_whitespace().any(|word| word == name),
            "{name} is missing in: {calls}"
        );
    }

    let (output, calls) = Machine::new("ID=slackware\nVERSION_ID=15\n", 0, "none").install(&["run"]);
    assert!(!output.status.success() && calls.is_empty());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("slackware 15"),
        "{output:?}"
    );
}

#[test]
fn the_script_uses_sudo_only_as_a_user_and_nothing_when_nothing_is_missing() {
    let (output, calls) = Machine::new(DEBIAN, 1000, "none").install(&["test"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        calls.lines().filter(|line| *line == "sudo").count(),
        2,
        "update and install: {calls}"
    );

    let (output, calls) = Machine::new(
        DEBIAN,
        1000,
        "ffmpeg bsdutils util-linux mount chromium chromium-driver",
    )
    .install(&["test"]);
    assert!(
        output.status.success() && output.stdout.is_empty() && calls.is_empty(),
        "{output:?} {calls}"
    );

    let (output, calls) = Machine::new(DEBIAN, 0, "none").install(&["everything"]);
    assert!(!output.status.success() && calls.is_empty());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("build run nvidia test axe rust lint deny"),
        "{output:?}"
    );
}

/// Rust as distributions pack it comes in parts; `make test` needs two more than `make demo`.
#[test]
fn the_script_adds_the_lints_that_a_rust_lacks() {
    assert!(text("Makefile").contains(".ci/install build run test axe rust lint deny"));
    let machine = Machine::new(DEBIAN, 1000, "none");
    machine.program("rustup", "echo rustup \"$@\" >>\"$MACHINE/calls\"");
    machine.program("cargo", "[ \"$1\" = fmt ]");
    let (output, calls) = machine.install(&["lint"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(calls, "rustup component add rustfmt clippy\n");

    // Without rustup, and with nothing to do.
    machine.program("rustup", "exit 1");
    let (output, _) = machine.install(&["lint"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.lines().count() == 1, "{output:?}");
    assert!(said.contains("no rustfmt or no clippy"), "{said}");
    machine.program("cargo", "exit 0");
    let (output, _) = machine.install(&["lint"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
}

/// Nothing we ship may be larger than people want to clone, or lack its licence.
#[test]
fn the_media_are_small_and_licensed() {
    let bytes = |name: &str| std::fs::metadata(root().join("assets").join(name)).expect(name).len();
    assert!(bytes("demo/demo.mp3") + bytes("demo/cover.jpg") < 2_000_000);
    assert!(bytes("default-cover.png") < 100_000);
    assert!(text("assets/demo/LICENSE").contains("CC0 1.0 Universal"));
    assert!(text("assets/fonts/OFL.txt").contains("SIL OPEN FONT LICENSE Version 1.1"));
    for fonts in std::fs::read_dir(root().join("assets/fonts")).expect("the fonts") {
        let path = fonts.expect("an entry").path();
        let known = ["ttf", "otf", "txt", "md"].contains(&extension(&path));
        assert!(known, "{path:?}");
    }
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

fn runs(arguments: &[&str]) -> Output {
    Command::new("bash")
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("bash is installed")
}
