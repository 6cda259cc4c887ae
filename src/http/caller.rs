//! Who asks: a key's holder, somebody in Telegram, an address, or a service of our own; and whether they ask too often.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::Rng;
use sha2::{Digest, Sha256};

use super::Web;
use super::error::{Answer, ApiError};
use super::rate::Who;
use super::telegram::Person;
use crate::config;
use crate::store::api_keys::{self, ApiKey};

/// Users of the queue that came by HTTP are negative: Telegram's are positive. Keys are above this, addresses below.
const ADDRESSES: i64 = -(1 << 61);
/// The most people a key may stand for.
pub const PEOPLE: u32 = 64;

#[derive(Clone, Debug)]
pub enum Caller {
    Key(ApiKey),
    /// Opened the studio inside Telegram.
    Person(Person),
    Address {
        address: IpAddr,
        /// On this very machine, and not behind a proxy that we know nothing of.
        here: bool,
    },
    /// A service of the operator's own, at its address. It stands for as many people as any key may.
    Own(IpAddr),
}

impl Caller {
    /// Who this is to the queue, which serves users in turn: a key stands for several.
    pub fn users(&self) -> Vec<i64> {
        match self {
            Self::Key(key) => {
                let first = key.key_id * i64::from(PEOPLE);
                (0..i64::from(key.people.clamp(1, PEOPLE)))
                    .map(|n| -(first + n) - 1)
                    .collect()
            }
            // The same as for the bot: one person has one place in the line.
            Self::Person(person) => vec![person.user_id],
            Self::Address { address, .. } => {
                vec![ADDRESSES - number_of(&format!("{:?}", Who::of(*address)))]
            }
            Self::Own(address) => {
                // Any of them first, so that its jobs are theirs in equal parts.
                let people = i64::from(PEOPLE);
                let first = ADDRESSES - number_of(&format!("own {address}")) / people * people;
                let shift = rand::rng().random_range(0..people);
                (0..people).map(|n| first - (n + shift) % people).collect()
            }
        }
    }
}

/// Below 2^61, the same for the same name.
fn number_of(name: &str) -> i64 {
    let hash = Sha256::digest(name);
    let (head, _) = hash.split_at(8);
    let number = head.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (number >> 3) as i64
}

/// Somebody who may read and write what people did: a key, a service of the operator's own, or this machine. Strangers may not.
pub struct Insider;

impl<S: Sync> FromRequestParts<S> for Insider {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Key(_) | Caller::Own(_) | Caller::Address { here: true, .. } => Ok(Self),
            Caller::Person(_) | Caller::Address { .. } => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "what people did is told to this machine under its own name and to the operator's own services; come with an API key, or have your address put into http.unlimited",
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::trouble(&"a route has no caller"))
    }
}

/// Finds out who asks and counts it.
pub async fn admit(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let address = address(&web.settings, peer, request.headers());
    let open = is_open(request.method(), request.uri().path());
    match caller(&web, address, request.headers(), open).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// What everybody may ask for, whoever else needs a key: to come in from Telegram, the themes' pictures, and what only who was
/// told a name of 128 random bits can name. A browser's media elements and event streams bring no header.
fn is_open(method: &Method, path: &str) -> bool {
    let named = ["/api/v1/songs/", "/api/v1/covers/", "/api/v1/jobs/"];
    match *method {
        Method::POST => path == "/api/v1/telegram/session",
        Method::GET | Method::HEAD => {
            named.iter().any(|start| path.starts_with(start))
                || path.starts_with("/api/v1/themes/") && path.contains("/preview.")
        }
        _ => false,
    }
}

async fn caller(web: &Web, address: IpAddr, headers: &HeaderMap, open: bool) -> Answer<Caller> {
    let own = web.settings.unlimited.contains(&address);
    let slowly = |who, per_minute| {
        web.rates.take(who, per_minute, Instant::now()).map_err(|wait| {
            let secs = wait.as_secs_f64().ceil() as u32;
            ApiError::too_many(format!("too many requests; try again in {} s", secs.max(1)), secs)
        })
    };
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let key = given.to_str().ok().and_then(|given| given.strip_prefix("Bearer "));
        let key = key.unwrap_or_default().trim();
        let app = web.mini_app.as_ref();
        if let Some(person) = app.and_then(|app| app.find(key, web.clock.now())) {
            slowly(Who::Person(person.user_id), web.settings.requests_per_minute)?;
            return Ok(Caller::Person(person));
        }
        let hash = api_keys::hash(key);
        let key = web
            .record(move |store| store.read(|conn| api_keys::of_hash(conn, &hash)))
            .await?;
        let Some(key) = key else {
            // Who guesses is slowed down as an address.
            slowly(Who::of(address), web.settings.requests_per_minute)?;
            let detail = "this API key or session is not known here; ask the operator for a key, or open the studio from the bot again";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, detail));
        };
        slowly(Who::Key(key.key_id), key.requests_per_minute)?;
        return Ok(Caller::Key(key));
    }
    if own {
        return Ok(Caller::Own(address));
    }
    if !web.settings.anonymous && !open {
        let detail = "an API key is needed here, as `Authorization: Bearer KEY`; ask the operator for one";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, detail));
    }
    slowly(Who::of(address), web.settings.requests_per_minute)?;
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    // A proxy of ours that does not tell for whom it asks, asks for a stranger.
    let proxied = forwarded || web.settings.trusted_proxies.contains(&address);
    let here = address.is_loopback() && !proxied && is_called_here(headers);
    Ok(Caller::Address { address, here })
}

/// Whether a request was meant for this machine by one of its own names. A page of another site may have its name lead to us,
/// and the browser on this machine then asks in that name.
fn is_called_here(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The last address that no proxy of ours wrote down for itself.
pub fn address(settings: &config::Http, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: &IpAddr| settings.trusted_proxies.contains(address);
    let mut found = peer.to_canonical();
    let told = headers.get_all("x-forwarded-for").iter().rev();
    for hop in told
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','))
    {
        if !trusted(&found) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) => found = hop.to_canonical(),
            Err(_) => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(proxies: &[&str]) -> config::Http {
        config::Http {
            listen: Vec::new(),
            anonymous: true,
            requests_per_minute: 60,
            connections: 16,
            cors_origins: Vec::new(),
            trusted_proxies: proxies.iter().map(|text| text.parse().unwrap()).collect(),
            unlimited: Vec::new(),
        }
    }

    #[test]
    fn only_a_proxy_of_ours_is_believed_and_only_for_one_step() {
        let told = |proxies: &[&str], line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", line.parse().unwrap());
            address(&settings(proxies), "10.0.0.1".parse().unwrap(), &headers).to_string()
        };
        assert_eq!(told(&[], "192.0.2.7"), "10.0.0.1");
        assert_eq!(told(&["10.0.0.1"], "192.0.2.7"), "192.0.2.7");
        assert_eq!(told(&["10.0.0.1"], "198.51.100.1, 192.0.2.7"), "192.0.2.7");
        assert_eq!(
            told(&["10.0.0.1", "192.0.2.7"], "198.51.100.1, 192.0.2.7"),
            "198.51.100.1"
        );
        assert_eq!(told(&["10.0.0.1"], "nonsense"), "10.0.0.1");
    }

    #[test]
    fn this_machine_is_called_by_its_own_names() {
        let called = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_called_here(&headers)
        };
        for host in ["localhost", "localhost:8080", "127.0.0.1:80", "127.9.9.9", "[::1]:8080"] {
            assert!(called(host), "{host}");
        }
        for host in [
            "example.org",
            "127.0.0.1.example.org:8080",
            "10.0.0.1",
            "localhost.example.org",
            "",
            "::1 x",
        ] {
            assert!(!called(host), "{host}");
        }
        assert!(!is_called_here(&HeaderMap::new()));
    }

    #[test]
    fn users_of_the_queue_are_told_apart_and_never_telegrams() {
        let key = |key_id, people| {
            Caller::Key(ApiKey {
                key_id,
                name: String::new(),
                requests_per_minute: 60,
                people,
            })
        };
        let mut users = key(0, 2).users();
        users.extend(key(1, 64).users());
        let address = |text: &str| Caller::Address {
            address: text.parse().unwrap(),
            here: false,
        };
        users.extend(address("192.0.2.1").users());
        users.extend(address("192.0.2.2").users());
        let own = || Caller::Own("192.0.2.3".parse().unwrap()).users();
        let sorted = |mut users: Vec<i64>| {
            users.sort_unstable();
            users
        };
        assert_eq!(sorted(own()), sorted(own()), "the same people each time");
        users.extend(own());
        assert!(users.iter().all(|user| *user < 0));
        let count = users.len();
        users.sort_unstable();
        users.dedup();
        assert_eq!((users.len(), count), (132, 132));
    }
}
