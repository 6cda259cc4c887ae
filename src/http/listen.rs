//! Connections: sockets in, requests handed to the router, each with limits on its head, its silence and its number.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::doors::Doors;
use super::limits::{HEADER_BYTES, HEADER_TIME, HEADERS, LEAVE, LINGER, LINGER_BYTES, STALL};

/// After an error of the system's (out of descriptors): it is asked again, but not in a circle.
const PAUSE: Duration = Duration::from_millis(100);
/// So many are told at the same time that there is no room; more are closed without a word.
const TURNED_AWAY: usize = 64;
/// What every answer of ours says to a browser, where the router does not say it.
const SAFE: &str = "x-content-type-options: nosniff\r\ncontent-security-policy: default-src 'none'\r\n";

/// Serves one address until we stop, and then lets open requests end.
pub async fn serve(listener: TcpListener, router: Router, doors: Arc<Doors>, stopping: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let leaving = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(place) = doors.enter(peer) else {
            if let Ok(leave) = Arc::clone(&leaving).try_acquire_owned() {
                tokio::spawn(async move {
                    turn_away(stream).await;
                    drop(leave);
                });
            }
            continue;
        };
        // Small answers go at once.
        let _ = stream.set_nodelay(true);
        let connection = converse(stream, peer, router.clone(), &graceful);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(LEAVE, graceful.shutdown()).await.is_err() {
        tracing::info!("some connections did not end in time");
    }
}

/// An answer before anything was asked. What is asked all the same is taken for a moment: a connection that is closed with
/// something unread loses the answer.
async fn turn_away(mut stream: TcpStream) {
    let body = "{\"detail\":\"too many connections are open; try again in a moment\"}";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-type: application/json\r\n{SAFE}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let heard = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut asked = (&mut stream).take(LINGER_BYTES as u64);
        tokio::io::copy(&mut asked, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(LINGER, heard).await;
}

/// One connection, from its first byte to its last.
fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = hyper::Result<()>> + use<> {
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream)), answer);
    graceful.watch(connection)
}

/// A connection that is not waited for without end: for a peer that takes nothing, or that still sends when all is said.
struct Patient {
    stream: TcpStream,
    writing: Option<Pin<Box<Sleep>>>,
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Patient {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            writing: None,
            lingering: None,
        }
    }

    /// Says this in place of so many bytes. Nothing follows on this connection: there is room for it, or nobody listens.
    fn last_words(&self, words: &str, bytes: usize) -> Poll<io::Result<usize>> {
        let _ = self.stream.try_write(words.as_bytes());
        Poll::Ready(Ok(bytes))
    }

    /// A write that waits too long is an error.
    fn patiently<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let patience = self.writing.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What hyper says by itself, without a word, when a head is too long or none at all: we add the sentence.
fn in_words(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?;
    let (line, headers) = text.split_once("\r\n")?;
    let detail = match line {
        "HTTP/1.1 414 URI Too Long" | "HTTP/1.1 431 Request Header Fields Too Large" => {
            "the address or the headers of this request are too long; shorten them"
        }
        "HTTP/1.1 400 Bad Request" => "this is no HTTP request that can be read; look at what sends it",
        _ => return None,
    };
    // Ours have a body.
    headers.contains("content-length: 0\r\n").then(|| {
        let body = format!("{{\"detail\":\"{detail}\"}}");
        let bytes = body.len();
        format!(
            "{line}\r\nconnection: close\r\ncontent-type: application/json\r\n{SAFE}content-length: {bytes}\r\n\r\n{body}"
        )
    })
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(words) = in_words(bytes) {
            return self.last_words(&words, bytes.len());
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.patiently(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = bytes
            && let Some(words) = in_words(only)
        {
            return self.last_words(&words, only.len());
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.patiently(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Says that all is said, and still takes what is under way for a moment: closed at once, a peer that is sending would
    /// lose our answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        let (until, left) = this
            .lingering
            .get_or_insert_with(|| (Box::pin(sleep(LINGER)), LINGER_BYTES));
        let mut buffer = [0; 8192];
        loop {
            let mut into = ReadBuf::new(&mut buffer);
            match Pin::new(&mut this.stream).poll_read(context, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() && *left > into.filled().len() => {
                    *left -= into.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(until.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_without_words_is_given_some() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert!(in_words(bare).is_some_and(|words| words.contains("\"detail\"") && words.starts_with("HTTP/1.1 431")));
        assert_eq!(
            in_words(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 20\r\n\r\n"),
            None
        );
        assert_eq!(in_words(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), None);
        assert_eq!(in_words(&[0xff, 0xfe]), None);
    }
}
