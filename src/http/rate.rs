//! How often somebody may ask: a bucket for each address or key, filled evenly, emptied by requests.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::COUNTED;

/// A page asks for a dozen things at once: so much of a minute may come in one moment.
const BURST_SHARE: f64 = 0.25;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// IPv6 by its /64, which is what one household has.
    Address(IpAddr),
    Key(i64),
    /// Of Telegram, by their number.
    Person(i64),
}

impl Who {
    pub fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
            address => address,
        })
    }
}

#[derive(Default)]
pub struct Rates {
    buckets: Mutex<HashMap<Who, Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rates {
    /// One request. `Err` says how long to wait.
    pub fn take(&self, who: Who, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let (per_second, most) = (
            f64::from(per_minute) / 60.0,
            (f64::from(per_minute) * BURST_SHARE).max(1.0),
        );
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= COUNTED && !buckets.contains_key(&who) {
            forget(&mut buckets, now);
        }
        let bucket = buckets.entry(who).or_insert(Bucket { tokens: most, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens, bucket.at) = ((bucket.tokens + passed * per_second).min(most), now);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) / per_second))
    }
}

/// Those whose bucket is full by now have nothing to be remembered for; if that is nobody, all are forgotten rather than
/// memory be filled.
fn forget(buckets: &mut HashMap<Who, Bucket>, now: Instant) {
    buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(60));
    if buckets.len() >= COUNTED {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_then_an_even_flow_and_each_has_their_own() {
        let (rates, began) = (Rates::default(), Instant::now());
        let who = |text: &str| Who::of(text.parse().unwrap());
        let taken = (0..1000)
            .take_while(|_| rates.take(who("192.0.2.1"), 120, began).is_ok())
            .count();
        assert_eq!(taken, 30);
        let wait = rates.take(who("192.0.2.1"), 120, began).unwrap_err();
        assert!((wait.as_secs_f64() - 0.5).abs() < 1e-6, "{wait:?}");
        assert!(rates.take(who("192.0.2.1"), 120, began + wait).is_ok());
        assert!(rates.take(who("192.0.2.2"), 120, began).is_ok());
        assert_eq!(who("2001:db8::1"), who("2001:db8::ffff"));
        assert_ne!(who("2001:db8:0:1::1"), who("2001:db8::1"));
        assert_eq!(who("::ffff:192.0.2.1"), who("192.0.2.1"));
    }

    #[test]
    fn a_million_addresses_do_not_fill_the_memory() {
        let (rates, began) = (Rates::default(), Instant::now());
        for n in 0..200_000_u32 {
            let _ = rates.take(Who::Key(i64::from(n)), 60, began);
        }
        assert!(rates.buckets.lock().unwrap().len() <= COUNTED);
    }
}
