//! HTTP/1.1 on a raw socket, so that a fault can strike between any two bytes: a request's head and body in, bytes out.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_HEAD_BYTES: usize = 64 * 1024;
/// A local Bot API server takes 2000 MB; nothing here sends as much.
const MAX_BODY_BYTES: u64 = 256 * 1024 * 1024;
/// A dripping answer that is longer than this comes in larger drops.
const MOST_DROPS: usize = 600;

/// One connection and what was read of it too early.
pub struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

/// The first lines of a request.
pub struct Head {
    /// Without the query.
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }

    pub fn keeps_alive(&self) -> bool {
        !self.says("connection", "close")
    }

    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }
}

/// What came of reading a body.
pub enum Body {
    Whole(Vec<u8>),
    /// The other side went away, or the reader was told to stop there.
    Part(u64),
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    /// Waits for a first byte without taking it; false when the other side is gone.
    pub async fn has_more(&mut self) -> bool {
        !self.ahead.is_empty() || self.more().await.is_ok_and(|read| read > 0)
    }

    /// `None` when the connection ended or what came is no HTTP.
    pub async fn head(&mut self) -> Option<Head> {
        let end = loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                break end;
            }
            if self.ahead.len() > MAX_HEAD_BYTES || self.more().await.ok()? == 0 {
                return None;
            }
        };
        let text = String::from_utf8(self.ahead.drain(..end + 4).collect()).ok()?;
        let mut lines = text.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (_verb, target) = (first.next()?, first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.filter_map(|line| line.split_once(':'));
        Some(Head {
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        })
    }

    /// Reads the body the head announces, at most up to byte `stop`.
    pub async fn body(&mut self, head: &Head, stop: Option<u64>) -> Body {
        if head.says("transfer-encoding", "chunked") {
            return self.chunked(stop).await;
        }
        let length = head.content_length().unwrap_or(0);
        let wanted = stop.unwrap_or(u64::MAX).min(length).min(MAX_BODY_BYTES);
        let bytes = self.exactly(wanted).await;
        if bytes.len() as u64 == length {
            Body::Whole(bytes)
        } else {
            Body::Part(bytes.len() as u64)
        }
    }

    /// Reads so many bytes of the body and then none for a while.
    pub async fn pause(&mut self, byte: u64, pause: Duration) {
        while (self.ahead.len() as u64) < byte && self.more().await.is_ok_and(|read| read > 0) {}
        tokio::time::sleep(pause).await;
    }

    async fn chunked(&mut self, stop: Option<u64>) -> Body {
        let stop = stop.unwrap_or(MAX_BODY_BYTES);
        let mut body = Vec::new();
        loop {
            let Some(size) = self
                .line()
                .await
                .and_then(|line| u64::from_str_radix(line.trim(), 16).ok())
            else {
                return Body::Part(body.len() as u64);
            };
            let chunk = self.exactly(size.min(stop - body.len() as u64)).await;
            let short = (chunk.len() as u64) < size;
            body.extend_from_slice(&chunk);
            if short || self.line().await.is_none() {
                return Body::Part(body.len() as u64);
            }
            if size == 0 {
                return Body::Whole(body);
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n") {
                let line = self.ahead.drain(..end + 2).collect();
                return String::from_utf8(line).ok();
            }
            if self.ahead.len() > MAX_HEAD_BYTES || self.more().await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Fewer when the other side went away.
    async fn exactly(&mut self, count: u64) -> Vec<u8> {
        while (self.ahead.len() as u64) < count {
            match self.more().await {
                Ok(read) if read > 0 => {}
                _ => break,
            }
        }
        let count = self.ahead.len().min(count as usize);
        self.ahead.drain(..count).collect()
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.ahead.reserve(64 * 1024);
        self.stream.read_buf(&mut self.ahead).await
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// A byte at a time.
    pub async fn drip(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for piece in bytes.chunks(bytes.len().div_ceil(MOST_DROPS).max(1)) {
            self.write(piece).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Ends the connection with a reset instead of a farewell.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }
}

/// An answer's head and body, with the length it claims to have.
pub fn answer(status: u16, kind: &str, body: &[u8], claimed_bytes: usize, keep_alive: bool) -> Vec<u8> {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nServer: stand-in\r\nContent-Type: {kind}\r\nContent-Length: {claimed_bytes}\r\nConnection: {connection}\r\n\r\n",
        reason(status)
    );
    [head.as_bytes(), body].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

pub fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    let mut from = 0;
    // By the first byte: uploads are large, and a debug build looks at windows slowly.
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == pattern[0]) {
        if bytes[from + at..].starts_with(pattern) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
