//! Stand-ins for the music services: real HTTP on loopback, a ledger of what was asked, and switches for what goes wrong.

mod deezer;
mod helpers;
mod itunes;
mod songs;
mod yandex;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

use musiccircles::model::Source;
use musiccircles::source::settings::{Itunes, Open, Settings, Yandex};

pub use yandex::TOKEN;

/// What a service does instead of answering.
#[derive(Clone, Debug)]
pub enum Fault {
    Status(u16),
    /// A busy service with `Retry-After` in seconds.
    Busy(u16, u32),
    /// This body with status 200.
    Body(&'static str),
    /// This body with another status.
    Refusal(u16, &'static str),
    /// The usual answer, so much later.
    Slow(Duration),
    /// A body that never ends.
    Endless,
    /// Less of a body than its header promised.
    Cut,
    /// 302 to there.
    Redirect(String),
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub uri: String,
    pub headers: HeaderMap,
}

#[derive(Default)]
struct Ledger {
    asked: Vec<Asked>,
    /// Path prefix, fault, how often.
    faults: Vec<(String, Fault, usize)>,
}

/// A running stand-in. Ends with the test's runtime.
pub struct Stand {
    pub base_url: String,
    ledger: Arc<Mutex<Ledger>>,
}

impl Stand {
    /// `routes` gets the stand-in's own `host:port`.
    async fn start(routes: impl FnOnce(&str) -> Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let routes = routes(&host).layer(from_fn_with_state(ledger.clone(), pass));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            base_url: format!("http://{host}"),
            ledger,
        }
    }

    /// The next `times` requests whose path begins so get the fault.
    pub fn fail(&self, path: &str, fault: Fault, times: usize) {
        self.ledger.lock().unwrap().faults.push((path.into(), fault, times));
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.ledger.lock().unwrap().asked.clone()
    }

    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.uri.starts_with(path)).count()
    }
}

async fn pass(State(ledger): State<Arc<Mutex<Ledger>>>, request: Request, next: Next) -> Response {
    let fault = {
        let mut ledger = ledger.lock().unwrap();
        ledger.asked.push(Asked {
            uri: request.uri().to_string(),
            headers: request.headers().clone(),
        });
        let path = request.uri().path();
        let due = ledger
            .faults
            .iter_mut()
            .find(|(prefix, _, left)| *left > 0 && path.starts_with(prefix.as_str()));
        due.map(|(_, fault, left)| {
            *left -= 1;
            fault.clone()
        })
    };
    let status = |code: u16| axum::http::StatusCode::from_u16(code).unwrap();
    match fault {
        None => next.run(request).await,
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Some(Fault::Status(code)) => status(code).into_response(),
        Some(Fault::Busy(code, secs)) => (status(code), [(header::RETRY_AFTER, secs.to_string())]).into_response(),
        Some(Fault::Body(body)) => body.into_response(),
        Some(Fault::Refusal(code, body)) => (status(code), body).into_response(),
        Some(Fault::Endless) => Body::from_stream(ReaderStream::new(tokio::io::repeat(b' '))).into_response(),
        Some(Fault::Cut) => {
            let body = Body::from_stream(ReaderStream::new(&b"ID3 and a little more"[..]));
            ([(header::CONTENT_LENGTH, "100000")], body).into_response()
        }
        Some(Fault::Redirect(to)) => (status(302), [(header::LOCATION, to)]).into_response(),
    }
}

/// All services at once.
pub struct Music {
    pub yandex: Stand,
    pub yandex_switches: Arc<yandex::Switches>,
    pub deezer: Stand,
    pub itunes: Stand,
    pub odesli: Stand,
    pub musicbrainz: Stand,
    pub cover_archive: Stand,
    pub lrclib: Stand,
}

impl Music {
    pub async fn start() -> Self {
        let yandex_switches = Arc::new(yandex::Switches::default());
        Self {
            yandex: Stand::start(|host| yandex::routes(host, yandex_switches.clone())).await,
            yandex_switches,
            deezer: Stand::start(deezer::routes).await,
            itunes: Stand::start(itunes::routes).await,
            odesli: Stand::start(|_| helpers::odesli()).await,
            musicbrainz: Stand::start(|_| helpers::musicbrainz()).await,
            cover_archive: Stand::start(helpers::cover_archive).await,
            lrclib: Stand::start(|_| helpers::lrclib()).await,
        }
    }

    /// Everything on, asked in this order.
    pub fn settings(&self, order: &[Source]) -> Settings {
        let open = |stand: &Stand| {
            Some(Open {
                base_url: Some(stand.base_url.clone()),
            })
        };
        Settings {
            order: order.to_vec(),
            library: None,
            yandex: Some(Yandex {
                token: TOKEN.into(),
                base_url: Some(self.yandex.base_url.clone()),
                max_kbits: Yandex::MAX_KBITS,
            }),
            deezer: open(&self.deezer),
            itunes: Some(Itunes {
                base_url: Some(self.itunes.base_url.clone()),
                ..Itunes::default()
            }),
            odesli: open(&self.odesli),
            musicbrainz: open(&self.musicbrainz),
            cover_archive: open(&self.cover_archive),
            lrclib: open(&self.lrclib),
            contact: Some("operator@example.org".into()),
        }
    }
}

/// Sound and pictures that services serve.
fn mp3() -> Response {
    bytes("audio/mpeg", include_bytes!("../../../assets/demo/demo.mp3"))
}

fn jpeg() -> Response {
    bytes("image/jpeg", include_bytes!("../../../assets/demo/themes.jpg"))
}

fn bytes(kind: &'static str, body: &'static [u8]) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
