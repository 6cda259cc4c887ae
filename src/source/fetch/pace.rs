//! How often a service may be asked: a request in, how long it must wait out. One point in time says it all (the generic cell
//! rate algorithm): when the allowance would be whole again.

use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct Pace {
    burst: u32,
    interval: Duration,
    whole_again: Option<Instant>,
    /// The service itself asked to be left alone until then.
    not_before: Option<Instant>,
}

impl Pace {
    pub fn new((burst, interval): (u32, Duration)) -> Self {
        Self {
            burst: burst.max(1),
            interval,
            whole_again: None,
            not_before: None,
        }
    }

    /// Takes one request out of the allowance and tells how long to wait before it is made. `Err`: that would be longer than
    /// `patience`; nothing is taken, and it may be tried after so long.
    pub fn take(&mut self, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let whole_again = self.whole_again.map_or(now, |at| at.max(now)) + self.interval;
        let saved = self.interval * self.burst;
        let mut wait = whole_again.saturating_duration_since(now).saturating_sub(saved);
        if let Some(not_before) = self.not_before {
            wait = wait.max(not_before.saturating_duration_since(now));
        }
        if wait > patience {
            return Err(wait);
        }
        self.whole_again = Some(whole_again);
        Ok(wait)
    }

    pub fn rest(&mut self, until: Instant) {
        self.not_before = self.not_before.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_an_interval() {
        let start = Instant::now();
        let mut pace = Pace::new((3, Duration::from_secs(1)));
        let patience = Duration::from_millis(1_500);
        let waits: Vec<_> = (0..5).map(|_| pace.take(start, patience)).collect();
        let secs = Duration::from_secs;
        assert_eq!(
            waits,
            [Ok(secs(0)), Ok(secs(0)), Ok(secs(0)), Ok(secs(1)), Err(secs(2))]
        );
        assert_eq!(pace.take(start + secs(10), patience), Ok(secs(0)));
    }

    #[test]
    fn never_more_than_the_allowance_in_any_window() {
        let (burst, interval) = (25, Duration::from_millis(200));
        let (mut pace, start) = (Pace::new((burst, interval)), Instant::now());
        let mut made = Vec::new();
        for step in 0..5_000_u32 {
            let now = start + Duration::from_millis(3) * step;
            made.extend(pace.take(now, Duration::ZERO).ok().map(|_| now));
        }
        for (at, &from) in made.iter().enumerate() {
            let window = made[at..].iter().take_while(|&&t| t < from + Duration::from_secs(5));
            assert!(window.count() <= 50);
        }
        assert!(made.len() > 90);
    }

    #[test]
    fn a_service_that_asks_for_rest_gets_it() {
        let (mut pace, now) = (Pace::new((3, Duration::from_secs(1))), Instant::now());
        pace.rest(now + Duration::from_secs(7));
        assert_eq!(pace.take(now, Duration::from_secs(1)), Err(Duration::from_secs(7)));
        let later = now + Duration::from_secs(7);
        assert_eq!(pace.take(later, Duration::ZERO), Ok(Duration::ZERO));
    }
}
