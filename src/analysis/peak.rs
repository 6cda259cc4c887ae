//! Features in, the fragment's strongest moments out: what a still picture of it is to show. Pure.

use crate::flow::{Features, FrameFeatures};
use crate::model::FrameIndex;

/// More than one, because a theme may be dark where the music is loudest.
const PEAKS: usize = 3;
/// Two moments nearer than this look the same.
const APART_SECS: f64 = 0.5;
/// The tonearm still moves and fades still run at the edges of a fragment.
const EDGE_SECS: f64 = 1.0;

/// The frames in which the most is heard, the strongest first: the hits of the loud passages. Of equal ones the earlier;
/// none where there are no frames.
pub fn peaks(features: &Features) -> Vec<FrameIndex> {
    let (fps, count) = (f64::from(features.fps.get()), features.frames.len());
    let edge = ((EDGE_SECS * fps) as usize).min(count / 4);
    let apart = (APART_SECS * fps) as usize;
    let mut order: Vec<usize> = (edge..count - edge).collect();
    // The sort keeps the order of equals.
    order.sort_by(|&a, &b| strength(&features.frames[b]).total_cmp(&strength(&features.frames[a])));
    let mut peaks: Vec<usize> = Vec::new();
    for frame in order {
        if peaks.len() == PEAKS {
            break;
        }
        if peaks.iter().all(|&peak| peak.abs_diff(frame) >= apart) {
            peaks.push(frame);
        }
    }
    peaks.into_iter().map(|frame| FrameIndex(frame as u32)).collect()
}

/// A hit counts where the music is loud as well: a click in a quiet passage is no peak.
fn strength(frame: &FrameFeatures) -> f32 {
    frame.loudness + frame.bass + frame.onset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fps;

    fn features(frames: Vec<FrameFeatures>) -> Features {
        Features {
            fps: Fps::default(),
            frames,
            tempo_bpm: None,
            beats_secs: vec![],
            envelope: vec![],
        }
    }

    #[test]
    fn the_hits_of_the_loud_passage_come_first() {
        let mut frames = vec![FrameFeatures::SILENT; 300];
        frames[150..250].iter_mut().for_each(|frame| frame.loudness = 0.9);
        let mut hit = |at: usize, onset| (frames[at].onset, frames[at].bass) = (onset, onset);
        hit(200, 0.8);
        hit(205, 0.7);
        hit(240, 0.5);
        // Alone in the silence, and at the very end.
        hit(60, 0.5);
        hit(299, 1.0);
        let found: Vec<_> = peaks(&features(frames)).into_iter().map(|index| index.0).collect();
        assert_eq!(found, [200, 240, 60]);
    }

    #[test]
    fn silence_and_single_frames_have_a_still_as_well() {
        assert_eq!(peaks(&features(vec![FrameFeatures::SILENT; 300]))[0], FrameIndex(30));
        assert_eq!(peaks(&features(vec![FrameFeatures::SILENT])), [FrameIndex(0)]);
        assert_eq!(peaks(&features(vec![])), []);
    }
}
