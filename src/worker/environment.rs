//! The environment of a child: what it needs to find and use a driver, and nothing that is secret.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::torture;

/// What a child may know: where programs, libraries and drivers lie and how drivers are to behave. Not the token, not our
/// settings, not the proxies' passwords.
const ENVIRONMENT: [&str; 13] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "NODEVICE_SELECT",
    "MUSICCIRCLES_LOG",
    "RUST_BACKTRACE",
    "DRI_PRIME",
];
const ENVIRONMENT_OF_DRIVERS: [&str; 13] = [
    "VK_", "MESA_", "LP_", "GALLIUM_", "LIBGL_", "NVIDIA_", "__NV_", "__GL_", "CUDA_", "LIBVA_", "RADV_", "AMD_",
    "ANV_",
];
/// Of `ours`, what a child may know; its temporary files go to `folder`.
pub fn environment(ours: impl Iterator<Item = (OsString, OsString)>, folder: &Path) -> HashMap<OsString, OsString> {
    let known = |name: &OsStr| {
        let name = name.to_string_lossy();
        let awake = torture::is_on() && name == torture::SWITCH;
        awake || ENVIRONMENT.contains(&&*name) || ENVIRONMENT_OF_DRIVERS.iter().any(|start| name.starts_with(start))
    };
    let mut theirs: HashMap<_, _> = ours.filter(|(name, _)| known(name)).collect();
    theirs.insert("TMPDIR".into(), folder.into());
    theirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_knows_where_drivers_lie_and_no_secret() {
        let ours = [
            ("PATH", "/bin"),
            ("VK_DRIVER_FILES", "/d"),
            ("TELEGRAM_BOT_TOKEN", "1:a"),
            ("MUSICCIRCLES__TELEGRAM__TOKEN", "1:a"),
            ("HTTPS_PROXY", "http://me:secret@proxy"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ];
        let ours = ours.into_iter().map(|(name, value)| (name.into(), value.into()));
        let mut names: Vec<_> = environment(ours, Path::new("/tmp")).into_keys().collect();
        names.sort();
        assert_eq!(names, ["PATH", "TMPDIR", "VK_DRIVER_FILES"]);
    }
}
