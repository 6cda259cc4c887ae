//! A file handed to the demuxer with a leash: it stops answering when the work is cancelled or takes too long. Demuxers
//! scan broken files for a long time inside one call; refusing to read is the one way to end such a call from outside.
//! And it remembers when the machine could not read: to a demuxer a failing disk is as good an end as any other.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use symphonia::core::io::MediaSource;

/// How long a file may be searched for a known format, and again for its first sound.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The end of the leash that stays outside.
#[derive(Clone)]
pub(super) struct Leash<'a> {
    cancel: &'a AtomicBool,
    started: Instant,
    /// Milliseconds after `started` when reading stops; `u64::MAX` for never.
    deadline_ms: Arc<AtomicU64>,
    failure: Arc<OnceLock<io::Error>>,
}

impl<'a> Leash<'a> {
    pub fn new(cancel: &'a AtomicBool) -> Self {
        Self {
            cancel,
            started: Instant::now(),
            deadline_ms: Arc::new(AtomicU64::new(u64::MAX)),
            failure: Arc::default(),
        }
    }

    /// From now on reading ends after [`PATIENCE`].
    pub fn tighten(&self) {
        let deadline = self.started.elapsed() + PATIENCE;
        self.deadline_ms.store(deadline.as_millis() as u64, Ordering::Relaxed);
    }

    /// Reading may take as long as it takes.
    pub fn loosen(&self) {
        self.deadline_ms.store(u64::MAX, Ordering::Relaxed);
    }

    pub fn cancel_flag(&self) -> &'a AtomicBool {
        self.cancel
    }

    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    pub fn expired(&self) -> bool {
        let deadline = self.deadline_ms.load(Ordering::Relaxed);
        deadline != u64::MAX && self.started.elapsed().as_millis() as u64 >= deadline
    }

    /// The first read that failed, other than by the end of the file or by this leash.
    pub fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(again)
    }

    fn keep(&self, error: &io::Error) {
        // Readers try again after an interruption.
        if error.kind() != io::ErrorKind::Interrupted {
            self.failure.get_or_init(|| again(error));
        }
    }
}

/// Errors of the system have no `Clone`.
fn again(error: &io::Error) -> io::Error {
    let code = error.raw_os_error();
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// A file, or in tests whatever reads like one.
pub(super) struct Guarded<'a, F = File> {
    file: F,
    pub size_bytes: u64,
    leash: Leash<'a>,
    /// Where four zero bytes are read instead of what is there: see [`super::mp4::broken_off_sound`].
    pub zeroed_at: Option<u64>,
    at: u64,
}

impl<'a, F> Guarded<'a, F> {
    pub fn new(file: F, size_bytes: u64, leash: Leash<'a>) -> Self {
        Self {
            file,
            size_bytes,
            leash,
            zeroed_at: None,
            at: 0,
        }
    }

    fn check(&self) -> io::Result<()> {
        // Not `Interrupted`: readers try again after that one.
        let stop = self.leash.cancelled() || self.leash.expired();
        if stop {
            Err(io::Error::other("reading was stopped"))
        } else {
            Ok(())
        }
    }
}

impl<F: Read> Read for Guarded<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let count = self.file.read(buf).inspect_err(|error| self.leash.keep(error))?;
        if let Some(zeroed) = self.zeroed_at {
            for place in zeroed..zeroed + 4 {
                if let Some(byte) = place
                    .checked_sub(self.at)
                    .and_then(|n| buf[..count].get_mut(n as usize))
                {
                    *byte = 0;
                }
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl<F: Seek> Seek for Guarded<'_, F> {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.check()?;
        self.at = self.file.seek(pos)?;
        Ok(self.at)
    }
}

impl<F: Read + Seek + Send + Sync> MediaSource for Guarded<'_, F> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size_bytes)
    }
}
