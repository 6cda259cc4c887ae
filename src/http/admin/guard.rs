//! The door of every operator's route: no session, no answer; the wrong role, no answer; a request that another site's page
//! could have sent, no answer.
//!
//! The cookie is never sent along from other sites (`SameSite=Strict`), and what changes something needs a header that a page
//! of another site cannot set without asking us first, which we do not allow (`headers::cors`).

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::sessions::{Role, Session};
use crate::http::Web;
use crate::http::caller;
use crate::http::error::{Answer, ApiError};
use crate::http::rate::Who;
use crate::store::operators::Operator;

const COOKIE: &str = "musiccircles_operator";
/// The header every change comes with, whatever its value.
pub const OWN_PAGE: &str = "x-operators-page";
/// Where the cookie is sent.
const PATH: &str = "/api/v1/admin";

/// Where a request comes from, as far as proxies of ours tell.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub address: IpAddr,
    /// The browser spoke TLS to a proxy of ours.
    pub secure: bool,
}

/// Finds out where a request comes from and counts it, as for everybody.
pub async fn count(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let headers = request.headers();
    let address = caller::address(&web.settings, peer, headers);
    let proxied = web.settings.trusted_proxies.contains(&peer.to_canonical());
    let secure = proxied && headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let unlimited = web.settings.unlimited.contains(&address);
    let taken = web
        .rates
        .take(Who::of(address), web.settings.requests_per_minute, Instant::now());
    if let (false, Err(wait)) = (unlimited, taken) {
        let secs = wait.as_secs_f64().ceil() as u32;
        return ApiError::too_many(format!("too many requests; try again in {} s", secs.max(1)), secs).into_response();
    }
    request.extensions_mut().insert(Peer { address, secure });
    next.run(request).await
}

pub async fn viewer(State(web): State<Web>, request: Request, next: Next) -> Response {
    guard(&web, Role::Viewer, request, next).await
}

pub async fn admin(State(web): State<Web>, request: Request, next: Next) -> Response {
    guard(&web, Role::Admin, request, next).await
}

async fn guard(web: &Web, needed: Role, mut request: Request, next: Next) -> Response {
    match session(web, needed, &request) {
        Ok(session) => {
            let from = request.extensions().get::<Peer>();
            let by = Operator {
                who: session.who.clone(),
                address: from.map_or_else(String::new, |from| from.address.to_string()),
            };
            request.extensions_mut().insert(by);
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

fn session(web: &Web, needed: Role, request: &Request) -> Answer<Session> {
    let found = cookie(request.headers()).and_then(|secret| web.operators.find(secret, web.clock.now()));
    let session =
        found.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "nobody is signed in here; sign in at /admin"))?;
    own_page(request.method(), request.headers())?;
    if session.role < needed {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "you may look, but not change anything; sign in as an admin",
        ));
    }
    Ok(session)
}

/// Refuses what could have been sent by a page of another site.
pub fn own_page(method: &Method, headers: &HeaderMap) -> Answer<()> {
    if method.is_safe() || headers.contains_key(OWN_PAGE) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        format!("changes come from the operator's page, with the header {OWN_PAGE}"),
    ))
}

pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// `Secure` only where the browser spoke TLS: it would not keep the cookie on a machine of its own otherwise.
pub fn set_cookie(secret: &str, life_secs: i64, from: Peer) -> String {
    let secure = if from.secure { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path={PATH}; Max-Age={life_secs}; HttpOnly; SameSite=Strict{secure}")
}
