//! The frames of the strongest moments, caught on their way to the encoders; one of them out, for a picture of the circle.

use std::sync::{Mutex, PoisonError};

use crate::model::{FrameIndex, Size};

pub(super) struct Stills {
    wanted: Vec<FrameIndex>,
    /// With their places among the wanted: lanes come in any order.
    caught: Mutex<Vec<(usize, Vec<u8>)>>,
}

impl Stills {
    pub(super) fn of(wanted: Vec<FrameIndex>) -> Self {
        Self {
            wanted,
            caught: Mutex::default(),
        }
    }

    /// Keeps a copy of a frame that is wanted.
    pub(super) fn see(&self, index: FrameIndex, nv12: &[u8]) {
        if let Some(place) = self.wanted.iter().position(|wanted| *wanted == index) {
            let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
            caught.push((place, nv12.to_vec()));
        }
    }

    /// The brightest: a theme may be dark where the music is strongest. Of equals the stronger; empty when none was seen.
    pub(super) fn brightest(self, size: Size) -> Vec<u8> {
        let mut caught = self.caught.into_inner().unwrap_or_else(PoisonError::into_inner);
        let pixels = (size.px() * size.px()) as usize;
        let light = |nv12: &[u8]| nv12.iter().take(pixels).map(|&luma| u64::from(luma)).sum::<u64>();
        caught.sort_by_key(|(place, nv12)| (std::cmp::Reverse(light(nv12)), *place));
        caught.into_iter().next().map(|(_, nv12)| nv12).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightest_is_kept_whichever_lane_was_first() {
        let size = Size::new(240).unwrap();
        let frame = |luma: u8| {
            let mut nv12 = vec![luma; size.nv12_bytes()];
            // Chroma is not light.
            nv12[240 * 240..].fill(255 - luma);
            nv12
        };
        for order in [[0, 1, 2], [2, 1, 0]] {
            let stills = Stills::of([7, 90, 30].map(FrameIndex).to_vec());
            let seen = [(7, 20), (30, 60), (90, 60)];
            for (at, luma) in order.map(|n: usize| seen[n]) {
                stills.see(FrameIndex(at), &frame(luma));
            }
            stills.see(FrameIndex(8), &frame(200));
            assert_eq!(stills.brightest(size), frame(60));
        }
        assert!(Stills::of(vec![]).brightest(size).is_empty());
    }
}
