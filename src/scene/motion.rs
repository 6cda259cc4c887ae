//! Where everything stands in a frame: the angle of the disc, and the features as the shaders take them.

use std::fmt;
use std::str::FromStr;

use crate::flow::{BANDS, Features, FrameFeatures, Moment};
use crate::model::time::landing_secs;
use crate::model::{Fps, FrameIndex};

/// 33 1/3: an LP.
pub const DEFAULT_RPM: f64 = 100.0 / 3.0;
/// The slowest and the fastest speed records were made for.
pub const RPM_RANGE: std::ops::RangeInclusive<f64> = 16.0..=78.0;
/// How long a record takes to come to speed, and to come to rest.
const SPIN_UP_SECS: f64 = 0.5;
const RUN_OUT_SECS: f64 = 0.8;
/// How hard a hit must be to spark, of the hardest in the fragment, and how long it is until the next one may.
const SPARK_ONSET: f32 = 0.5;
const SPARK_REST_SECS: f32 = 0.2;
/// A loop's last half second turns into its first frame.
const SEAM_SECS: f64 = 0.5;

/// How fast the record turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Turns a minute, within [`RPM_RANGE`].
    Rpm(f64),
    /// A whole number of beats to a turn, as near to an LP as that gets; an LP's speed when there is no beat.
    Beat,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Rpm(DEFAULT_RPM)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "beat" {
            return Ok(Self::Beat);
        }
        if matches!(text.trim(), "33 1/3" | "33⅓") {
            return Ok(Self::default());
        }
        let rpm = text.parse().ok().filter(|rpm| RPM_RANGE.contains(rpm));
        rpm.map(Self::Rpm)
            .ok_or_else(|| "a record turns 16 to 78 times a minute; try 33.333, 45, 78 or beat".to_owned())
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rpm(rpm) => write!(f, "{rpm}"),
            Self::Beat => f.write_str("beat"),
        }
    }
}

/// How the disc moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    pub speed: Speed,
    /// From rest at the start, to rest at the end. Not in a loop.
    pub spin: bool,
    /// Whole turns, and an end that is the beginning: a client that replays shows no seam.
    pub looped: bool,
}

impl Motion {
    /// Turns a minute for this music.
    pub fn rpm(&self, tempo_bpm: Option<f32>) -> f64 {
        match (self.speed, tempo_bpm) {
            (Speed::Rpm(rpm), _) => rpm,
            (Speed::Beat, None) => DEFAULT_RPM,
            (Speed::Beat, Some(bpm)) => {
                let beats_a_turn = (f64::from(bpm) / DEFAULT_RPM).round().max(1.0);
                (f64::from(bpm) / beats_a_turn).clamp(*RPM_RANGE.start(), *RPM_RANGE.end())
            }
        }
    }

    /// The angle the disc turns by while a frame is exposed: `shutter` of the frame's time.
    pub fn shutter_rad(&self, rpm: f64, fps: Fps, shutter: f64) -> f32 {
        (shutter * rpm / 60.0 / f64::from(fps.get()) * std::f64::consts::TAU) as f32
    }

    /// How high the tonearm is: 1 up, 0 with the needle in the groove. It comes down at the start and rises at the end.
    pub fn lift_at(&self, time_secs: f64, length_secs: f64) -> f64 {
        let takes = landing_secs(length_secs);
        let near = |secs: f64| {
            let x = (1.0 - secs / takes).clamp(0.0, 1.0);
            x * x * (3.0 - 2.0 * x)
        };
        near(time_secs).max(near(length_secs - time_secs))
    }

    /// How often the disc has gone round after `time_secs` of `length_secs`, clockwise.
    pub fn turns_at(&self, time_secs: f64, length_secs: f64, rpm: f64) -> f64 {
        let turns_a_sec = rpm / 60.0;
        if self.looped {
            return (turns_a_sec * length_secs).round().max(1.0) * time_secs / length_secs;
        }
        if !self.spin {
            return turns_a_sec * time_secs;
        }
        // The speed rises and falls in straight lines; this is the area under it.
        let up = SPIN_UP_SECS.min(length_secs / 2.0);
        let down = RUN_OUT_SECS.min(length_secs / 2.0);
        let rising = time_secs.min(up);
        let steady = (time_secs - up).clamp(0.0, length_secs - up - down);
        let falling = (time_secs - (length_secs - down)).max(0.0);
        turns_a_sec * (rising * rising / (2.0 * up) + steady + falling - falling * falling / (2.0 * down))
    }
}

/// One moment a frame. What the lyrics say of it is added by `lyrics`.
pub fn moments(features: &Features, motion: &Motion) -> Vec<Moment> {
    let sparks = sparks(features, motion.looped);
    let rpm = motion.rpm(features.tempo_bpm);
    let frames = features.frames.len();
    let seam = (SEAM_SECS * f64::from(features.fps.get())) as usize;
    let light = |heard: &FrameFeatures| beat(heard, features.tempo_bpm.is_some());
    (0..)
        .zip(&features.frames)
        .zip(sparks)
        .map(|((n, heard), spark)| {
            let to_end = frames - n as usize;
            match features.frames.first() {
                Some(first) if motion.looped && to_end <= seam => {
                    let share = 1.0 - to_end as f32 / (seam + 1) as f32;
                    // The light itself is mixed: made of a mixed phase it would be another's.
                    let light = light(heard) + (light(first) - light(heard)) * share;
                    let heard = blend(heard, first, share);
                    moment(FrameIndex(n), &heard, (light, spark), features, motion, rpm)
                }
                _ => moment(FrameIndex(n), heard, (light(heard), spark), features, motion, rpm),
            }
        })
        .collect()
}

fn moment(
    index: FrameIndex,
    heard: &FrameFeatures,
    (beat, spark): (f32, Spark),
    features: &Features,
    motion: &Motion,
    rpm: f64,
) -> Moment {
    let time_secs = index.time_secs(features.fps);
    let length_secs = FrameIndex(features.frames.len() as u32).time_secs(features.fps);
    let turn = motion.turns_at(time_secs, length_secs, rpm).fract();
    let angle_rad = turn * std::f64::consts::TAU;
    Moment {
        time_secs: time_secs as f32,
        progress: (time_secs / length_secs) as f32,
        turn: turn as f32,
        turn_cos: angle_rad.cos() as f32,
        turn_sin: angle_rad.sin() as f32,
        rms: heard.rms,
        loudness: heard.loudness,
        bass: heard.bass,
        mid: heard.mid,
        treble: heard.treble,
        onset: heard.onset,
        beat_phase: heard.beat_phase,
        beat,
        lift: motion.lift_at(time_secs, length_secs) as f32,
        spark_age_secs: spark.age_secs,
        spark_power: spark.power,
        spark_seed: spark.seed,
        line: -1.0,
        line_age_secs: 0.0,
        line_sung: 0.0,
        bands: heard.bands,
    }
}

/// The light of a beat: full on it, gone before the next, and faint where the song is quiet.
fn beat(heard: &FrameFeatures, has_beat: bool) -> f32 {
    if !has_beat {
        return 0.0;
    }
    let left = 1.0 - heard.beat_phase;
    let calm = ((heard.loudness - 0.15) / 0.45).clamp(0.0, 1.0);
    left * left * calm
}

/// The last hard hit, as a frame sees it.
#[derive(Clone, Copy)]
struct Spark {
    age_secs: f32,
    power: f32,
    seed: f32,
}

/// One a frame. A hit sparks when it is hard and not too soon after another; the spark of a loop is out before its end.
fn sparks(features: &Features, looped: bool) -> Vec<Spark> {
    let secs = |frames: usize| frames as f32 / features.fps.get() as f32;
    let count = features.frames.len();
    let mut last = None;
    let mut hits = 0_u32;
    (0..count)
        .map(|n| {
            let onset = features.frames[n].onset;
            let before = if n == 0 { 0.0 } else { features.frames[n - 1].onset };
            let rests = last.is_none_or(|(at, _)| secs(n - at) >= SPARK_REST_SECS);
            let fits = !looped || secs(count - n) > SEAM_SECS as f32;
            if onset >= SPARK_ONSET && onset > before && rests && fits {
                last = Some((n, onset));
                hits += 1;
            }
            match last {
                // The golden ratio keeps neighbours far apart.
                Some((at, power)) => Spark {
                    age_secs: secs(n - at),
                    power,
                    seed: (hits as f32 * 0.618_034).fract(),
                },
                None => Spark {
                    age_secs: 1000.0,
                    power: 0.0,
                    seed: 0.0,
                },
            }
        })
        .collect()
}

/// `share` of `to` in place of as much of `from`; the beat's phase goes the shorter way round.
fn blend(from: &FrameFeatures, to: &FrameFeatures, share: f32) -> FrameFeatures {
    let mix = |a: f32, b: f32| a + (b - a) * share;
    FrameFeatures {
        rms: mix(from.rms, to.rms),
        loudness: mix(from.loudness, to.loudness),
        bass: mix(from.bass, to.bass),
        mid: mix(from.mid, to.mid),
        treble: mix(from.treble, to.treble),
        bands: std::array::from_fn::<_, BANDS, _>(|band| mix(from.bands[band], to.bands[band])),
        onset: mix(from.onset, to.onset),
        beat_phase: (from.beat_phase + (to.beat_phase - from.beat_phase + 0.5).rem_euclid(1.0) * share - 0.5 * share)
            .rem_euclid(1.0),
    }
}
