//! How a service has been doing: outcomes of requests in, whether it may be asked now out. A service that failed several times
//! in a row is left alone for a while (the breaker is open), then asked once (half open), and back at work after its first
//! success. One that refused the operator's token is off until the program is started with another.

use std::time::{Duration, Instant, SystemTime};

use super::error::{ErrorKind, SourceError};
use super::service::Service;

/// Failures in a row after which a service is left alone.
const FAILURES: u32 = 3;
/// For so long at first, doubled with every further failure up to the maximum.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// Where the machine stands does not change from one minute to the next; and no service is obeyed that asks for more.
const LONG_PAUSE: Duration = Duration::from_secs(3600);
/// The one request of a half-open breaker may be dropped in the middle; then another may go.
const MAX_TRIAL: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked as usual.
    Working,
    /// Left alone for this long.
    Paused { left: Duration },
    /// The pause is over; the next request decides.
    Trying,
    /// Its token was refused.
    Off,
}

/// What an operator sees of a service.
#[derive(Clone, Debug)]
pub struct Health {
    pub service: Service,
    pub state: State,
    pub successes: u64,
    pub failures: u64,
    pub last_success: Option<SystemTime>,
    pub last_error: Option<(SystemTime, SourceError)>,
}

pub(super) struct Breaker {
    service: Service,
    in_a_row: u32,
    paused_until: Option<Instant>,
    trial_since: Option<Instant>,
    off: bool,
    successes: u64,
    failures: u64,
    last_success: Option<SystemTime>,
    last_error: Option<(SystemTime, SourceError)>,
}

impl Breaker {
    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            in_a_row: 0,
            paused_until: None,
            trial_since: None,
            off: false,
            successes: 0,
            failures: 0,
            last_success: None,
            last_error: None,
        }
    }

    /// Whether a request may be made. `Err` is what its sender gets instead of an answer.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), SourceError> {
        match self.state(now) {
            State::Working => Ok(()),
            State::Off => Err(SourceError::TokenRefused { service: self.service }),
            State::Paused { left } => Err(self.refusal(left)),
            State::Trying => {
                let busy = self.trial_since.filter(|since| now.duration_since(*since) < MAX_TRIAL);
                match busy {
                    Some(_) => Err(self.refusal(Duration::from_secs(1))),
                    None => {
                        self.trial_since = Some(now);
                        Ok(())
                    }
                }
            }
        }
    }

    /// The last error again, with the time that is left.
    fn refusal(&self, left: Duration) -> SourceError {
        let service = self.service;
        match self.last_error.as_ref().map(|(_, error)| error) {
            Some(SourceError::WrongCountry { .. }) => SourceError::WrongCountry { service },
            Some(SourceError::Busy { .. }) => SourceError::Busy {
                service,
                retry_after: left,
            },
            _ => SourceError::Unavailable {
                service,
                reason: "it failed several times in a row".into(),
                retry_after: Some(left),
            },
        }
    }

    /// The admitted request was not made after all.
    pub(super) fn withdraw(&mut self) {
        self.trial_since = None;
    }

    pub(super) fn note(&mut self, outcome: Result<(), &SourceError>, now: Instant) {
        let Err(error) = outcome else {
            self.successes += 1;
            self.last_success = Some(SystemTime::now());
            self.close();
            return;
        };
        match error.kind() {
            // An answer, and no fault of the service.
            ErrorKind::NotFound | ErrorKind::NotPlayable | ErrorKind::UnknownLink | ErrorKind::NotOneSong => {
                self.successes += 1;
                self.last_success = Some(SystemTime::now());
                return self.close();
            }
            ErrorKind::Disk | ErrorKind::TooLarge | ErrorKind::Off => return self.trial_since = None,
            _ => {}
        }
        self.failures += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.trial_since = None;
        self.last_error = Some((SystemTime::now(), error.clone()));
        let pause = match error {
            SourceError::TokenRefused { .. } => return self.off = true,
            SourceError::WrongCountry { .. } => Some(LONG_PAUSE),
            SourceError::Busy { retry_after, .. } => Some((*retry_after).min(LONG_PAUSE)),
            _ => self.pause(),
        };
        self.paused_until = pause.map(|pause| now + pause).max(self.paused_until);
    }

    fn pause(&self) -> Option<Duration> {
        let beyond = self.in_a_row.checked_sub(FAILURES)?;
        Some((FIRST_PAUSE * 2_u32.saturating_pow(beyond.min(10))).min(MAX_PAUSE))
    }

    fn close(&mut self) {
        self.in_a_row = 0;
        self.paused_until = None;
        self.trial_since = None;
    }

    fn state(&self, now: Instant) -> State {
        match self.paused_until {
            _ if self.off => State::Off,
            None => State::Working,
            Some(until) if until > now => State::Paused { left: until - now },
            Some(_) => State::Trying,
        }
    }

    pub(super) fn health(&self, now: Instant) -> Health {
        Health {
            service: self.service,
            state: self.state(now),
            successes: self.successes,
            failures: self.failures,
            last_success: self.last_success,
            last_error: self.last_error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service::Deezer;

    fn down() -> SourceError {
        SourceError::Unavailable {
            service: SERVICE,
            reason: "test".into(),
            retry_after: None,
        }
    }

    #[test]
    fn opens_after_failures_in_a_row_tries_once_and_closes() {
        let (mut breaker, now) = (Breaker::new(SERVICE), Instant::now());
        for _ in 0..2 {
            breaker.note(Err(&down()), now);
        }
        assert_eq!(breaker.state(now), State::Working);
        breaker.note(Err(&down()), now);
        assert_eq!(breaker.state(now), State::Paused { left: FIRST_PAUSE });
        let refused = breaker.admit(now).unwrap_err();
        assert_eq!(refused.retry_after(), Some(FIRST_PAUSE));

        let later = now + FIRST_PAUSE;
        assert_eq!(breaker.state(later), State::Trying);
        assert!(breaker.admit(later).is_ok());
        assert!(breaker.admit(later).is_err(), "one request at a time");
        assert!(breaker.admit(later + MAX_TRIAL).is_ok(), "the first one was dropped");
        breaker.note(Err(&down()), later);
        assert_eq!(breaker.state(later), State::Paused { left: FIRST_PAUSE * 2 });
        breaker.note(Ok(()), later);
        assert_eq!(breaker.state(later), State::Working);
    }

    #[test]
    fn a_song_that_is_not_there_is_no_failure() {
        let (mut breaker, now) = (Breaker::new(SERVICE), Instant::now());
        for _ in 0..10 {
            breaker.note(Err(&SourceError::NotFound { service: SERVICE }), now);
        }
        assert_eq!(breaker.state(now), State::Working);
        assert_eq!(breaker.health(now).failures, 0);
    }

    #[test]
    fn each_kind_pauses_for_its_own_time() {
        let now = Instant::now();
        let state_after = |error: SourceError| {
            let mut breaker = Breaker::new(SERVICE);
            breaker.note(Err(&error), now);
            breaker.state(now)
        };
        let service = SERVICE;
        let retry_after = Duration::from_secs(17);
        assert_eq!(state_after(SourceError::TokenRefused { service }), State::Off);
        assert_eq!(
            state_after(SourceError::WrongCountry { service }),
            State::Paused { left: LONG_PAUSE }
        );
        assert_eq!(
            state_after(SourceError::Busy { service, retry_after }),
            State::Paused { left: retry_after }
        );
        let forever = Duration::from_secs(1_000_000);
        assert_eq!(
            state_after(SourceError::Busy {
                service,
                retry_after: forever
            }),
            State::Paused { left: LONG_PAUSE }
        );
    }
}
