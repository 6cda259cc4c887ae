//! The one way out to a service: a request in, its answer or a saved file out. Every request passes, in this order, the
//! breaker, the service's own allowance, the list of its hosts, and a limit on time and bytes; every redirect passes the list
//! again. All requests are reads, so what failed quickly is tried once more.

pub(super) mod address;
mod answer;
mod hosts;
mod pace;
mod save;

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderMap, LOCATION};
use reqwest::{Client, Response, Url, redirect};

use super::error::SourceError;
use super::health::{Breaker, Health};
use super::service::Service;
use answer::{failure, refusal};
use hosts::Hosts;
use pace::Pace;
pub use save::audio_extension;
pub(super) use save::{Saved, copy_of, picture_extension};

/// A name is looked up and a connection made within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A body that stops coming is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The answer to a question: people wait for it.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
/// The largest answer to a question: a page of results with all that is not read, many times over.
pub(super) const MAX_ANSWER_BYTES: u64 = 2_000_000;
/// One request waits no longer than this for its turn or for a busy service; beyond, its sender is told when to come back.
const PATIENCE: Duration = Duration::from_secs(2);
/// Redirects followed for one request.
const MAX_REDIRECTS: usize = 3;
/// Before the second try, and at random up to twice that, so that many who failed at once do not return at once.
const PAUSE_BEFORE_REPEAT: Duration = Duration::from_millis(150);
/// After a time-out the service is hardly better at once.
const AFTER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a refusal means, told from its status and the beginning of its body, where that is peculiar to a service.
pub(super) type Explain = fn(u16, &[u8]) -> Option<SourceError>;
/// The kind of a file by its first bytes, as its extension; `None`: another kind than is wanted.
pub(super) type Kind = fn(&[u8]) -> Option<&'static str>;

/// What is asked of a service.
#[derive(Clone)]
pub(super) struct Call {
    pub url: Url,
    pub headers: HeaderMap,
    /// Sent as a form with POST instead of GET.
    pub form: Option<Vec<(&'static str, String)>>,
    pub max_bytes: u64,
    pub total: Duration,
    pub explain: Option<Explain>,
}

impl Call {
    pub fn get(url: Url) -> Self {
        Self {
            url,
            headers: HeaderMap::new(),
            form: None,
            max_bytes: MAX_ANSWER_BYTES,
            total: ANSWER_TIMEOUT,
            explain: None,
        }
    }
}

/// A service, as the others in this step see it.
pub(super) struct Gate {
    service: Service,
    base: Url,
    hosts: Hosts,
    client: Client,
    pace: Mutex<Pace>,
    breaker: Mutex<Breaker>,
}

impl Gate {
    /// `base_url`: in place of the service's own address.
    pub fn new(service: Service, base_url: Option<&str>, user_agent: &str) -> Result<Self, SourceError> {
        let bad = |what| SourceError::BadAddress { service, what };
        let base = Url::parse(base_url.unwrap_or(service.base_url())).map_err(|_| bad("it is no URL"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(bad("it does not begin with http:// or https://"));
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(bad("only a host, a port and a path may stand in it"));
        }
        let mut hosts = Hosts::new(service.hosts());
        if base_url.is_some() {
            hosts = hosts.with_configured(&base);
        }
        let client = Client::builder()
            .user_agent(user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            // Each redirect is checked here and not by the client.
            .redirect(redirect::Policy::none())
            // A proxy would look names up itself, unchecked.
            .no_proxy()
            .referer(false)
            .dns_resolver(std::sync::Arc::new(hosts.clone()))
            .build()
            .map_err(|_| bad("no client can be made for it"))?;
        Ok(Self {
            service,
            base,
            hosts,
            client,
            pace: Mutex::new(Pace::new(service.allowance())),
            breaker: Mutex::new(Breaker::new(service)),
        })
    }

    /// An address below the service's own: its path and its query.
    pub fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // Addresses that cannot have a path were refused at the start.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// An address out of an answer of the service; the service's own host is reached as it was configured.
    pub fn link(&self, text: &str) -> Result<Url, SourceError> {
        let mut url = Url::parse(text).map_err(|_| self.garbled("a link that is none"))?;
        if url.scheme() != self.base.scheme() && url.host() == self.base.host() && url.port() == self.base.port() {
            // Between http and https this always succeeds.
            let _ = url.set_scheme(self.base.scheme());
        }
        Ok(url)
    }

    pub fn garbled(&self, what: &str) -> SourceError {
        SourceError::Garbled {
            service: self.service,
            what: what.to_owned(),
        }
    }

    pub fn health(&self) -> Health {
        self.breaker().health(Instant::now())
    }

    /// The body of a good answer, as `read` understands it.
    pub async fn ask<T>(&self, call: &Call, read: impl Fn(&[u8]) -> Result<T, SourceError>) -> Result<T, SourceError> {
        self.guarded(call.total, || async {
            let response = self.open(call).await?;
            let body = answer::body(self.service, response, call.max_bytes).await?;
            read(&body)
        })
        .await
    }

    /// The body of a good answer as a new file, whose beginning `kind` must know; nothing is left of it after a failure.
    pub async fn save(&self, call: &Call, into: &std::path::Path, kind: Kind) -> Result<Saved, SourceError> {
        self.guarded(call.total, || async {
            let response = self.open(call).await?;
            save::body(self.service, response, into, call.max_bytes, kind).await
        })
        .await
    }

    async fn guarded<T, F>(&self, total: Duration, attempt: impl Fn() -> F) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        self.breaker().admit(Instant::now())?;
        if let Err(error) = self.wait_for_turn().await {
            self.breaker().withdraw();
            return Err(error);
        }
        let tries = async {
            let first = attempt().await;
            let Some(wait) = first.as_ref().err().and_then(worth_repeating) else {
                return first;
            };
            tokio::time::sleep(wait).await;
            match self.wait_for_turn().await {
                Ok(()) => attempt().await,
                Err(_) => first,
            }
        };
        let timed_out = SourceError::Unavailable {
            service: self.service,
            reason: "it took too long".into(),
            retry_after: Some(AFTER_TIMEOUT),
        };
        let outcome = tokio::time::timeout(total, tries).await.unwrap_or(Err(timed_out));
        let now = Instant::now();
        if let Err(SourceError::Busy { retry_after, .. }) = &outcome {
            self.pace().rest(now + *retry_after);
        }
        self.breaker().note(outcome.as_ref().map(drop), now);
        outcome
    }

    async fn wait_for_turn(&self) -> Result<(), SourceError> {
        let turn = self.pace().take(Instant::now(), PATIENCE);
        let wait = turn.map_err(|retry_after| SourceError::Busy {
            service: self.service,
            retry_after,
        })?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The answer, its status good and its body unread.
    async fn open(&self, call: &Call) -> Result<Response, SourceError> {
        let (mut url, mut headers) = (call.url.clone(), call.headers.clone());
        for _ in 0..=MAX_REDIRECTS {
            self.hosts.admit(&url).map_err(|what| self.forbidden(what))?;
            let request = match &call.form {
                Some(form) => self.client.post(url.clone()).form(form),
                None => self.client.get(url.clone()),
            };
            let response = request.headers(headers.clone()).send().await;
            let response = response.map_err(|error| failure(self.service, error))?;
            if response.status().is_success() {
                return Ok(response);
            }
            if !response.status().is_redirection() || call.form.is_some() {
                return Err(refusal(self.service, response, call.explain).await);
            }
            let target = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let next = target.and_then(|to| url.join(to).ok());
            let next = next.ok_or_else(|| self.garbled("a redirect to nowhere"))?;
            if next.origin() != url.origin() {
                headers.remove(AUTHORIZATION);
            }
            url = next;
        }
        Err(self.garbled("a redirect that does not end"))
    }

    fn forbidden(&self, what: &'static str) -> SourceError {
        SourceError::Forbidden {
            service: self.service,
            what,
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After which pause a failed request may well succeed.
fn worth_repeating(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Unavailable { retry_after: None, .. } => {
            Some(PAUSE_BEFORE_REPEAT.mul_f64(rand::random_range(1.0..2.0)))
        }
        SourceError::Unavailable {
            retry_after: Some(wait),
            ..
        }
        | SourceError::Busy { retry_after: wait, .. } => Some(*wait).filter(|wait| *wait <= PATIENCE),
        _ => None,
    }
}
