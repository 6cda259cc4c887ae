//! How long a delivery waits for what: each pause and each end of patience, with its reason.

use crate::store::Millis;

/// How long to wait before looking, and between two looks. A value, so that tests need not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the last byte to the first search: Telegram answers in a second or two, or not at all.
    pub quiet_ms: Millis,
    /// From the first search to the second, and to the third.
    pub again_ms: [Millis; 2],
    /// The first pause after a failure to reach Telegram; each further one doubles it.
    pub first_pause_ms: Millis,
    pub longest_pause_ms: Millis,
    /// Longer than any send takes, the slowest upload included; who sent it is gone.
    pub longest_send_ms: Millis,
    /// Who was out of reach for so long is not waited for any more, nor looked for.
    pub give_up_ms: Millis,
    /// Candidates that are too many for so long become no fewer: what was written while we were away has come in by then.
    pub crowded_ms: Millis,
    /// What Telegram has not taken away in this time stays where it is; others wait in the same chat.
    pub take_away_ms: Millis,
}

impl Timing {
    pub const DEFAULT: Self = Self {
        quiet_ms: 30_000,
        again_ms: [60_000, 120_000],
        first_pause_ms: 1_000,
        longest_pause_ms: 60_000,
        longest_send_ms: 600_000,
        give_up_ms: 24 * 3600 * 1000,
        crowded_ms: 600_000,
        take_away_ms: 600_000,
    };
}

impl Default for Timing {
    fn default() -> Self {
        Self::DEFAULT
    }
}
