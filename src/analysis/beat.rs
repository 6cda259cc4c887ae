//! Tempo and beats, by `taktus`: believed only as far as it is sure, and brought down to where people tap where it counts
//! every stroke of a fast rhythm.

use taktus::{Ear, beats_at, beats_of, tempo_of};

use crate::model::{Fps, SAMPLE_RATE};

/// taktus' own measures of a reading to believe: right in 97 to 99 of 100 recordings (its documentation).
const SURE: f64 = 0.05;
const CATCH: f64 = 1.0;
/// White noise catches 0.57 to 0.69, drum patterns and songs 2 to 9 (measured on 30 s each): a catch like this is a beat even
/// where the period is at the edge of what taktus looks for and it is not sure of it.
const CERTAIN_CATCH: f64 = 3.0;
/// Faster than this people tap every second or third beat, if the music stresses those.
const TAPPED_BPM: f64 = 170.0;
/// Every second beat keeps half of what all beats catch, if all are alike. One that keeps this much more is the stressed one.
const STRESSED: f64 = 1.5;

pub(super) struct Beat {
    pub tempo_bpm: f32,
    pub times_secs: Vec<f32>,
}

pub(super) fn find(mono: &[f32]) -> Option<Beat> {
    let mut ear = Ear::new(SAMPLE_RATE);
    let onsets: Vec<f32> = mono.iter().filter_map(|&sample| ear.hear(sample)).collect();
    of_onsets(&onsets, mono.len() as f64 / f64::from(SAMPLE_RATE))
}

/// The beat of a curve of onsets as [`Ear`] gives them.
pub(super) fn of_onsets(onsets: &[f32], length_secs: f64) -> Option<Beat> {
    let sure = |beat: &taktus::Beat| beat.sure >= SURE && beat.catch >= CATCH || beat.catch >= CERTAIN_CATCH;
    let beat = tempo_of(onsets).filter(sure)?;
    let mut tempo_bpm = beat.bpm();
    if tempo_bpm >= TAPPED_BPM {
        let stress = |every: f64| every * caught(onsets, beat.period * every) / caught(onsets, beat.period);
        let stressed = [2.0, 3.0]
            .map(|every| (stress(every), every))
            .into_iter()
            .filter(|(stress, _)| *stress >= STRESSED);
        tempo_bpm /= stressed
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(1.0, |(_, every)| every);
    }
    let times = beats_of(onsets, 60.0 / tempo_bpm)
        .into_iter()
        .filter(|time| (0.0..length_secs).contains(time));
    let times_secs: Vec<f32> = times.map(|time| time as f32).collect();
    (times_secs.len() >= 4).then_some(Beat {
        tempo_bpm: tempo_bpm as f32,
        times_secs,
    })
}

/// The part of all onsets that falls on the best beats of a period: taktus' catch, which compares it with an even spread,
/// made comparable between periods (it counts 20 ms cells, at least 8 and at most 128 of them).
fn caught(onsets: &[f32], period_secs: f64) -> f64 {
    beats_at(onsets, period_secs).0 / (period_secs * 50.0).round().clamp(8.0, 128.0)
}

/// 0 in the frame that holds a beat, rising to just below 1 in the frame before the next; goes on at the tempo before the
/// first beat and behind the last.
pub(super) fn phases(beat: &Beat, fps: Fps, frames: usize) -> Vec<f32> {
    let fps = f64::from(fps.get());
    let period = 60.0 / f64::from(beat.tempo_bpm) * fps;
    let mut marks: Vec<i64> = beat
        .times_secs
        .iter()
        .map(|&time| (f64::from(time) * fps) as i64)
        .collect();
    marks.dedup();
    let (Some(&first), Some(&last)) = (marks.first(), marks.last()) else {
        return vec![0.0; frames];
    };
    let before = (1..)
        .map(|k| first - (period * f64::from(k)).round() as i64)
        .take_while(|&mark| mark > -2 * fps as i64);
    let after = (1..)
        .map(|k| last + (period * f64::from(k)).round() as i64)
        .take_while(|&mark| mark < frames as i64);
    let mut all: Vec<i64> = before.collect();
    all.reverse();
    all.extend(&marks);
    all.extend(after);
    all.push(all[all.len() - 1] + period.round() as i64);
    (0..frames as i64)
        .map(|n| {
            let next = all.partition_point(|&mark| mark <= n);
            match (next.checked_sub(1).map(|at| all[at]), all.get(next)) {
                (Some(last), Some(&next)) => (n - last) as f32 / (next - last) as f32,
                _ => 0.0,
            }
        })
        .collect()
}
