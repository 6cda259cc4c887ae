//! What a child gives up once its device is open, and the proof that it did: no network, no other programs, no signals to
//! others, bounded memory, files and descriptors. The filter itself is `confinement.json`.
//!
//! It refuses what a decoder never needs instead of allowing a list: graphics drivers call whatever they like.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, getrlimit, setrlimit, test_kill_process};
use seccompiler::{TargetArch, apply_filter_all_threads, compile_from_json};

use super::limits::{FILE_BYTES, OPEN_FILES};
use super::protocol::Freedom;

const FILTER: &str = include_str!("confinement.json");
/// Stands in the filter for a number known only to the running child.
const OWN_NUMBER: &str = "4294967295";
/// Sent when the supervisor's thread that started this child is gone.
const PARENT_GONE: Signal = Signal::KILL;

#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    #[error("the system refused a limit: {0}")]
    Limit(#[from] io::Error),
    #[error("the system refused the filter of calls: {0}")]
    Filter(#[from] seccompiler::Error),
    #[error("no filter of calls is known for this kind of processor")]
    Processor,
    #[error("the filter of calls let something through: {0:?}")]
    Leaky(Freedom),
}

/// The first thing a child does.
pub fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(PARENT_GONE))?)
}

/// For this process and all its threads, for good.
pub fn confine(folder: &Path, memory_bytes: u64) -> Result<(), ConfineError> {
    std::env::set_current_dir(folder)?;
    // Private memory that can be written. Address space says nothing: drivers reserve terabytes of it.
    lower(Resource::Data, memory_bytes)?;
    lower(Resource::Fsize, FILE_BYTES)?;
    lower(Resource::Nofile, OPEN_FILES)?;
    lower(Resource::Core, 0)?;
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|_| ConfineError::Processor)?;
    let filter = FILTER.replace(OWN_NUMBER, &std::process::id().to_string());
    let filters = compile_from_json(filter.as_bytes(), arch)?;
    for filter in filters.values() {
        apply_filter_all_threads(filter)?;
    }
    match try_everything() {
        free if free == Freedom::default() => Ok(()),
        free => Err(ConfineError::Leaky(free)),
    }
}

/// Both bounds of a limit, never above what it is already.
fn lower(what: Resource, to: u64) -> io::Result<()> {
    let bound = Some(getrlimit(what).maximum.map_or(to, |most| most.min(to)));
    Ok(setrlimit(
        what,
        Rlimit {
            current: bound,
            maximum: bound,
        },
    )?)
}

/// What succeeds of all that must not.
pub fn try_everything() -> Freedom {
    let nowhere = ([127, 0, 0, 1], 9).into();
    let refused = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    let limit = getrlimit(Resource::Core);
    Freedom {
        // Nobody listens there: any other answer than a refusal means that somebody was asked.
        connects: TcpStream::connect_timeout(&nowhere, Duration::from_millis(100))
            .map_or_else(|e| !refused(e), |_| true),
        listens: TcpListener::bind("127.0.0.1:0").is_ok(),
        sends_datagrams: UdpSocket::bind("127.0.0.1:0").is_ok(),
        opens_local_sockets: UnixDatagram::unbound().is_ok(),
        runs_programs: Command::new("/proc/self/exe").arg("--version").output().is_ok(),
        raises_its_limits: setrlimit(Resource::Core, limit).is_ok(),
        kills_others: test_kill_process(getppid().unwrap_or(Pid::INIT)).is_ok(),
    }
}
