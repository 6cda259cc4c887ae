//! Where a service may be fetched from: an address in, leave or the reason why not out. Asked for every request and again for
//! every redirect; and, for the addresses a name stands for, by the only resolver the client has, so that the address that was
//! checked is the address that is connected to.

use std::io;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// Scheme, host and port: what the operator configured is trusted as it is written, and only that.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn of(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

/// The hosts of one service.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// These and what lies below them, over https, on its usual port, at a public address.
    names: Arc<[String]>,
    /// In place of the service's own address, wherever it lies.
    configured: Option<Origin>,
}

impl Hosts {
    pub fn new(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            configured: None,
        }
    }

    /// `base` with all its paths is allowed as well.
    pub fn with_configured(mut self, base: &Url) -> Self {
        self.configured = Origin::of(base);
        self
    }

    /// `Err` says where the link would have led.
    pub fn admit(&self, url: &Url) -> Result<(), &'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a password");
        }
        if self.configured.is_some() && Origin::of(url) == self.configured {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err("an address without encryption");
        }
        // A number is never one of the names, however it is written: the parser has made all spellings one.
        let Some(name) = url.domain() else {
            return Err("a bare number instead of a name");
        };
        if url.port().is_some() {
            return Err("another port");
        }
        match self.names.iter().any(|allowed| is_below(name, allowed)) {
            true => Ok(()),
            false => Err("a host that is not its own"),
        }
    }
}

fn is_below(name: &str, allowed: &str) -> bool {
    name.strip_suffix(allowed)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A name stood for nothing but addresses that are not to be connected to. Found again in the chain of the client's error.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to {0}")]
pub struct AddressRefused(pub &'static str);

impl Resolve for Hosts {
    fn resolve(&self, name: Name) -> Resolving {
        let configured = self
            .configured
            .as_ref()
            .is_some_and(|origin| origin.host == name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut refused = None;
            let allowed: Vec<_> = found
                .filter(|found| match address::refused(found.ip()) {
                    Some(what) if !configured => {
                        refused = Some(what);
                        false
                    }
                    _ => true,
                })
                .collect();
            match (allowed.is_empty(), refused) {
                (true, Some(what)) => Err(AddressRefused(what).into()),
                (true, None) => Err(io::Error::from(io::ErrorKind::NotFound).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_services_own_hosts_are_let_through() {
        let hosts = Hosts::new(&["dzcdn.net", "api.deezer.com"]);
        let admit = |url: &str| hosts.admit(&Url::parse(url).unwrap());
        for url in [
            "https://dzcdn.net/",
            "https://cdns-preview-d.dzcdn.net/stream/c-1.mp3",
            "https://API.Deezer.com:443/search?q=1",
        ] {
            assert_eq!(admit(url), Ok(()), "{url}");
        }
        for url in [
            "http://api.deezer.com/",
            "https://api.deezer.com:8443/",
            "https://deezer.com/",
            "https://evil-dzcdn.net/",
            "https://dzcdn.net.evil.com/",
            "https://dzcdn.net./",
            "https://dzcdn.net@evil.com/",
            "https://user@dzcdn.net/",
            "https://evil.com/dzcdn.net",
            "https://127.0.0.1/",
            "https://[::1]/",
            "file:///etc/passwd",
            "ftp://dzcdn.net/",
            "data:audio/mpeg,dzcdn.net",
        ] {
            assert!(admit(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_configured_is_taken_exactly() {
        let base = Url::parse("http://127.0.0.1:9001/deezer/").unwrap();
        let hosts = Hosts::new(&["dzcdn.net"]).with_configured(&base);
        let admit = |url: &str| hosts.admit(&Url::parse(url).unwrap());
        assert_eq!(admit("http://127.0.0.1:9001/stream/1.mp3"), Ok(()));
        assert_eq!(admit("http://0x7f.1:9001/"), Ok(()));
        for url in [
            "https://127.0.0.1:9001/",
            "http://127.0.0.1:9002/",
            "http://127.0.0.1/",
            "http://127.0.0.2:9001/",
            "http://localhost:9001/",
            "http://a@127.0.0.1:9001/",
        ] {
            assert!(admit(url).is_err(), "{url}");
        }
    }

    /// A name that anyone may point anywhere: only the addresses it stands for can be looked at.
    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let connected = async |hosts: Hosts| {
            let client = reqwest::Client::builder()
                .no_proxy()
                .dns_resolver(Arc::new(hosts))
                .build()
                .unwrap();
            tokio::select! {
                error = client.get(&url).send() => Err(format!("{:?}", error.unwrap_err())),
                accepted = listener.accept() => Ok(accepted.is_ok()),
            }
        };
        let refused = connected(Hosts::new(&["localhost"])).await;
        assert!(
            refused.as_ref().is_err_and(|error| error.contains("AddressRefused")),
            "{refused:?}"
        );
        let configured = Hosts::new(&[]).with_configured(&Url::parse(&url).unwrap());
        assert_eq!(connected(configured).await, Ok(true));
    }
}
