//! Words to systemd, where it started us (`Type=notify`); elsewhere nobody hears them.

use std::time::Duration;

use sd_notify::NotifyState;

/// We listen, and what is sent will be answered.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// What is begun is brought to its end.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// How often [`alive`] is to be said, where the manager waits for it: twice in the time after which it would end us.
pub fn alive_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

pub fn alive() {
    tell(NotifyState::Watchdog);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
