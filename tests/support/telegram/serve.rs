//! Connections: a request is read, the script is asked, the method carried out, and an answer written, or whatever the
//! fault makes of all that.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::fault::{Answer, Cut, Fault, Incoming};
use super::http::{self, Body, Head, Wire};
use super::ledger::{Entry, What};
use super::methods::{self, Call, Refused};
use super::params::{Params, unescape};
use super::webhook;
use super::world::World;

/// What connections, people and tests share.
pub struct Shared {
    world: Mutex<World>,
    /// Something changed: for tests that wait.
    pub changed: Condvar,
    /// New updates: for polls that wait.
    pub updates: Notify,
}

impl Shared {
    pub fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            changed: Condvar::new(),
            updates: Notify::new(),
        }
    }

    /// A test that failed while it looked must not hide why.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn announce(&self) {
        self.changed.notify_all();
        self.updates.notify_waiters();
    }
}

pub async fn listen(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(connection(Arc::clone(&shared), stream));
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let mut wire = Wire::new(stream);
    let number = {
        let mut world = shared.world();
        world.connections += 1;
        world.connections
    };
    for nth in 1.. {
        let Some(head) = wire.head().await else { return };
        if shared.world().outage {
            return wire.reset();
        }
        match request(&shared, wire, &head, number, nth).await {
            Some(kept) if head.keeps_alive() => wire = kept,
            _ => return,
        }
    }
}

/// One request; the wire comes back when it may be used again.
async fn request(shared: &Arc<Shared>, mut wire: Wire, head: &Head, connection: u64, nth: u64) -> Option<Wire> {
    let Some((token, method)) = target(&head.path) else {
        return download(shared, wire, head).await;
    };
    let incoming = Incoming {
        method: method.to_owned(),
        content_length: head.content_length().unwrap_or(0),
    };
    let fault = (shared.world().script)(&incoming);
    let note = |what, detail: String| {
        shared.world().ledger.write(Entry {
            what,
            detail,
            method: method.to_owned(),
            connection,
            nth,
            ..Entry::default()
        });
    };
    if let Some(fault) = fault {
        note(What::Fault, format!("{fault:?}"));
    }
    if let Some(Fault::Cut(cut)) = fault {
        cut_off(wire, head, cut).await;
        return None;
    }
    if let Some(Fault::Pause { byte, pause }) = fault {
        wire.pause(byte, pause).await;
    }
    let body = match wire.body(head, None).await {
        Body::Whole(body) => body,
        Body::Part(bytes) => {
            note(What::Incomplete, format!("{bytes} bytes"));
            return None;
        }
    };
    let (executed, visible_after, answer) = match fault {
        Some(Fault::Answer {
            executed,
            visible_after,
            answer,
        }) => (executed, visible_after, answer),
        _ => (true, Duration::ZERO, Answer::Usual),
    };
    let params = Params::read(head, &body);
    let call = Call {
        token,
        method,
        params: &params,
        connection,
        nth,
        visible_after,
    };
    let result = if executed {
        execute(shared, &call).await
    } else {
        Err(Refused::new(500, "Internal Server Error"))
    };
    answer_with(wire, result, answer, head.keeps_alive()).await
}

/// `/bot<token>/<method>`, also with a part for the test environment between.
fn target(path: &str) -> Option<(&str, &str)> {
    let (token, rest) = path.strip_prefix("/bot")?.split_once('/')?;
    Some((token, rest.rsplit('/').next()?))
}

async fn cut_off(mut wire: Wire, head: &Head, cut: Cut) {
    match cut {
        Cut::AtOnce | Cut::AfterHead => {}
        Cut::AtByte(byte) => drop(wire.body(head, Some(byte)).await),
        Cut::StallAtByte(byte) => {
            drop(wire.body(head, Some(byte)).await);
            // Longer than any patience; the other side hangs up first.
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    }
    wire.reset();
}

async fn execute(shared: &Arc<Shared>, call: &Call<'_>) -> methods::Answer {
    if call.method.eq_ignore_ascii_case("getUpdates") {
        return poll(shared, call).await;
    }
    let answer = methods::carry_out(&mut shared.world(), call);
    if call.method.eq_ignore_ascii_case("setWebhook") && answer.is_ok() {
        tokio::spawn(webhook::push(Arc::clone(shared), call.token.to_owned()));
    }
    shared.announce();
    answer
}

/// `getUpdates`: a poll that waits ends when a newer one comes.
async fn poll(shared: &Shared, call: &Call<'_>) -> methods::Answer {
    let params = call.params;
    let timeout = Duration::from_secs(params.number("timeout").unwrap_or(0).clamp(0, 50) as u64);
    let limit = params.number("limit").unwrap_or(100).clamp(1, 100) as usize;
    let deadline = Instant::now() + timeout;
    let mut mine = None;
    loop {
        let news = shared.updates.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        {
            let mut world = shared.world();
            let Some(bot) = world.bots.get_mut(call.token) else {
                return Err(Refused::new(401, "Unauthorized"));
            };
            let updates = &mut bot.updates;
            if updates.webhook.is_some() {
                let words = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
                return Err(Refused::new(409, words));
            }
            if mine.is_none() {
                updates.poll += 1;
                if let Some(allowed) = params.parsed("allowed_updates") {
                    updates.allowed = Some(allowed);
                }
                if let Some(offset) = params.number("offset") {
                    updates.confirm(offset);
                }
                shared.announce();
            }
            if *mine.get_or_insert(updates.poll) != updates.poll {
                let words =
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
                return Err(Refused::new(409, words));
            }
            let batch = updates.hand_out(limit);
            if !batch.is_empty() || Instant::now() >= deadline {
                return Ok(Value::Array(batch));
            }
        }
        let _ = tokio::time::timeout_at(deadline.into(), news).await;
    }
}

async fn answer_with(mut wire: Wire, result: methods::Answer, answer: Answer, keep_alive: bool) -> Option<Wire> {
    let (status, json) = match result {
        Ok(result) => (200, json!({ "ok": true, "result": result })),
        Err(refused) => (refused.code, refused.json()),
    };
    let body = json.to_string().into_bytes();
    let whole = |status, kind: &str, body: &[u8]| http::answer(status, kind, body, body.len(), keep_alive);
    let claiming = |claimed: usize| http::answer(status, JSON, &body, claimed, keep_alive);
    let usual = claiming(body.len());
    let (sent, kept) = match answer {
        Answer::Usual => (wire.write(&usual).await, true),
        Answer::After(delay) => {
            tokio::time::sleep(delay).await;
            (wire.write(&usual).await, true)
        }
        Answer::Close => return None,
        Answer::Reset => {
            wire.reset();
            return None;
        }
        Answer::Truncated(bytes) => {
            let head = usual.len() - body.len();
            (wire.write(&usual[..head + bytes.min(body.len() - 1)]).await, false)
        }
        Answer::Doubled => (wire.write(&whole(status, JSON, &body.repeat(2))).await, true),
        Answer::WrongLength(by) => (
            wire.write(&claiming(body.len().saturating_add_signed(by as isize)))
                .await,
            false,
        ),
        Answer::Drip(pause) => (wire.drip(&usual, pause).await, true),
        Answer::Nonsense => (
            wire.write(&whole(200, "text/plain", b"welcome to the captive portal"))
                .await,
            true,
        ),
        Answer::TooMany { retry_after_secs } => {
            let body = Refused::too_many(retry_after_secs).json().to_string();
            (wire.write(&whole(429, JSON, body.as_bytes())).await, true)
        }
        Answer::GatewayTooMany => (
            wire.write(&whole(429, HTML, b"<h1>429 Too Many Requests</h1>")).await,
            true,
        ),
        Answer::Status { status, html: true } => (wire.write(&whole(status, HTML, b"<h1>nginx</h1>")).await, true),
        Answer::Status { status, html: false } => {
            let body = Refused::new(status, "a fault of the script").json().to_string();
            (wire.write(&whole(status, JSON, body.as_bytes())).await, true)
        }
        Answer::ThenStale => {
            let _ = wire.write(&usual).await;
            if keep_alive && wire.has_more().await {
                wire.reset();
            }
            return None;
        }
    };
    (sent.is_ok() && kept).then_some(wire)
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// `/file/bot<token>/<path>`.
async fn download(shared: &Shared, mut wire: Wire, head: &Head) -> Option<Wire> {
    // Some clients escape the slash between a file's folder and its name.
    let path = unescape(&head.path);
    let bytes = path.strip_prefix("/file").and_then(|path| {
        let (token, name) = target(path)?;
        let id = name.split('.').next()?;
        let world = shared.world();
        Some(world.bots.get(token)?.files.find(id)?.bytes.clone())
    });
    let answer = match bytes {
        Some(bytes) => http::answer(200, "application/octet-stream", &bytes, bytes.len(), head.keeps_alive()),
        None => http::answer(
            404,
            JSON,
            br#"{"ok":false,"error_code":404,"description":"Not Found"}"#,
            55,
            head.keeps_alive(),
        ),
    };
    wire.write(&answer).await.is_ok().then_some(wire)
}
