//! Moments and lengths. Exact times are `Duration` (nanoseconds) or whole samples; floats only where a picture needs them.

use std::time::Duration;

/// Every sound inside the program has this rate, in samples per second.
pub const SAMPLE_RATE: u32 = 48_000;

/// A hand sets a tonearm down in about this time.
const LANDING_SECS: f64 = 0.6;

/// The part of a track a circle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fragment {
    pub start: Duration,
    pub length: Duration,
}

impl Fragment {
    pub fn end(&self) -> Duration {
        self.start + self.length
    }
}

/// When the needle touches the record in a circle of this length: both picture and sound go by it.
pub fn landing_secs(length_secs: f64) -> f64 {
    LANDING_SECS.min(length_secs / 4.0)
}

/// Whole samples at [`SAMPLE_RATE`] in `length`, rounded down.
pub fn samples_in(length: Duration) -> usize {
    (length.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000) as usize
}

/// The length of `samples` samples at [`SAMPLE_RATE`].
pub fn length_of(samples: usize) -> Duration {
    Duration::from_nanos((samples as u128 * 1_000_000_000 / u128::from(SAMPLE_RATE)) as u64)
}

/// Reads `12.5`, `1:05` or `1:05.25` as a time. `None` for anything else, also for negative and non-finite numbers.
pub fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (minutes, seconds) = match text.split_once(':') {
        Some((minutes, seconds)) => (whole(minutes)?, seconds),
        None => (0, text),
    };
    let (whole_secs, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let secs = whole(whole_secs)?;
    if text.contains(':') && secs >= 60 {
        return None;
    }
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(minutes * 60 + secs, nanos))
}

/// At most six digits, so that no sum of them overflows.
fn whole(digits: &str) -> Option<u64> {
    let ok = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    ok.then(|| digits.parse().ok()).flatten()
}

/// `m:ss.s` for messages.
pub fn show_time(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    if rest % 10 == 0 {
        format!("{minutes}:{:02}", rest / 10)
    } else {
        format!("{minutes}:{:02}.{}", rest / 10, rest % 10)
    }
}
