//! What can go wrong with the record, told so that whoever runs the service knows what to do.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the data folder {} is in use by another MusicCircles; stop that one, or give this one another folder", path.display())]
    InUse { path: PathBuf },
    #[error("the data folder {} cannot be used ({}); check that it exists and that you may write there", path.display(), source.kind())]
    Folder {
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    #[error("{} is no database of MusicCircles; name the data folder's, or a backup made with `musiccircles db backup`", path.display())]
    NoRecord { path: PathBuf },
    #[error("there is no record in {}; run this where the service runs, or name its settings with --config", folder.display())]
    NoneYet { folder: PathBuf },
    #[error("{} cannot be written; give the backup a place where you may write", path.display())]
    Unwritable { path: PathBuf },
    #[error("this build has SQLite {found}, which can lose data; build it with 3.51.3 or newer (not 3.52.0)")]
    OldSqlite { found: String },
    #[error("the database does not take the setting {setting}: it says {found}; move the data folder to a local disk")]
    Setting { setting: &'static str, found: String },
    #[error("the database is damaged ({first}); put the last backup in its place")]
    Damaged { first: String },
    #[error("{} is damaged ({first}); give another backup", path.display())]
    DamagedBackup { path: PathBuf, first: String },
    #[error("the database was made by a newer MusicCircles; run that one")]
    Newer,
    #[error("the database could not be brought to this version ({words})")]
    Migration { words: String },
    #[error("the disk is full; free some space, nothing else needs to be done")]
    DiskFull,
    #[error(
        "the database may not be written; check the rights of the data folder and whether its disk is mounted for reading only"
    )]
    ReadOnly,
    #[error("the database is busy; try again")]
    Busy,
    #[error("what this is about was removed meanwhile")]
    Forgotten,
    #[error("the service is stopping")]
    Closed,
    #[error("a part of the program failed (store); please report this")]
    Panicked,
    #[error("the database holds something this version does not understand ({what}); please report this")]
    Unreadable { what: &'static str },
    #[error("the database refused ({0})")]
    Sqlite(#[source] Arc<rusqlite::Error>),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody mending the program.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::DiskFull | Self::ReadOnly | Self::Busy)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        match code {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                first: error.to_string(),
            },
            // A write cut short by a quota or a size limit of the process is, to whoever waits, a disk without space.
            Some(ErrorCode::SystemIoFailure) if is_write(&error) => Self::DiskFull,
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(_: serde_json::Error) -> Self {
        Self::Unreadable {
            what: "a value in JSON",
        }
    }
}

fn is_write(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    matches!(
        failure.extended_code,
        rusqlite::ffi::SQLITE_IOERR_WRITE | rusqlite::ffi::SQLITE_IOERR_TRUNCATE | rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    )
}
