//! Theme packs: a folder with `theme.toml` and `theme.wgsl` that someone else wrote, read from disk as a [`Theme`].
//!
//! A pack is data: nothing outside its folder is read, and its WGSL reaches nothing but the bindings it is given and ends in
//! bounded time (`render::guard`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::model::Fault;
use crate::scene::SceneError;
use crate::scene::theme::{self, Theme};

/// The two files of a pack.
pub const MANIFEST_FILE: &str = "theme.toml";
pub const SHADER_FILE: &str = "theme.wgsl";
/// Our own themes take less than 20 kB; a file larger than this is no theme.
const MAX_FILE_BYTES: u64 = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("{} cannot be read ({}); a theme is a folder with {MANIFEST_FILE} and {SHADER_FILE}", path.display(), source.kind())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} is a link; put the file itself into the theme's folder", path.display())]
    Link { path: PathBuf },
    #[error("there is no folder {}; a theme is a folder with {MANIFEST_FILE} and {SHADER_FILE}", path.display())]
    NoFolder { path: PathBuf },
    #[error("{} is a file; name the folder that holds {MANIFEST_FILE} and {SHADER_FILE}", path.display())]
    NotAFolder { path: PathBuf },
    #[error("{} is larger than {} kB; no theme needs that much", path.display(), MAX_FILE_BYTES / 1024)]
    TooLarge { path: PathBuf },
    #[error("{} is not text in UTF-8; save it as plain text", path.display())]
    NotText { path: PathBuf },
    #[error(transparent)]
    Scene(#[from] SceneError),
}

impl PackError {
    pub fn fault(&self) -> Fault {
        Fault::Request
    }
}

/// A built-in theme by its name, or a pack by its folder: whatever has a slash in it, or is no built-in and exists.
pub fn find(name: &str) -> Result<Theme, PackError> {
    let folder = Path::new(name);
    let names_a_folder = name.contains('/') || (theme::find(name).is_err() && folder.is_dir());
    if names_a_folder {
        load(folder)
    } else {
        Ok(theme::find(name)?.clone())
    }
}

/// Reads the pack in `folder`. Its WGSL is checked when it is compiled, or by `render::check`.
pub fn load(folder: &Path) -> Result<Theme, PackError> {
    let path = folder.to_owned();
    match std::fs::metadata(folder) {
        Ok(facts) if !facts.is_dir() => return Err(PackError::NotAFolder { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(PackError::NoFolder { path }),
        // Whatever else is wrong shows when its files are read.
        _ => {}
    }
    let manifest = read(&folder.join(MANIFEST_FILE))?;
    let shader = read(&folder.join(SHADER_FILE))?;
    let name = folder
        .canonicalize()
        .ok()
        .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let theme = Theme::read(name.as_deref().unwrap_or("theme"), &manifest, &shader);
    Ok(theme.map_err(|error| match error {
        SceneError::BadManifest { reason, .. } => SceneError::BadManifest {
            file: folder.join(MANIFEST_FILE).display().to_string(),
            reason,
        },
        error => error,
    })?)
}

fn read(path: &Path) -> Result<String, PackError> {
    let path = path.to_owned();
    let opened = match open(&path) {
        Err(rustix::io::Errno::LOOP) => return Err(PackError::Link { path }),
        Err(error) => Err(std::io::Error::from(error)),
        Ok(file) => match file.metadata() {
            Ok(facts) if facts.is_file() => Ok(file),
            Ok(_) => Err(std::io::ErrorKind::InvalidInput.into()),
            Err(error) => Err(error),
        },
    };
    let mut bytes = Vec::new();
    if let Err(source) = opened.and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)) {
        return Err(PackError::Unreadable { path, source });
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PackError::TooLarge { path });
    }
    String::from_utf8(bytes).map_err(|_| PackError::NotText { path })
}

/// Follows no link, since an error may quote a word of what is read and a link may lead to what is nobody else's business;
/// waits for nobody, since a pipe would have us wait for ever.
fn open(path: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}
