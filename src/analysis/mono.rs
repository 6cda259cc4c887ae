//! Stereo in, one channel out that holds what is heard: the mean of both sides, or the left one where the two cancel each
//! other, as in a song whose one side was wired the wrong way round.

/// The sides cancel each other when their mean has less than this part of their power.
const CANCELLED_PART: f64 = 0.1;

/// What was heard so far, on which the choice is made.
#[derive(Default)]
pub(super) struct Mono {
    mean_power: f64,
    power: f64,
}

impl Mono {
    /// Takes the next stretch into account; of what was heard before only the part `kept` still counts.
    pub fn weigh(&mut self, samples: &[[f32; 2]], kept: f64) {
        let before = (self.mean_power * kept, self.power * kept);
        (self.mean_power, self.power) = samples.iter().fold(before, |(mean_power, power), [left, right]| {
            let mean = f64::from(left + right) * 0.5;
            (
                mean_power + mean * mean,
                power + f64::from(left * left + right * right) * 0.5,
            )
        });
    }

    pub fn mix(&self, [left, right]: [f32; 2]) -> f32 {
        if self.mean_power < CANCELLED_PART * self.power {
            left
        } else {
            (left + right) * 0.5
        }
    }
}
