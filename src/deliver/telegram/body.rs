//! The fields and the file of one request, as a stream of bytes whose every step is counted.
//!
//! Telegram acts on a request only when it has the whole of it. So as long as the last byte has not left [`Metered`],
//! nothing can have been sent; and once the [`Meter`] is sealed, no byte leaves any more, whatever the connection's own
//! task still tries.

use std::io::{self, Cursor};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::Instant;

use crate::torture;

/// Read and handed over at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// `multipart/form-data`, with the one file that is streamed at its end.
pub(super) struct Form {
    boundary: String,
    head: Vec<u8>,
    file: Option<(File, u64)>,
}

impl Form {
    pub(super) fn new() -> Self {
        Self {
            // Longer than anything a file could hold by chance.
            boundary: format!("musiccircles-{:032x}", rand::random::<u128>()),
            head: Vec::new(),
            file: None,
        }
    }

    pub(super) fn field(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let part = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
            self.boundary,
            value.as_ref()
        );
        self.head.extend_from_slice(part.as_bytes());
        self
    }

    /// A small file that is in memory.
    pub(super) fn bytes(mut self, name: &str, file_name: &str, kind: &str, bytes: &[u8]) -> Self {
        self.open_file(name, file_name, kind);
        self.head.extend_from_slice(bytes);
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// Its length now is the length that is sent; a file that shrinks meanwhile breaks the request off.
    pub(super) async fn file(mut self, name: &str, file_name: &str, kind: &str, path: &Path) -> io::Result<Self> {
        let file = File::open(path).await?;
        let facts = file.metadata().await?;
        if !facts.is_file() || facts.len() == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.open_file(name, file_name, kind);
        self.file = Some((file, facts.len()));
        Ok(self)
    }

    fn open_file(&mut self, name: &str, file_name: &str, kind: &str) {
        let part = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: {kind}\r\n\r\n",
            self.boundary
        );
        self.head.extend_from_slice(part.as_bytes());
    }

    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The body and its meter.
    pub(super) fn into_body(self) -> (reqwest::Body, Arc<Meter>) {
        let tail = format!("--{}--\r\n", self.boundary);
        match self.file {
            Some((file, bytes)) => {
                let tail = format!("\r\n{tail}").into_bytes();
                let total_bytes = (self.head.len() + tail.len()) as u64 + bytes;
                let inner = Cursor::new(self.head).chain(file.take(bytes)).chain(Cursor::new(tail));
                metered(Box::pin(inner), total_bytes)
            }
            None => {
                let whole = [self.head, tail.into_bytes()].concat();
                let total_bytes = whole.len() as u64;
                metered(Box::pin(Cursor::new(whole)), total_bytes)
            }
        }
    }
}

type Reader = Pin<Box<dyn AsyncRead + Send + Sync>>;

fn metered(inner: Reader, total_bytes: u64) -> (reqwest::Body, Arc<Meter>) {
    let meter = Arc::new(Meter::new(total_bytes));
    let stream = Metered {
        inner,
        meter: Arc::clone(&meter),
    };
    let stream = tokio_util::io::ReaderStream::with_capacity(stream, CHUNK_BYTES);
    (reqwest::Body::wrap_stream(stream), meter)
}

struct Metered {
    inner: Reader,
    meter: Arc<Meter>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.inner.as_mut().poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && !self.meter.hand((buffer.filled().len() - before) as u64) {
            buffer.set_filled(before);
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

/// How much of a body has left our hands, and when it last moved.
pub(super) struct Meter {
    pub(super) total_bytes: u64,
    state: Mutex<State>,
}

struct State {
    handed_bytes: u64,
    moved_at: Instant,
    sealed: bool,
}

/// A look at the meter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) handed_bytes: u64,
    pub(super) moved_at: Instant,
}

impl Meter {
    fn new(total_bytes: u64) -> Self {
        let state = State {
            handed_bytes: 0,
            moved_at: Instant::now(),
            sealed: false,
        };
        Self {
            total_bytes,
            state: Mutex::new(state),
        }
    }

    /// False when the meter is sealed: the bytes must not go out.
    fn hand(&self, bytes: u64) -> bool {
        let mut state = self.state();
        if state.sealed {
            return false;
        }
        if bytes > 0 {
            state.handed_bytes += bytes;
            state.moved_at = Instant::now();
            let is_whole = state.handed_bytes >= self.total_bytes;
            torture::point(if is_whole { "send.body_done" } else { "send.mid_body" });
        }
        true
    }

    pub(super) fn progress(&self) -> Progress {
        let state = self.state();
        Progress {
            handed_bytes: state.handed_bytes,
            moved_at: state.moved_at,
        }
    }

    /// From now on nothing goes out. How much did, once and for all, comes back.
    pub(super) fn seal(&self) -> u64 {
        let mut state = self.state();
        state.sealed = true;
        state.handed_bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
