//! How many connections are open, in all and of one address: a place for a connection in, or none.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use super::rate::Who;
use crate::config;

/// No address has more than this part of all places. Browsers open six connections, and a program as many as it has tasks.
const SHARE_OF_ONE: usize = 4;

pub struct Doors {
    most: usize,
    /// Addresses behind which many people are.
    shared: Vec<IpAddr>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<Who, usize>,
}

/// A connection's place, free again when this is dropped.
pub struct Place {
    doors: Arc<Doors>,
    who: Who,
}

impl Doors {
    pub fn new(settings: &config::Http) -> Self {
        Self {
            most: settings.connections,
            shared: [&settings.trusted_proxies[..], &settings.unlimited[..]].concat(),
            open: Mutex::default(),
        }
    }

    /// `None`: all are taken, or enough by this address.
    pub fn enter(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let address = peer.ip().to_canonical();
        let (who, is_shared) = (Who::of(address), self.shared.contains(&address));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.by_address.get(&who).copied().unwrap_or(0);
        if open.all >= self.most || !is_shared && own >= self.most / SHARE_OF_ONE {
            return None;
        }
        open.all += 1;
        open.by_address.insert(who, own + 1);
        Some(Place {
            doors: Arc::clone(self),
            who,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.doors.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(own) = open.by_address.get_mut(&self.who) {
            *own -= 1;
            if *own == 0 {
                open.by_address.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(most: usize, proxies: &[&str]) -> Arc<Doors> {
        Arc::new(Doors {
            most,
            shared: proxies.iter().map(|text| text.parse().unwrap()).collect(),
            open: Mutex::default(),
        })
    }

    #[test]
    fn one_address_leaves_room_for_others_and_a_proxy_may_fill_it() {
        let doors = doors(16, &["10.0.0.9"]);
        let enter = |address: &str| doors.enter(SocketAddr::new(address.parse().unwrap(), 1));
        let mut own: Vec<_> = (0..16).filter_map(|_| enter("10.0.0.1")).collect();
        assert_eq!(own.len(), 4);
        let others: Vec<_> = (0..16).filter_map(|_| enter("10.0.0.9")).collect();
        assert_eq!(others.len(), 12);
        assert!(enter("10.0.0.2").is_none(), "all are taken");
        own.pop();
        let last = enter("10.0.0.2");
        assert!(last.is_some());
        drop((own, others, last));
        let open = doors.open.lock().unwrap();
        assert!(open.all == 0 && open.by_address.is_empty());
    }
}
