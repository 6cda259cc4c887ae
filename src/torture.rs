//! Where the torture test strikes: named points at which it kills the program, and deliberate mistakes that its checks must
//! catch. Without the feature `torture` nothing of it is compiled: thousands of circles are then not drawn, and nobody waits
//! as long as for Telegram.

/// A place at which the program may be ended, as a loss of power would end it. The test names it in `FAILPOINTS`, with any
/// action of the `fail` crate; `return` means SIGKILL.
#[inline]
pub fn point(name: &str) {
    // Without the feature the macro is empty.
    let _ = name;
    fail::fail_point!(name, |_| kill());
}

/// `usual`; while the torture test runs, what lets it see in seconds what takes minutes.
#[inline]
pub const fn hurried<T: Copy>(usual: T, in_torture: T) -> T {
    if cfg!(feature = "torture") { in_torture } else { usual }
}

/// Reads `FAILPOINTS`. Once, at the start.
pub fn arm() {
    #[cfg(feature = "torture")]
    std::mem::forget(fail::FailScenario::setup());
}

#[cfg(feature = "torture")]
fn kill() {
    let own = rustix::process::getpid();
    // It cannot fail for one's own process, and if it did the test would see that nothing was killed.
    let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
}

/// Whether the program is to make this mistake: `MUSICCIRCLES_MISTAKE=no_fencing`.
#[cfg(feature = "torture")]
pub fn mistake(name: &str) -> bool {
    std::env::var("MUSICCIRCLES_MISTAKE").is_ok_and(|asked| asked == name)
}

/// Never, in a program people use.
#[cfg(not(feature = "torture"))]
#[inline]
pub fn mistake(_: &str) -> bool {
    false
}
