//! Where the torture test strikes: named points at which it kills the program, and deliberate mistakes that its checks must
//! catch. All of it is in debug builds alone, and there it sleeps until the environment wakes it, so that the program under
//! torture is the one every other test runs. A release build has nothing of it.
//!
//! * `FAILPOINTS=sending.after_commit=3*off->return`: killed when it passes the point for the fourth time;
//! * `MUSICCIRCLES_MISTAKE=no_fencing`: makes this mistake;
//! * `MUSICCIRCLES_TORTURE=1`: circles are not drawn, and nobody waits as long as for Telegram ([`hurried`]).

/// Wakes what `is_on` tells of, in the service and its workers.
pub const SWITCH: &str = "MUSICCIRCLES_TORTURE";

/// A place at which the program may be ended, as a loss of power would end it. The test names it in `FAILPOINTS`, with any
/// action of the `fail` crate; `return` means SIGKILL.
#[inline]
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    fail::fail_point!(name, |_| awake::kill());
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Reads `FAILPOINTS`. Once, at the start.
pub fn arm() {
    #[cfg(debug_assertions)]
    std::mem::forget(fail::FailScenario::setup());
}

/// Whether the program is to make this mistake.
#[inline]
pub fn mistake(name: &str) -> bool {
    #[cfg(debug_assertions)]
    return awake::MISTAKE.as_deref() == Some(name);
    #[cfg(not(debug_assertions))]
    {
        let _ = name;
        false
    }
}

/// Whether thousands of circles are to be seen through in minutes.
#[inline]
pub fn is_on() -> bool {
    #[cfg(debug_assertions)]
    return *awake::TORTURE;
    #[cfg(not(debug_assertions))]
    false
}

/// `usual`; under torture, what lets it see in seconds what takes minutes.
#[inline]
pub fn hurried<T>(usual: T, in_torture: T) -> T {
    if is_on() { in_torture } else { usual }
}

#[cfg(debug_assertions)]
mod awake {
    use std::env;
    use std::sync::LazyLock;

    use rustix::process::{Signal, getpid, kill_process};

    pub static MISTAKE: LazyLock<Option<String>> = LazyLock::new(|| env::var("MUSICCIRCLES_MISTAKE").ok());
    pub static TORTURE: LazyLock<bool> = LazyLock::new(|| env::var_os(super::SWITCH).is_some());

    pub fn kill() {
        // It cannot fail for one's own process, and if it did the test would see that nothing was killed.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}
