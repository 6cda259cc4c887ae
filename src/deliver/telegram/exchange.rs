//! One request on a connection of its own, watched until an answer is whole or hope is gone. Nothing is tried twice here.

use std::time::Duration;

use reqwest::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Instant, sleep_until};

use super::body::{Form, Meter};
use super::patience::{MAX_ANSWER_BYTES, Patience};

/// What a request came to.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) handed_bytes: u64,
    pub(super) total_bytes: u64,
    pub(super) end: End,
}

#[derive(Debug)]
pub(super) enum End {
    Answered {
        status: u16,
        body: Vec<u8>,
    },
    /// The connection could not be made.
    NoConnection,
    /// It was lost, or what came was no HTTP.
    Broken,
    /// A limit of [`Patience`] was reached.
    TimeOut,
}

impl Exchange {
    /// Whether all of the request may have reached the other side.
    pub(super) fn is_whole(&self) -> bool {
        self.handed_bytes >= self.total_bytes
    }
}

/// The client every send uses: no kept connection (one that the server has just closed would be answered by silence), no
/// retry, no redirect, and HTTP/1.1, where a body counts only when its announced length has arrived.
pub(super) fn http_client(plain: bool, connect: Duration) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .pool_max_idle_per_host(0)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .connect_timeout(connect);
    if plain {
        // Plain HTTP is a Bot API server on this host or network: the system's proxy is for the world outside.
        builder = builder.no_proxy();
    }
    builder.build()
}

pub(super) async fn post(http: &reqwest::Client, url: &str, form: Form, patience: Patience) -> Exchange {
    let content_type = form.content_type();
    let (body, meter) = form.into_body();
    let request = http
        .post(url)
        .header(CONTENT_TYPE, content_type)
        .header(CONTENT_LENGTH, meter.total_bytes)
        .header(CONNECTION, "close")
        .body(body);
    let end = {
        let conversation = std::pin::pin!(converse(request));
        watch(conversation, &meter, patience).await
    };
    Exchange {
        // After this not even a connection that outlives its request sends another byte.
        handed_bytes: meter.seal(),
        total_bytes: meter.total_bytes,
        end,
    }
}

async fn converse(request: reqwest::RequestBuilder) -> End {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => return End::NoConnection,
        Err(error) => {
            // Without its address, which holds the token.
            tracing::debug!(error = %error.without_url(), "a request got no answer");
            return End::Broken;
        }
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(None) => return End::Answered { status, body },
            Ok(Some(_)) | Err(_) => return End::Broken,
        }
    }
}

/// Lets the conversation go on as long as it moves.
async fn watch(mut conversation: impl Future<Output = End> + Unpin, meter: &Meter, patience: Patience) -> End {
    let began = Instant::now();
    loop {
        let deadline = deadline(began, meter, patience);
        tokio::select! {
            biased;
            end = &mut conversation => return end,
            () = sleep_until(deadline) => {}
        }
        // It may have moved meanwhile, and the deadline with it.
        if Instant::now() >= self::deadline(began, meter, patience) {
            return End::TimeOut;
        }
    }
}

fn deadline(began: Instant, meter: &Meter, patience: Patience) -> Instant {
    let progress = meter.progress();
    let allowed = if progress.handed_bytes < meter.total_bytes {
        patience.write_stall
    } else {
        patience.answer
    };
    (progress.moved_at + allowed).min(began + patience.whole)
}
