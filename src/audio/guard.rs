//! A file handed to the demuxer with a leash: it stops answering when the work is cancelled or takes too long. Demuxers
//! scan broken files for a long time inside one call; refusing to read is the one way to end such a call from outside.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
}

impl<'a> Leash<'a> {
    pub fn new(cancel: &'a AtomicBool) -> Self {
        Self {
            cancel,
            started: Instant::now(),
            deadline_ms: Arc::new(AtomicU64::new(u64::MAX)),
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
}

pub(super) struct Guarded<'a> {
    file: File,
    pub size_bytes: u64,
    leash: Leash<'a>,
    /// Where four zero bytes are read instead of what is there: see [`super::mp4::broken_off_sound`].
    zeroed_at: Option<u64>,
    at: u64,
}

impl<'a> Guarded<'a> {
    pub fn new(file: File, size_bytes: u64, zeroed_at: Option<u64>, leash: Leash<'a>) -> Self {
        Self {
            file,
            size_bytes,
            leash,
            zeroed_at,
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

impl Read for Guarded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let count = self.file.read(buf)?;
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

impl Seek for Guarded<'_> {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.check()?;
        self.at = self.file.seek(pos)?;
        Ok(self.at)
    }
}

impl MediaSource for Guarded<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size_bytes)
    }
}
