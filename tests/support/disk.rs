//! A small disk of its own, mounted for one folder and for those programs alone that are started on it. It lives as long as
//! this.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct SmallDisk {
    /// It does nothing but keep the mount.
    holder: Child,
    enter: &'static [&'static str],
    inside: PathBuf,
}

/// As root, or as somebody who may have a name space of his own: how to enter what `unshare` made.
const WAYS: [(&str, &[&str]); 2] = [("-m", &["-m"]), ("-rm", &["-U", "-m", "--preserve-credentials"])];
const BALLAST: &str = "ballast";
const CHUNK_BYTES: usize = 64 << 10;

/// With this variable set to anything, tests that this machine does not allow are left out instead of failing.
const MAY_SKIP: &str = "MUSICCIRCLES_TESTS_MAY_SKIP";

/// A test that cannot be tried here fails: green, it would say what nobody has seen.
pub fn not_tried(why: &str) {
    assert!(
        std::env::var_os(MAY_SKIP).is_some(),
        "{why}; run the tests as somebody who may, or set {MAY_SKIP}=1 to leave out what cannot be tried"
    );
    eprintln!("NOT TRIED: {why}");
}

impl SmallDisk {
    /// `None` only where tests may be left out, see [`not_tried`].
    pub fn mount(folder: &Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        for (flags, enter) in WAYS {
            let mount = format!("mount -t tmpfs -o size={bytes} none \"$0\" && echo mounted && exec sleep 3600");
            let mut holder = Command::new("unshare")
                .args([flags, "sh", "-c", &mount])
                .arg(folder)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut said = String::new();
            BufReader::new(holder.stdout.take().unwrap())
                .read_line(&mut said)
                .unwrap();
            if said == "mounted\n" {
                let inside = PathBuf::from(format!("/proc/{}/root{}", holder.id(), folder.display()));
                return Some(Self { holder, enter, inside });
            }
            holder.wait().unwrap();
        }
        not_tried("this user may not mount a file system");
        None
    }

    /// A program that sees the disk; its process is the program's own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &self.holder.id().to_string()])
            .args(self.enter)
            .args(["--", program]);
        command
    }

    /// Where it is to be found from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.inside.join(name)
    }

    pub fn free_bytes(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.inside).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    /// Leaves so many bytes free, or one page less.
    pub fn fill(&self, left_bytes: u64) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.path(BALLAST))
            .unwrap();
        while self.free_bytes() > left_bytes {
            let more = (self.free_bytes() - left_bytes).min(CHUNK_BYTES as u64);
            if ballast.write_all(&vec![0; more as usize]).is_err() {
                return;
            }
        }
    }

    pub fn empty(&self) {
        fs::remove_file(self.path(BALLAST)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
